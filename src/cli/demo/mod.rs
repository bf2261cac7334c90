//! `writ demo`: the main job on one machine, narrated as it runs: comment, steps, pull request, proof.
//!
//! Everything is real but the forge: the server of `writ serve`, a bare git repository, SQLite, signed webhooks over
//! HTTP. Exit codes: 0 everything held · 3 something did not, or the demo could not run.

mod checks;
mod client;
mod repository;
mod stage;
mod story;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::output;
use crate::domain::names::RunId;
use crate::domain::run::{Outcome, Position, Step};
use crate::ports::store::{Run, StepEntry};
use crate::service::facts::{self, AuthorizeFact, CheckFact, PlanFact, PushFact, RecordFact};

use client::DemoDelivery;
use stage::Stage;
use story::Story;

/// What the person on call writes.
const COMMENT: &str = "Orders have been rejected since 14:02, and nobody knows why.\n\n\
    /actuate pause-trading reason=\"broker rejects every order\" confirm=ACTUATE_TORGHUT\n";

/// How often the run is read while it works, and how long it may take.
const INTERVAL: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

/// The arguments of `writ demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArguments {
    /// Exit after the demo instead of keeping the pages open.
    #[arg(long)]
    once: bool,
    /// Port of the pages on 127.0.0.1; 0 picks a free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Runs the demo.
pub(crate) fn run(arguments: &DemoArguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(format_args!("writ demo: starting threads: {error}"));
            return ExitCode::from(3);
        }
    };
    match runtime.block_on(perform(arguments)) {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            output::complain(format_args!("writ demo: failed: {}", broken.join("; ")));
            ExitCode::from(3)
        }
        Err(error) => {
            output::complain(format_args!("writ demo: {error:#}"));
            ExitCode::from(3)
        }
    }
}

/// Tells the whole story; gives what did not hold.
async fn perform(arguments: &DemoArguments) -> anyhow::Result<Vec<String>> {
    let mut story = Story::default();
    story.begin();

    story.chapter("A small GitOps repository");
    let stage = Stage::set(arguments.port).await?;
    story.line(&format!("{} files on `main` in {}", stage.files, stage.remote.display()));
    story.aside("Argo CD would apply what is merged there. Its scheduler trades with `replicas: 1`.");

    story.chapter("The on-call engineer comments on issue #1");
    COMMENT.lines().for_each(|line| story.quote(line));
    let delivery = stage.comment(COMMENT).await?;
    let run = deliver(&mut story, &stage, &delivery).await?;
    story.aside(&format!("The request is now in the database: run {run} survives a crash."));

    story.chapter("What writ does with it");
    let run = follow(&story, &stage, &run).await?;
    let Some(Outcome::Proposed { pull: number, url }) = &run.outcome else {
        let outcome = serde_json::to_string(&run.outcome)?;
        bail!("the run did not end with a pull request: {outcome}");
    };
    let report = stage::report_of(&run)?;

    story.chapter(&format!("The pull request: #{number} {}", report.title));
    story.changes(&report);
    story.line("");
    story.verdict(&report);
    if let Some(command) = &report.rollback.command {
        story.line(&format!("undo: {command}"));
    }

    story.chapter("The pull request's own webhook arrives, as for anyone's pull request");
    let reconciliation = deliver(&mut story, &stage, &stage.opened(*number)).await?;
    follow(&story, &stage, &reconciliation).await?;
    checks::check_runs(&mut story, &stage, &report).await?;

    story.chapter("What anyone can verify afterwards");
    checks::repository(&mut story, &stage, &report)?;
    checks::ledger(&mut story, &stage).await?;
    checks::proof(&mut story, &stage, *number).await?;
    checks::webhooks(&mut story, &stage, &delivery).await?;

    story.chapter("Explore");
    story.line(&format!("the run           {}/runs/{}", stage.pages, run.id));
    story.line(&format!("the pull request  {url}"));
    story.line(&format!("the conversation  {}/{}/issues/1", stage.pages, stage.name));
    if !arguments.once {
        story.aside("Ctrl-C stops the demo and deletes its folder.");
        until_stopped().await.context("waiting for Ctrl-C")?;
    }
    stage.strike().await;
    Ok(story.broken)
}

/// Sends a webhook, which must be taken; gives the run that it makes.
async fn deliver(story: &mut Story, stage: &Stage, delivery: &DemoDelivery) -> anyhow::Result<RunId> {
    let answer = stage.sender.send(delivery).await?;
    story.check(answer.status == 202, &format!("signed webhook accepted: {}", answer.status));
    serde_json::from_value(answer.body["run"].clone())
        .with_context(|| format!("the server answered {}", answer.body))
}

/// Waits for Ctrl-C, or for what a process manager sends.
async fn until_stopped() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

/// Shows each step of a run as it ends; gives the run when it is over.
async fn follow(story: &Story, stage: &Stage, id: &RunId) -> anyhow::Result<Run> {
    let mut shown = 0;
    let mut interval = tokio::time::interval(INTERVAL);
    let over = async {
        loop {
            interval.tick().await;
            // Read before the timeline, which is then whole; and after it, so that each step in it has left its fact.
            let is_over = read(stage, id).await?.position == Position::Settled;
            let timeline = stage.running.store.timeline(id).await?;
            let run = read(stage, id).await?;
            let ended: Vec<_> = timeline.iter().filter(|entry| entry.finished_at.is_some()).collect();
            for entry in ended.iter().skip(shown) {
                story.step(entry.step.as_str(), &result_of(entry.step, &run), &took(entry));
            }
            shown = ended.len();
            if is_over {
                return anyhow::Ok(run);
            }
        }
    };
    tokio::time::timeout(PATIENCE, over).await.context("the run did not end in a minute")?
}

async fn read(stage: &Stage, id: &RunId) -> anyhow::Result<Run> {
    stage.running.store.run(id).await?.context("the run is not in the store")
}

/// The result of a step, one sentence.
fn result_of(step: Step, run: &Run) -> String {
    found(step, run).unwrap_or_else(|| {
        match step {
            Step::Turn => "no other run writes the same file, and the quotas allow it",
            Step::Propose => "the pull request is open",
            Step::Close => "no older pull request conflicts with it",
            Step::Report => "one reply to the comment",
            Step::Observe => "reads the pull request from the forge; the webhook is only a hint",
            Step::Judge => "compares its head with the merge base, using only git objects",
            Step::Conclude => "publishes the check run `writ/policy`",
            Step::Approve => "publishes the check run `writ/approval`",
            _ => step.purpose(),
        }
        .to_owned()
    })
}

/// The same from what the step left, where that is worth telling.
fn found(step: Step, run: &Run) -> Option<String> {
    Some(match step {
        Step::Authorize => format!(
            "{} has {} permission and confirmed; the comment is unedited",
            stage::PERSON,
            facts::shown::<AuthorizeFact>(run)?.permission
        ),
        Step::Plan => {
            let report = facts::shown::<PlanFact>(run)?.report;
            let (changes, files) = (report.changes.len(), report.files.len());
            format!("{changes} change in {files} file, on {:.10}", report.base.as_str())
        }
        Step::Check => {
            let decision = facts::shown::<CheckFact>(run)?.decision.as_str();
            format!("the policies compared base and head: {decision}")
        }
        Step::Record => {
            let leaf = facts::shown::<RecordFact>(run)?.leaf;
            format!("the plan is in the ledger before anything is published: {leaf:.10}…")
        }
        Step::Push => {
            let pushed = facts::shown::<PushFact>(run)?;
            format!("{:.10} on {}", pushed.commit.as_str(), pushed.branch)
        }
        _ => return None,
    })
}

fn took(entry: &StepEntry) -> String {
    let ended = entry.finished_at.unwrap_or(entry.started_at);
    format!("{} ms", ended.duration_since(entry.started_at).as_millis())
}
