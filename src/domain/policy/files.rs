//! One side of a change as files: the content at each path, parsed at most once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::domain::budget::{Budget, Resource, SIDE, Work};
use crate::domain::cache::Cache;
use crate::domain::kustomize;
use crate::domain::names::BlobId;
use crate::domain::tree::{Entry, EntryKind, FileWrite, Snapshot};

use super::document::Parsed;

/// Files parsed before, by blob id.
pub(super) type ParsedCache = Cache<BlobId, Parsed>;

/// What a tree is known by: a digest over its paths and blob ids.
pub(super) type TreeKey = [u8; 32];

/// The files of one side.
pub(super) struct Files<'a> {
    contents: BTreeMap<&'a str, Content<'a>>,
    known: &'a ParsedCache,
    parsed: RefCell<BTreeMap<String, Arc<Parsed>>>,
    /// The files that are spent.
    stated: RefCell<BTreeSet<String>>,
    /// What reading files as they are may cost.
    budget: Budget,
    /// What building took, where it exceeded a budget of its own.
    built: Cell<Option<Work>>,
}

/// A file: an entry of a tree, or what a plan writes.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    pub kind: EntryKind,
    pub bytes: &'a [u8],
    blob: Option<&'a BlobId>,
}

impl<'a> Content<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self { kind: entry.kind, bytes: &entry.bytes, blob: Some(&entry.blob) }
    }

    /// Whether it is the same file as another.
    pub(super) fn is(&self, other: &Self) -> bool {
        let is_same_blob = self.blob.is_some() && self.blob == other.blob;
        self.kind == other.kind && (is_same_blob || self.bytes == other.bytes)
    }
}

impl<'a> Files<'a> {
    /// The files of a commit.
    pub(super) fn of(snapshot: &'a Snapshot, known: &'a ParsedCache) -> Self {
        let contents = snapshot.files.iter().map(|(path, entry)| (path.as_str(), Content::of(entry)));
        Self {
            contents: contents.collect(),
            known,
            parsed: RefCell::default(),
            stated: RefCell::default(),
            budget: Budget::new(SIDE),
            built: Cell::default(),
        }
    }

    /// The files of a commit with others written over them.
    pub(super) fn with_writes(
        snapshot: &'a Snapshot,
        writes: &'a [FileWrite],
        known: &'a ParsedCache,
    ) -> Self {
        let mut files = Self::of(snapshot, known);
        for write in writes {
            let kind = files.contents.get(write.path.as_str()).map_or(EntryKind::Regular, |file| file.kind);
            files.contents.insert(&write.path, Content { kind, bytes: &write.bytes, blob: None });
        }
        files
    }

    /// What the tree is known by; `None` where a file of it is not known by a blob id, as one that a plan writes.
    pub(super) fn key(&self, gitops_path: &str) -> Option<TreeKey> {
        let mut digest = Sha256::new();
        digest.update(gitops_path);
        for (path, content) in &self.contents {
            digest.update(format!("\0{path}\0{:?}\0{}", content.kind, content.blob?));
        }
        Some(digest.finalize().into())
    }

    /// A file; `None` where there is none.
    pub(super) fn content(&self, path: &str) -> Option<Content<'a>> {
        self.contents.get(path).copied()
    }

    /// Every path.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.contents.keys().copied()
    }

    /// The files that may hold objects and are known by their blobs.
    pub(super) fn manifests(&self) -> impl Iterator<Item = (&'a BlobId, &'a [u8])> + '_ {
        let files = self.contents.iter().filter(|(path, _)| is_manifest(path));
        files.filter_map(|(_, content)| match content.kind {
            EntryKind::Regular | EntryKind::Executable => Some((content.blob?, content.bytes)),
            EntryKind::Symlink | EntryKind::Submodule => None,
        })
    }

    /// A file's objects; `None` where there is no such file.
    pub(super) fn parsed(&self, path: &str) -> Option<Arc<Parsed>> {
        if let Some(parsed) = self.parsed.borrow().get(path) {
            return Some(Arc::clone(parsed));
        }
        let content = self.contents.get(path)?;
        let parsed = match content.blob {
            Some(blob) => self.known.get_or_make(blob, || Parsed::of(content.bytes)),
            None => Arc::new(Parsed::of(content.bytes)),
        };
        self.parsed.borrow_mut().insert(path.to_owned(), Arc::clone(&parsed));
        Some(parsed)
    }

    /// A file's objects as it states them, spent from the budget of the side. Beyond that, files are not read, which is
    /// their problem.
    pub(super) fn stated(&self, path: &str) -> Option<Arc<Parsed>> {
        self.read(path, &self.budget, &self.stated)
    }

    /// A file's objects, spent from a budget once; `spent` holds the paths of those that are.
    pub(super) fn read(
        &self,
        path: &str,
        budget: &Budget,
        spent: &RefCell<BTreeSet<String>>,
    ) -> Option<Arc<Parsed>> {
        let unread = |exceeded| Some(Arc::new(Parsed::unread(exceeded)));
        match (self.contents.contains_key(path), budget.exceeded()) {
            (false, _) => return None,
            (true, Some(exceeded)) => return unread(exceeded),
            (true, None) => {}
        }
        let parsed = self.parsed(path)?;
        if let Some(exceeded) = parsed.exceeded {
            budget.exceed(exceeded);
        } else if spent.borrow_mut().insert(path.to_owned())
            && let Err(exceeded) = budget.spend(Resource::Nodes, parsed.nodes)
        {
            return unread(exceeded);
        }
        Some(parsed)
    }

    /// Goes on from what was spent on the same side, and on which files.
    pub(super) fn resume(&self, spent: Work, files: &BTreeSet<String>) {
        self.budget.resume(spent);
        self.stated.borrow_mut().clone_from(files);
    }

    /// What building the side and reading its files took.
    pub(super) fn work(&self) -> Work {
        match self.built.get() {
            // What was built was not read again from what was left.
            Some(built) => built.and(self.budget.spent()),
            None => self.budget.spent(),
        }
    }

    /// Notes what a build took that exceeded its budget.
    pub(super) fn note_exceeded(&self, built: Work) {
        self.built.set(Some(built));
    }

    /// What reading files as they are may cost, and did.
    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// A file's objects as kustomize reads them, spent from a budget; links, submodules and Git LFS pointers are none.
    pub(super) fn resources(
        &self,
        path: &str,
        budget: &Budget,
        spent: &RefCell<BTreeSet<String>>,
    ) -> Option<kustomize::ParsedObjects> {
        let content = self.content(path)?;
        let problem = match content.kind {
            EntryKind::Symlink => Some("it is a symbolic link"),
            EntryKind::Submodule => Some("it is a submodule"),
            EntryKind::Regular | EntryKind::Executable => None,
        };
        if let Some(problem) = problem {
            return Some(Err(problem.to_owned()));
        }
        let parsed = self.read(path, budget, spent)?;
        let values = || parsed.documents.iter().map(|document| Arc::clone(&document.value)).collect();
        Some(parsed.problem.clone().map_or_else(|| Ok(values()), Err))
    }
}

/// Whether a file may hold objects.
pub(super) fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end)) || kustomize::is_kustomization(path)
}
