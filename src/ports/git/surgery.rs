//! Commits by tree surgery: the base's tree objects with the ids of some blobs exchanged, 20 bytes for 20 bytes.
//!
//! **Invariant**: a tree made here differs from its base in nothing but those ids, so names, modes and order are kept
//! whatever they are. Everything is computed in memory first; writing it is a separate step that `preview` leaves out.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use git2::{ObjectType, Odb, Oid};

use super::objects::{MODE_TREE, RawEntries, RawEntry, tree_of};
use super::{COMMIT_AUTHOR, CommitDraft, GitError};
use crate::domain::tree::{EntryKind, FileWrite, LFS_POINTER_START};

/// An LFS pointer is always smaller than this (its specification says so).
const LFS_POINTER_LIMIT: usize = 1024;

/// The objects of a commit that does not exist yet; the commit is the last.
pub(super) struct BuiltCommit {
    pub(super) commit: Oid,
    objects: Vec<(ObjectType, Vec<u8>)>,
}

impl BuiltCommit {
    /// Writes the objects, children first, so that a crash leaves nothing that points to what is missing.
    pub(super) fn write(&self, odb: &Odb<'_>) -> Result<(), GitError> {
        for (kind, bytes) in &self.objects {
            odb.write(*kind, bytes).map_err(GitError::odb)?;
        }
        Ok(())
    }
}

/// Computes a draft's objects and the commit's id.
pub(super) fn build(repository: &git2::Repository, draft: &CommitDraft) -> Result<BuiltCommit, GitError> {
    let root = tree_of(repository, &draft.base)?;
    let odb = repository.odb().map_err(GitError::odb)?;
    let mut surgery = Surgery { odb: &odb, objects: Vec::new() };
    let tree = surgery.folder(root, &wanted(&draft.writes)?)?;
    let commit = surgery.object(ObjectType::Commit, commit_bytes(tree, draft))?;
    Ok(BuiltCommit { commit, objects: surgery.objects })
}

/// The writes as a tree of their own, by path part.
enum Wanted<'a> {
    File(&'a FileWrite),
    Folder(BTreeMap<&'a str, Wanted<'a>>),
}

fn wanted(writes: &[FileWrite]) -> Result<BTreeMap<&str, Wanted<'_>>, GitError> {
    let mut root = BTreeMap::new();
    for write in writes {
        let clash = || not_editable(&write.path, "is written twice");
        let mut parts: Vec<&str> = write.path.split('/').collect();
        // OK because a split gives at least one part.
        let name = parts.pop().unwrap_or_default();
        let mut at = &mut root;
        for part in parts {
            at = match at.entry(part).or_insert_with(|| Wanted::Folder(BTreeMap::new())) {
                Wanted::Folder(below) => below,
                Wanted::File(_) => return Err(clash()),
            };
        }
        match at.entry(name) {
            Slot::Vacant(slot) => drop(slot.insert(Wanted::File(write))),
            Slot::Occupied(_) => return Err(clash()),
        }
    }
    Ok(root)
}

struct Surgery<'a> {
    odb: &'a Odb<'a>,
    objects: Vec<(ObjectType, Vec<u8>)>,
}

impl Surgery<'_> {
    fn folder(&mut self, tree: Oid, wanted: &BTreeMap<&str, Wanted<'_>>) -> Result<Oid, GitError> {
        let base = self.odb.read(tree).map_err(GitError::odb)?;
        let mut bytes = base.data().to_vec();
        let mut missing: BTreeMap<&[u8], &Wanted<'_>> =
            wanted.iter().map(|(name, below)| (name.as_bytes(), below)).collect();
        for entry in RawEntries::of(base.data()) {
            let entry = entry?;
            let Some(below) = missing.remove(entry.name) else { continue };
            let id = match below {
                Wanted::File(write) => self.file(&entry, write)?,
                Wanted::Folder(_) if entry.mode != MODE_TREE => {
                    return Err(not_editable(first_path(below), "is below something that is not a folder"));
                }
                Wanted::Folder(below) => self.folder(entry.id, below)?,
            };
            bytes[entry.id_at..entry.id_at + 20].copy_from_slice(id.as_bytes());
        }
        match missing.values().next() {
            Some(below) => Err(not_editable(first_path(below), "does not exist")),
            None => self.object(ObjectType::Tree, bytes),
        }
    }

    fn file(&mut self, entry: &RawEntry<'_>, write: &FileWrite) -> Result<Oid, GitError> {
        let refuse = |problem| Err(not_editable(&write.path, problem));
        if entry.mode == MODE_TREE {
            return refuse("is a folder");
        }
        match entry.kind() {
            EntryKind::Symlink => return refuse("is a symbolic link"),
            EntryKind::Submodule => return refuse("is a submodule"),
            EntryKind::Regular | EntryKind::Executable => {}
        }
        let (size, _) = self.odb.read_header(entry.id).map_err(GitError::odb)?;
        if size < LFS_POINTER_LIMIT {
            let before = self.odb.read(entry.id).map_err(GitError::odb)?;
            if before.data().starts_with(LFS_POINTER_START) {
                return refuse("is a Git LFS pointer");
            }
        }
        self.object(ObjectType::Blob, write.bytes.clone())
    }

    fn object(&mut self, kind: ObjectType, bytes: Vec<u8>) -> Result<Oid, GitError> {
        let id = Oid::hash_object(kind, &bytes).map_err(GitError::odb)?;
        self.objects.push((kind, bytes));
        Ok(id)
    }
}

/// The commit object: one parent, author and committer the same, the message with one newline at its end.
fn commit_bytes(tree: Oid, draft: &CommitDraft) -> Vec<u8> {
    let (name, address) = COMMIT_AUTHOR;
    // A commit cannot be older than 1970: git does not read a negative date.
    let seconds = draft.at.as_second().max(0);
    let person = format!("{name} <{address}> {seconds} +0000");
    let message = draft.message.trim_end_matches('\n');
    let base = &draft.base;
    format!("tree {tree}\nparent {base}\nauthor {person}\ncommitter {person}\n\n{message}\n").into_bytes()
}

fn first_path<'a>(wanted: &Wanted<'a>) -> &'a str {
    match wanted {
        Wanted::File(write) => &write.path,
        Wanted::Folder(below) => below.values().next().map_or("", first_path),
    }
}

fn not_editable(path: &str, problem: &str) -> GitError {
    GitError::NotEditable { path: path.to_owned(), problem: problem.to_owned() }
}
