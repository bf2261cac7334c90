//! Judge: the head of a pull request against its merge base with the served branch, from git objects alone, by the
//! policies and by the lane that its branch names.

use std::sync::Arc;

use serde_json::json;
use tracing::warn;

use crate::domain::lane::Claim;
use crate::domain::names::{CommitId, IssueNumber};
use crate::domain::plan::PlanReport;
use crate::domain::policy::Asked;
use crate::domain::pull::{Observed, PullState};
use crate::domain::request::Request;
use crate::domain::run::Step;
use crate::ports::git::{Credential, GitError};
use crate::ports::store::{KeptPull, Pulls};
use crate::service::checks::{self, Finished, POLICY, Saying, Setting};
use crate::service::look::LookJob;
use crate::service::pipeline::{Performed, Pipeline, StepError, Target, blocking, fact};
use crate::service::planning::PlanError;
use crate::service::recipe::Recipe;
use crate::service::verdict::recorded;

/// The most files that a pull request may change and still be judged.
const MOST_FILES: usize = 20_000;

/// Fetches, compares and keeps the verdict.
pub async fn perform(pipeline: &Pipeline, job: &LookJob) -> Result<Performed, StepError> {
    let seen: Observed = job.fact(Step::Observe, "seen")?;
    let credential = pipeline.credential(&job.target).await?;
    if !is_here(job, &seen, credential).await? {
        return not_here(pipeline, job, &seen).await;
    }
    put_working(pipeline, job, &seen).await;
    let plan = own_plan(pipeline, job, &seen).await?;
    let claims = claims(pipeline, job, &seen).await?;
    let (target, head) = (Arc::clone(&job.target), seen.head.clone());
    let finished = match blocking(move || judge(&target, &head, plan.as_ref(), &claims)).await? {
        Ok(Some(finished)) => finished,
        Ok(None) => return Ok(too_large(format!("the pull request changes more than {MOST_FILES} files"))),
        Err(error @ (GitError::TooLarge { .. } | GitError::TooMany { .. })) => {
            return Ok(too_large(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    let told = json!({
        "pull": seen.number, "head": finished.head, "merge_base": finished.merge_base,
        "verdict": recorded(&finished.verdict),
    });
    let record = pipeline.record_of(&job.run.id, "verdict.given", told);
    Ok(Performed::done(json!({"finished": finished}), vec![record]))
}

/// Fetches both sides. `false`: the head that was seen is not among the objects (yet, or any more).
async fn is_here(job: &LookJob, seen: &Observed, credential: Option<Credential>) -> Result<bool, StepError> {
    let (target, number, head) = (Arc::clone(&job.target), seen.number, seen.head.clone());
    let fetched = blocking(move || {
        target.git.fetch(&target.base, credential.as_ref())?;
        match target.git.fetch_pull(number, credential.as_ref()) {
            Ok(_) | Err(GitError::UnknownRevision(_)) => {}
            Err(error) => return Err(error),
        }
        match target.git.resolve(head.as_str()) {
            Ok(_) => Ok(true),
            Err(GitError::UnknownRevision(_)) => Ok(false),
            Err(error) => Err(error),
        }
    });
    Ok(fetched.await??)
}

/// The head that was seen is not here: another took its place, or git lags behind what the forge tells.
async fn not_here(pipeline: &Pipeline, job: &LookJob, seen: &Observed) -> Result<Performed, StepError> {
    let now = pipeline.forge.pull(&job.look.repository, seen.number).await?;
    if now.head != seen.head {
        return Ok(Performed::done(json!({"moved": now.head}), vec![]));
    }
    let message = format!("commit {} cannot be fetched from the repository yet", seen.head);
    Err(StepError::Busy { message, retry_after: None })
}

/// Puts the check run in progress, unless it stands there already. A sign that fails is no reason to fail.
async fn put_working(pipeline: &Pipeline, job: &LookJob, seen: &Observed) {
    let repository = &job.look.repository;
    let put = async {
        if pipeline.forge.find_check(repository, &seen.head, POLICY).await?.is_some() {
            return Ok(());
        }
        let url = pipeline.run_url(&job.run);
        let setting =
            Setting { seen, gitops_path: job.target.planner.gitops_path(), details_url: url.as_deref() };
        let check = checks::check(&pipeline.renderer, setting, Saying::Working)?;
        pipeline.forge.put_check(repository, &check).await?;
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
async fn own_plan(pipeline: &Pipeline, job: &LookJob, seen: &Observed) -> Result<Option<OwnPlan>, StepError> {
    let Some(id) = &seen.run else { return Ok(None) };
    let Some(run) = pipeline.store.run(id).await? else { return Ok(None) };
    let report: PlanReport = fact(&run, Step::Plan, "report")?;
    let Some(request) = run.request else { return Ok(None) };
    let recipe = Recipe::of(pipeline.store.as_ref(), &job.target, &request).await?;
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
            told: Some(&seen.told),
            others,
        }
    }
}

/// The claims on this head. The check run is that of the commit, so every open pull request with it counts: another
/// branch of the same commit changes nothing about the one that its lane may not have.
async fn claims(pipeline: &Pipeline, job: &LookJob, seen: &Observed) -> Result<Vec<BranchClaim>, StepError> {
    let repository = &job.look.repository;
    let same_head = pipeline.store.pulls(Pulls::WithHead(repository, &seen.head)).await?;
    let mut claims = Vec::new();
    for KeptPull { seen: pull, .. } in same_head {
        if pull.number != seen.number && (pull.state != PullState::Open || pull.base != seen.base) {
            continue;
        }
        let same_branch = pipeline.store.pulls(Pulls::FromBranch(repository, &pull.branch)).await?;
        let is_other = |other: &KeptPull| {
            !pull.fork && other.seen.number != pull.number && other.seen.state == PullState::Open
        };
        let others =
            same_branch.iter().filter(|other| is_other(other)).map(|other| other.seen.number).collect();
        claims.push(BranchClaim { seen: pull, others });
    }
    Ok(claims)
}

/// `None` when more files changed than are compared.
fn judge(
    target: &Target,
    head: &CommitId,
    plan: Option<&OwnPlan>,
    claims: &[BranchClaim],
) -> Result<Option<Finished>, GitError> {
    let git = target.git.as_ref();
    let base = git.resolve(&format!("refs/heads/{}", target.base))?;
    let merge_base = git.merge_base(&base, head)?.unwrap_or(base);
    let Some(paths) = git.changed_paths(&merge_base, head, MOST_FILES)? else { return Ok(None) };
    let below = format!("{}/", target.planner.gitops_path());
    let touched = paths.iter().any(|path| path.starts_with(&below));
    let asked = match plan {
        Some(plan) => plan.asked()?,
        None => None,
    };
    let mut judged = target.planner.judge_change(git, &merge_base, head, asked.as_ref())?;
    let of_lanes = claims.iter().flat_map(|claim| target.planner.lanes().judge(&claim.on(&paths)));
    judged.verdict = judged.verdict.with(of_lanes.collect());
    Ok(Some(Finished::of(judged, merge_base, touched)))
}

impl OwnPlan {
    /// Who asked for what; `None` where planning again gives another plan than the recorded one: then the pull request is
    /// judged as anybody's.
    fn asked(&self) -> Result<Option<Asked>, GitError> {
        match self.recipe.plan(&self.report.base) {
            Ok(again) if again.report.digest == self.report.digest => Ok(Some(again.asked(&self.request))),
            Ok(_) | Err(PlanError::Refused(_)) => Ok(None),
            Err(PlanError::Git(error)) => Err(error),
        }
    }
}

fn too_large(message: String) -> Performed {
    Performed::refused("too_large", message, "propose the change to the manifests in a separate pull request")
}
