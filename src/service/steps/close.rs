//! Close: pull requests that must not be merged any more: what this run supersedes, what it was asked to cancel.

use serde_json::{Value, json};

use crate::domain::ledger::Record;
use crate::domain::names::{IssueNumber, RunId};
use crate::domain::pull::PullState;
use crate::domain::rival::Relation;
use crate::domain::run::{Outcome, Step};
use crate::ports::forge::Pull;
use crate::service::asked::What;
use crate::service::pipeline::{Job, Performed, Pipeline, StepError};
use crate::service::rivals::{Closing, Rivals, close, proposal};

/// Closes what there is to close.
pub async fn perform(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    match &job.asked.what {
        What::Actuate => match pipeline.store.taken_by(&job.run.id).await? {
            Some(by) => give_way(pipeline, job, &by).await,
            None => supersede(pipeline, job).await,
        },
        What::Cancel { run } => cancel(pipeline, job, run).await,
        _ => Ok(Performed::done(json!({}), vec![])),
    }
}

/// Closes this run's own pull request: a containment took its target while it was opened.
async fn give_way(pipeline: &Pipeline, job: &Job, by: &RunId) -> Result<Performed, StepError> {
    let Some(number) = proposal(&job.run) else { return Ok(Performed::done(json!({}), vec![])) };
    let pull = pipeline.forge.pull(&job.target.name, number).await?;
    let closing = Closing { kind: "pull.superseded", because: json!({"run": by, "pull": Value::Null}) };
    let record = close(pipeline, job, (&job.run.id, &pull), &closing).await?;
    let performed = Performed::ends(contained(by), json!({"gave_way_to": by}), record.into_iter().collect());
    Ok(performed.ending(vec![job.run.id.clone()]))
}

/// The end of a run that writes what a containment contains.
pub fn contained(by: &RunId) -> Outcome {
    Outcome::Refused {
        code: "contained".to_owned(),
        message: format!("run `{by}` is a containment of the same file and takes precedence"),
        remedy: "merge or close its pull request; then comment the command again if it is still wanted"
            .to_owned(),
    }
}

/// Closes the open pull requests that give this run's fields other values.
async fn supersede(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    if !matches!(job.run.outcome, Some(Outcome::Proposed { .. } | Outcome::NoChange { .. })) {
        return Ok(Performed::done(json!({}), vec![]));
    }
    let rivals = Rivals::of(pipeline, job).await?;
    let because = json!({"run": job.run.id, "pull": proposal(&job.run)});
    let closing = Closing { kind: "pull.superseded", because };
    let (mut closed, mut records): (Vec<IssueNumber>, Vec<Record>) = (Vec::new(), Vec::new());
    let mut over = rivals.over;
    for rival in rivals.found.iter().filter(|rival| rival.relation == Relation::Superseded) {
        if let Some(record) = close(pipeline, job, (&rival.run, &rival.pull), &closing).await? {
            closed.push(rival.pull.number);
            records.push(record);
            over.push(rival.run.clone());
        }
    }
    Ok(Performed::done(json!({"superseded": closed}), records).ending(over))
}

/// Closes the pull request of the run that was named.
async fn cancel(pipeline: &Pipeline, job: &Job, run: &RunId) -> Result<Performed, StepError> {
    let number: IssueNumber = job.fact(Step::Authorize, "pull")?;
    let pull = pipeline.forge.pull(&job.target.name, number).await?;
    let closing = Closing { kind: "pull.cancelled", because: json!({"run": job.run.id}) };
    let closed = close(pipeline, job, (run, &pull), &closing).await?;
    let performed = match closed {
        Some(record) => Performed::done(json!({"cancelled": number}), vec![record]),
        None => not_open(run, &pull),
    };
    Ok(performed.ending(vec![run.clone()]))
}

fn not_open(run: &RunId, pull: &Pull) -> Performed {
    let (what, remedy) = match pull.state {
        PullState::Merged => ("merged", format!("undo it with `/rollback {run}`")),
        PullState::Open | PullState::Closed => {
            ("closed", "nothing; there is nothing left to close".to_owned())
        }
    };
    Performed::refused(
        "not_open",
        format!("pull request #{} of run `{run}` is already {what}", pull.number),
        remedy,
    )
}
