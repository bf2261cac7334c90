//! Report: the one terminal reply, in the run's one status comment, and a last reaction.

use serde_json::json;

use crate::domain::run::Outcome;
use crate::ports::forge::Reaction;
use crate::service::asked::What;
use crate::service::pipeline::{Job, Performed, Pipeline, StepError};
use crate::service::reply;

use super::authorize::react;

/// Writes the reply. A place that takes no comments any more (deleted, locked) ends the run without one.
pub async fn perform(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    let Some(outcome) = &job.run.outcome else {
        return Err(StepError::Fault("the run has no outcome to report".to_owned()));
    };
    let place = &job.asked.place;
    let body = reply::terminal(pipeline, job, outcome).await?;
    let put =
        pipeline.forge.put_status(&place.repository, place.issue, &reply::marker(&job.run.id), &body).await;
    let comment = match put {
        Ok(comment) => comment,
        Err(error) if error.is_final() => {
            tracing::error!(error = &error as &dyn std::error::Error, "the reply cannot be posted");
            let fact = json!({"comment": null, "problem": error.to_string()});
            let record = pipeline.record(job, "reply.failed", json!({"outcome": outcome}));
            return Ok(Performed::done(fact, vec![record]));
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
    if matches!(job.asked.what, What::Actuate | What::Plan | What::Cancel { .. } | What::Mistake { .. }) {
        react(pipeline, job, reaction).await;
    }
    let record = pipeline.record(job, "reply.posted", json!({"comment": comment, "outcome": outcome}));
    Ok(Performed::done(json!({"comment": comment}), vec![record]))
}
