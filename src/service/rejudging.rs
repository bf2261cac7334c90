//! Rejudging: judges the head of a pull request again, from what the record of its verdict names.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::names::{CommitId, IssueNumber, RepositoryName};
use crate::domain::policy::{Circumstances, Provenance};
use crate::domain::text::error_chain;
use crate::ports::git::{Git, GitError};

use super::head::{BranchClaim, HeadAnswer, HeadRequest, judge_since};
use super::judging::Judge;
use super::materials::Materials;

/// What a verdict on a pull request follows from, beside its two commits and the library.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct VerdictInputs {
    /// Who asked writ for it, where the pull request is writ's own.
    pub(super) asked: Option<Provenance>,
    /// What the pull requests with its head claimed by their branches.
    pub(super) claims: Vec<BranchClaim>,
    /// Clock and settings, as far as they bore upon it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) circumstances: Option<Circumstances>,
}

/// A `verdict.given` of a pull request, as it is recorded.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RecordedVerdict {
    /// The pull request.
    pub(super) pull: IssueNumber,
    head: CommitId,
    merge_base: CommitId,
    /// The verdict: [`Verdict::recorded`](crate::domain::policy::Verdict::recorded).
    pub(super) verdict: Value,
    /// What it was given with; `None` in records of version 0.1.0.
    #[serde(default)]
    pub(super) materials: Option<Materials>,
    #[serde(default)]
    inputs: Option<VerdictInputs>,
}

impl RecordedVerdict {
    /// What can be judged again; the error says why it cannot: an earlier version recorded it.
    pub(super) fn request(&self, repository: &RepositoryName) -> Result<HeadRequest, String> {
        let Some(VerdictInputs { asked, claims, circumstances }) = self.inputs.clone() else {
            return Err(
                "an earlier version judged it, which did not record what the branch claims".to_owned()
            );
        };
        Ok(HeadRequest {
            repository: repository.clone(),
            head: self.head.clone(),
            asked,
            claims,
            since: None,
            circumstances: circumstances.unwrap_or_default(),
        })
    }

    /// The verdict now; the error says why there is none.
    pub(super) fn judge_again(
        &self,
        git: &dyn Git,
        judge: &Judge,
        request: &HeadRequest,
    ) -> Result<Value, String> {
        match judge_since(git, judge, self.merge_base.clone(), request) {
            Ok(HeadAnswer::Judged(judgement)) => Ok(judgement.verdict.recorded()),
            Ok(HeadAnswer::TooLarge(why) | HeadAnswer::Stopped(why)) => Err(why),
            Ok(HeadAnswer::Unavailable(why) | HeadAnswer::Failed(why)) => Err(why),
            Ok(HeadAnswer::NoManifests) => Err("its commits have no manifests below that path".to_owned()),
            Err(GitError::UnknownRevision(_)) => Err(format!(
                "its head `{}` or the base `{}` is not in the repository",
                self.head, self.merge_base
            )),
            Err(error) => Err(error_chain(&error)),
        }
    }
}
