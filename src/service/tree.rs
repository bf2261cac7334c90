//! The trees that are judged: what is below the GitOps path, what its kustomizations refer to outside of it, and what
//! changes in watched paths.
//!
//! **Invariant**: only files of the repository's own commit are read, under the limits of one snapshot, and no more
//! references are followed than a build may enter: a stranger's pull request decides what is named, never how much is
//! read. Symbolic links are not followed.

use std::collections::BTreeSet;

use crate::domain::budget::SIDE;
use crate::domain::kustomize::is_beside;
use crate::domain::names::CommitId;
use crate::domain::policy::Documents;
use crate::domain::tree::Snapshot;
use crate::domain::watch::{Watch, is_at_or_below};
use crate::ports::git::{Git, GitError};

/// The most watched files that a change may touch.
const MOST_WATCHED: usize = 20_000;

/// What is below the GitOps path at a commit, with the files outside of it that kustomizations name.
///
/// # Errors
/// - `UnknownRevision`: the commit is not here
/// - `TooLarge`, `TooMany`: there is more than writ reads, or more is named than a build may enter
pub(super) fn read(
    git: &dyn Git,
    documents: &Documents,
    commit: &CommitId,
    gitops_path: &str,
) -> Result<Snapshot, GitError> {
    let mut snapshot = git.snapshot(commit, gitops_path)?;
    let mut followed = BTreeSet::new();
    let mut named = BTreeSet::new();
    loop {
        let mut new = Vec::new();
        for (path, entry) in &snapshot.files {
            if followed.contains(path) {
                continue;
            }
            let outside = documents.mentions(path, entry).into_iter();
            new.extend(outside.filter(|path| !is_at_or_below(path, gitops_path) && !named.contains(path)));
            followed.insert(path.clone());
        }
        if new.is_empty() {
            return Ok(snapshot);
        }
        named.extend(new.iter().cloned());
        // OK because the limit is ten thousand.
        let limit = usize::try_from(SIDE.visits).unwrap_or(usize::MAX);
        if named.len() > limit {
            return Err(GitError::TooMany { path: new.pop().unwrap_or_default(), limit });
        }
        git.extend(&mut snapshot, &new, &is_beside)?;
    }
}

/// Gives each side the files outside of the GitOps path that only the other one refers to, so that a file which is no
/// longer referred to is not taken for one that is gone.
///
/// # Errors
/// As [`read`].
pub(super) fn complete(
    git: &dyn Git,
    base: &mut Snapshot,
    head: &mut Snapshot,
    gitops_path: &str,
) -> Result<(), GitError> {
    let missing = |own: &Snapshot, other: &Snapshot| -> Vec<String> {
        let outside = other.files.keys().filter(|path| !is_at_or_below(path, gitops_path));
        outside.filter(|path| !own.files.contains_key(*path)).cloned().collect()
    };
    let (of_base, of_head) = (missing(base, head), missing(head, base));
    git.extend(base, &of_base, &|_| false)?;
    git.extend(head, &of_head, &|_| false)
}

/// The watched files that differ between two sides and are no part of them, as they are on each.
///
/// # Errors
/// As [`read`].
pub(super) fn watched(
    git: &dyn Git,
    watch: &Watch,
    [base, head]: [&Snapshot; 2],
    gitops_path: &str,
) -> Result<[Snapshot; 2], GitError> {
    let mut paths = Vec::new();
    for start in watch.starts() {
        let changed = git.changed_paths(&base.commit, &head.commit, start, MOST_WATCHED)?;
        let too_many = || GitError::TooMany { path: start.to_owned(), limit: MOST_WATCHED };
        paths.extend(changed.ok_or_else(too_many)?);
    }
    let is_part = |path: &String| {
        is_at_or_below(path, gitops_path) || base.files.contains_key(path) || head.files.contains_key(path)
    };
    paths.retain(|path| watch.covers(path) && !is_part(path));
    let side = |of: &Snapshot| {
        let mut side = Snapshot { commit: of.commit.clone(), files: std::collections::BTreeMap::new() };
        git.extend(&mut side, &paths, &|_| false)?;
        Ok(side)
    };
    Ok([side(base)?, side(head)?])
}
