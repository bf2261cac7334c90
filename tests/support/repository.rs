//! Real git repositories for tests, made and looked at by the git command: the oracle for what writ does by itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use writ::domain::names::CommitId;

/// One entry to put into a commit.
pub enum Item<'a> {
    /// A regular file.
    File(&'a str, &'a str),
    /// An executable file.
    Executable(&'a str, &'a str),
    /// A symbolic link and where it points.
    Symlink(&'a str, &'a str),
    /// A submodule at a commit.
    Submodule(&'a str, &'a CommitId),
}

/// A repository in a folder of its own, which goes away with it.
pub struct TestRepository {
    _folder: TempDir,
    path: PathBuf,
}

impl TestRepository {
    /// A bare repository whose `HEAD` names the branch `main`, which does not exist yet.
    pub fn bare() -> Self {
        Self::made(&["init", "--quiet", "--bare", "--initial-branch=main"])
    }

    /// A repository with a work tree.
    pub fn with_work_tree() -> Self {
        Self::made(&["init", "--quiet", "--initial-branch=main"])
    }

    fn made(arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("repository");
        std::fs::create_dir(&path).expect("a folder for the repository");
        git(&path, arguments);
        Self { _folder: folder, path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder beside the repository, which goes away with it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    /// Runs git in it and gives what it prints, without the last line end; panics where git fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.path, arguments)
    }

    /// Commits regular files onto a branch.
    pub fn commit(&self, branch: &str, files: &[(&str, &str)]) -> CommitId {
        let items: Vec<_> = files.iter().map(|(path, text)| Item::File(path, text)).collect();
        self.commit_items(branch, &items)
    }

    /// Commits entries onto a branch, which is made where it is missing; what is not named stays.
    pub fn commit_items(&self, branch: &str, items: &[Item<'_>]) -> CommitId {
        let reference = format!("refs/heads/{branch}");
        let mut stream =
            format!("commit {reference}\ncommitter test <test@test> 1770000000 +0000\ndata 4\ntest\n");
        if !self.git(&["for-each-ref", &reference]).is_empty() {
            stream += &format!("from {reference}^0\n");
        }
        let mut inline = |mode: &str, path: &str, text: &str| {
            stream += &format!("M {mode} inline {}\ndata {}\n{text}\n", quoted(path), text.len());
        };
        for item in items {
            match item {
                Item::File(path, text) => inline("100644", path, text),
                Item::Executable(path, text) => inline("100755", path, text),
                Item::Symlink(path, target) => inline("120000", path, target),
                Item::Submodule(..) => {}
            }
        }
        for item in items {
            if let Item::Submodule(path, commit) = item {
                stream += &format!("M 160000 {commit} {}\n", quoted(path));
            }
        }
        run(&self.path, &["fast-import", "--quiet", "--force"], Some(stream.as_bytes()));
        self.tip(branch).expect("the branch that was just committed to")
    }

    /// Where a branch points.
    pub fn tip(&self, branch: &str) -> Option<CommitId> {
        let found = self.git(&["for-each-ref", "--format=%(objectname)", &format!("refs/heads/{branch}")]);
        found.lines().next().map(|id| id.parse().expect("a commit id"))
    }

    /// The branches beside `main`.
    pub fn branches(&self) -> Vec<String> {
        let all = self.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
        all.lines().filter(|name| *name != "main").map(str::to_owned).collect()
    }

    /// Installs a hook: a shell script without its first line.
    pub fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = PathBuf::from(self.git(&["rev-parse", "--absolute-git-dir"])).join("hooks");
        std::fs::create_dir_all(&folder).expect("a hooks folder");
        let file = folder.join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a hook");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a hook that runs");
    }
}

/// Refuses pushes to every branch that does not begin with `agentruns/` or `codex/`, as a rule of the forge would.
pub const PROTECTED: &str = r#"while read old new ref; do
  case $ref in refs/heads/agentruns/*|refs/heads/codex/*) ;; *) echo "GH006: $ref is protected" >&2; exit 1;; esac
done"#;

/// Runs git in a folder and gives what it prints, without the last line end; panics where git fails.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    run(folder, arguments, None)
}

/// The same with something on standard input.
pub fn run(folder: &Path, arguments: &[&str], input: Option<&[u8]>) -> String {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.unwrap_or_default()).expect("git reads");
    drop(stdin);
    let output = child.wait_with_output().expect("git ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}
