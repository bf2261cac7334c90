//! Conclude: the check run on the pull request's head, found before it is made, brought to what was found.

use serde_json::json;

use crate::domain::lane::MissingValidation;
use crate::domain::names::CheckId;
use crate::domain::policy::Finding;
use crate::domain::pull::{Conclusion, PullState};
use crate::domain::run::Outcome;
use crate::ports::forge::check::Check;
use crate::ports::store::Recheck;
use crate::service::checks::{self, CheckContent, CheckContext};
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::{self, ConcludeFact, JudgeFact, ObserveFact};
use crate::service::job::{Performed, ReconciliationJob};
use crate::service::judgement::Judgement;
use crate::service::validating;

use super::merged;

/// Writes the check run. What could not be judged gets one too, that fails: a required check must not hang.
pub(super) async fn perform(context: &Context, job: &ReconciliationJob) -> Result<Performed, StepError> {
    let seen = job.fact::<ObserveFact>()?.seen;
    // Nobody can hold it back any more; what its merge means is said by the next step.
    if seen.state == PullState::Merged {
        return Ok(merged::concluded(job, &seen));
    }
    let judged = facts::shown::<JudgeFact>(&job.run);
    let repository = &job.reconciliation.repository;
    let missing = match (&job.run.outcome, &judged) {
        (None, Some(JudgeFact::Finished(judgement))) => {
            validating::missing(context, repository, judgement).await?
        }
        _ => Vec::new(),
    };
    let judged = judged.map(|judged| denied_by(judged, validating::findings(&missing)));
    let content = match (&job.run.outcome, &judged) {
        (Some(refused), _) => CheckContent::Refused(refused),
        (None, Some(JudgeFact::Finished(judgement))) if judgement.verdict.denies() || missing.is_empty() => {
            CheckContent::Judged(judgement)
        }
        (None, Some(JudgeFact::Finished(judgement))) => CheckContent::Waiting(judgement, &missing),
        (None, Some(JudgeFact::Moved(_)) | None) => CheckContent::Moved,
    };
    let url = context.run_url(&job.run.id);
    let gitops_path = job.repository.planner.gitops_path();
    let check_context = CheckContext { seen: &seen, gitops_path, details_url: url.as_deref() };
    let check = checks::check(&context.renderer, check_context, content)?;
    let conclusion = check.status.conclusion();
    let put = match context.forge.put_check(repository, &check).await {
        Ok(id) => Ok(id),
        Err(error) if error.is_final() => {
            tracing::error!(error = &error as &dyn std::error::Error, "the check run cannot be published");
            Err(error.to_string())
        }
        Err(error) => return Err(error.into()),
    };
    let is_missing = !missing.is_empty();
    let until = match &judged {
        Some(JudgeFact::Finished(judgement)) => judgement.until,
        Some(JudgeFact::Moved(_)) | None => None,
    };
    let performed = concluded(context, job, &check, missing, put);
    let stored =
        job.stored_pull(context.store.as_ref()).await?.filter(|stored| stored.seen.head == seen.head);
    let judged = conclusion.filter(|conclusion| *conclusion != Conclusion::Neutral);
    Ok(match stored {
        Some(mut stored) => {
            stored.policy = judged;
            // Failed ones can be run again, and that event can be lost as well.
            let now = context.clock.now();
            let asked_again = is_missing.then(|| validating::recheck(stored.recheck, now));
            let judged_again = until.map(|at| Recheck { at, since: now });
            stored.recheck =
                [asked_again, judged_again].into_iter().flatten().min_by_key(|recheck| recheck.at);
            performed.storing(stored)
        }
        None => performed,
    })
}

/// The same judgement, denied by more findings.
fn denied_by(judged: JudgeFact, findings: Vec<Finding>) -> JudgeFact {
    match judged {
        JudgeFact::Finished(judgement) => {
            let judgement = findings.into_iter().fold(*judgement, Judgement::denied_by);
            JudgeFact::Finished(Box::new(judgement))
        }
        moved @ JudgeFact::Moved(_) => moved,
    }
}

fn concluded(
    context: &Context,
    job: &ReconciliationJob,
    check: &Check,
    missing: Vec<MissingValidation>,
    put: Result<CheckId, String>,
) -> Performed {
    let conclusion = check.status.conclusion();
    let kind = match (&put, conclusion) {
        (Ok(_), Some(_)) => "check.concluded",
        (Ok(_), None) => "check.waiting",
        (Err(_), _) => "check.failed",
    };
    let (id, problem) = match put {
        Ok(id) => (Some(id), None),
        Err(problem) => (None, Some(problem)),
    };
    let fact = ConcludeFact {
        name: check.name.clone(),
        head: check.head.clone(),
        conclusion,
        title: check.title.clone(),
        digest: check.digest.clone(),
        missing,
        check: id,
        problem,
    };
    let records = vec![context.record(&job.run.id, kind, json!(fact))];
    if job.run.outcome.is_some() {
        return Performed::done(&fact, records);
    }
    let outcome = Outcome::Reconciled { pull: job.reconciliation.pull, state: PullState::Open, conclusion };
    Performed::ends(outcome, &fact, records)
}
