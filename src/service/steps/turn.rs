//! Turn: quotas, and one run at a time on a target. What waits is told its place and why, and goes on by itself.

use serde_json::json;

use crate::domain::admission::{Admission, TargetClaim};
use crate::service::asked::What;
use crate::service::pipeline::{Job, Performed, Pipeline, StepError};
use crate::service::reply;

/// Asks for the turn of a run that would change something; whatever else is asked for waits for nobody.
pub async fn perform(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    if job.asked.what != What::Actuate {
        return Ok(Performed::done(json!({}), vec![]));
    }
    let (recipe, request, now) = (job.recipe()?, job.request()?, pipeline.clock.now());
    let claim = TargetClaim {
        run: job.run.id.clone(),
        repository: job.target.name.clone(),
        lane: request.lane().to_owned(),
        actor: request.actor.id,
        targets: recipe.targets(),
        containment: recipe.is_containment(),
        since: now,
    };
    match pipeline.store.admit(&claim, &pipeline.quotas, now).await? {
        Admission::Granted { taken_from } => {
            let fact = json!({"targets": claim.targets, "taken_from": taken_from});
            let taken = |run| pipeline.record_of(run, "target.taken", json!({"by": job.run.id}));
            let records = taken_from.iter().map(taken).collect();
            Ok(Performed::done(fact, records))
        }
        Admission::Wait(wait) => {
            reply::put_waiting(pipeline, job, &wait).await;
            Ok(Performed::waits(wait))
        }
    }
}
