//! Many heads of strangers, one after the other: what is kept of them is bounded in bytes.

use writ::domain::names::CommitId;
use writ::domain::tree::FileWrite;
use writ::ports::git::{CommitDraft, Git as _, Repository};
use writ::ports::library::Library;
use writ::service::judging::Judge;

use crate::support::repository::TestRepository;

const ROOT: &str = "argocd/applications/torghut";
const HEADS: usize = 1000;
/// Room for a dozen of the heads.
const ROOM: usize = 1 << 20;

#[test]
fn a_thousand_heads_keep_the_caches_within_their_room() {
    let repository = TestRepository::bare();
    let path = |name: &str| format!("{ROOT}/{name}");
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: torghut}\ndata: {k: v}\n";
    let kustomization = "resources: [a.yaml, b.yaml]\ncommonLabels: {app: b}\n";
    let files = [("a.yaml", object), ("b.yaml", &object.replace("name: a", "name: b")[..])];
    let files = files.map(|(name, text)| (path(name), text));
    repository.commit(
        "main",
        &[(&path("kustomization.yaml"), kustomization), (&files[0].0, files[0].1), (&files[1].0, files[1].1)],
    );
    let git = Repository::open(repository.path()).unwrap();
    let base = git.resolve("main").unwrap();
    let judge = Judge::compile(&Library::embedded(), None).unwrap().with_cache(ROOM);
    let mut largest = 0;
    for number in 0..HEADS {
        let head = head(&git, &base, number);
        judge.judge_change(&git, &base, &head, None).unwrap();
        let bytes = judge.cached_bytes();
        assert!(bytes <= ROOM, "head {number}: {bytes} bytes");
        largest = largest.max(bytes);
    }
    // It is a cache still: the room is used.
    assert!(largest > ROOM / 2, "{largest}");
}

/// A commit that sets forty keys, each time to something else.
fn head(git: &Repository, base: &CommitId, number: usize) -> CommitId {
    let mut text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: torghut}\ndata:\n".to_owned();
    for key in 0..40 {
        text.push_str(&format!("  k{key}: value {number}\n"));
    }
    let draft = CommitDraft {
        base: base.clone(),
        writes: vec![FileWrite { path: format!("{ROOT}/a.yaml"), bytes: text.into_bytes() }],
        message: "keys\n".to_owned(),
        at: "2026-08-22T10:30:00Z".parse().unwrap(),
    };
    git.commit(&draft).unwrap()
}
