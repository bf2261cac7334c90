//! Report: the one terminal reply, in the run's one status comment, and a last reaction.
//!
//! The one exception is for the crowd: of the refusals that an account without write permission gets in a repository
//! within 24 hours, the first is replied to, the others are a reaction only.

use serde_json::json;

use crate::domain::command::Command;
use crate::domain::priority::Rights;
use crate::domain::run::{Outcome, Step};
use crate::ports::forge::Reaction;
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::{self, AuthorizeFact, ReportFact};
use crate::service::job::{Job, Performed};
use crate::service::reply;
use crate::service::standing;

/// Why a refusal is not replied to.
const REPEATED: &str =
    "the account may not write and had a refusal here in the last 24 hours; it got a reaction";

/// Writes the reply. A place that takes no comments any more (deleted, locked) ends the run without one.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    let Some(outcome) = &job.run.outcome else {
        return Err(StepError::Fault("the run has no outcome to report".to_owned()));
    };
    if is_repeated_refusal(context, job, outcome).await? {
        reply::react(context, job, Reaction::Confused).await;
        let fact = ReportFact { comment: None, problem: Some(REPEATED.to_owned()) };
        let record = context.record(&job.run.id, "reply.withheld", json!({"outcome": outcome}));
        return Ok(Performed::done(&fact, vec![record]));
    }
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

/// Whether an outcome is a refusal of an account without write permission that had one in the last 24 hours. Not where
/// the run has a comment: it says that it will be updated.
async fn is_repeated_refusal(context: &Context, job: &Job, outcome: &Outcome) -> Result<bool, StepError> {
    if !matches!(outcome, Outcome::Refused { .. } | Outcome::Void { .. }) || has_comment(context, job).await?
    {
        return Ok(false);
    }
    if standing::rights(context, &job.stored).await? != Rights::NoWrite {
        return Ok(false);
    }
    let account = standing::account(&job.stored);
    let is_first = context.store.claim_refusal(account, &job.run.id, context.clock.now()).await?;
    Ok(!is_first)
}

/// Whether the run may have a status comment already: it was authorized, or a step before this one was tried again.
async fn has_comment(context: &Context, job: &Job) -> Result<bool, StepError> {
    if facts::shown::<AuthorizeFact>(&job.run).is_some() {
        return Ok(true);
    }
    let timeline = context.store.timeline(&job.run.id).await?;
    Ok(timeline
        .iter()
        .any(|entry| entry.step != Step::Report && (entry.attempt > 1 || entry.problem.is_some())))
}
