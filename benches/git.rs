//! Git: reading a subtree, making a commit and publishing it, on a repository of 10,000 files and 300 commits.
//!
//! `published` is what a run does after planning: fetch, commit, push a new branch. Beside it are the shell pipelines
//! that do the same from nothing, and libgit2's own transport, so that the choice of the git command can be checked.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use divan::Bencher;
use jiff::Timestamp;
use tempfile::TempDir;
use writ::domain::names::{BranchName, CommitId};
use writ::domain::tree::FileWrite;
use writ::ports::git::{CommitDraft, Git as _, PushOutcome, Repository};

const FOLDER: &str = "argocd/applications/torghut";
const FILE: &str = "argocd/applications/torghut/d1/f00001.yaml";

fn main() {
    divan::main();
}

/// The remote and a warm mirror of it.
struct Stage {
    folder: TempDir,
    mirror: Repository,
    base: CommitId,
    /// Counts commits, so that each is new.
    next: AtomicI64,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a temporary folder");
    let origin = folder.path().join("origin.git");
    git(folder.path(), &["init", "-q", "--bare", "-b", "main", "origin.git"], b"");
    git(&origin, &["config", "uploadpack.allowFilter", "true"], b"");
    git(&origin, &["fast-import", "--quiet"], &history());
    git(&origin, &["repack", "-adq"], b"");
    let mirror = Repository::mirror(&folder.path().join("mirror.git"), &text(&origin)).expect("a mirror");
    let base = mirror.fetch(&main_branch(), None).expect("a fetch");
    Stage { folder, mirror, base, next: AtomicI64::new(1_780_000_000) }
});

impl Stage {
    fn origin(&self) -> PathBuf {
        self.folder.path().join("origin.git")
    }

    /// Takes away the branches that earlier samples pushed: with them each push would cost the remote more.
    fn clear(&self) {
        let refs =
            "git for-each-ref --format='delete %(refname)' refs/heads/agentruns | git update-ref --stdin";
        for repository in [&self.origin(), self.mirror.path()] {
            run(repository, "sh", &["-c", &format!("{refs}; git prune --expire=now")], b"");
        }
    }

    /// A change that nobody made before, and the branch for it.
    fn draft(&self) -> (CommitDraft, BranchName) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let bytes = format!("replicas: 0\nrestartNonce: {number}\n{}", "x: 1\n".repeat(500)).into_bytes();
        let writes = vec![FileWrite { path: FILE.to_owned(), bytes }];
        let at = Timestamp::from_second(number).expect("a time");
        let message = "torghut: pause trading\n\nbecause of a bench".to_owned();
        let branch = format!("agentruns/torghut-actuation-{number}").parse().expect("a branch name");
        (CommitDraft { base: self.base.clone(), writes, message, at }, branch)
    }

    /// A commit made and ready to be pushed.
    fn committed(&self) -> (CommitId, BranchName) {
        let (draft, branch) = self.draft();
        (self.mirror.commit(&draft).expect("a commit"), branch)
    }

    /// Runs a shell script with the origin as `$0` and a new branch as `$1`, in a folder of its own.
    fn shell(&self, script: &str) {
        let (_, branch) = self.draft();
        let work = TempDir::new_in(self.folder.path()).expect("a folder");
        let origin = format!("file://{}", text(&self.origin()));
        let script = format!("set -e; {script}");
        run(work.path(), "sh", &["-c", &script, &origin, branch.as_str(), FILE, FOLDER], b"");
    }
}

#[divan::bench(sample_count = 30, sample_size = 1)]
fn snapshot_of_200_files_cold(bencher: Bencher<'_, '_>) {
    let path = STAGE.mirror.path();
    bencher.with_inputs(|| Repository::open(path).expect("a repository")).bench_values(|repository| {
        assert_eq!(repository.snapshot(&STAGE.base, FOLDER).expect("a snapshot").files.len(), 200);
    });
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn snapshot_of_200_files_warm() {
    assert_eq!(STAGE.mirror.snapshot(&STAGE.base, FOLDER).expect("a snapshot").files.len(), 200);
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn preview(bencher: Bencher<'_, '_>) {
    let drafts = || STAGE.draft().0;
    bencher.with_inputs(drafts).bench_values(|draft| STAGE.mirror.preview(&draft).expect("an id"));
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn commit(bencher: Bencher<'_, '_>) {
    let drafts = || STAGE.draft().0;
    bencher.with_inputs(drafts).bench_values(|draft| STAGE.mirror.commit(&draft).expect("a commit"));
}

#[divan::bench(sample_count = 30, sample_size = 1)]
fn fetch_of_nothing_new() {
    STAGE.mirror.fetch(&main_branch(), None).expect("a fetch");
}

#[divan::bench(sample_count = 30, sample_size = 1)]
fn remote_tip() {
    STAGE.mirror.remote_tip(&main_branch(), None).expect("an answer");
}

#[divan::bench(sample_count = 30, sample_size = 1)]
fn push(bencher: Bencher<'_, '_>) {
    let commits = || {
        STAGE.clear();
        STAGE.committed()
    };
    bencher.with_inputs(commits).bench_values(|(commit, branch)| {
        assert_eq!(STAGE.mirror.push(&branch, &commit, None).expect("an outcome"), PushOutcome::Created);
    });
}

#[divan::bench(sample_count = 30, sample_size = 1)]
fn published(bencher: Bencher<'_, '_>) {
    let drafts = || {
        STAGE.clear();
        STAGE.draft()
    };
    bencher.with_inputs(drafts).bench_values(|(draft, branch)| {
        STAGE.mirror.fetch(&main_branch(), None).expect("a fetch");
        let commit = STAGE.mirror.commit(&draft).expect("a commit");
        assert_eq!(STAGE.mirror.push(&branch, &commit, None).expect("an outcome"), PushOutcome::Created);
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn shell_partial_sparse_clone(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| STAGE.clear()).bench_values(|()| {
        STAGE.shell(
            r#"git clone -q --depth=1 --filter=blob:none --sparse "$0" w; cd w; git sparse-checkout set "$3"
        git checkout -q -b "$1"; echo "x: $1" >> "$2"; git commit -q -a -m change; git push -q origin "$1""#,
        );
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn shell_depth_1_clone(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| STAGE.clear()).bench_values(|()| {
        STAGE.shell(
            r#"git clone -q --depth=1 "$0" w; cd w
        git checkout -q -b "$1"; echo "x: $1" >> "$2"; git commit -q -a -m change; git push -q origin "$1""#,
        );
    });
}

#[divan::bench(sample_count = 30, sample_size = 1)]
fn push_by_libgit2(bencher: Bencher<'_, '_>) {
    let repository = git2::Repository::open_bare(STAGE.mirror.path()).expect("a repository");
    let commits = || {
        STAGE.clear();
        let (commit, branch) = STAGE.committed();
        // It pushes references only, so the commit needs one.
        let id = git2::Oid::from_str(commit.as_str()).expect("an id");
        repository.reference(&format!("refs/heads/{branch}"), id, false, "bench").expect("a reference");
        branch
    };
    bencher.with_inputs(commits).bench_local_values(|branch| {
        let mut remote = repository.remote_anonymous(&text(&STAGE.origin())).expect("a remote");
        remote.push(&[format!("refs/heads/{branch}:refs/heads/{branch}")], None).expect("a push");
    });
}

#[divan::bench(sample_count = 30, sample_size = 1)]
fn fetch_of_nothing_new_by_libgit2(bencher: Bencher<'_, '_>) {
    let repository = git2::Repository::open_bare(STAGE.mirror.path()).expect("a repository");
    bencher.bench_local(|| {
        let mut remote = repository.remote_anonymous(&text(&STAGE.origin())).expect("a remote");
        remote.fetch(&["+refs/heads/main:refs/heads/main"], None, None).expect("a fetch");
    });
}

fn main_branch() -> BranchName {
    "main".parse().expect("a branch name")
}

/// A fast-import stream: 10,000 files of 0.5 to 5 KB, 200 of them below [`FOLDER`], and 299 edits of those.
fn history() -> Vec<u8> {
    let mut stream = Vec::new();
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise
    };
    let mut commit = |number: u64, files: &[(String, String)]| {
        let at = 1_700_000_000 + number;
        let head = format!("commit refs/heads/main\ncommitter a <a@b> {at} +0000\ndata 4\nedit\n");
        stream.extend_from_slice(head.as_bytes());
        for (path, text) in files {
            let entry = format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len());
            stream.extend_from_slice(entry.as_bytes());
        }
    };
    let path = |number: u64| match number {
        0..200 => format!("{FOLDER}/d{}/f{number:05}.yaml", number % 8),
        _ => format!("services/s{:03}/src/m{:02}/f{number:05}.yaml", number / 100, number / 10 % 10),
    };
    let mut text = |number: u64| {
        let lines = 20 + random() % 180;
        (0..lines)
            .fold(format!("name: f{number}\n"), |text, line| format!("{text}k{line}: {:016x}\n", random()))
    };
    let all: Vec<_> = (0..10_000).map(|number| (path(number), text(number))).collect();
    commit(0, &all);
    for number in 1..300 {
        let file = number * 7 % 200;
        commit(number, &[(path(file), text(file))]);
    }
    stream
}

fn git(folder: &Path, arguments: &[&str], input: &[u8]) {
    run(folder, "git", arguments, input);
}

fn run(folder: &Path, program: &str, arguments: &[&str], input: &[u8]) {
    let mut command = Command::new(program);
    for (name, value) in [("AUTHOR", "bench"), ("COMMITTER", "bench")] {
        command.env(format!("GIT_{name}_NAME"), value).env(format!("GIT_{name}_EMAIL"), value);
    }
    let mut child = command
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .spawn()
        .expect("a program that runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("a program that reads");
    assert!(child.wait().expect("an end").success(), "{program} {arguments:?}");
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
