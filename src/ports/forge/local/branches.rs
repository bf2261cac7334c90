//! The hosted repositories' references: branches, the heads of pull requests, and merging.

use std::path::Path;

use git2::{ErrorCode, Oid, Repository, Signature};

use super::super::ForgeError;
use crate::domain::names::{CommitId, IssueNumber};

/// The reference of a branch.
pub(super) fn branch(name: &str) -> String {
    format!("refs/heads/{name}")
}

/// The reference under which a pull request's head can be fetched, as on GitHub.
pub(super) fn pull_head(number: IssueNumber) -> String {
    format!("refs/pull/{number}/head")
}

/// Where a reference of a hosted repository points.
pub(super) fn tip(path: &Path, reference: &str) -> Result<Option<CommitId>, ForgeError> {
    match open(path)?.refname_to_id(reference) {
        Ok(id) => {
            id.to_string().parse().map(Some).map_err(|_| ForgeError::Malformed(format!("`{reference}`")))
        }
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(git_fault(error)),
    }
}

/// Lets a reference point to a commit, wherever it did before.
pub(super) fn point(path: &Path, reference: &str, commit: &CommitId) -> Result<(), ForgeError> {
    open(path)?.reference(reference, id(commit)?, true, "writ: local forge").map(drop).map_err(git_fault)
}

/// Whether the base has the head's commit already.
pub(super) fn is_merged(path: &Path, base: &CommitId, head: &CommitId) -> Result<bool, ForgeError> {
    let (base, head) = (id(base)?, id(head)?);
    Ok(base == head || open(path)?.graph_descendant_of(base, head).map_err(git_fault)?)
}

/// Merges a commit into a branch by a merge commit, dated `seconds` since 1970.
pub(super) fn merge(path: &Path, base: &str, head: &CommitId, seconds: i64) -> Result<(), ForgeError> {
    let repository = open(path)?;
    let find = |id: Oid| repository.find_commit(id).map_err(git_fault);
    let onto = find(repository.refname_to_id(&branch(base)).map_err(git_fault)?)?;
    let head = find(id(head)?)?;
    let mut index = repository.merge_commits(&onto, &head, None).map_err(git_fault)?;
    if index.has_conflicts() {
        return Err(ForgeError::Rejected("the pull request has conflicts".to_owned()));
    }
    let tree =
        index.write_tree_to(&repository).and_then(|tree| repository.find_tree(tree)).map_err(git_fault)?;
    let person =
        Signature::new("people", "people@localhost", &git2::Time::new(seconds, 0)).map_err(git_fault)?;
    repository
        .commit(Some(&branch(base)), &person, &person, "Merge pull request", &tree, &[&onto, &head])
        .map(drop)
        .map_err(git_fault)
}

fn open(path: &Path) -> Result<Repository, ForgeError> {
    Repository::open_bare(path).map_err(git_fault)
}

fn id(commit: &CommitId) -> Result<Oid, ForgeError> {
    Oid::from_str(commit.as_str()).map_err(git_fault)
}

fn git_fault(error: git2::Error) -> ForgeError {
    ForgeError::Unavailable { message: error.message().to_owned(), retry_after: None }
}
