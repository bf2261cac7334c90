//! Judge: the head of a pull request against its merge base with the served branch, from git objects alone, by the
//! policies and by the lane that its branch names.

use std::sync::Arc;

use serde_json::json;
use tracing::warn;

use crate::domain::lane::Claim;
use crate::domain::names::{CommitId, IssueNumber};
use crate::domain::plan::PlanReport;
use crate::domain::policy::Provenance;
use crate::domain::pull::{Observed, POLICY_CHECK, PullState};
use crate::domain::reason;
use crate::domain::request::Request;
use crate::ports::git::{Credential, GitError};
use crate::ports::store::{Pulls, StoredPull};
use crate::service::checks::{self, CheckContent, CheckContext};
use crate::service::context::{Context, ServedRepository};
use crate::service::error::{StepError, blocking};
use crate::service::facts::{self, JudgeFact, ObserveFact, PlanFact};
use crate::service::job::{Performed, ReconciliationJob};
use crate::service::judgement::Judgement;
use crate::service::planning::PlanError;
use crate::service::recipe::Recipe;

/// The most files that a pull request may change and still be judged.
const MOST_FILES: usize = 20_000;

/// Fetches, compares and stores the verdict.
pub(super) async fn perform(context: &Context, job: &ReconciliationJob) -> Result<Performed, StepError> {
    let seen = job.fact::<ObserveFact>()?.seen;
    let credential = context.credential(&job.repository).await?;
    if !is_here(job, &seen, credential).await? {
        return not_here(context, job, &seen).await;
    }
    put_working(context, job, &seen).await;
    let plan = own_plan(context, job, &seen).await?;
    let claims = claims(context, job, &seen).await?;
    let (repository, head) = (Arc::clone(&job.repository), seen.head.clone());
    let judgement = match blocking(move || judge(&repository, &head, plan.as_ref(), &claims)).await? {
        Ok(Some(judgement)) => judgement,
        Err(NotJudged::NoManifests) => return Ok(no_manifests(job.repository.planner.gitops_path())),
        Ok(None) => return Ok(too_large(format!("the pull request changes more than {MOST_FILES} files"))),
        Err(NotJudged::Git(error @ (GitError::TooLarge { .. } | GitError::TooMany { .. }))) => {
            return Ok(too_large(error.to_string()));
        }
        Err(NotJudged::Git(error)) => return Err(error.into()),
    };
    let body = json!({
        "pull": seen.number, "head": judgement.head, "merge_base": judgement.merge_base,
        "verdict": judgement.verdict.recorded(), "library": job.repository.planner.judge().library(),
        "materials": job.repository.planner.judge().materials(),
    });
    let record = context.record(&job.run.id, "verdict.given", body);
    Ok(Performed::done(&JudgeFact::Finished(Box::new(judgement)), vec![record]))
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
    let report = facts::require::<PlanFact>(&run)?.report;
    let Some(request) = run.request else { return Ok(None) };
    let recipe = Recipe::of(context.store.as_ref(), &job.repository, &request).await?;
    Ok(Some(OwnPlan { report, request, recipe }))
}

/// What a pull request claims by its branch.
struct BranchClaim {
    seen: Observed,
    others: Vec<IssueNumber>,
}

impl BranchClaim {
    fn on<'a>(&'a self, paths: &'a [String]) -> Claim<'a> {
        let Self { seen, others } = self;
        Claim {
            branch: Some(&seen.branch),
            lane: None,
            fork: seen.fork,
            paths,
            stated: Some(&seen.told),
            others,
        }
    }
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
        claims.push(BranchClaim { seen: pull, others });
    }
    Ok(claims)
}

/// Why there is no judgement.
enum NotJudged {
    /// Neither side has a manifest below the GitOps path: the path is wrong, or everything would pass.
    NoManifests,
    Git(GitError),
}

impl From<GitError> for NotJudged {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

/// `None` when more files changed than are compared.
fn judge(
    repository: &ServedRepository,
    head: &CommitId,
    plan: Option<&OwnPlan>,
    claims: &[BranchClaim],
) -> Result<Option<Judgement>, NotJudged> {
    let git = repository.git.as_ref();
    let base = git.resolve(&format!("refs/heads/{}", repository.base))?;
    let merge_base = git.merge_base(&base, head)?.unwrap_or(base);
    let Some(paths) = git.changed_paths(&merge_base, head, MOST_FILES)? else { return Ok(None) };
    let below = format!("{}/", repository.planner.gitops_path());
    let touched = paths.iter().any(|path| path.starts_with(&below));
    let asked = match plan {
        Some(plan) => plan.asked()?,
        None => None,
    };
    let mut judged = repository.planner.judge().judge_change(git, &merge_base, head, asked.as_ref())?;
    if !judged.has_manifests {
        return Err(NotJudged::NoManifests);
    }
    let of_lanes =
        claims.iter().flat_map(|claim| repository.planner.judge().lanes().judge(&claim.on(&paths)));
    judged.verdict = judged.verdict.with(of_lanes.collect());
    Ok(Some(Judgement::of(judged, merge_base, touched)))
}

impl OwnPlan {
    /// Who asked for what; `None` where planning again gives another plan than the recorded one: then the pull request is
    /// judged as anybody's.
    fn asked(&self) -> Result<Option<Provenance>, GitError> {
        match self.recipe.plan(&self.report.base) {
            Ok(again) if again.report.digest == self.report.digest => {
                Ok(Some(again.provenance(&self.request)))
            }
            Ok(_) | Err(PlanError::Refused(_)) => Ok(None),
            Err(PlanError::Git(error)) => Err(error),
        }
    }
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
