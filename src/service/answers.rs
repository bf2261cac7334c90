//! Answers to `/status`, `/help`, `/explain` and `/plan`: read from the store, the command table, the procedures.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::command::{Command, table};
use crate::domain::merge::Merge;
use crate::domain::names::{IssueNumber, RepositoryName, RunId};
use crate::domain::run::{Outcome, Position};
use crate::domain::text::nearest;
use crate::ports::store::{Pulls, Run, StoredPull};

use super::context::Context;
use super::error::StepError;
use super::job::Job;
use super::stored_command::StoredCommand;

/// How many runs `/status` lists, and how many it searches for them.
const LISTED: usize = 10;
const SEARCHED: u32 = 200;

/// The answer's Markdown; `None` where the plan is the answer.
pub(super) async fn answer(context: &Context, job: &Job) -> Result<Option<String>, StepError> {
    let Some(command) = job.command() else { return Ok(None) };
    let text = match command {
        Command::Actuate | Command::Plan | Command::Cancel { .. } => return Ok(None),
        Command::Status { run } => status(context, job, run.as_ref()).await?,
        Command::Help => {
            let values = json!({"commands": table::markdown(), "procedures": context.catalogue});
            context.renderer.render("help.md", values)?
        }
        Command::Explain { subject } => {
            let explainer = job.repository.planner.explainer();
            let known = context.catalogue.iter().find(|entry| entry.name == *subject);
            match (known, explainer.explain(subject)) {
                (None, Some(explanation)) => context.renderer.render(explanation.template(), explanation)?,
                (known, _) => {
                    let names: Vec<_> = context.catalogue.iter().map(|entry| entry.name.as_str()).collect();
                    let similar = nearest(subject, names.iter().copied().chain(explainer.codes()));
                    let values =
                        json!({"subject": subject, "known": known, "names": names, "similar": similar});
                    context.renderer.render("explain.md", values)?
                }
            }
        }
    };
    Ok(Some(text))
}

async fn status(context: &Context, job: &Job, run: Option<&RunId>) -> Result<String, StepError> {
    let here = |found: &Run| found.subject == job.run.subject && found.id != job.run.id;
    let runs: Vec<Run> = match run {
        // Commands here do not reach the runs of other repositories.
        Some(id) => {
            let found = context.store.run(id).await?;
            found.into_iter().filter(|run| run.subject.repository == job.repository.name).collect()
        }
        None => context.store.commands(SEARCHED).await?.into_iter().filter(here).take(LISTED).collect(),
    };
    let mut rows = Vec::with_capacity(runs.len());
    for run in &runs {
        rows.push(row(context, &job.repository.name, run).await?);
    }
    // On a pull request, its state; `/status RUN` is about that run alone.
    let place = job.stored.place.issue;
    let standing = match run {
        Some(_) => None,
        None => stored_pull(context, &job.repository.name, place).await?.as_ref().map(shown),
    };
    let over = merged_over_denial(context, &job.repository.name).await?;
    let values = json!({"wanted": run, "runs": rows, "standing": standing, "over": over});
    Ok(context.renderer.render("runs.md", values)?)
}

/// The pull requests of a repository that were merged over a denial, which is neither mended nor acknowledged.
async fn merged_over_denial(context: &Context, repository: &RepositoryName) -> Result<Vec<Value>, StepError> {
    let found = context.store.pulls(Pulls::MergedOverDenial).await?;
    let here = found.iter().filter(|pull| pull.repository == *repository);
    let shown = |pull: &StoredPull| {
        let Some(Merge::OverDenial(over)) = &pull.merge else { return None };
        Some(json!({"pull": pull.seen.number, "url": pull.seen.url, "words": over.fault.as_words()}))
    };
    Ok(here.filter_map(shown).collect())
}

async fn stored_pull(
    context: &Context,
    repository: &RepositoryName,
    number: IssueNumber,
) -> Result<Option<StoredPull>, StepError> {
    let found = context.store.pulls(Pulls::Numbered(repository, number)).await?;
    Ok(found.into_iter().next())
}

/// The state of a pull request, and what the policies said of its head.
fn shown(pull: &StoredPull) -> Value {
    json!({"state": pull.seen.state, "policy": pull.policy, "head": pull.seen.head, "at": moment(pull.at)})
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

async fn row(context: &Context, repository: &RepositoryName, run: &Run) -> Result<Value, StepError> {
    let became = match &run.outcome {
        Some(Outcome::Proposed { pull, .. }) => stored_pull(context, repository, *pull).await?,
        _ => None,
    };
    let position = match run.position {
        Position::At(step) => step.as_str(),
        Position::Settled => "settled",
    };
    Ok(json!({
        "id": run.id,
        "verb": StoredCommand::of(run).ok().map(|stored| stored.verb()),
        "procedure": run.request.as_ref().map(|request| &request.procedure),
        "position": position,
        "outcome": run.outcome,
        "created_at": moment(run.created_at),
        "url": context.run_url(&run.id),
        "became": became.as_ref().map(shown),
    }))
}
