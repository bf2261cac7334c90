//! Judging a change: from a base and a head commit to the verdict of the policies and what changes by name.
//!
//! Blocking: it reads git objects, and nothing else of a change: no file is checked out, nothing of it runs.

use crate::domain::change::{Change, between_trees};
use crate::domain::names::CommitId;
use crate::domain::policy::{Asked, Facts, Situation, Verdict};
use crate::domain::tree::Snapshot;
use crate::ports::git::{Git, GitError};

use super::planning::Planner;

/// What judging a change came to.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// What changes below the GitOps path, by file, object and name.
    pub changes: Vec<Change>,
    /// The files below the GitOps path at the head.
    pub head: Snapshot,
}

impl Planner {
    /// Judges what changes below the GitOps path from one commit to another; `asked` where it is a plan of writ's own.
    ///
    /// # Errors
    /// - `UnknownRevision`: a commit is not here
    /// - `TooLarge`, `Odb`: its objects cannot be read
    pub fn judge_change(
        &self,
        git: &dyn Git,
        base: &CommitId,
        head: &CommitId,
        asked: Option<&Asked>,
    ) -> Result<Judged, GitError> {
        let (commit, base) = (base, git.snapshot(base, &self.gitops_path)?);
        let head = git.snapshot(head, &self.gitops_path)?;
        let changes = between_trees(&base, &head, &self.manifests);
        let situation = Situation { gitops_path: &self.gitops_path, base: &base, changes: &changes, asked };
        let facts = Facts::of_trees(&situation, &head, &self.documents);
        let verdict = self.verdict(git, commit, facts)?;
        Ok(Judged { verdict, changes, head })
    }
}
