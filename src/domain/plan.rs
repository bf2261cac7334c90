//! A plan: the pure result of (request, procedure, base tree), and the report of it that people and programs read.
//!
//! Made by `domain::procedure`, judged by `domain::policy`, completed (commit id, digest) by `service::planning`.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::names::{BlobId, BranchName, CommitId, RunId};
use super::policy::{Declared, Decision, Verdict};
pub use super::risk::Risk;
use super::tree::FileWrite;

/// What planning found: edits to publish, before verdict and commit.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The run that this plan belongs to.
    pub run: RunId,
    /// Procedure name.
    pub procedure: String,
    /// What the procedure does, one sentence.
    pub summary: String,
    /// Procedure version.
    pub version: u32,
    /// The variant whose conditions the base fits.
    pub variant: String,
    /// Risk class.
    pub risk: Risk,
    /// The commit that was planned on.
    pub base: CommitId,
    /// The branch that publishing creates.
    pub branch: BranchName,
    /// Pull request title and commit subject; fits the target repository's rule.
    pub title: String,
    /// Commit message without trailers: subject, blank line, body.
    pub message: String,
    /// The files to write, sorted by path; empty when nothing would change.
    pub writes: Vec<FileWrite>,
    /// The same, described.
    pub files: Vec<FilePlan>,
    /// What changes, by name; empty exactly when nothing would change.
    pub changes: Vec<Change>,
    /// The nodes that the procedure means to write, whether or not that changes them.
    pub declared: Vec<Declared>,
    /// Postconditions, checked on the tree after the edit.
    pub effects: Vec<Effect>,
    /// How to undo it.
    pub rollback: Rollback,
    /// What will follow, stale comments, pinned tests: sentences for people.
    pub warnings: Vec<String>,
    /// When nothing would change: the state that was found, a sentence.
    pub no_change: Option<String>,
}

/// One file of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlan {
    /// Full repository path.
    pub path: String,
    /// Blob id before.
    pub before: BlobId,
    /// Blob id after.
    pub after: BlobId,
    /// Unified diff, three lines of context.
    pub diff: String,
}

/// A postcondition and whether it holds on the tree after the edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Short name, such as `scheduler-stopped`.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// The field that was read, and its value.
    pub detail: String,
}

/// How to undo a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// The inverse procedure; `None` where the way back is a rollback of the run, or `git revert`.
    pub procedure: Option<String>,
    /// The exact command; `None` where nothing is to be undone.
    pub command: Option<String>,
    /// Why nothing is to be undone, one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_no_undo: Option<String>,
}

/// `writ.plan/v1`: a plan with its verdict, commit and digest. This is the JSON that `writ plan --format json` prints.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlanReport {
    /// `writ.plan/v1`.
    pub schema: String,
    /// Procedure name.
    pub procedure: String,
    /// Procedure version.
    pub version: u32,
    /// Variant name.
    pub variant: String,
    /// Risk class.
    pub risk: Risk,
    /// Base commit.
    pub base: CommitId,
    /// Run id.
    pub run: RunId,
    /// Branch that publishing creates.
    pub branch: BranchName,
    /// Title of the pull request.
    pub title: String,
    /// Files.
    pub files: Vec<FilePlan>,
    /// Semantic changes.
    pub changes: Vec<Change>,
    /// The verdict of the policies; `no_change` where nothing would change.
    pub verdict: Verdict,
    /// Postconditions.
    pub effects: Vec<Effect>,
    /// How to undo it.
    pub rollback: Rollback,
    /// Sentences for people.
    pub warnings: Vec<String>,
    /// When nothing would change: the state that was found.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub no_change: Option<String>,
    /// The commit id that publishing would give; `None` when nothing would be published.
    pub commit: Option<CommitId>,
    /// `sha256:<hex>` over the canonical JSON of this report without `commit` and `digest`.
    pub digest: String,
}

impl PlanReport {
    /// Whether another person must approve the pull request: because of its risk class, or because of a finding.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        self.risk.needs_approval() || self.verdict.decision == Decision::Review
    }
}
