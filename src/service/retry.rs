//! Retries: what the run's comment says while a step is tried again: what is wrong, since when, when the next try is.
//!
//! A containment says so at its first failed try, and names the edit for a person who cannot wait; other commands once
//! they are authorized. The number of updates is bounded, and saying it holds up no step for long.

use std::time::Duration;

use tracing::warn;

use crate::domain::run::Step;
use crate::ports::store::Lease;

use super::context::Context;
use super::error::StepError;
use super::facts::{self, AuthorizeFact};
use super::job::Job;
use super::reply::{self, Retry};

/// How often a run's comment is updated with a failed try.
const MOST_UPDATES: usize = 12;
/// How often that of a containment is, for each step: with every try of an hour, so that it always says when the next is.
const MOST_UPDATES_OF_CONTAINMENT: usize = 130;
/// How long an update may take: what is wrong may be the forge itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says in the run's comment that a step will be tried again. Best effort.
pub(super) async fn tell(context: &Context, lease: &Lease, retry: Retry) {
    // The reply itself is what cannot be posted, or there is none.
    if lease.step == Step::Report || lease.step.is_of_reconciliation() {
        return;
    }
    match tokio::time::timeout(PATIENCE, update(context, lease, retry)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            warn!(
                error = &error as &dyn std::error::Error,
                "the comment does not say that the step is retried"
            );
        }
        Err(_) => warn!("the comment does not say that the step is retried: the forge does not respond"),
    }
}

async fn update(context: &Context, lease: &Lease, retry: Retry) -> Result<(), StepError> {
    let job = Job::of(context, lease.clone()).await?;
    let is_authorized = facts::shown::<AuthorizeFact>(&lease.run).is_some();
    let is_urgent = lease.priority.is_containment() && job.is_containment();
    if !(is_authorized || is_urgent) {
        return Ok(());
    }
    let timeline = context.store.timeline(&lease.run.id).await?;
    // A run that waits for its turn postpones the step without a failure.
    let failures = timeline.iter().filter(|entry| entry.problem.is_some() && entry.step != Step::Turn);
    let of_step = failures.clone().filter(|entry| entry.step == lease.step).count();
    let has_said_enough = match is_urgent {
        true => of_step >= MOST_UPDATES_OF_CONTAINMENT,
        false => failures.clone().count() >= MOST_UPDATES,
    };
    if has_said_enough {
        return Ok(());
    }
    let first = failures.filter(|entry| entry.step == lease.step).find_map(|entry| entry.finished_at);
    reply::put_retrying(context, &job, &Retry { since: first.unwrap_or(retry.since), ..retry }).await;
    Ok(())
}
