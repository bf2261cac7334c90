//! What a file held before, held against what `git log` says.

use std::collections::BTreeSet;

use writ::ports::git::{Git as _, GitError, Repository};

use crate::support::repository::{TestRepository, git};

const CONFIG: &str = "argocd/applications/torghut/ta/configmap.yaml";

fn texts(repository: &Repository, revision: &str, path: &str) -> Vec<String> {
    let history = repository.file_history(&repository.resolve(revision).unwrap(), path).unwrap();
    assert!(history.is_whole);
    history.contents.iter().map(|content| String::from_utf8(content.to_vec()).unwrap()).collect()
}

#[test]
fn each_content_comes_once_and_the_newest_first() {
    let repository = TestRepository::bare();
    for (at, text) in ["group: one", "group: two", "group: one", "group: three"].into_iter().enumerate() {
        repository.commit("main", &[(CONFIG, text)]);
        repository.commit("main", &[("other.yaml", &at.to_string())]);
    }
    let reader = Repository::open(repository.path()).unwrap();
    assert_eq!(texts(&reader, "main", CONFIG), ["group: three", "group: one", "group: two"]);
    assert_eq!(texts(&reader, "main~4", CONFIG), ["group: two", "group: one"]);
    assert_eq!(texts(&reader, "main", "argocd/applications/torghut/ta"), [""; 0], "a folder is no file");
    assert_eq!(texts(&reader, "main", "not/there.yaml"), [""; 0]);
}

#[test]
fn what_was_removed_or_came_by_a_merge_is_remembered() {
    let repository = TestRepository::with_work_tree();
    let tree = repository.path().to_owned();
    let write = |text: Option<&str>| {
        let file = tree.join("config.yaml");
        match text {
            Some(text) => std::fs::write(&file, text).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        git(&tree, &["add", "-A"]);
        git(&tree, &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "change"]);
    };
    write(Some("first"));
    git(&tree, &["checkout", "-qb", "side"]);
    write(Some("side"));
    write(Some("side again"));
    git(&tree, &["checkout", "-q", "-"]);
    write(None);
    write(Some("back"));
    let merge =
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "merge", "-qm", "merge", "-X", "ours"];
    git(&tree, &[&merge[..], &["side"]].concat());
    let reader = Repository::open(&tree).unwrap();
    let found: BTreeSet<String> = texts(&reader, "HEAD", "config.yaml").into_iter().collect();
    assert_eq!(found, ["first", "side", "side again", "back"].map(str::to_owned).into());
}

#[test]
fn half_a_history_says_so() {
    let repository = TestRepository::bare();
    repository.commit("main", &[(CONFIG, "one")]);
    repository.commit("main", &[(CONFIG, "two")]);
    let shallow = repository.beside("shallow.git");
    let url = format!("file://{}", repository.path().display());
    let clone = ["clone", "-q", "--bare", "--depth", "1", &url, shallow.to_str().unwrap()];
    git(repository.path(), &clone);
    let reader = Repository::open(&shallow).unwrap();
    let history = reader.file_history(&reader.resolve("main").unwrap(), CONFIG).unwrap();
    assert!(!history.is_whole);
    assert_eq!(history.contents.len(), 1);
}

#[test]
fn an_unknown_commit_has_no_history() {
    let repository = TestRepository::bare();
    repository.commit("main", &[(CONFIG, "one")]);
    let reader = Repository::open(repository.path()).unwrap();
    let nowhere = "0".repeat(40).parse().unwrap();
    assert!(matches!(reader.file_history(&nowhere, CONFIG), Err(GitError::UnknownRevision(_))));
}
