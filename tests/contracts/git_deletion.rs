//! Deleting a branch of the remote: only while it points to the expected commit, and what became of it is known afterwards.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::Timestamp;
use writ::domain::names::{BranchName, CommitId};
use writ::domain::tree::FileWrite;
use writ::ports::git::{
    BranchDeletion, CommitDraft, Credential, Git as _, GitError, PushOutcome, Repository,
};

use crate::support::git_server::{Access, GitServer};
use crate::support::repository::TestRepository;

const SECRET: &str = "ghs_correctHorseBatteryStaple";

fn topic() -> BranchName {
    "agentruns/torghut-actuation-20260822-1000-abcdefgh234567aa".parse().expect("a branch name")
}

fn upstream() -> TestRepository {
    let repository = TestRepository::bare();
    repository.commit("main", &[("a.yaml", "replicas: 1\n")]);
    repository
}

/// A mirror of a remote whose topic branch points to the commit that is given, too.
fn pushed(remote: &TestRepository, url: &str, credential: Option<&Credential>) -> (Repository, CommitId) {
    let mirror = Repository::mirror(&remote.beside("mirror"), url).expect("a mirror");
    let base = mirror.fetch(&"main".parse().expect("a name"), credential).expect("a fetch");
    let write = FileWrite { path: "a.yaml".to_owned(), bytes: b"replicas: 0\n".to_vec() };
    let at = Timestamp::from_second(1_770_000_000).expect("a time");
    let draft = CommitDraft { base, writes: vec![write], message: "change".into(), at };
    let commit = mirror.commit(&draft).expect("a commit");
    assert_eq!(mirror.push(&topic(), &commit, credential).expect("an outcome"), PushOutcome::Created);
    (mirror, commit)
}

/// A hook that the remote runs before it takes anything.
fn hook(repository: &Path, script: &str) {
    let path = repository.join("hooks/pre-receive");
    std::fs::create_dir_all(repository.join("hooks")).expect("a folder");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a hook");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a hook that runs");
}

#[test]
fn a_branch_is_deleted_while_it_points_to_the_commit() {
    let remote = upstream();
    let (mirror, commit) = pushed(&remote, &remote.path().to_string_lossy(), None);
    let delete = || mirror.delete_branch(&topic(), &commit, None).expect("an outcome");
    assert_eq!(delete(), BranchDeletion::Deleted);
    assert_eq!(remote.tip(topic().as_str()), None);
    assert!(remote.tip("main").is_some(), "the others stay");
    assert_eq!(delete(), BranchDeletion::NotFound);
}

#[test]
fn a_branch_that_has_moved_is_left() {
    let remote = upstream();
    let (mirror, commit) = pushed(&remote, &remote.path().to_string_lossy(), None);
    let main = remote.tip("main").expect("a tip");
    remote.git(&["update-ref", &format!("refs/heads/{}", topic()), main.as_str()]);
    let outcome = mirror.delete_branch(&topic(), &commit, None).expect("an outcome");
    assert_eq!(outcome, BranchDeletion::Moved { found: main.clone() });
    assert_eq!(remote.tip(topic().as_str()), Some(main));
}

/// The branch moves after its tip was read.
#[test]
fn a_branch_that_moves_meanwhile_is_left() {
    let remote = upstream();
    let (mirror, commit) = pushed(&remote, &remote.path().to_string_lossy(), None);
    let main = remote.tip("main").expect("a tip");
    let moves = format!("unset GIT_QUARANTINE_PATH; git update-ref refs/heads/{} {}", topic(), main.as_str());
    hook(remote.path(), &moves);
    let outcome = mirror.delete_branch(&topic(), &commit, None).expect("an outcome");
    assert_eq!(outcome, BranchDeletion::Moved { found: main.clone() });
    assert_eq!(remote.tip(topic().as_str()), Some(main));
}

#[test]
fn a_deletion_that_is_forbidden_says_so() {
    let remote = upstream();
    let (mirror, commit) = pushed(&remote, &remote.path().to_string_lossy(), None);
    hook(remote.path(), "echo \"GH006: it is protected\" >&2; exit 1");
    let error = mirror.delete_branch(&topic(), &commit, None).expect_err("refused");
    assert!(matches!(&error, GitError::Rejected { reason, .. } if reason.contains("GH006")), "{error:?}");
    assert_eq!(remote.tip(topic().as_str()), Some(commit));
}

#[test]
fn a_remote_that_is_gone_is_worth_repeating() {
    let remote = upstream();
    let (mirror, commit) = pushed(&remote, &remote.path().to_string_lossy(), None);
    let away = remote.beside("away.git");
    std::fs::rename(remote.path(), &away).expect("moved");
    let error = mirror.delete_branch(&topic(), &commit, None).expect_err("nobody there");
    assert!(matches!(error, GitError::Unreachable(_)), "{error:?}");
    std::fs::rename(&away, remote.path()).expect("put back");
    assert_eq!(mirror.delete_branch(&topic(), &commit, None).expect("an outcome"), BranchDeletion::Deleted);
}

#[test]
fn over_http_a_deletion_whose_answer_is_lost_is_found_by_looking() {
    let Some(server) = GitServer::start(Access::Locked) else { return };
    server.allow("x-access-token", SECRET);
    let remote = upstream();
    let hosted = server.host("proompteng/lab", remote.path());
    let credential = Credential { user: "x-access-token".to_owned(), secret: SECRET.into() };
    let (mirror, commit) = pushed(&remote, &server.url("proompteng/lab"), Some(&credential));
    server.lose_push_answers();
    let delete = || mirror.delete_branch(&topic(), &commit, Some(&credential));
    assert_eq!(delete().expect("found by looking"), BranchDeletion::Deleted);
    let left = crate::support::repository::git(&hosted, &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(left.trim(), "refs/heads/main");
    server.answer_pushes_again();
    assert_eq!(delete().expect("an outcome"), BranchDeletion::NotFound);
}
