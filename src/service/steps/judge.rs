//! Judge: the head of a pull request against its merge base with the served branch, from git objects alone, by the
//! policies and by the lane that its branch names.

use std::sync::Arc;

use serde_json::json;
use tracing::warn;

use crate::domain::plan::PlanReport;
use crate::domain::policy::{Circumstances, Provenance};
use crate::domain::pull::{Observed, POLICY_CHECK, PullState};
use crate::domain::reason;
use crate::domain::request::Request;
use crate::ports::git::{Credential, GitError};
use crate::ports::store::{Pulls, StoredPull};
use crate::service::checks::{self, CheckContent, CheckContext};
use crate::service::context::{Context, ServedRepository};
use crate::service::error::{StepError, blocking};
use crate::service::facts::{self, JudgeFact, ObserveFact, PlanFact};
use crate::service::head::{BranchClaim, HeadAnswer, HeadJudge, HeadRequest};
use crate::service::job::{Performed, ReconciliationJob};
use crate::service::planning::PlanError;
use crate::service::recipe::Recipe;
use crate::service::rejudging::VerdictInputs;

use super::merged;

/// Fetches, compares and stores the verdict.
pub(super) async fn perform(context: &Context, job: &ReconciliationJob) -> Result<Performed, StepError> {
    let seen = job.fact::<ObserveFact>()?.seen;
    if seen.state == PullState::Merged
        && let Some(performed) = merged::judged(context, job, &seen).await?
    {
        return Ok(performed);
    }
    let credential = context.credential(&job.repository).await?;
    if !is_here(job, &seen, credential).await? {
        return not_here(context, job, &seen).await;
    }
    if seen.state == PullState::Open {
        put_working(context, job, &seen).await;
    }
    let plan = own_plan(context, job, &seen).await?;
    let claims = claims(context, job, &seen).await?;
    let circumstances = job.repository.running_in.circumstances(context.clock.now());
    let (request, place) = build_request(job, &seen, plan, (claims, circumstances)).await?;
    let answer = match place {
        Place::Here => judge_here(job, request.clone()).await?,
        Place::Child => context.heads.judge(&request).await,
    };
    let judgement = match answer {
        HeadAnswer::Judged(judgement) => judgement,
        HeadAnswer::NoManifests => return Ok(no_manifests(job.repository.planner.gitops_path())),
        HeadAnswer::TooLarge(message) => return Ok(too_large(message)),
        HeadAnswer::Stopped(message) => return Ok(stopped(message)),
        HeadAnswer::Unavailable(message) => return Err(StepError::Lagging(message)),
        HeadAnswer::Failed(message) => return Err(StepError::Fault(message)),
    };
    let body = json!({
        "pull": seen.number, "head": judgement.head, "merge_base": judgement.merge_base,
        "verdict": judgement.verdict.recorded(), "library": job.repository.planner.judge().library(),
        "materials": job.repository.planner.judge().materials(),
        "inputs": VerdictInputs {
            asked: request.asked,
            claims: request.claims,
            circumstances: Some(request.circumstances).filter(|circumstances| !circumstances.is_plain()),
        },
    });
    let record = context.record(&job.run.id, "verdict.given", body);
    Ok(Performed::done(&JudgeFact::Finished(judgement), vec![record]))
}

/// Where a head is judged.
enum Place {
    /// In this process: it is exactly what writ planned.
    Here,
    /// In a child process.
    Child,
}

/// What is asked about the head, and where.
async fn build_request(
    job: &ReconciliationJob,
    seen: &Observed,
    plan: Option<OwnPlan>,
    (claims, circumstances): (Vec<BranchClaim>, Circumstances),
) -> Result<(HeadRequest, Place), StepError> {
    let is_planned = plan.as_ref().is_some_and(|plan| plan.report.commit.as_ref() == Some(&seen.head));
    let asked = match plan {
        Some(plan) => blocking(move || plan.asked()).await??,
        None => None,
    };
    let place = if is_planned && asked.is_some() { Place::Here } else { Place::Child };
    let repository = job.repository.name.clone();
    Ok((
        HeadRequest { repository, head: seen.head.clone(), since: None, asked, claims, circumstances },
        place,
    ))
}

async fn judge_here(job: &ReconciliationJob, request: HeadRequest) -> Result<HeadAnswer, StepError> {
    let repository = Arc::clone(&job.repository);
    blocking(move || {
        let ServedRepository { git, base, planner, .. } = &*repository;
        HeadJudge { git: git.as_ref(), base, judge: planner.judge() }.answer(&request)
    })
    .await
}

/// Fetches both sides. `false`: the head that was seen is not among the objects (yet, or any more).
async fn is_here(
    job: &ReconciliationJob,
    seen: &Observed,
    credential: Option<Credential>,
) -> Result<bool, StepError> {
    let (repository, number, head) = (Arc::clone(&job.repository), seen.number, seen.head.clone());
    let fetched = blocking(move || {
        repository.git.fetch(&repository.base, credential.as_ref())?;
        match repository.git.fetch_pull(number, credential.as_ref()) {
            Ok(_) | Err(GitError::UnknownRevision(_)) => {}
            Err(error) => return Err(error),
        }
        match repository.git.resolve(head.as_str()) {
            Ok(_) => Ok(true),
            Err(GitError::UnknownRevision(_)) => Ok(false),
            Err(error) => Err(error),
        }
    });
    Ok(fetched.await??)
}

/// The head that was seen is not here: another took its place, or git lags behind what the forge reports.
async fn not_here(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
) -> Result<Performed, StepError> {
    let now = context.forge.pull(&job.reconciliation.repository, seen.number).await?;
    if now.head != seen.head {
        return Ok(Performed::done(&JudgeFact::Moved(now.head), vec![]));
    }
    Err(StepError::Lagging(format!("commit {} cannot be fetched from the repository yet", seen.head)))
}

/// Puts the check run in progress, unless it is there already. A sign that fails is no reason to fail.
async fn put_working(context: &Context, job: &ReconciliationJob, seen: &Observed) {
    let repository = &job.reconciliation.repository;
    let put = async {
        if context.forge.find_check(repository, &seen.head, POLICY_CHECK).await?.is_some() {
            return Ok(());
        }
        let url = context.run_url(&job.run.id);
        let gitops_path = job.repository.planner.gitops_path();
        let check_context = CheckContext { seen, gitops_path, details_url: url.as_deref() };
        let check = checks::check(&context.renderer, check_context, CheckContent::Working)?;
        context.forge.put_check(repository, &check).await?;
        Ok::<(), StepError>(())
    };
    if let Err(error) = put.await {
        warn!(error = &error as &dyn std::error::Error, "the check run could not be set to in progress");
    }
}

/// A plan of writ's own, and how to come to it again.
struct OwnPlan {
    report: PlanReport,
    circumstances: Circumstances,
    request: Request,
    recipe: Recipe,
}

/// What writ itself planned for this pull request: planned changes are judged as such.
async fn own_plan(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
) -> Result<Option<OwnPlan>, StepError> {
    let Some(id) = &seen.run else { return Ok(None) };
    let Some(run) = context.store.run(id).await? else { return Ok(None) };
    let PlanFact { report, record, .. } = facts::require::<PlanFact>(&run)?;
    let circumstances = facts::circumstances(&record);
    let Some(request) = run.request else { return Ok(None) };
    let recipe = Recipe::of(context.store.as_ref(), &job.repository, &request).await?;
    Ok(Some(OwnPlan { report, circumstances, request, recipe }))
}

/// The claims on this head. The check run is that of the commit, so every open pull request with it counts: another
/// branch of the same commit changes nothing about the one that its lane may not have.
async fn claims(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
) -> Result<Vec<BranchClaim>, StepError> {
    let repository = &job.reconciliation.repository;
    let same_head = context.store.pulls(Pulls::WithHead(repository, &seen.head)).await?;
    let mut claims = Vec::new();
    for StoredPull { seen: pull, .. } in same_head {
        if pull.number != seen.number && (pull.state != PullState::Open || pull.base != seen.base) {
            continue;
        }
        let same_branch = context.store.pulls(Pulls::FromBranch(repository, &pull.branch)).await?;
        let is_other = |other: &StoredPull| {
            !pull.fork && other.seen.number != pull.number && other.seen.state == PullState::Open
        };
        let others =
            same_branch.iter().filter(|other| is_other(other)).map(|other| other.seen.number).collect();
        let Observed { number, branch, fork, told, .. } = pull;
        claims.push(BranchClaim { pull: number, branch, fork, told, others });
    }
    Ok(claims)
}

impl OwnPlan {
    /// Who asked for what; `None` where planning again gives another plan than the recorded one: then the pull request is
    /// judged as anybody's.
    fn asked(&self) -> Result<Option<Provenance>, GitError> {
        match self.recipe.plan(&self.report.base, &self.circumstances) {
            Ok(again) if again.report.digest == self.report.digest => {
                Ok(Some(again.provenance(&self.request)))
            }
            Ok(_) | Err(PlanError::Refused(_)) => Ok(None),
            Err(PlanError::Git(error)) => Err(error),
        }
    }
}

fn stopped(message: String) -> Performed {
    Performed::refused(
        reason::JUDGING_STOPPED,
        message,
        "propose a smaller change to the manifests; if this one is small, report it to the people who run writ",
    )
}

fn too_large(message: String) -> Performed {
    Performed::refused(
        reason::TOO_LARGE,
        message,
        "propose the change to the manifests in a separate pull request",
    )
}

fn no_manifests(gitops_path: &str) -> Performed {
    Performed::refused(
        reason::NO_MANIFESTS,
        format!("`{gitops_path}` has no manifests, neither in this pull request nor where it began"),
        "correct `gitops_path` of this repository in writ's settings, then run the check again",
    )
}
