//! Judging a change: from a base and a head commit to the verdict of the policies and what changes by name.
//!
//! Called by `writ check` and for pull requests; the planner judges its own plans by the same policies.
//! Blocking: it reads git objects, and nothing else of a change: no file is checked out, nothing of it runs.

use crate::domain::change::{Change, between_trees};
use crate::domain::names::CommitId;
use crate::domain::policy::{Asked, Facts, Finding, Policy, Situation, Verdict};
use crate::domain::tree::Snapshot;
use crate::domain::yaml::{self, Pointer};
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
    /// The policies that judge, sorted by file.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        self.policies.policies()
    }

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
        let base = git.snapshot(base, &self.gitops_path)?;
        let head = git.snapshot(head, &self.gitops_path)?;
        let changes = between_trees(&base, &head, &self.manifests);
        let situation = Situation { gitops_path: &self.gitops_path, base: &base, changes: &changes, asked };
        let facts = Facts::of_trees(&situation, &head, &self.documents);
        let verdict = self.verdict(git, &base.commit, facts)?;
        Ok(Judged { verdict, changes, head })
    }
}

impl Judged {
    /// The line of the head's file, from 1, on which a finding of the verdict stands: that of its node, else that of the
    /// nearest node above it that is there. `None` where the finding is about no file, or about one that is gone.
    #[must_use]
    pub fn line_of(&self, finding: &Finding) -> Option<usize> {
        let text = self.head.files.get(&finding.path)?.text()?;
        let Ok(stream) = yaml::parse(text) else { return Some(1) };
        let place = finding.place.as_ref().unwrap_or(&finding.pointer);
        let Ok(mut pointer) = place.parse::<Pointer>() else { return Some(1) };
        loop {
            let mut documents = stream.documents().iter();
            if let Some(place) = documents.find_map(|document| document.locate(&pointer)) {
                return Some(place.line);
            }
            pointer.steps.pop()?;
        }
    }
}
