//! Reading git objects: revisions, and every entry below a path at a commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use git2::{ErrorCode, Odb, Oid};

use super::{COMMIT_AUTHOR, FileCommit, GitError};
use crate::domain::names::{BlobId, CommitId};
use crate::domain::tree::{Entry, EntryKind, Snapshot};

/// The most bytes that one snapshot holds; more is refused, so that a hostile tree cannot fill the memory.
const SNAPSHOT_LIMIT: usize = 64 << 20;

/// The most entries, folders among them, that are walked, and the longest path: one tree object can be in a tree a
/// million times, so that a few small objects make a tree without end.
const ENTRY_LIMIT: usize = 50_000;
/// Longer paths are no files of anybody's.
const PATH_LIMIT: usize = 4096;

/// The contents of the last snapshot by blob id: the next one, nearly always of a neighbouring commit, reuses them.
pub(super) type Blobs = HashMap<Oid, Arc<[u8]>>;

/// The commit that a revision names.
pub(super) fn resolve(repository: &git2::Repository, revision: &str) -> Result<CommitId, GitError> {
    let commit = repository
        .revparse_single(revision)
        .and_then(|object| object.peel_to_commit())
        .map_err(|error| unknown_or_fault(error, revision))?;
    Ok(commit_id(commit.id()))
}

/// Writes a commit of one file.
pub(super) fn commit_file(repository: &git2::Repository, file: &FileCommit) -> Result<CommitId, GitError> {
    let parent = file.parent.as_ref().map(|id| {
        repository
            .revparse_single(id.as_str())
            .and_then(|object| object.peel_to_commit())
            .map_err(|error| unknown_or_fault(error, id.as_str()))
    });
    let parent = parent.transpose()?;
    let write = || {
        let mut tree = repository.treebuilder(None)?;
        tree.insert(file.name, repository.blob(&file.bytes)?, MODE_FILE)?;
        let tree = repository.find_tree(tree.write()?)?;
        let (name, address) = COMMIT_AUTHOR;
        let who = git2::Signature::new(name, address, &git2::Time::new(file.at.as_second().max(0), 0))?;
        repository.commit(None, &who, &who, &file.message, &tree, &parent.iter().collect::<Vec<_>>())
    };
    write().map(commit_id).map_err(GitError::odb)
}

/// All entries below `path` at a commit. `blobs` is exchanged for what this snapshot holds.
pub(super) fn snapshot(
    repository: &git2::Repository,
    commit: &CommitId,
    path: &str,
    blobs: &mut Blobs,
) -> Result<Snapshot, GitError> {
    let root = tree_of(repository, commit)?;
    let odb = repository.odb().map_err(GitError::odb)?;
    let mut walk = TreeWalk { odb: &odb, known: std::mem::take(blobs), held: 0, kept: Blobs::new() };
    let mut files = BTreeMap::new();
    let mut folders = Vec::new();
    let mut seen = 0;
    match find(&odb, root, path)? {
        Some(found) if found.mode == MODE_TREE => folders.push((path.to_owned(), found.id)),
        Some(found) => drop(files.insert(path.to_owned(), walk.entry(path, &found)?)),
        None => {}
    }
    // A stack, not recursion: how deep a tree nests is up to whoever made it.
    while let Some((folder, id)) = folders.pop() {
        let raw = odb.read(id).map_err(GitError::odb)?;
        for found in RawEntries::of(raw.data()) {
            let found = found?;
            let name = found.name_text();
            let full = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            seen += 1;
            if seen > ENTRY_LIMIT || full.len() > PATH_LIMIT {
                let path = full.chars().take(200).collect();
                return Err(GitError::TooMany { path, limit: ENTRY_LIMIT });
            }
            if found.mode == MODE_TREE {
                folders.push((full, found.id));
            } else {
                let entry = walk.entry(&full, &found)?;
                files.insert(full, entry);
            }
        }
    }
    *blobs = walk.kept;
    Ok(Snapshot { commit: commit.clone(), files })
}

/// Adds to a snapshot what its commit has at some paths: files, and of folders what `wanted` says of the names in them,
/// folders that are wanted as a whole. What is there already stays; what is in no commit is left out.
pub(super) fn extend(
    repository: &git2::Repository,
    snapshot: &mut Snapshot,
    paths: &[String],
    wanted: &dyn Fn(&str) -> bool,
    blobs: &mut Blobs,
) -> Result<(), GitError> {
    let root = tree_of(repository, &snapshot.commit)?;
    let odb = repository.odb().map_err(GitError::odb)?;
    let held = snapshot.files.values().map(|entry| entry.bytes.len()).sum();
    // What was held stays held: base and head take turns.
    let mut walk = TreeWalk { odb: &odb, known: std::mem::take(blobs), held, kept: Blobs::new() };
    let mut add = |files: &mut BTreeMap<String, Entry>, path: String, found: &RawEntry<'_>| {
        if !files.contains_key(&path) {
            if files.len() >= ENTRY_LIMIT || path.len() > PATH_LIMIT {
                return Err(GitError::TooMany { path: path.chars().take(200).collect(), limit: ENTRY_LIMIT });
            }
            let entry = walk.entry(&path, found)?;
            files.insert(path, entry);
        }
        Ok(())
    };
    let mut seen = 0;
    for path in paths {
        let mut folders = match find(&odb, root, path)? {
            Some(found) if found.mode == MODE_TREE => vec![(path.clone(), found.id, false)],
            Some(found) => {
                add(&mut snapshot.files, path.clone(), &found)?;
                continue;
            }
            None => continue,
        };
        while let Some((folder, id, is_whole)) = folders.pop() {
            let raw = odb.read(id).map_err(GitError::odb)?;
            for found in RawEntries::of(raw.data()) {
                let found = found?;
                let name = found.name_text();
                seen += 1;
                if seen > ENTRY_LIMIT || folder.len() > PATH_LIMIT {
                    let path = folder.chars().take(200).collect();
                    return Err(GitError::TooMany { path, limit: ENTRY_LIMIT });
                }
                if !is_whole && !wanted(&name) {
                    continue;
                }
                let full = format!("{folder}/{name}");
                match found.mode == MODE_TREE {
                    true => folders.push((full, found.id, true)),
                    false => add(&mut snapshot.files, full, &found)?,
                }
            }
        }
    }
    blobs.extend(std::mem::take(&mut walk.known));
    blobs.extend(walk.kept);
    Ok(())
}

/// The root tree of a commit.
pub(super) fn tree_of(repository: &git2::Repository, commit: &CommitId) -> Result<Oid, GitError> {
    let id = Oid::from_str(commit.as_str()).map_err(GitError::odb)?;
    let found = repository.find_commit(id).map_err(|error| unknown_or_fault(error, commit.as_str()))?;
    Ok(found.tree_id())
}

/// The newest common ancestor of two commits.
pub(super) fn merge_base(
    repository: &git2::Repository,
    one: &CommitId,
    other: &CommitId,
) -> Result<Option<CommitId>, GitError> {
    let id = |commit: &CommitId| {
        let id = Oid::from_str(commit.as_str()).map_err(GitError::odb)?;
        repository.find_commit(id).map_err(|error| unknown_or_fault(error, commit.as_str())).map(|_| id)
    };
    match repository.merge_base(id(one)?, id(other)?) {
        Ok(found) => Ok(Some(commit_id(found))),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(GitError::odb(error)),
    }
}

/// The paths below a folder, or in the whole tree for the empty path, that differ between two commits, at most `limit`. A stack of pairs of folders, of which those with the same
/// id are not entered: it takes as long as the difference is large.
pub(super) fn changed_paths(
    repository: &git2::Repository,
    from: &CommitId,
    to: &CommitId,
    below: &str,
    limit: usize,
) -> Result<Option<Vec<String>>, GitError> {
    let odb = repository.odb().map_err(GitError::odb)?;
    let at = |commit: &CommitId| find(&odb, tree_of(repository, commit)?, below);
    let (from, to) = (at(from)?, at(to)?);
    let tree = |side: &Option<RawEntry<'_>>| {
        side.as_ref().filter(|found| found.mode == MODE_TREE).map(|found| found.id)
    };
    let file = |side: &Option<RawEntry<'_>>| {
        side.as_ref().filter(|found| found.mode != MODE_TREE).map(|found| (found.mode, found.id))
    };
    let mut paths = Vec::new();
    if file(&from) != file(&to) {
        paths.push(below.to_owned());
    }
    let mut pairs = vec![(below.to_owned(), (tree(&from), tree(&to)))];
    let mut seen = 0;
    while let Some((folder, (from, to))) = pairs.pop() {
        if from == to {
            continue;
        }
        let (from, to) = (listed(&odb, from)?, listed(&odb, to)?);
        let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        for name in names {
            let (before, after) = (from.get(name), to.get(name));
            if before == after {
                continue;
            }
            let full = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let tree =
                |side: Option<&(u32, Oid)>| side.filter(|(mode, _)| *mode == MODE_TREE).map(|(_, id)| *id);
            let file = |side: Option<&(u32, Oid)>| side.is_some_and(|(mode, _)| *mode != MODE_TREE);
            if file(before) || file(after) {
                paths.push(full.clone());
            }
            if tree(before).is_some() || tree(after).is_some() {
                pairs.push((full, (tree(before), tree(after))));
            }
            seen += 1;
            if paths.len() > limit || seen > ENTRY_LIMIT || folder.len() > PATH_LIMIT {
                return Ok(None);
            }
        }
    }
    paths.sort();
    Ok(Some(paths))
}

/// Mode and id of each entry of a tree, by name; none where there is no tree.
fn listed(odb: &Odb<'_>, tree: Option<Oid>) -> Result<BTreeMap<String, (u32, Oid)>, GitError> {
    let Some(tree) = tree else { return Ok(BTreeMap::new()) };
    let raw = odb.read(tree).map_err(GitError::odb)?;
    RawEntries::of(raw.data())
        .map(|entry| entry.map(|entry| (entry.name_text(), (entry.mode, entry.id))))
        .collect()
}

/// A git2 object id as the domain's commit id.
pub(super) fn commit_id(id: Oid) -> CommitId {
    // OK because writ opens SHA-1 repositories only, and git2 prints 40 lower-case hexadecimal digits.
    CommitId::try_from(id.to_string()).unwrap_or_else(|error| unreachable!("{error}"))
}

struct TreeWalk<'a> {
    odb: &'a Odb<'a>,
    known: Blobs,
    kept: Blobs,
    held: usize,
}

impl TreeWalk<'_> {
    fn entry(&mut self, path: &str, found: &RawEntry<'_>) -> Result<Entry, GitError> {
        let kind = found.kind();
        let bytes = if kind == EntryKind::Submodule { Arc::from([]) } else { self.content(path, found.id)? };
        // OK for the same reason as in `commit_id`.
        let blob = BlobId::try_from(found.id.to_string()).unwrap_or_else(|error| unreachable!("{error}"));
        Ok(Entry { blob, kind, bytes })
    }

    fn content(&mut self, path: &str, id: Oid) -> Result<Arc<[u8]>, GitError> {
        if let Some(bytes) = self.kept.get(&id) {
            return Ok(Arc::clone(bytes));
        }
        let bytes = match self.known.get(&id) {
            Some(bytes) => Arc::clone(bytes),
            None => Arc::from(self.odb.read(id).map_err(GitError::odb)?.data()),
        };
        self.held += bytes.len();
        if self.held > SNAPSHOT_LIMIT {
            return Err(GitError::TooLarge { path: path.to_owned(), limit: SNAPSHOT_LIMIT });
        }
        self.kept.insert(id, Arc::clone(&bytes));
        Ok(bytes)
    }
}

/// The mode of a folder in a tree object.
pub(super) const MODE_TREE: u32 = 0o040_000;
/// The mode of a regular file.
const MODE_FILE: i32 = 0o100_644;
const MODE_SYMLINK: u32 = 0o120_000;
const MODE_SUBMODULE: u32 = 0o160_000;

/// One entry of a tree object, borrowed from its bytes.
pub(super) struct RawEntry<'a> {
    pub(super) mode: u32,
    pub(super) name: &'a [u8],
    pub(super) id: Oid,
    /// Where the 20 bytes of the id begin.
    pub(super) id_at: usize,
}

impl RawEntry<'_> {
    /// What the entry is, where it is not a folder. Old modes such as 100664 are regular files.
    pub(super) fn kind(&self) -> EntryKind {
        match self.mode {
            MODE_SYMLINK => EntryKind::Symlink,
            MODE_SUBMODULE => EntryKind::Submodule,
            mode if mode & 0o100 != 0 => EntryKind::Executable,
            _ => EntryKind::Regular,
        }
    }

    /// The name; bytes that are not UTF-8 are escaped (`\xff`), so the entry is seen, and can never be written.
    fn name_text(&self) -> String {
        std::str::from_utf8(self.name).map_or_else(|_| self.name.escape_ascii().to_string(), str::to_owned)
    }
}

/// The entries of a tree object's bytes: `<octal mode> <name>\0<20 bytes of id>`, over and over.
pub(super) struct RawEntries<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> RawEntries<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn parse(&mut self) -> Option<RawEntry<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let zero = space + rest.get(space..)?.iter().position(|byte| *byte == 0)?;
        let mode = u32::from_str_radix(std::str::from_utf8(rest.get(..space)?).ok()?, 8).ok()?;
        let name = rest.get(space + 1..zero)?;
        let id = Oid::from_bytes(rest.get(zero + 1..zero + 21)?).ok()?;
        let id_at = self.at + zero + 1;
        self.at = id_at + 20;
        Some(RawEntry { mode, name, id, id_at })
    }
}

impl<'a> Iterator for RawEntries<'a> {
    type Item = Result<RawEntry<'a>, GitError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let entry = self.parse();
        if entry.is_none() {
            self.at = self.bytes.len();
        }
        Some(entry.ok_or_else(|| GitError::odb(git2::Error::from_str("a tree object is malformed"))))
    }
}

/// Mode and id of the entry at `path`; the root itself for the empty path.
fn find(odb: &Odb<'_>, root: Oid, path: &str) -> Result<Option<RawEntry<'static>>, GitError> {
    let mut found = RawEntry { mode: MODE_TREE, name: b"", id: root, id_at: 0 };
    for part in path.split('/').filter(|_| !path.is_empty()) {
        if found.mode != MODE_TREE {
            return Ok(None);
        }
        let raw = odb.read(found.id).map_err(GitError::odb)?;
        let mut next = None;
        for entry in RawEntries::of(raw.data()) {
            let RawEntry { mode, name, id, id_at } = entry?;
            if name == part.as_bytes() {
                next = Some(RawEntry { mode, name: b"", id, id_at });
                break;
            }
        }
        match next {
            Some(entry) => found = entry,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

fn unknown_or_fault(error: git2::Error, revision: &str) -> GitError {
    match error.code() {
        _ if super::descriptors_are_used_up() => GitError::odb(error),
        ErrorCode::NotFound
        | ErrorCode::InvalidSpec
        | ErrorCode::Ambiguous
        | ErrorCode::Peel
        | ErrorCode::UnbornBranch => GitError::UnknownRevision(revision.to_owned()),
        _ => GitError::odb(error),
    }
}
