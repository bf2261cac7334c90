//! Plan: fetch the base and plan on its tip. Writes nothing but the fetched objects.

use std::sync::Arc;

use crate::domain::run::Outcome;
use crate::service::context::Context;
use crate::service::error::{StepError, blocking};
use crate::service::facts::PlanFact;
use crate::service::job::{Job, Performed};
use crate::service::planning::PlanError;

/// Fetches and plans.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    let credential = context.credential(&job.repository).await?;
    let (repository, recipe) = (Arc::clone(&job.repository), job.recipe()?);
    let circumstances = repository.running_in.circumstances(context.clock.now());
    let planned = blocking(move || {
        let base = repository.git.fetch(&repository.base, credential.as_ref())?;
        recipe.plan(&base, &circumstances)
    })
    .await?;
    match planned {
        Ok(planned) => {
            let fact = PlanFact {
                report: planned.report,
                record: planned.record,
                list: planned.list,
                text: Some(planned.text).filter(|text| !text.is_empty()),
                declared: planned.plan.declared,
            };
            match planned.plan.no_change {
                Some(state) => Ok(Performed::ends(Outcome::NoChange { state }, &fact, vec![])),
                None => Ok(Performed::done(&fact, vec![])),
            }
        }
        Err(PlanError::Refused(refusal)) => Ok(Performed::not_planned(refusal)),
        Err(PlanError::Git(error)) => Err(error.into()),
    }
}
