//! Databases that earlier versions of the program have written: each opens, reads, and can be worked on.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;
use writ::domain::admission::{Admission, Quotas, TargetClaim, WaitReason};
use writ::domain::ledger::{Checkpoint, Record, SignerKey, VerifierKeys};
use writ::domain::names::{AccountId, IssueNumber, RunId};
use writ::domain::pull::PullState;
use writ::domain::run::{Outcome, Position, Step};
use writ::ports::store::{Pulls, SqliteStore, Store};
use writ::service::notary::Notary;

use super::store::finished;
use crate::support::stored;

async fn version_3() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("writ.db");
    stored::version_3(&path).await;
    (Arc::new(SqliteStore::open(&path).await.unwrap()), folder)
}

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn runs_of_version_3_are_read() {
    let (store, _folder) = version_3().await;
    let stored = store.run(&run("proposedproposed")).await.unwrap().unwrap();
    let outcome =
        Outcome::Proposed { pull: IssueNumber(2), url: "http://forge/example/lab/pull/2".to_owned() };
    assert_eq!((stored.position, stored.outcome), (Position::Settled, Some(outcome)));
    assert_eq!(stored.subject.to_string(), "example/lab#1");
    assert_eq!(stored.request.unwrap().procedure, "restart-ws");
    assert_eq!(stored.facts["authorize"]["permission"], json!("write"));
    assert_eq!((store.runs(9).await.unwrap().len(), store.commands(9).await.unwrap().len()), (5, 4));
    let proposed = store.proposed(&"example/lab".parse().unwrap()).await.unwrap();
    assert_eq!(proposed.into_iter().map(|run| run.id).collect::<Vec<_>>(), [run("proposedproposed")]);
    let timeline = store.timeline(&run("waitingwaitingwa")).await.unwrap();
    assert_eq!(timeline.iter().map(|entry| entry.step).collect::<Vec<_>>(), [Step::Authorize, Step::Turn]);
    assert!(timeline[1].problem.as_deref().unwrap().starts_with("place 1: "), "{timeline:?}");
}

#[tokio::test]
async fn pull_requests_of_version_3_are_read() {
    let (store, _folder) = version_3().await;
    let repository = "example/lab".parse().unwrap();
    let pulls = store.pulls(Pulls::Numbered(&repository, IssueNumber(3))).await.unwrap();
    let [pull] = &pulls[..] else { panic!("{pulls:?}") };
    assert_eq!((pull.seen.state, pull.seen.branch_deleted, pull.policy), (PullState::Merged, true, None));
    assert_eq!(pull.look, run("looklooklooklook"));
    assert_eq!(store.pulls(Pulls::FromBranch(&repository, "work")).await.unwrap(), pulls);
}

#[tokio::test]
async fn steps_of_version_3_are_worked_on() {
    let (store, _folder) = version_3().await;
    let due = at("2026-02-12T10:45:15Z");
    assert_eq!(store.next_due().await.unwrap(), Some(due));
    let lease = store.lease("now", due, at("2026-02-12T10:46:15Z")).await.unwrap().unwrap();
    assert_eq!(
        (lease.run.id.as_str(), lease.step, lease.run.attempts),
        ("helphelphelphelp", Step::Report, 2)
    );
    assert_eq!(lease.earlier_intent, Some(json!({"status_comment_on": "example/lab#1"})));
    store.finish(&lease, &finished(Position::Settled, 0)).await.unwrap();
    // The lease of the worker that went away expires.
    let later = at("2026-02-12T10:50:30Z");
    let lease = store.lease("now", later, at("2026-02-12T10:51:30Z")).await.unwrap().unwrap();
    assert_eq!((lease.run.id.as_str(), lease.step), ("asleepasleepasle", Step::Authorize));
}

#[tokio::test]
async fn claims_of_version_3_still_count() {
    let (store, _folder) = version_3().await;
    let claim = |name: &str, actor| TargetClaim {
        run: run(name),
        repository: "example/lab".parse().unwrap(),
        lane: "actuation".to_owned(),
        actor: AccountId(actor),
        targets: ["some.yaml".to_owned()].into(),
        containment: false,
        since: at("2026-02-12T10:50:00Z"),
    };
    let quotas = Quotas { commands: 9, actor: 1, lane: 9, repository: 9 };
    let now = at("2026-02-12T10:50:00Z");
    // It asked before: the stored claim is decided on.
    let Admission::Wait(wait) = store.admit(&claim("waitingwaitingwa", 9), &quotas, now).await.unwrap()
    else {
        panic!("its account has had its change of this hour")
    };
    assert_eq!((wait.place, wait.why), (1, WaitReason::Actor { quota: 1 }));
    assert_eq!(wait.until, at("2026-02-12T11:35:00Z"));
    let Admission::Wait(wait) = store.admit(&claim("asleepasleepasle", 2), &quotas, now).await.unwrap()
    else {
        panic!("one is before it")
    };
    assert_eq!(wait.place, 2);
    let granted = store.admit(&claim("waitingwaitingwa", 9), &quotas, wait.until).await.unwrap();
    assert_eq!(granted, Admission::Granted { taken_from: Vec::new() });
}

#[tokio::test]
async fn the_ledger_of_version_3_is_sound_and_goes_on() {
    let (store, _folder) = version_3().await;
    assert_eq!(store.problems().await.unwrap(), Vec::<String>::new());
    let leaves = store.leaves(0, 9).await.unwrap();
    let records: Vec<Record> =
        leaves.iter().map(|leaf| Record::from_canonical(&leaf.data).unwrap()).collect();
    let kinds: Vec<&str> = records.iter().map(|record| record.kind.as_str()).collect();
    let wanted = [
        "request.accepted",
        "request.authorized",
        "pull.proposed",
        "look.accepted",
        "pull.seen",
        "pull.merged",
    ];
    assert_eq!(kinds, wanted);
    assert!(leaves.iter().zip(&records).all(|(leaf, record)| leaf.hash == record.leaf()));
    let key = SignerKey::from_seed("example.com/ledger", [7; 32]).unwrap();
    let keys = VerifierKeys::from(key.verifier());
    let signed = Checkpoint::verify(&store.checkpoint().await.unwrap().unwrap(), &keys).unwrap();
    assert_eq!((signed.size, signed.root), (3, store.root(3).await.unwrap()));
    // Sealing checks that the tree still continues that checkpoint.
    let proof = Notary::new(key).prove_leaf(store.as_ref(), 4).await.unwrap();
    assert_eq!(proof.verify(&leaves[4].data, &keys).unwrap().record, records[4]);
}
