//! Reading and committing by `ports::git`, held against what the git command says about the same repositories.

use std::path::Path;

use jiff::Timestamp;
use writ::domain::names::{BranchName, CommitId};
use writ::domain::tree::{EntryKind, FileWrite};
use writ::ports::git::{COMMIT_AUTHOR, CommitDraft, Git as _, GitError, Repository};

use crate::support::repository::{Item, TestRepository, git, run};

const DEPLOYMENT: &str = "argocd/applications/torghut/ws/deployment.yaml";
const FOLDER: &str = "argocd/applications/torghut";

fn sample(repository: &TestRepository) -> CommitId {
    let first = repository.commit("main", &[("README.md", "about\n"), (DEPLOYMENT, "replicas: 1\n")]);
    repository.commit_items(
        "main",
        &[
            Item::Executable("argocd/applications/torghut/scripts/run.sh", "#!/bin/sh\n"),
            Item::Symlink("argocd/applications/torghut/latest.yaml", "ws/deployment.yaml"),
            Item::Submodule("argocd/applications/torghut/vendor", &first),
            Item::File(
                "argocd/applications/torghut/model.bin",
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
            ),
            Item::File("argocd/applications/torghut-notes/a.yaml", "not below\n"),
            Item::File("argocd/applications/torghut/ws/deployment-b.yaml", "b: 1\n"),
        ],
    )
}

fn draft(base: &CommitId, writes: &[(&str, &str)]) -> CommitDraft {
    CommitDraft {
        base: base.clone(),
        writes: writes
            .iter()
            .map(|(path, text)| FileWrite { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
            .collect(),
        message: "torghut: pause trading\n\nbecause\n\nWrit-Run: abc".to_owned(),
        at: "2026-08-22T10:00:00+02:00".parse::<Timestamp>().expect("a time"),
    }
}

/// What `git ls-tree` says, in the form of [`listing`].
fn listed_by_git(repository: &Path, commit: &CommitId, path: &str) -> Vec<String> {
    let mut arguments =
        vec!["ls-tree", "-r", "-z", "--format=%(objectmode) %(objectname) %(path)", commit.as_str()];
    arguments.extend((!path.is_empty()).then_some(path));
    let tree = git(repository, &arguments);
    let mut lines: Vec<_> = tree.split('\0').filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    lines
}

fn listing(repository: &Repository, commit: &CommitId, path: &str) -> Vec<String> {
    let snapshot = repository.snapshot(commit, path).expect("a snapshot");
    assert_eq!(&snapshot.commit, commit);
    let mode = |kind| match kind {
        EntryKind::Regular => "100644",
        EntryKind::Executable => "100755",
        EntryKind::Symlink => "120000",
        EntryKind::Submodule => "160000",
    };
    let mut lines: Vec<_> = snapshot
        .files
        .iter()
        .map(|(path, entry)| format!("{} {} {path}", mode(entry.kind), entry.blob.as_str()))
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_snapshot_has_every_entry_below_the_path_and_no_other() {
    let repository = TestRepository::bare();
    let commit = sample(&repository);
    let opened = Repository::open(repository.path()).expect("a repository");
    for path in ["argocd/applications/torghut", "argocd", ""] {
        assert_eq!(
            listing(&opened, &commit, path),
            listed_by_git(repository.path(), &commit, path),
            "below `{path}`"
        );
    }
    assert_eq!(listing(&opened, &commit, DEPLOYMENT).len(), 1, "a path that is a file is that file");
    for absent in ["argocd/applications/nothing", "README.md/x", "argocd/", "/argocd"] {
        assert_eq!(listing(&opened, &commit, absent), Vec::<String>::new(), "`{absent}` is absent");
    }
    let files = opened.snapshot(&commit, FOLDER).expect("a snapshot").files;
    assert_eq!(files[DEPLOYMENT].text(), Some("replicas: 1\n"));
    assert_eq!(files["argocd/applications/torghut/latest.yaml"].text(), Some("ws/deployment.yaml"));
    assert!(files["argocd/applications/torghut/vendor"].bytes.is_empty());
    assert!(files["argocd/applications/torghut/model.bin"].is_lfs_pointer());
}

#[test]
fn a_snapshot_reads_each_content_once_and_keeps_commits_apart() {
    let repository = TestRepository::bare();
    let before = sample(&repository);
    let after = repository.commit("main", &[(DEPLOYMENT, "replicas: 0\n")]);
    let opened = Repository::open(repository.path()).expect("a repository");
    let first = opened.snapshot(&before, FOLDER).expect("a snapshot");
    let second = opened.snapshot(&after, FOLDER).expect("a snapshot");
    assert_eq!(first.files[DEPLOYMENT].text(), Some("replicas: 1\n"));
    assert_eq!(second.files[DEPLOYMENT].text(), Some("replicas: 0\n"));
    let same = "argocd/applications/torghut/ws/deployment-b.yaml";
    assert!(std::sync::Arc::ptr_eq(&first.files[same].bytes, &second.files[same].bytes));
}

#[test]
fn names_that_are_not_utf_8_are_seen_and_cannot_be_written() {
    let repository = TestRepository::bare();
    let stream = b"commit refs/heads/main\ncommitter t <t@t> 1770000000 +0000\ndata 1\nx\nM 100644 inline \"d/a\\377.yaml\"\ndata 2\na\n\n";
    run(repository.path(), &["fast-import", "--quiet"], Some(stream));
    let commit = repository.tip("main").expect("a commit");
    let opened = Repository::open(repository.path()).expect("a repository");
    let files = opened.snapshot(&commit, "d").expect("a snapshot").files;
    assert_eq!(files.keys().collect::<Vec<_>>(), ["d/a\\xff.yaml"]);
    assert_eq!(
        refusal(&opened, &draft(&commit, &[("d/a\\xff.yaml", "b\n")])),
        "`d/a\\xff.yaml` does not exist"
    );
}

#[test]
fn more_than_can_be_held_is_refused() {
    let repository = TestRepository::bare();
    let big = "0".repeat(33 << 20);
    let commit = repository.commit("main", &[("d/a", &big), ("d/b", &format!("{big}1")), ("e/a", "small")]);
    let opened = Repository::open(repository.path()).expect("a repository");
    let error = opened.snapshot(&commit, "d").expect_err("too much");
    assert!(matches!(error, GitError::TooLarge { .. }), "{error}");
    assert_eq!(listing(&opened, &commit, "e").len(), 1);
}

#[test]
fn revisions_are_what_git_takes_them_for() {
    let repository = TestRepository::bare();
    sample(&repository);
    let tip = repository.commit("main", &[(DEPLOYMENT, "replicas: 2\n")]);
    repository.git(&["-c", "user.name=t", "-c", "user.email=t@t", "tag", "-a", "-m", "x", "v1", "main"]);
    repository.git(&["branch", "topic/x", "main~1"]);
    repository.git(&["pack-refs", "--all"]);
    repository.git(&["repack", "-adq"]);
    let opened = Repository::open(repository.path()).expect("a repository");
    for revision in
        ["HEAD", "main", "HEAD~1", "topic/x", "v1", "refs/heads/main", tip.as_str(), &tip.as_str()[..10]]
    {
        let wanted = repository.git(&["rev-parse", &format!("{revision}^{{commit}}")]);
        assert_eq!(opened.resolve(revision).expect(revision).as_str(), wanted, "{revision}");
    }
    for revision in
        ["nothing", "", "HEAD~99", "main:README.md", "main^{tree}", "-x", "a b", "..", "main..topic/x"]
    {
        let error = opened.resolve(revision).expect_err(revision);
        assert!(matches!(error, GitError::UnknownRevision(_)), "{revision}: {error:?}");
    }
    let absent: CommitId = "0123456789012345678901234567890123456789".parse().expect("an id");
    assert!(matches!(opened.snapshot(&absent, ""), Err(GitError::UnknownRevision(_))));
}

#[test]
fn an_unborn_head_is_an_unknown_revision() {
    let repository = TestRepository::with_work_tree();
    let opened = Repository::open(repository.path()).expect("a repository");
    assert!(matches!(opened.resolve("HEAD"), Err(GitError::UnknownRevision(_))));
}

#[test]
fn work_trees_and_their_folders_open_as_their_repository() {
    let repository = TestRepository::with_work_tree();
    let commit = sample(&repository);
    let linked = repository.beside("linked");
    repository.git(&[
        "worktree",
        "add",
        "--quiet",
        "-b",
        "topic",
        &linked.to_string_lossy(),
        commit.as_str(),
    ]);
    let below = linked.join("argocd/applications");
    for path in [repository.path(), &repository.path().join(".git"), &linked, &below] {
        let opened = Repository::open(path).expect("a repository");
        assert_eq!(listing(&opened, &commit, FOLDER), listed_by_git(repository.path(), &commit, FOLDER));
    }
    assert_eq!(Repository::open(&linked).expect("a worktree").resolve("HEAD").expect("HEAD"), commit);
    let nowhere = repository.beside("nowhere");
    assert!(matches!(Repository::open(&nowhere), Err(GitError::NoRepository(_))));
}

#[test]
fn ten_thousand_files_are_no_trouble() {
    let repository = TestRepository::bare();
    let paths: Vec<_> =
        (0..10_000).map(|number| format!("services/s{}/f{number}.yaml", number / 100)).collect();
    let mut files: Vec<_> = paths.iter().map(|path| (path.as_str(), "x: 1\n")).collect();
    files.push((DEPLOYMENT, "replicas: 1\n"));
    let commit = repository.commit("main", &files);
    repository.git(&["repack", "-adq"]);
    let opened = Repository::open(repository.path()).expect("a repository");
    assert_eq!(listing(&opened, &commit, FOLDER).len(), 1);
    assert_eq!(listing(&opened, &commit, ""), listed_by_git(repository.path(), &commit, ""));
    let made = opened.commit(&draft(&commit, &[(DEPLOYMENT, "replicas: 0\n")])).expect("a commit");
    assert_eq!(made, made_by_git(&repository, &draft(&commit, &[(DEPLOYMENT, "replicas: 0\n")])));
}

/// The commit that git's own plumbing makes of a draft.
fn made_by_git(repository: &TestRepository, draft: &CommitDraft) -> CommitId {
    let path = repository.path();
    let (name, address) = COMMIT_AUTHOR;
    let index = repository.beside("index");
    let at = format!("{} +0000", draft.at.as_second());
    let plumbing = |arguments: &[&str], input: &[u8]| {
        let settings = [
            format!("GIT_INDEX_FILE={}", index.display()),
            format!("GIT_AUTHOR_NAME={name}"),
            format!("GIT_AUTHOR_EMAIL={address}"),
            format!("GIT_AUTHOR_DATE={at}"),
            format!("GIT_COMMITTER_NAME={name}"),
            format!("GIT_COMMITTER_EMAIL={address}"),
            format!("GIT_COMMITTER_DATE={at}"),
        ];
        let mut command = std::process::Command::new("env");
        command.args(settings).arg("git").args(arguments).current_dir(path);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().expect("git runs");
        std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), input).expect("git reads");
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    plumbing(&["read-tree", draft.base.as_str()], b"");
    for write in &draft.writes {
        let mode = plumbing(&["ls-files", "--format=%(objectmode)", "--", &write.path], b"");
        let blob = plumbing(&["hash-object", "-w", "--stdin"], &write.bytes);
        plumbing(&["update-index", "--cacheinfo", &format!("{mode},{blob},{}", write.path)], b"");
    }
    let tree = plumbing(&["write-tree"], b"");
    let message = format!("{}\n", draft.message);
    let commit = plumbing(&["commit-tree", &tree, "-p", draft.base.as_str()], message.as_bytes());
    commit.parse().expect("an id")
}

#[test]
fn a_commit_is_the_one_that_git_would_make() {
    let repository = TestRepository::bare();
    let base = sample(&repository);
    repository.git(&["repack", "-adq"]);
    let objects = || repository.git(&["count-objects", "-v"]);
    let opened = Repository::open(repository.path()).expect("a repository");
    let run = "argocd/applications/torghut/scripts/run.sh";
    let draft = draft(&base, &[(run, "#!/bin/sh\nexit\n"), ("README.md", ""), (DEPLOYMENT, "replicas: 0\n")]);

    let before = objects();
    let previewed = opened.preview(&draft).expect("a preview");
    assert_eq!(objects(), before, "a preview writes nothing");
    let made = opened.commit(&draft).expect("a commit");
    assert_eq!(made, previewed);
    assert_ne!(objects(), before);
    assert_eq!(opened.commit(&draft).expect("again"), made);

    assert_eq!(made, made_by_git(&repository, &draft));
    let changed = repository.git(&["diff-tree", "-r", "--name-status", base.as_str(), made.as_str()]);
    assert_eq!(changed, format!("M\tREADME.md\nM\t{run}\nM\t{DEPLOYMENT}"));
    assert!(repository.git(&["ls-tree", made.as_str(), run]).starts_with("100755"), "the mode is kept");
    repository.git(&["fsck", "--strict", "--no-dangling"]);
    assert_eq!(repository.tip("main"), Some(base), "no branch moved");
}

#[test]
fn a_tree_keeps_what_git_itself_would_tidy() {
    let repository = TestRepository::bare();
    let base = sample(&repository);
    let blob = repository.git(&["rev-parse", &format!("{base}:README.md")]);
    let id = data_encoding::HEXLOWER.decode(blob.as_bytes()).expect("an id");
    let mut tree = Vec::new();
    for (mode, name) in [("100664", "a.yaml"), ("100664", "b.yaml")] {
        tree.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        tree.extend_from_slice(&id);
    }
    let tree =
        run(repository.path(), &["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], Some(&tree));
    let commit =
        repository.git(&["-c", "user.name=t", "-c", "user.email=t@t", "commit-tree", "-m", "x", &tree]);
    let base: CommitId = commit.parse().expect("an id");

    let opened = Repository::open(repository.path()).expect("a repository");
    let made = opened.commit(&draft(&base, &[("b.yaml", "b: 2\n")])).expect("a commit");
    let raw = |commit: &CommitId| repository.git(&["cat-file", "tree", &format!("{commit}^{{tree}}")]);
    assert!(raw(&base).contains("100664 b.yaml") && raw(&made).contains("100664 b.yaml"));
    let changed = repository.git(&["diff-tree", "-r", "--name-status", base.as_str(), made.as_str()]);
    assert_eq!(changed, "M\tb.yaml");
}

fn refusal(repository: &Repository, draft: &CommitDraft) -> String {
    let error = repository.preview(draft).expect_err("a refusal");
    assert!(matches!(error, GitError::NotEditable { .. }), "{error:?}");
    assert_eq!(repository.commit(draft).expect_err("a refusal").to_string(), error.to_string());
    error.to_string()
}

#[test]
fn only_regular_files_of_the_base_can_be_written() {
    let repository = TestRepository::bare();
    let base = sample(&repository);
    let opened = Repository::open(repository.path()).expect("a repository");
    for (path, problem) in [
        ("argocd/new.yaml", "does not exist"),
        ("new/deep/file.yaml", "does not exist"),
        ("argocd/../README.md", "does not exist"),
        ("./README.md", "does not exist"),
        ("/README.md", "does not exist"),
        ("", "does not exist"),
        ("argocd/applications", "is a folder"),
        ("argocd/applications/torghut/latest.yaml", "is a symbolic link"),
        ("argocd/applications/torghut/vendor", "is a submodule"),
        ("argocd/applications/torghut/model.bin", "is a Git LFS pointer"),
        ("README.md/x", "is below something that is not a folder"),
        ("argocd/applications/torghut/latest.yaml/x", "is below something that is not a folder"),
    ] {
        assert_eq!(refusal(&opened, &draft(&base, &[(path, "x\n")])), format!("`{path}` {problem}"));
    }
    let twice = draft(&base, &[(DEPLOYMENT, "a\n"), (DEPLOYMENT, "b\n")]);
    assert_eq!(refusal(&opened, &twice), format!("`{DEPLOYMENT}` is written twice"));
    let both = draft(&base, &[("README.md", "a\n"), ("README.md/x", "b\n")]);
    assert_eq!(refusal(&opened, &both), "`README.md/x` is written twice");
}

#[test]
fn a_branch_is_made_once() {
    let repository = TestRepository::with_work_tree();
    let base = sample(&repository);
    let opened = Repository::open(repository.path()).expect("a repository");
    let branch: BranchName = "agentruns/torghut-actuation-x".parse().expect("a name");
    let made = opened.commit(&draft(&base, &[(DEPLOYMENT, "replicas: 0\n")])).expect("a commit");
    opened.create_branch(&branch, &made).expect("a new branch");
    assert_eq!(repository.tip(branch.as_str()), Some(made));
    for taken in [branch.as_str(), "agentruns/torghut-actuation-x/below", "agentruns", "main"] {
        let taken: BranchName = taken.parse().expect("a name");
        let error = opened.create_branch(&taken, &base).expect_err("taken");
        assert!(matches!(error, GitError::BranchExists(_)), "{taken}: {error:?}");
    }
    let absent: CommitId = "0123456789012345678901234567890123456789".parse().expect("an id");
    let other: BranchName = "other".parse().expect("a name");
    assert!(matches!(opened.create_branch(&other, &absent), Err(GitError::UnknownRevision(_))));
}

#[test]
fn the_merge_base_and_the_changed_paths_are_those_of_git() {
    let repository = TestRepository::bare();
    let base = sample(&repository);
    repository.git(&["branch", "topic", base.as_str()]);
    repository.commit("main", &[("README.md", "newer\n")]);
    let main = repository.tip("main").expect("main");
    let head = repository.commit_items(
        "topic",
        &[
            Item::Executable(DEPLOYMENT, "replicas: 1\n"),
            Item::File("argocd/applications/torghut/latest.yaml/x.yaml", "a folder now\n"),
            Item::File("a/b/c/d.txt", "new\n"),
            Item::File("argocd/applications/torghut/model.bin", "other\n"),
        ],
    );
    let opened = Repository::open(repository.path()).expect("a repository");
    assert_eq!(opened.merge_base(&main, &head).expect("an answer"), Some(base.clone()));
    let alone = repository.commit("alone", &[("README.md", "about\n")]);
    assert_eq!(opened.merge_base(&main, &alone).expect("an answer"), None);
    for (from, to) in [(&base, &head), (&head, &base), (&base, &main), (&alone, &head), (&base, &base)] {
        let told = repository.git(&["diff", "--no-renames", "--name-only", from.as_str(), to.as_str()]);
        let wanted: Vec<String> = told.lines().map(str::to_owned).collect();
        let found = opened.changed_paths(from, to, "", 100).expect("an answer").expect("few");
        assert_eq!(found, wanted, "{from}..{to}");
    }
    assert_eq!(opened.changed_paths(&base, &head, "", 3).expect("an answer"), None, "more than three");
    let absent: CommitId = "0123456789012345678901234567890123456789".parse().expect("an id");
    assert!(matches!(opened.merge_base(&main, &absent), Err(GitError::UnknownRevision(_))));
    assert!(matches!(opened.changed_paths(&absent, &main, "", 9), Err(GitError::UnknownRevision(_))));
}

#[test]
fn a_tree_without_end_is_refused() {
    let repository = TestRepository::bare();
    let base = sample(&repository);
    let blob = run(repository.path(), &["hash-object", "-w", "--stdin"], Some(b"x\n"));
    let tree = |lines: &str| run(repository.path(), &["mktree"], Some(lines.as_bytes()));
    // Ten folders with the same ten folders in each, twelve times over; once with a file at the bottom, once without.
    for bottom in [format!("100644 blob {blob}\tf\n"), String::new()] {
        let mut inner = tree(&bottom);
        for _ in 0..12 {
            let folders: String = (0..10).map(|number| format!("040000 tree {inner}\td{number}\n")).collect();
            inner = tree(&folders);
        }
        let root = tree(&format!("040000 tree {inner}\targocd\n"));
        let person = ["-c", "user.name=t", "-c", "user.email=t@t"];
        let made = repository.git(&[&person[..], &["commit-tree", &root, "-m", "bomb"]].concat());
        let bomb: CommitId = made.parse().expect("a commit");
        let opened = Repository::open(repository.path()).expect("a repository");
        let refused = opened.snapshot(&bomb, "argocd").map(|found| found.files.len());
        assert!(matches!(refused, Err(GitError::TooMany { .. })), "{refused:?}");
        assert_eq!(opened.changed_paths(&base, &bomb, "", 1_000_000).expect("an answer"), None);
    }
}
