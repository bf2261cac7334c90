//! Judging the head of a pull request that others pushed: what is asked, what is answered, and the work between.
//!
//! The work is done in a child process (see [`Heads`](super::heads::Heads)) for whatever strangers can send, and in
//! this one for heads that writ itself made. Blocking: it reads git objects of the mirror, and asks nobody else.

use serde::{Deserialize, Serialize};

use super::error::StepError;
use super::judgement::Judgement;
use super::judging::Judge;
use crate::domain::lane::{Claim, Reproducibility};
use crate::domain::names::{BranchName, CommitId, IssueNumber, RepositoryName};
use crate::domain::policy::Provenance;
use crate::domain::text::error_chain;
use crate::ports::git::{Git, GitError};

/// The most files that a pull request may change and still be judged.
const MOST_FILES: usize = 20_000;

/// A head to judge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeadRequest {
    /// The repository whose mirror has it.
    pub repository: RepositoryName,
    /// The head.
    pub head: CommitId,
    /// Who asked writ for it, where its pull request is writ's own.
    pub asked: Option<Provenance>,
    /// What the pull requests with this head claim by their branches.
    pub claims: Vec<BranchClaim>,
}

/// What a pull request claims by its branch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BranchClaim {
    /// The pull request.
    pub pull: IssueNumber,
    /// The branch that it comes from.
    pub branch: String,
    /// Whether that branch is in another repository.
    pub fork: bool,
    /// What its body says about how it can be reproduced.
    pub told: Reproducibility,
    /// Other open pull requests from the same branch.
    pub others: Vec<IssueNumber>,
}

/// What judging it comes to.
#[derive(Debug, Serialize, Deserialize)]
pub enum HeadAnswer {
    /// It was judged.
    Judged(Box<Judgement>),
    /// Neither side has a manifest below the GitOps path: the path is wrong, or everything would pass.
    NoManifests,
    /// It is more than writ reads: a sentence.
    TooLarge(String),
    /// It took more time or memory than judging a head may take, or crashed the judging process: a sentence.
    Stopped(String),
    /// Something outside did not work for now; trying again may help.
    Unavailable(String),
    /// It cannot be judged; trying again does not help.
    Failed(String),
}

/// Where heads are judged.
#[derive(Clone, Copy)]
pub struct HeadJudge<'a> {
    /// The mirror.
    pub git: &'a dyn Git,
    /// The branch that people merge to.
    pub base: &'a BranchName,
    /// Judges changes.
    pub judge: &'a Judge,
}

impl HeadJudge<'_> {
    /// Judges a head against its merge base with the served branch, by the policies and by the lane that its branch names.
    #[must_use]
    pub fn answer(self, request: &HeadRequest) -> HeadAnswer {
        match self.judged(request) {
            Ok(answer) => answer,
            Err(error @ (GitError::TooLarge { .. } | GitError::TooMany { .. })) => {
                HeadAnswer::TooLarge(error.to_string())
            }
            Err(error) => {
                let error = StepError::from(error);
                match error.outage() {
                    Some(outage) => HeadAnswer::Unavailable(outage.message),
                    None => HeadAnswer::Failed(error_chain(&error)),
                }
            }
        }
    }

    fn judged(self, request: &HeadRequest) -> Result<HeadAnswer, GitError> {
        let Self { git, base, judge } = self;
        let base = git.resolve(&format!("refs/heads/{base}"))?;
        let merge_base = git.merge_base(&base, &request.head)?.unwrap_or(base);
        judge_since(git, judge, merge_base, request)
    }
}

/// Judges what a head changes since a commit.
///
/// # Errors
/// - `UnknownRevision`: one of them is not here
/// - `TooLarge`, `TooMany`, `Odb`: their objects cannot be read
pub(super) fn judge_since(
    git: &dyn Git,
    judge: &Judge,
    merge_base: CommitId,
    HeadRequest { head, asked, claims, .. }: &HeadRequest,
) -> Result<HeadAnswer, GitError> {
    let Some(paths) = git.changed_paths(&merge_base, head, MOST_FILES)? else {
        let message = format!("the pull request changes more than {MOST_FILES} files");
        return Ok(HeadAnswer::TooLarge(message));
    };
    let below = format!("{}/", judge.target().gitops_path);
    let touched = paths.iter().any(|path| path.starts_with(&below));
    let mut judged = judge.judge_change(git, &merge_base, head, asked.as_ref())?;
    if !judged.has_manifests {
        return Ok(HeadAnswer::NoManifests);
    }
    let of_lanes = claims.iter().flat_map(|claim| judge.lanes().judge(&claim.on(&paths)));
    let is_of_lane = |claim: &BranchClaim| judge.lanes().of_branch(&claim.branch).is_some();
    if claims.iter().any(is_of_lane) {
        judged.verdict = judge.policies().of_lane(judged.verdict);
    }
    judged.verdict = judged.verdict.with(of_lanes.collect());
    Ok(HeadAnswer::Judged(Box::new(Judgement::of(judged, merge_base, touched))))
}

impl BranchClaim {
    fn on<'a>(&'a self, paths: &'a [String]) -> Claim<'a> {
        let Self { branch, fork, told, others, .. } = self;
        Claim { branch: Some(branch), lane: None, fork: *fork, paths, stated: Some(told), others }
    }
}
