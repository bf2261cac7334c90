//! Plan: fetch the base and plan on its tip. Writes nothing but the fetched objects.

use std::sync::Arc;

use serde_json::json;

use crate::domain::run::Outcome;
use crate::service::pipeline::{Job, Performed, Pipeline, StepError, blocking};
use crate::service::planning::PlanError;
use crate::service::reply;

/// Fetches and plans.
pub async fn perform(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    let credential = pipeline.credential(&job.target).await?;
    let (target, recipe) = (Arc::clone(&job.target), job.recipe()?);
    let planned = blocking(move || {
        let base = target.git.fetch(&target.base, credential.as_ref())?;
        recipe.plan(&base)
    })
    .await?;
    match planned {
        Ok(planned) => {
            let fact = json!({
                "report": planned.report, "record": planned.record, "declared": planned.plan.declared,
            });
            match planned.plan.no_change {
                Some(state) => Ok(Performed::ends(Outcome::NoChange { state }, fact, vec![])),
                None => Ok(Performed::done(fact, vec![])),
            }
        }
        Err(PlanError::Refused(refusal)) => Ok(reply::refused(refusal)),
        Err(PlanError::Git(error)) => Err(error.into()),
    }
}
