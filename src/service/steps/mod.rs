//! The steps of a run, one file each, and the one place that knows them all.
//!
//! The worker stores a step's [`intent`], [`perform`]s it and stores the result. Each step looks for its effect before it
//! makes it, so performing one twice does nothing twice.

mod approve;
mod assessment;
mod authorize;
mod check;
mod close;
mod conclude;
mod judge;
mod merged;
mod observe;
mod plan;
mod propose;
mod push;
mod record;
mod report;
mod turn;

use serde_json::{Value, json};

use crate::domain::pull::{APPROVAL_CHECK, POLICY_CHECK};
use crate::domain::run::Step;
use crate::ports::store::Lease;

use super::context::Context;
use super::error::StepError;
use super::facts::{self, ObserveFact, PlanFact};
use super::job::{Job, Performed, ReconciliationJob};

/// What the step is about to do, to be stored before it is done.
pub(super) fn intent(lease: &Lease) -> Value {
    let run = &lease.run;
    let plan = || facts::shown::<PlanFact>(run).map(|fact| fact.report);
    let head = || facts::shown::<ObserveFact>(run).map(|fact| fact.seen.head);
    match lease.step {
        Step::Authorize => json!({"ask": "permission, comment"}),
        Step::Turn => json!({"wait_for": "turn"}),
        Step::Plan => json!({"fetch": "base"}),
        Step::Check => json!({"judge": plan().map(|plan| plan.digest)}),
        Step::Record => json!({"record": "change.planned", "digest": plan().map(|plan| plan.digest)}),
        Step::Push => {
            let plan = plan();
            let (branch, commit) =
                (plan.as_ref().map(|plan| &plan.branch), plan.as_ref().map(|plan| &plan.commit));
            json!({"branch": branch, "commit": commit})
        }
        Step::Propose => json!({"pull_request_for": plan().map(|plan| plan.branch)}),
        Step::Close => json!({"close": "superseded, cancelled"}),
        Step::Report => json!({"status_comment_on": run.subject}),
        Step::Observe => json!({"read": run.subject}),
        Step::Judge => json!({"judge": head()}),
        Step::Conclude => json!({"check_run": POLICY_CHECK, "on": head()}),
        Step::Approve => json!({"check_run": APPROVAL_CHECK, "on": head(), "ready": "if all holds"}),
    }
}

/// Performs the leased step.
///
/// # Errors
/// - something outside does not answer, or anything that repeating does not mend ([`StepError::outage`])
pub(super) async fn perform(context: &Context, lease: Lease) -> Result<Performed, StepError> {
    match lease.step {
        Step::Authorize => authorize::perform(context, &Job::of(context, lease).await?).await,
        Step::Turn => turn::perform(context, &Job::of(context, lease).await?).await,
        Step::Plan => plan::perform(context, &Job::of(context, lease).await?).await,
        Step::Check => check::perform(context, &Job::of(context, lease).await?).await,
        Step::Record => record::perform(&Job::of(context, lease).await?),
        Step::Push => push::perform(context, &Job::of(context, lease).await?).await,
        Step::Propose => propose::perform(context, &Job::of(context, lease).await?).await,
        Step::Close => close::perform(context, &Job::of(context, lease).await?).await,
        Step::Report => report::perform(context, &Job::of(context, lease).await?).await,
        Step::Observe => observe::perform(context, &ReconciliationJob::of(context, lease)?).await,
        Step::Judge => judge::perform(context, &ReconciliationJob::of(context, lease)?).await,
        Step::Conclude => conclude::perform(context, &ReconciliationJob::of(context, lease)?).await,
        Step::Approve => approve::perform(context, &ReconciliationJob::of(context, lease)?).await,
    }
}
