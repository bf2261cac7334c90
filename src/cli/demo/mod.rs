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
use crate::domain::names::{IssueNumber, RunId};
use crate::domain::plan::PlanReport;
use crate::domain::run::{Outcome, Position, Step};
use crate::ports::store::{Run, StepEntry};

use client::Delivery;
use stage::Stage;
use story::Story;

/// What the person on call writes.
const COMMENT: &str = "Orders are rejected since 14:02, and nobody knows why.\n\n\
    /actuate pause-trading reason=\"broker rejects every order\" confirm=ACTUATE_TORGHUT\n";

/// How often the run is read while it works, and how long it may take.
const INTERVAL: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

/// The arguments of `writ demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArguments {
    /// End when the story is told, instead of leaving the pages open.
    #[arg(long)]
    once: bool,
    /// Port of the pages on 127.0.0.1; 0 takes any free one.
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
            output::complain(format_args!("writ demo: did not hold: {}", broken.join("; ")));
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
    story.aside("Argo CD would apply what is merged there; its scheduler trades with `replicas: 1`.");

    story.chapter("Somebody on call comments on issue #1");
    COMMENT.lines().for_each(|line| story.quote(line));
    let delivery = stage.comment(COMMENT).await?;
    let run = deliver(&mut story, &stage, &delivery).await?;
    story.aside(&format!("From here on the request is in the database: run {run} survives a crash."));

    story.chapter("What writ does with it");
    let run = follow(&story, &stage, &run).await?;
    let Some(Outcome::Proposed { pull: number, url }) = &run.outcome else {
        bail!("the run did not end with a pull request: {:?}", run.outcome);
    };
    let report = stage::report_of(&run)?;

    story.chapter(&format!("The pull request: #{number} {}", report.title));
    story.changes(&report);
    story.line("");
    story.verdict(&report);
    story.line(&format!("undo: {}", report.rollback.command));

    story.chapter("The forge tells that it was opened, as it tells of everybody's pull requests");
    let reconciliation = deliver(&mut story, &stage, &stage.opened(IssueNumber(*number))).await?;
    follow(&story, &stage, &reconciliation).await?;
    checks::check_runs(&mut story, &stage, &report).await?;

    story.chapter("What anybody can check afterwards");
    checks::repository(&mut story, &stage, &report)?;
    checks::ledger(&mut story, &stage).await?;
    checks::proof(&mut story, &stage, *number).await?;
    checks::webhooks(&mut story, &stage, &delivery).await?;

    story.chapter("Look at it");
    story.line(&format!("the run           {}/runs/{}", stage.base_url, run.id));
    story.line(&format!("the pull request  {url}"));
    story.line(&format!("the conversation  {}/{}/issues/1", stage.base_url, stage.name));
    if !arguments.once {
        story.aside("Ctrl-C ends the demo and removes its folder.");
        until_stopped().await.context("waiting for Ctrl-C")?;
    }
    stage.strike().await;
    Ok(story.broken)
}

/// Sends a webhook, which must be taken; gives the run that it makes.
async fn deliver(story: &mut Story, stage: &Stage, delivery: &Delivery) -> anyhow::Result<RunId> {
    let answer = stage.sender.send(delivery).await?;
    story.check(answer.status == 202, &format!("signed webhook taken: {}", answer.status));
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
            let run = stage.running.store.run(id).await?.context("the run is not in the store")?;
            let timeline = stage.running.store.timeline(id).await?;
            let ended: Vec<_> = timeline.iter().filter(|entry| entry.finished_at.is_some()).collect();
            for entry in ended.iter().skip(shown) {
                story.step(entry.step.as_str(), &result_of(entry.step, &run), &took(entry));
            }
            shown = ended.len();
            if run.position == Position::Settled {
                return anyhow::Ok(run);
            }
        }
    };
    tokio::time::timeout(PATIENCE, over).await.context("the run did not end in a minute")?
}

/// The result of a step, in one sentence.
fn result_of(step: Step, run: &Run) -> String {
    let report = stage::report_of(run).ok();
    let fact = |step: Step, key: &str| {
        let value = run.facts.get(step.as_str()).map(|fact| &fact[key]);
        value.and_then(|value| value.as_str()).unwrap_or("?").to_owned()
    };
    let planned = |say: fn(&PlanReport) -> String| report.as_ref().map_or_else(String::new, say);
    match step {
        Step::Authorize => {
            format!(
                "{} has {} permission and confirmed; the comment is unedited",
                stage::PERSON,
                fact(step, "permission")
            )
        }
        Step::Turn => "nobody else writes the same file, and the hour has room".to_owned(),
        Step::Plan => planned(|report| {
            format!(
                "{} change in {} file, on {:.10}",
                report.changes.len(),
                report.files.len(),
                report.base.as_str()
            )
        }),
        Step::Check => format!("the policies compared base and head: {}", fact(step, "decision")),
        Step::Record => {
            format!("the plan is in the ledger before anything is published: {:.10}…", fact(step, "leaf"))
        }
        Step::Push => format!("{:.10} on {}", fact(step, "commit"), fact(step, "branch")),
        Step::Propose => "the pull request is open".to_owned(),
        Step::Close => "no older pull request has to be closed for it".to_owned(),
        Step::Report => "one answer under the comment".to_owned(),
        Step::Observe => "read again from the forge: the webhook is only a hint".to_owned(),
        Step::Judge => "its head against the merge base, from git objects alone".to_owned(),
        Step::Conclude => "the check run `writ/policy` says so on its head".to_owned(),
        Step::Approve => "so does `writ/approval`".to_owned(),
    }
}

fn took(entry: &StepEntry) -> String {
    let ended = entry.finished_at.unwrap_or(entry.started_at);
    format!("{} ms", ended.duration_since(entry.started_at).as_millis())
}
