//! The earlier contents of a file, from the ancestors of a commit: for questions such as "was this value ever used".

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use git2::{Odb, Oid, Sort};

use super::GitError;
use super::objects::{MODE_TREE, RawEntries, tree_of};
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
