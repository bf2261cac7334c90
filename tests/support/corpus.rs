//! The corpus of real manifests as a git repository: its bundle, cloned once per test run.

use std::path::PathBuf;
use std::sync::OnceLock;

use tempfile::TempDir;
use writ::domain::tree::Snapshot;
use writ::ports::git::{Git as _, Repository};

use super::repository::git;

/// Where the manifests are in it.
pub const GITOPS_PATH: &str = "argocd/applications/torghut";

/// The bare clone of the bundle; `None`, and said so, where the corpus is not there.
pub fn path(test: &str) -> Option<PathBuf> {
    static CLONE: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();
    let clone = CLONE.get_or_init(|| {
        let bundle = super::shared()?.join("corpus/torghut.bundle");
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("torghut.git");
        git(folder.path(), &["clone", "--quiet", "--bare", bundle.to_str().unwrap(), path.to_str().unwrap()]);
        Some((folder, path))
    });
    if clone.is_none() {
        super::left_out(test, "the corpus is not there; set WRIT_SHARED");
    }
    clone.as_ref().map(|(_, path)| path.clone())
}

/// The manifests at a revision; `None`, and said so, where the corpus is not there.
pub fn snapshot(test: &str, revision: &str) -> Option<Snapshot> {
    let repository = Repository::open(&path(test)?).unwrap();
    let commit = repository.resolve(revision).unwrap();
    Some(repository.snapshot(&commit, GITOPS_PATH).unwrap())
}
