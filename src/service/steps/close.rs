//! Close: pull requests that must not be merged any more: what this run supersedes, what it was asked to cancel.

use serde_json::{Value, json};

use crate::domain::command::Command;
use crate::domain::conflict::Relation;
use crate::domain::ledger::Record;
use crate::domain::names::{IssueNumber, RunId};
use crate::domain::pull::PullState;
use crate::domain::reason;
use crate::domain::run::Outcome;
use crate::ports::forge::Pull;
use crate::service::conflicts::{Closing, Conflicts, close, contained, proposal};
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::{AuthorizeFact, CloseFact};
use crate::service::job::{Job, Performed};
use crate::service::recipe::how_to_undo;

/// Closes what there is to close.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    match job.command() {
        Some(Command::Actuate) => match context.store.taken_by(&job.run.id).await? {
            Some(by) => give_way(context, job, &by).await,
            None => supersede(context, job).await,
        },
        Some(Command::Cancel { run }) => cancel(context, job, run).await,
        _ => Ok(Performed::nothing()),
    }
}

/// Closes this run's own pull request: a containment took its target while it was opened.
async fn give_way(context: &Context, job: &Job, by: &RunId) -> Result<Performed, StepError> {
    let Some(number) = proposal(&job.run) else { return Ok(Performed::nothing()) };
    let pull = context.forge.pull(&job.repository.name, number).await?;
    let closing = Closing { kind: "pull.superseded", because: json!({"run": by, "pull": Value::Null}) };
    let record = close(context, job, (&job.run.id, &pull), &closing).await?;
    let fact = CloseFact::GaveWayTo(by.clone());
    let performed = Performed::ends(contained(by), &fact, record.into_iter().collect());
    Ok(performed.closing(vec![job.run.id.clone()]))
}

/// Closes the open pull requests that give this run's fields other values.
async fn supersede(context: &Context, job: &Job) -> Result<Performed, StepError> {
    if !matches!(job.run.outcome, Some(Outcome::Proposed { .. } | Outcome::NoChange { .. })) {
        return Ok(Performed::nothing());
    }
    let conflicts = Conflicts::of(context, job).await?;
    let because = json!({"run": job.run.id, "pull": proposal(&job.run)});
    let closing = Closing { kind: "pull.superseded", because };
    let (mut closed, mut records): (Vec<IssueNumber>, Vec<Record>) = (Vec::new(), Vec::new());
    let mut closed_runs = conflicts.closed_runs;
    for conflict in conflicts.found.iter().filter(|conflict| conflict.relation == Relation::Superseded) {
        if let Some(record) = close(context, job, (&conflict.run, &conflict.pull), &closing).await? {
            closed.push(conflict.pull.number);
            records.push(record);
            closed_runs.push(conflict.run.clone());
        }
    }
    Ok(Performed::done(&CloseFact::Superseded(closed), records).closing(closed_runs))
}

/// Closes the pull request of the run that was named.
async fn cancel(context: &Context, job: &Job, run: &RunId) -> Result<Performed, StepError> {
    let unknown = || StepError::Fault("step `authorize` left no pull request to close".to_owned());
    let number = job.fact::<AuthorizeFact>()?.pull.ok_or_else(unknown)?;
    let pull = context.forge.pull(&job.repository.name, number).await?;
    let closing = Closing { kind: "pull.cancelled", because: json!({"run": job.run.id}) };
    let closed = close(context, job, (run, &pull), &closing).await?;
    let performed = match closed {
        Some(record) => Performed::done(&CloseFact::Cancelled(number), vec![record]),
        None => not_open(run, &pull, how_to_undo(context.store.as_ref(), &job.repository, run).await?),
    };
    Ok(performed.closing(vec![run.clone()]))
}

fn not_open(run: &RunId, pull: &Pull, undo: String) -> Performed {
    let (what, remedy) = match pull.state {
        PullState::Merged => ("merged", undo),
        PullState::Open | PullState::Closed => {
            ("closed", "nothing; there is nothing left to close".to_owned())
        }
    };
    Performed::refused(
        reason::NOT_OPEN,
        format!("pull request #{} of run `{run}` is already {what}", pull.number),
        remedy,
    )
}
