//! Answers to `/status`, `/help`, `/explain` and `/plan`: read from the store, the command table, the procedures.

use serde::Serialize;
use serde_json::json;

use crate::domain::command::table;
use crate::domain::names::RunId;
use crate::domain::run::Position;
use crate::ports::store::Run;

use super::asked::What;
use super::pipeline::{Job, Pipeline, StepError};

/// A procedure, as `/help` and `/explain` tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it does, one sentence.
    pub summary: String,
    /// Its arguments' names.
    pub arguments: Vec<String>,
    /// All about it, Markdown.
    pub explanation: String,
}

/// How many runs `/status` lists, and how far back it looks for them.
const LISTED: usize = 10;
const LOOKED_AT: u32 = 200;

/// The answer's Markdown; `None` where the plan is the answer.
pub(super) async fn answer(pipeline: &Pipeline, job: &Job) -> Result<Option<String>, StepError> {
    let text = match &job.asked.what {
        What::Actuate | What::Plan | What::Mistake { .. } => return Ok(None),
        What::Status { run } => status(pipeline, job, run.as_ref()).await?,
        What::Help => {
            let context = json!({"commands": table::markdown(), "procedures": pipeline.catalogue});
            pipeline.renderer.render("help.md", context)?
        }
        What::Explain { subject } => {
            let known = pipeline.catalogue.iter().find(|entry| entry.name == *subject);
            let names: Vec<_> = pipeline.catalogue.iter().map(|entry| &entry.name).collect();
            let context = json!({"subject": subject, "known": known, "names": names});
            pipeline.renderer.render("explain.md", context)?
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
        None => pipeline.store.runs(LOOKED_AT).await?.into_iter().filter(here).take(LISTED).collect(),
    };
    let rows: Vec<_> = runs.iter().map(|run| row(pipeline, run)).collect();
    Ok(pipeline.renderer.render("runs.md", json!({"wanted": run, "runs": rows}))?)
}

fn row(pipeline: &Pipeline, run: &Run) -> serde_json::Value {
    let position = match run.position {
        Position::At(step) => step.as_str(),
        Position::Settled => "settled",
    };
    json!({
        "id": run.id,
        "verb": run.command.get("what").and_then(|what| what.get("verb")),
        "procedure": run.request.as_ref().map(|request| &request.procedure),
        "position": position,
        "outcome": run.outcome,
        "created_at": run.created_at,
        "url": pipeline.run_url(run),
    })
}
