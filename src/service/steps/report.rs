//! Report: the one terminal reply, in the run's one status comment, and a last reaction.

use serde_json::json;

use crate::domain::command::Command;
use crate::domain::run::Outcome;
use crate::ports::forge::Reaction;
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::ReportFact;
use crate::service::job::{Job, Performed};
use crate::service::reply;

/// Writes the reply. A place that takes no comments any more (deleted, locked) ends the run without one.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    let Some(outcome) = &job.run.outcome else {
        return Err(StepError::Fault("the run has no outcome to report".to_owned()));
    };
    let place = &job.stored.place;
    let body = reply::terminal(context, job, outcome).await?;
    let put =
        context.forge.put_status(&place.repository, place.issue, &reply::marker(&job.run.id), &body).await;
    let comment = match put {
        Ok(comment) => comment,
        Err(error) if error.is_final() => {
            tracing::error!(error = &error as &dyn std::error::Error, "the reply cannot be posted");
            let fact = ReportFact { comment: None, problem: Some(error.to_string()) };
            let record = context.record(&job.run.id, "reply.failed", json!({"outcome": outcome}));
            return Ok(Performed::done(&fact, vec![record]));
        }
        Err(error) => return Err(error.into()),
    };
    let reaction = match outcome {
        Outcome::Proposed { .. }
        | Outcome::Linked { .. }
        | Outcome::Cancelled { .. }
        | Outcome::Answered
        | Outcome::NoChange { .. } => Reaction::Rocket,
        _ => Reaction::Confused,
    };
    // `/help` and its like changed nothing: the reply is sign enough.
    if matches!(job.command(), None | Some(Command::Actuate | Command::Plan | Command::Cancel { .. })) {
        reply::react(context, job, reaction).await;
    }
    let record = context.record(&job.run.id, "reply.posted", json!({"comment": comment, "outcome": outcome}));
    Ok(Performed::done(&ReportFact { comment: Some(comment), problem: None }, vec![record]))
}
