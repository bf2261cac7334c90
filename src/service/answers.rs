//! Answers to `/status`, `/help`, `/explain` and `/plan`: read from the store, the command table, the procedures.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::domain::command::{KnownProcedure, table};
use crate::domain::lane;
use crate::domain::names::{IssueNumber, RepositoryName, RunId};
use crate::domain::plan::Risk;
use crate::domain::procedure::{Catalogue, Procedure, ROLLBACK, RUN_ARGUMENT, USUAL_PHRASE};
use crate::domain::run::{Outcome, Position};
use crate::domain::text::nearest;
use crate::ports::store::{KeptPull, Pulls, Run};

use super::asked::What;
use super::pipeline::{Job, Pipeline, StepError};

/// A procedure, as `/help` and `/explain` tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    name: String,
    summary: String,
    version: u32,
    risk: Risk,
    confirmation: String,
    arguments: Vec<Argument>,
    inverse: Option<String>,
    variants: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Argument {
    name: String,
    help: String,
    values: Vec<String>,
    default: Option<String>,
}

/// What people are told of a catalogue's procedures, and of the rollback, which has no file.
#[must_use]
pub fn entries(catalogue: &Catalogue) -> Vec<Entry> {
    let mut entries: Vec<Entry> = catalogue.procedures().map(Entry::of).collect();
    entries.push(Entry::rollback());
    entries
}

impl Entry {
    fn rollback() -> Self {
        let run = Argument {
            name: RUN_ARGUMENT.to_owned(),
            help: "the id of the run to undo, from its page or its pull request".to_owned(),
            values: Vec::new(),
            default: None,
        };
        Self {
            name: ROLLBACK.to_owned(),
            summary: "Undoes a run: restores exactly what it changed, if nobody has changed it since."
                .to_owned(),
            version: 1,
            risk: Risk::Restoring,
            confirmation: USUAL_PHRASE.to_owned(),
            arguments: vec![run],
            inverse: Some(ROLLBACK.to_owned()),
            variants: vec!["exact-inverse".to_owned()],
        }
    }

    /// What people are told of a procedure.
    #[must_use]
    pub fn of(procedure: &Procedure) -> Self {
        let arguments = procedure.arguments.iter().map(|argument| Argument {
            name: argument.name.clone(),
            help: argument.help.clone(),
            values: argument.values.clone(),
            default: argument.default.clone(),
        });
        Self {
            name: procedure.name.clone(),
            summary: procedure.summary.clone(),
            version: procedure.version,
            risk: procedure.risk,
            confirmation: procedure.confirmation.clone(),
            arguments: arguments.collect(),
            inverse: procedure.inverse.as_ref().map(|inverse| inverse.procedure.clone()),
            variants: procedure.variants.iter().map(|variant| variant.name.clone()).collect(),
        }
    }

    /// The same, as the command's reader wants it.
    #[must_use]
    pub fn known(&self) -> KnownProcedure {
        let arguments = self.arguments.iter().map(|argument| argument.name.clone()).collect();
        KnownProcedure { name: self.name.clone(), arguments }
    }
}

/// How many runs `/status` lists, and how far back it looks for them.
const LISTED: usize = 10;
const LOOKED_AT: u32 = 200;

/// The answer's Markdown; `None` where the plan is the answer.
pub(super) async fn answer(pipeline: &Pipeline, job: &Job) -> Result<Option<String>, StepError> {
    let text = match &job.asked.what {
        What::Actuate | What::Plan | What::Cancel { .. } | What::Mistake { .. } => return Ok(None),
        What::Status { run } => status(pipeline, job, run.as_ref()).await?,
        What::Help => {
            let context = json!({"commands": table::markdown(), "procedures": pipeline.catalogue});
            pipeline.renderer.render("help.md", context)?
        }
        What::Explain { subject } if lane::meaning(subject).is_some() => {
            let (policy, meaning) = lane::meaning(subject).unwrap_or_default();
            let lanes = job.target.planner.lanes().all().iter();
            let lanes: Vec<_> = lanes
                .map(|lane| json!({"id": lane.id, "family": lane.family, "name": lane.name, "owns": lane.owns}))
                .collect();
            let context = json!({"code": subject, "policy": policy, "meaning": meaning, "lanes": lanes});
            pipeline.renderer.render("lane.md", context)?
        }
        What::Explain { subject } => {
            let known = pipeline.catalogue.iter().find(|entry| entry.name == *subject);
            match (known, job.target.planner.policies.explain(subject)) {
                (None, Some(explanation)) => pipeline.renderer.render("code.md", explanation)?,
                (known, _) => {
                    let names: Vec<_> = pipeline.catalogue.iter().map(|entry| entry.name.as_str()).collect();
                    let codes = job.target.planner.policies.codes();
                    let similar = nearest(subject, names.iter().copied().chain(codes));
                    let context =
                        json!({"subject": subject, "known": known, "names": names, "similar": similar});
                    pipeline.renderer.render("explain.md", context)?
                }
            }
        }
    };
    Ok(Some(text))
}

async fn status(pipeline: &Pipeline, job: &Job, run: Option<&RunId>) -> Result<String, StepError> {
    let here = |found: &Run| found.subject == job.run.subject && found.id != job.run.id;
    let runs: Vec<Run> = match run {
        // Runs of other repositories are none of this place's business.
        Some(id) => {
            let repository = format!("{}#", job.target.name);
            pipeline
                .store
                .run(id)
                .await?
                .into_iter()
                .filter(|run| run.subject.starts_with(&repository))
                .collect()
        }
        None => pipeline.store.commands(LOOKED_AT).await?.into_iter().filter(here).take(LISTED).collect(),
    };
    let mut rows = Vec::with_capacity(runs.len());
    for run in &runs {
        rows.push(row(pipeline, &job.target.name, run).await?);
    }
    // On a pull request, what stands of it; `/status RUN` is about that run alone.
    let place = job.asked.place.issue;
    let standing = match run {
        Some(_) => None,
        None => kept_pull(pipeline, &job.target.name, place).await?.as_ref().map(shown),
    };
    Ok(pipeline.renderer.render("runs.md", json!({"wanted": run, "runs": rows, "standing": standing}))?)
}

async fn kept_pull(
    pipeline: &Pipeline,
    repository: &RepositoryName,
    number: IssueNumber,
) -> Result<Option<KeptPull>, StepError> {
    let found = pipeline.store.pulls(Pulls::Numbered(repository, number)).await?;
    Ok(found.into_iter().next())
}

/// What became of a pull request, and what the policies said of its head.
fn shown(pull: &KeptPull) -> serde_json::Value {
    json!({"state": pull.seen.state, "policy": pull.policy, "head": pull.seen.head, "at": moment(pull.at)})
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

async fn row(
    pipeline: &Pipeline,
    repository: &RepositoryName,
    run: &Run,
) -> Result<serde_json::Value, StepError> {
    let became = match &run.outcome {
        Some(Outcome::Proposed { pull, .. }) => kept_pull(pipeline, repository, IssueNumber(*pull)).await?,
        _ => None,
    };
    let position = match run.position {
        Position::At(step) => step.as_str(),
        Position::Settled => "settled",
    };
    Ok(json!({
        "id": run.id,
        "verb": run.command.get("what").and_then(|what| what.get("verb")),
        "procedure": run.request.as_ref().map(|request| &request.procedure),
        "position": position,
        "outcome": run.outcome,
        "created_at": moment(run.created_at),
        "url": pipeline.run_url(run),
        "became": became.as_ref().map(shown),
    }))
}
