//! Turn: quotas, and one run at a time on a target. A run that waits reports its place and why, and goes on by itself.

use serde_json::json;

use crate::domain::admission::{Admission, TargetClaim, Wait, WaitReason};
use crate::domain::command::Command;
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::TurnFact;
use crate::service::job::{Job, Performed};
use crate::service::reply;

/// Asks for the turn of a run that would change something; whatever else is asked for waits for nobody.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    if job.command() != Some(&Command::Actuate) {
        return Ok(Performed::nothing());
    }
    let (recipe, request, now) = (job.recipe()?, job.request()?, context.clock.now());
    let claim = TargetClaim {
        run: job.run.id.clone(),
        repository: job.repository.name.clone(),
        lane: request.lane().to_owned(),
        actor: request.actor.id,
        targets: recipe.targets(),
        containment: recipe.is_containment(),
        since: now,
    };
    match context.store.admit(&claim, &context.quotas, now).await? {
        Admission::Granted { taken_from } => {
            let taken = |run| context.record(run, "target.taken", json!({"by": job.run.id}));
            let records = taken_from.iter().map(taken).collect();
            Ok(Performed::done(&TurnFact { targets: claim.targets, taken_from }, records))
        }
        Admission::Wait(wait) => {
            if !is_said(context, job, &wait).await? {
                reply::put_waiting(context, job, &wait).await;
            }
            Ok(Performed::waits(wait))
        }
    }
}

/// Whether the run's comment says so already. A run that waits for a target asks again every few seconds.
async fn is_said(context: &Context, job: &Job, wait: &Wait) -> Result<bool, StepError> {
    if !matches!(wait.why, WaitReason::Target { .. }) {
        return Ok(false);
    }
    let timeline = context.store.timeline(&job.run.id).await?;
    let last = timeline.iter().rev().find_map(|entry| entry.problem.as_deref());
    Ok(last == Some(wait.to_string().as_str()))
}
