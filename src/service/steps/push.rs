//! Push: the branch, made by compare-and-swap on "does not exist", after asking everything once more. Where it may not be
//! any more, what an earlier try pushed is taken back.
//!
//! The commit is made from the recorded base, so a base that moved meanwhile changes nothing as long as the files
//! that the plan writes are untouched there; if they are not, the plan is void.

use std::sync::Arc;

use crate::domain::names::CommitId;
use crate::domain::plan::PlanReport;
use crate::domain::policy::{Circumstances, Decision};
use crate::domain::reason;
use crate::domain::run::Step;
use crate::ports::git::{Credential, GitError, PushOutcome};
use crate::service::context::{Context, ServedRepository};
use crate::service::error::{StepError, blocking};
use crate::service::facts::{self, PlanFact};
use crate::service::job::{Job, Performed};
use crate::service::planning::PlanError;
use crate::service::recipe::Recipe;
use crate::service::withdrawal::{self, Stop};

/// Asks again, signs a checkpoint over the record, commits and pushes.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    if let Some(stop) = Stop::of(context, job).await? {
        return stop.end(context, job).await;
    }
    let report = job.report()?;
    let Some(commit) = report.commit.clone() else {
        return Err(StepError::Fault("the plan has no commit to push".to_owned()));
    };
    let credential = context.credential(&job.repository).await?;
    if job.repeated && is_there(job, &report, &commit, credential.clone()).await? {
        return Ok(pushed(context, job, &report, &commit));
    }
    if let Some(refusal) = base_refuses(job, &report, credential.clone()).await? {
        return Ok(refusal);
    }
    let Some(planned) = job.plan_again().await? else { return Ok(plan_changed()) };
    let Some(draft) = planned.draft else {
        return Err(StepError::Fault("the plan has nothing to commit".to_owned()));
    };
    context.notary.checkpoint(context.store.as_ref()).await?;
    let (repository, branch, wanted) = (Arc::clone(&job.repository), report.branch.clone(), commit.clone());
    let outcome = blocking(move || {
        let made = repository.git.commit(&draft)?;
        if made != wanted {
            return Ok(None);
        }
        repository.git.push(&branch, &made, credential.as_ref()).map(Some)
    })
    .await?;
    match outcome {
        Ok(Some(PushOutcome::Created | PushOutcome::AlreadyThere)) => {
            Ok(pushed(context, job, &report, &commit))
        }
        Ok(Some(PushOutcome::Conflict { found })) => Ok(Performed::refused(
            reason::BRANCH_EXISTS,
            format!("branch `{}` exists and points to `{found}`", report.branch),
            "inspect that branch, delete it if it is not needed, then comment the command again",
        )),
        Ok(None) => Ok(plan_changed()),
        Err(GitError::Rejected { reason, .. }) => Ok(Performed::refused(
            reason::PUSH_REJECTED,
            format!("the repository rejected branch `{}`: {reason}", report.branch),
            "allow writ's account to push such branches (rulesets, hooks, permissions), then comment the command again",
        )),
        Err(error) => Err(error.into()),
    }
}

/// The proof-bearing end of a push that happened, now or in an earlier try.
fn pushed(context: &Context, job: &Job, report: &PlanReport, commit: &CommitId) -> Performed {
    let (fact, record) = withdrawal::pushed(context, job, report, commit.clone());
    Performed::done(&fact, vec![record])
}

async fn is_there(
    job: &Job,
    report: &PlanReport,
    commit: &CommitId,
    credential: Option<Credential>,
) -> Result<bool, StepError> {
    let (repository, branch) = (Arc::clone(&job.repository), report.branch.clone());
    let tip = blocking(move || repository.git.remote_tip(&branch, credential.as_ref())).await??;
    Ok(tip.as_ref() == Some(commit))
}

/// Why the base as it is now does not let the plan through; `None` where it does.
async fn base_refuses(
    job: &Job,
    report: &PlanReport,
    credential: Option<Credential>,
) -> Result<Option<Performed>, StepError> {
    let (repository, report, recipe) = (Arc::clone(&job.repository), report.clone(), job.recipe()?);
    let circumstances = facts::circumstances(&job.fact::<PlanFact>()?.record);
    blocking(move || compare(&repository, &report, (&recipe, &circumstances), credential.as_ref())).await?
}

fn compare(
    repository: &ServedRepository,
    report: &PlanReport,
    (recipe, circumstances): (&Recipe, &Circumstances),
    credential: Option<&Credential>,
) -> Result<Option<Performed>, StepError> {
    let tip = repository.git.fetch(&repository.base, credential)?;
    if tip == report.base {
        return Ok(None);
    }
    let moved = |what: String| {
        let remedy = "comment the command again; it is then planned on the current base";
        Ok(Some(Performed::refused(reason::BASE_MOVED, what, remedy)))
    };
    match recipe.plan(&tip, circumstances) {
        Ok(now) if now.report.files != report.files => {
            moved(format!("the files to change differ between `{tip}` and `{}`", report.base))
        }
        Ok(now) if now.report.verdict.decision == Decision::Deny => {
            moved(format!("the policies deny the same change at `{tip}`"))
        }
        Ok(_) => Ok(None),
        Err(PlanError::Refused(refusal)) => moved(format!("at `{tip}`: {refusal}")),
        Err(PlanError::Git(error)) => Err(error.into()),
    }
}

fn plan_changed() -> Performed {
    Performed::refused(
        reason::PLAN_CHANGED,
        format!(
            "planning again in step `{}` produced a plan other than the recorded one",
            Step::Push.as_str()
        ),
        "writ or its library changed in the meantime; comment the command again",
    )
}
