//! What ancestors of a commit held: the earlier contents of a file, and the commits that changed a folder.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use git2::{Odb, Oid, Sort};

use super::GitError;
use super::objects::{self, MODE_TREE, RawEntries, commit_id, tree_of};
use crate::domain::names::CommitId;

/// The contents that a file has and had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHistory {
    /// Each content once, newest first; the commit's own is the first, where the file is there.
    pub contents: Vec<Arc<[u8]>>,
    /// Whether all commits were read; not so in a shallow clone, or beyond 200,000 commits.
    pub is_whole: bool,
}

/// The most commits that are read, about ten times the target's.
const COMMIT_LIMIT: usize = 200_000;

/// The contents of the file at `path` over all ancestors of a commit, the commit first.
pub(super) fn file_history(
    repository: &git2::Repository,
    commit: &CommitId,
    path: &str,
) -> Result<FileHistory, GitError> {
    // The error of an unknown commit is this function's.
    tree_of(repository, commit)?;
    let odb = repository.odb().map_err(GitError::odb)?;
    let mut walk = repository.revwalk().map_err(GitError::odb)?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).map_err(GitError::odb)?;
    walk.push(Oid::from_str(commit.as_str()).map_err(GitError::odb)?).map_err(GitError::odb)?;
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut trees = Trees { odb: &odb, children: HashMap::new() };
    let mut seen = HashSet::new();
    let mut contents = Vec::new();
    let mut is_whole = !repository.is_shallow();
    for (read, id) in walk.enumerate() {
        if read == COMMIT_LIMIT {
            is_whole = false;
            break;
        }
        let id = id.map_err(GitError::odb)?;
        let root = repository.find_commit(id).map_err(GitError::odb)?.tree_id();
        let Some(folder) = trees.folder(root, folder)? else { continue };
        if let Some(blob) = trees.file(folder, name)?
            && seen.insert(blob)
        {
            contents.push(Arc::from(odb.read(blob).map_err(GitError::odb)?.data()));
        }
    }
    Ok(FileHistory { contents, is_whole })
}

/// A commit that changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastChange {
    /// Its first parent, with which it is compared.
    pub before: CommitId,
    /// The commit.
    pub commit: CommitId,
    /// The first line of its message.
    pub subject: String,
}

/// The commits of a range that changed something below a path, oldest first, by first parents alone: what a merge
/// brought in counts as one change. The range is a revision with all its ancestors, or `FROM..TO` without those of `FROM`.
/// A commit without a parent here is compared with nothing, and left out.
pub(super) fn past_changes(
    repository: &git2::Repository,
    range: &str,
    path: &str,
) -> Result<Vec<PastChange>, GitError> {
    let (from, to) = match range.split_once("..") {
        Some((from, to)) => (Some(from), to),
        None => (None, range),
    };
    let resolve = |revision: &str| {
        let revision = if revision.is_empty() { "HEAD" } else { revision };
        objects::resolve(repository, revision)
            .and_then(|commit| Oid::from_str(commit.as_str()).map_err(GitError::odb))
    };
    let known = match from {
        Some(from) => ancestors(repository, resolve(from)?)?,
        None => HashSet::new(),
    };
    let odb = repository.odb().map_err(GitError::odb)?;
    let mut trees = Trees { odb: &odb, children: HashMap::new() };
    let mut changes = Vec::new();
    let mut here = repository.find_commit(resolve(to)?).map_err(GitError::odb)?;
    let mut folder = trees.folder(here.tree_id(), path)?;
    while !known.contains(&here.id()) {
        // The first commit, or the edge of a shallow clone.
        if here.parent_count() == 0 {
            break;
        }
        let before = here.parent(0).map_err(GitError::odb)?;
        let former = trees.folder(before.tree_id(), path)?;
        if former != folder {
            let subject = here.summary().ok().flatten().unwrap_or_default().to_owned();
            changes.push(PastChange {
                before: commit_id(before.id()),
                commit: commit_id(here.id()),
                subject,
            });
        }
        (here, folder) = (before, former);
    }
    changes.reverse();
    Ok(changes)
}

fn ancestors(repository: &git2::Repository, commit: Oid) -> Result<HashSet<Oid>, GitError> {
    let mut walk = repository.revwalk().map_err(GitError::odb)?;
    walk.push(commit).map_err(GitError::odb)?;
    walk.map(|id| id.map_err(GitError::odb)).collect()
}

/// Looks into trees; all but the root are the same in most commits, and are looked into once.
struct Trees<'a> {
    odb: &'a Odb<'a>,
    children: HashMap<(Oid, Box<str>), Option<Child>>,
}

/// Mode and id of an entry.
type Child = (u32, Oid);

impl Trees<'_> {
    fn folder(&mut self, root: Oid, path: &str) -> Result<Option<Oid>, GitError> {
        let mut here = root;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            match self.child(here, part)? {
                Some((MODE_TREE, id)) => here = id,
                _ => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    fn file(&mut self, folder: Oid, name: &str) -> Result<Option<Oid>, GitError> {
        Ok(self.child(folder, name)?.filter(|(mode, _)| mode & 0o170_000 == 0o100_000).map(|(_, id)| id))
    }

    fn child(&mut self, tree: Oid, name: &str) -> Result<Option<Child>, GitError> {
        let key = (tree, Box::from(name));
        if let Some(found) = self.children.get(&key) {
            return Ok(*found);
        }
        let raw = self.odb.read(tree).map_err(GitError::odb)?;
        let mut found = None;
        for entry in RawEntries::of(raw.data()) {
            let entry = entry?;
            if entry.name == name.as_bytes() {
                found = Some((entry.mode, entry.id));
                break;
            }
        }
        self.children.insert(key, found);
        Ok(found)
    }
}
