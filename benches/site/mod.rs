//! The tree that is measured on, as a git repository: the corpus of 2026-08-22 where it is (`WRIT_SHARED`, else
//! `../shared`), else the demo's small one.

#![expect(unreachable_pub, reason = "nothing is above a bench")]
#![allow(dead_code, reason = "each bench uses a part")]

pub mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use writ::domain::names::CommitId;
use writ::ports::git::{Git as _, Repository};

/// Where the tree's manifests are.
pub const GITOPS_PATH: &str = "argocd/applications/torghut";

/// A repository with one commit: the tree's.
pub struct Site {
    pub tree: PathBuf,
    pub folder: TempDir,
    pub base: CommitId,
}

impl Site {
    pub fn new() -> Self {
        let tree = tree();
        let folder = TempDir::new().expect("a temporary folder");
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        git(folder.path(), &["--work-tree", tree.to_str().expect("UTF-8"), "add", "--all"]);
        let author = ["-c", "user.name=bench", "-c", "user.email=bench@bench"];
        git(folder.path(), &[&author[..], &["commit", "--quiet", "--message", "tree"]].concat());
        let base = Repository::open(folder.path()).expect("a repository").resolve("HEAD").expect("a commit");
        Self { tree, folder, base }
    }

    pub fn repository(&self) -> Repository {
        Repository::open(self.folder.path()).expect("a repository")
    }
}

fn tree() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("WRIT_SHARED").map_or_else(|| here.join("../shared"), PathBuf::from);
    let corpus = shared.join("corpus/2026-08-22");
    if corpus.is_dir() { corpus } else { here.join("src/cli/demo/fixtures") }
}

pub fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .status()
        .expect("git runs");
    assert!(status.success(), "git {arguments:?}");
}
