//! A snapshot of the files below the GitOps path at one commit: plain data, read from git objects elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::{BlobId, CommitId};

/// How the content of a Git LFS pointer begins.
pub const LFS_POINTER_START: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The files below one path at one commit, by full repository path.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The commit that was read.
    pub commit: CommitId,
    /// Every entry below the path, sorted by full path (`argocd/applications/torghut/ws/deployment.yaml`).
    pub files: BTreeMap<String, Entry>,
}

impl Snapshot {
    /// Whether any of the files is a manifest by its name.
    #[must_use]
    pub fn has_manifests(&self) -> bool {
        self.files.keys().any(|path| [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end)))
    }
}

/// One entry of a tree.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The blob's id (for a submodule: the commit that it points to).
    pub blob: BlobId,
    /// What kind of entry it is; only regular files may be edited.
    pub kind: EntryKind,
    /// The content; empty for a submodule.
    pub bytes: Arc<[u8]>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Mode 100644.
    Regular,
    /// Mode 100755.
    Executable,
    /// Mode 120000.
    Symlink,
    /// Mode 160000.
    Submodule,
}

impl Entry {
    /// The content as UTF-8 text, `None` where it is not.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Whether the content is a Git LFS pointer.
    #[must_use]
    pub fn is_lfs_pointer(&self) -> bool {
        self.bytes.starts_with(LFS_POINTER_START)
    }
}

/// One file that a plan writes: the whole new content of a regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileWrite {
    /// Full repository path.
    pub path: String,
    /// The new content.
    pub bytes: Vec<u8>,
}
