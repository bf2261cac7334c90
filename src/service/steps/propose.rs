//! Propose: the pull request, found before it is made, with the record's inclusion proof in its body. Where it may not be
//! any more, what was pushed and opened is taken back.

use crate::domain::run::Outcome;
use crate::ports::forge::Pull;
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::PlanFact;
use crate::service::job::{Job, Performed};
use crate::service::proposal::propose;
use crate::service::withdrawal::{self, Stop};

/// Finds or opens the pull request. Also when it is there already it goes through `open_pull`, which looks first and
/// adds what an earlier, broken try left out: the labels keep others from merging it by themselves.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    if let Some(stop) = Stop::of(context, job).await? {
        return stop.end(context, job).await;
    }
    let report = job.report()?;
    let repository = &job.repository.name;
    let Some(planned) = job.plan_again().await? else {
        return match context.forge.find_pull(repository, &report.branch).await? {
            Some(pull) => Ok(proposed(context, job, &pull)),
            None => {
                Err(StepError::Fault("planning again produced a plan other than the pushed one".to_owned()))
            }
        };
    };
    let record = job.fact::<PlanFact>()?.record;
    let proof = context.notary.prove(context.store.as_ref(), &job.run.id, &record).await?;
    let new = propose(&planned, &job.repository.base, &proof);
    let pull = context.forge.open_pull(repository, &new).await?;
    Ok(proposed(context, job, &pull))
}

fn proposed(context: &Context, job: &Job, pull: &Pull) -> Performed {
    let (fact, record) = withdrawal::proposed(context, job, pull);
    let outcome = Outcome::Proposed { pull: pull.number, url: pull.url.clone() };
    Performed::ends(outcome, &fact, vec![record])
}
