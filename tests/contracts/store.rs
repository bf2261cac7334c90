//! What every store keeps to, written once over `&dyn Store`. An adapter joins with [`store_contract`].

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use writ::domain::admission::{Admission, Quotas, TargetClaim, WaitReason};
use writ::domain::lane::Reproducibility;
use writ::domain::ledger::{LeafHash, Record, tree};
use writ::domain::merge::{Merge, MergeFault, OverDenial};
use writ::domain::names::{AccountId, IssueNumber, RunId};
use writ::domain::priority::Work;
use writ::domain::pull::{Conclusion, Observed, PullState};
use writ::domain::request::{Actor, run_id_of};
use writ::domain::run::{Outcome, Position, Step};
use writ::ports::store::{
    Accepted, Arrival, Finished, Leaf, Lease, NewRun, Pulls, Recheck, Store, StoreError, StoredPull,
};

/// Runs every check of the contract on a fresh store that `$open` gives: `async fn() -> (Arc<dyn Store>, impl Any)`,
/// where the second keeps alive what the store rests on.
macro_rules! store_contract {
    ($open:path) => {
        store_contract!($open:
            a_delivery_is_kept_once,
            the_same_content_is_kept_once,
            a_run_is_made_once,
            a_duplicate_leaves_no_record,
            eight_deliveries_of_one_comment_make_one_run,
            a_run_comes_back_as_it_was_given,
            the_longest_due_run_is_leased_first,
            no_lower_step_is_begun_before_a_containments_pull_request,
            a_worker_that_read_the_clock_earlier_begins_no_lower_step,
            a_containment_that_waits_for_something_outside_lets_others_go_on,
            priority_decides_before_the_time,
            a_crowd_of_pauses_by_strangers_is_behind_one_by_a_known_account,
            the_first_refusal_of_a_day_is_replied_to,
            commands_are_counted_by_account_and_repository,
            a_leased_run_is_leased_once,
            sixteen_workers_share_eight_runs,
            an_expired_lease_is_lost_when_taken_over,
            a_released_lease_is_lost,
            finish_moves_the_run_and_appends_records,
            finish_of_a_lost_lease_leaves_nothing,
            a_settled_run_is_never_due,
            a_postponed_step_is_due_later_with_its_intent,
            a_second_intent_keeps_the_first,
            runs_of_a_queue_go_one_after_the_other,
            what_happens_meanwhile_joins_the_run_that_waits,
            a_run_that_somebody_may_still_work_on_is_not_joined,
            a_pull_request_is_kept_as_last_seen,
            admission_is_kept_for_all_and_given_back_with_the_report,
            a_containment_takes_what_another_run_holds,
            waiting_is_no_try,
            proposals_are_kept_until_they_are_over,
            leaves_and_nodes_make_the_tree,
            checkpoints_are_kept_once_in_order,
            the_ledger_records_about_itself,
            who_signs_is_woken_by_every_record,
            runs_are_read_by_id,
            a_library_is_kept_once_under_its_digest,
        );
    };
    ($open:path: $($check:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $check() {
            let (store, _keep) = $open().await;
            $crate::contracts::store::$check(store).await;
        }
    )*};
}
pub use super::store_priority::*;
pub(crate) use store_contract;

/// A time, `seconds` after a fixed one.
pub fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-08-22T10:00:00Z".parse().expect("a timestamp");
    start + SignedDuration::from_secs(seconds)
}

/// The id of the `number`th run.
pub fn run_id(number: u64) -> RunId {
    run_id_of(&json!({"test": number}))
}

/// A delivery of comment `number`, received `seconds` after the start, that makes a run and one record.
pub fn arrival(delivery: &str, number: u64, seconds: i64) -> Arrival {
    let id = run_id(number);
    Arrival {
        delivery: delivery.to_owned(),
        event: "issue_comment".to_owned(),
        content_key: Some(format!("acme/shop#comment:{number}:created")),
        body_sha256: "0".repeat(64),
        received_at: at(seconds),
        runs: vec![NewRun {
            id: id.clone(),
            command: json!({"verb": "actuate", "number": number}),
            request: None,
            subject: format!("acme/shop#{number}").parse().expect("a subject"),
            position: Step::Authorize,
            outcome: None,
            queue: None,
            work: Work::Command,
            actor: None,
        }],
        records: vec![record("request.accepted", number, seconds)],
    }
}

/// A delivery that asks for a reconciliation, run `number`, at pull request 7.
pub fn reconciliation(number: u64, seconds: i64) -> Arrival {
    let mut arrival = arrival(&format!("look-{number}"), number, seconds);
    arrival.content_key = None;
    arrival.runs[0].queue = Some("acme/shop#7".to_owned());
    arrival.runs[0].position = Step::Observe;
    arrival.runs[0].work = Work::Reconciliation;
    arrival
}

/// A pull request as the reconciliation `by` found it.
pub fn pull(number: u64, head: char, by: u64) -> StoredPull {
    StoredPull {
        repository: "acme/shop".parse().expect("a name"),
        seen: Observed {
            number: IssueNumber(number),
            url: format!("https://forge/acme/shop/pull/{number}"),
            title: "fix(shop): a thing".to_owned(),
            state: PullState::Open,
            draft: false,
            head: head.to_string().repeat(40).parse().expect("a commit"),
            branch: "topic+1".to_owned(),
            fork: false,
            base: "main".to_owned(),
            author: Actor { id: AccountId(5), login: "ada".to_owned() },
            run: None,
            named: None,
            told: Reproducibility::of("```reproducibility\nmodel: none\n```\n"),
            branch_deleted: false,
        },
        policy: None,
        recheck: None,
        merge: None,
        look: run_id(by),
        at: at(number.try_into().expect("small")),
    }
}

/// A record of run `number`.
pub fn record(kind: &str, number: u64, seconds: i64) -> Record {
    Record::new(kind, Some(run_id(number)), at(seconds), json!({"number": number}))
}

/// The end of a step that leads to `position`.
pub fn finished(position: Position, seconds: i64) -> Finished {
    Finished {
        fact: json!({"found": seconds}),
        position,
        outcome: None,
        at: at(seconds),
        records: Vec::new(),
        pull: None,
        closed_runs: Vec::new(),
    }
}

pub async fn lease(store: &Arc<dyn Store>, worker: &str, seconds: i64) -> Option<Lease> {
    store.lease(worker, at(seconds), at(seconds + 60)).await.expect("lease")
}

async fn keep(store: &Arc<dyn Store>, number: u64, seconds: i64) {
    let accepted = store.accept(&arrival(&format!("d{number}"), number, seconds)).await.expect("accept");
    assert_eq!(accepted, Accepted::Stored { run: Some(run_id(number)) });
}

fn is_lost<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost(_)))
}

pub async fn a_delivery_is_kept_once(store: Arc<dyn Store>) {
    let first = arrival("d1", 1, 0);
    assert_eq!(store.accept(&first).await.expect("first"), Accepted::Stored { run: Some(run_id(1)) });
    let again = Arrival { content_key: None, runs: vec![], ..arrival("d1", 1, 1) };
    let duplicate = Accepted::Duplicate { run: Some(run_id(1)) };
    assert_eq!(store.accept(&again).await.expect("again"), duplicate);
    let silent = Arrival { content_key: None, runs: vec![], ..arrival("d2", 2, 2) };
    assert_eq!(store.accept(&silent).await.expect("no run"), Accepted::Stored { run: None });
    assert_eq!(store.accept(&silent).await.expect("no run again"), Accepted::Duplicate { run: None });
}

pub async fn the_same_content_is_kept_once(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let other = Arrival { runs: vec![], ..arrival("another-id", 1, 1) };
    let duplicate = Accepted::Duplicate { run: Some(run_id(1)) };
    assert_eq!(store.accept(&other).await.expect("other"), duplicate);
    // Events without an identity do not collide with each other.
    for delivery in ["e1", "e2"] {
        let event =
            Arrival { content_key: None, runs: vec![], records: Vec::new(), ..arrival(delivery, 9, 1) };
        assert_eq!(store.accept(&event).await.expect("event"), Accepted::Stored { run: None });
    }
}

pub async fn a_run_is_made_once(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let other_door = Arrival { content_key: Some("another".to_owned()), ..arrival("another-id", 1, 1) };
    let duplicate = Accepted::Duplicate { run: Some(run_id(1)) };
    assert_eq!(store.accept(&other_door).await.expect("accept"), duplicate);
    assert_eq!(store.runs(10).await.expect("runs").len(), 1);
}

pub async fn a_duplicate_leaves_no_record(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    store.accept(&arrival("d1", 1, 5)).await.expect("again");
    store.accept(&arrival("d2", 1, 5)).await.expect("again by content");
    assert_eq!(store.ledger_size().await.expect("size"), 1);
}

pub async fn eight_deliveries_of_one_comment_make_one_run(store: Arc<dyn Store>) {
    let tasks = (0..8).map(|task| {
        let store = Arc::clone(&store);
        tokio::spawn(
            async move { store.accept(&arrival(&format!("d{task}"), 1, task)).await.expect("accept") },
        )
    });
    let mut kept = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.expect("task") {
            Accepted::Stored { .. } => kept += 1,
            Accepted::Duplicate { run } => assert_eq!(run, Some(run_id(1))),
        }
    }
    assert_eq!(kept, 1);
    assert_eq!(store.runs(10).await.expect("runs").len(), 1);
    assert_eq!(store.ledger_size().await.expect("size"), 1);
}

pub async fn a_run_comes_back_as_it_was_given(store: Arc<dyn Store>) {
    let outcome = json!({"outcome": "refused", "code": "c", "message": "m", "remedy": "r"});
    let outcome: Outcome = serde_json::from_value(outcome).expect("an outcome as it is stored");
    let mut given = arrival("d1", 1, 0);
    if let Some(run) = given.runs.first_mut() {
        run.position = Step::Report;
        run.outcome = Some(outcome.clone());
    }
    store.accept(&given).await.expect("accept");
    let run = store.run(&run_id(1)).await.expect("run").expect("there");
    let subject = "acme/shop#1".parse().expect("a subject");
    assert_eq!((run.id, run.subject, run.delivery), (run_id(1), subject, "d1".to_owned()));
    assert_eq!(run.command, json!({"verb": "actuate", "number": 1}));
    assert_eq!((run.position, run.outcome), (Position::At(Step::Report), Some(outcome)));
    assert_eq!((run.attempts, run.created_at, run.updated_at), (0, at(0), at(0)));
    assert!(run.request.is_none() && run.facts.is_empty());
    assert!(store.run(&run_id(2)).await.expect("run").is_none());
    keep(&store, 2, 10).await;
    let newest_first: Vec<_> = store.runs(10).await.expect("runs").into_iter().map(|run| run.id).collect();
    assert_eq!(newest_first, [run_id(2), run_id(1)]);
    assert_eq!(store.runs(1).await.expect("runs").len(), 1);
}

pub async fn the_longest_due_run_is_leased_first(store: Arc<dyn Store>) {
    assert_eq!(store.next_due().await.expect("due"), None);
    keep(&store, 1, 20).await;
    keep(&store, 2, 10).await;
    assert_eq!(store.next_due().await.expect("due"), Some(at(10)));
    assert!(lease(&store, "w", 9).await.is_none(), "not due yet");
    assert_eq!(lease(&store, "w", 30).await.expect("due").run.id, run_id(2));
    assert_eq!(lease(&store, "w", 30).await.expect("due").run.id, run_id(1));
    assert!(lease(&store, "w", 30).await.is_none());
    assert_eq!(store.next_due().await.expect("due"), Some(at(90)), "when the leases expire");
}

pub async fn a_leased_run_is_leased_once(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let first = lease(&store, "one", 0).await.expect("due");
    assert_eq!((first.step, first.run.attempts), (Step::Authorize, 1));
    assert!(first.earlier_intent.is_none());
    assert!(lease(&store, "two", 59).await.is_none());
    let second = lease(&store, "two", 60).await.expect("expired");
    assert!(second.fence > first.fence);
    assert_eq!(second.run.attempts, 2);
}

pub async fn sixteen_workers_share_eight_runs(store: Arc<dyn Store>) {
    for number in 0..8 {
        keep(&store, number, 0).await;
    }
    let workers = (0..16).map(|worker| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { lease(&store, &format!("w{worker}"), 1).await.map(|lease| lease.run.id) })
    });
    let mut leased = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        leased.extend(worker.await.expect("worker"));
    }
    leased.sort();
    let mut all: Vec<_> = (0..8).map(run_id).collect();
    all.sort();
    assert_eq!(leased, all);
}

pub async fn an_expired_lease_is_lost_when_taken_over(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let slow = lease(&store, "slow", 0).await.expect("due");
    store.record_intent(&slow, &json!({"push": 1}), at(1)).await.expect("intend");
    let quick = lease(&store, "quick", 60).await.expect("expired");
    assert_eq!(quick.earlier_intent, Some(json!({"push": 1})));
    assert!(is_lost(store.record_intent(&slow, &Value::Null, at(61)).await));
    assert!(is_lost(store.finish(&slow, &finished(Position::Settled, 61)).await));
    assert!(is_lost(store.postpone(&slow, "slow", at(61), at(62)).await));
    store.finish(&quick, &finished(Position::At(Step::Plan), 62)).await.expect("the holder may");
}

pub async fn a_released_lease_is_lost(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let lease = lease(&store, "w", 0).await.expect("due");
    store.finish(&lease, &finished(Position::At(Step::Plan), 1)).await.expect("once");
    assert!(is_lost(store.finish(&lease, &finished(Position::Settled, 2)).await), "twice");
    assert!(is_lost(store.record_intent(&lease, &Value::Null, at(2)).await));
}

pub async fn finish_moves_the_run_and_appends_records(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let held = lease(&store, "w", 0).await.expect("due");
    store.record_intent(&held, &json!({"ask": "permission"}), at(1)).await.expect("intend");
    let records = vec![record("request.authorized", 1, 2), record("change.planned", 1, 2)];
    let end = Finished { records: records.clone(), ..finished(Position::At(Step::Plan), 2) };
    let leaves = store.finish(&held, &end).await.expect("finish");
    let indexes: Vec<u64> = leaves.iter().map(|leaf| leaf.index).collect();
    assert_eq!(indexes, [1, 2]);
    assert!(leaves.iter().zip(&records).all(|(leaf, record)| leaf.data == record.canonical()));
    assert!(leaves.iter().zip(&records).all(|(leaf, record)| leaf.hash == record.leaf()));
    let run = store.run(&run_id(1)).await.expect("run").expect("there");
    assert_eq!((run.position, run.attempts, run.updated_at), (Position::At(Step::Plan), 0, at(2)));
    assert_eq!(run.facts.get("authorize"), Some(&json!({"found": 2})));
    assert_eq!(store.leaves_of(&run_id(1)).await.expect("leaves").len(), 3);
    let timeline = store.timeline(&run_id(1)).await.expect("timeline");
    assert_eq!(timeline.len(), 1);
    assert_eq!((timeline[0].step, timeline[0].attempt, &*timeline[0].worker), (Step::Authorize, 1, "w"));
    assert_eq!(timeline[0].intent, Some(json!({"ask": "permission"})));
    assert_eq!(
        (timeline[0].finished_at, timeline[0].outcome.clone()),
        (Some(at(2)), Some(json!({"found": 2})))
    );
    let next = lease(&store, "w", 2).await.expect("the next step is due at once");
    assert_eq!((next.step, next.run.attempts, next.earlier_intent), (Step::Plan, 1, None));
}

pub async fn finish_of_a_lost_lease_leaves_nothing(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let slow = lease(&store, "slow", 0).await.expect("due");
    let _quick = lease(&store, "quick", 60).await.expect("expired");
    let end = Finished { records: vec![record("late", 1, 61)], ..finished(Position::Settled, 61) };
    assert!(is_lost(store.finish(&slow, &end).await));
    assert_eq!(store.ledger_size().await.expect("size"), 1);
    let run = store.run(&run_id(1)).await.expect("run").expect("there");
    assert_eq!(run.position, Position::At(Step::Authorize));
}

pub async fn a_settled_run_is_never_due(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let held = lease(&store, "w", 0).await.expect("due");
    let end = Finished { outcome: Some(Outcome::Answered), ..finished(Position::Settled, 1) };
    store.finish(&held, &end).await.expect("finish");
    assert!(lease(&store, "w", 1_000_000).await.is_none());
    assert_eq!(store.next_due().await.expect("due"), None);
    let run = store.run(&run_id(1)).await.expect("run").expect("there");
    assert_eq!((run.position, run.outcome), (Position::Settled, Some(Outcome::Answered)));
}

pub async fn a_postponed_step_is_due_later_with_its_intent(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let held = lease(&store, "w", 0).await.expect("due");
    store.record_intent(&held, &json!({"push": "branch"}), at(1)).await.expect("intend");
    store.postpone(&held, "the forge is down", at(2), at(30)).await.expect("postpone");
    assert_eq!(store.next_due().await.expect("due"), Some(at(30)));
    assert!(lease(&store, "w", 29).await.is_none());
    let again = lease(&store, "w", 30).await.expect("due");
    assert_eq!(again.run.attempts, 2);
    assert_eq!(again.earlier_intent, Some(json!({"push": "branch"})), "its effect may have happened");
    let timeline = store.timeline(&run_id(1)).await.expect("timeline");
    assert_eq!(timeline[0].problem.as_deref(), Some("the forge is down"));
    assert_eq!((timeline[0].finished_at, timeline[0].outcome.clone()), (Some(at(2)), None));
    assert_eq!(timeline[1].finished_at, None, "the second try is open");
}

pub async fn a_second_intent_keeps_the_first(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    let held = lease(&store, "w", 0).await.expect("due");
    for intent in ["react", "comment"] {
        store.record_intent(&held, &json!(intent), at(1)).await.expect("intend");
    }
    let timeline = store.timeline(&run_id(1)).await.expect("timeline");
    let intents: Vec<_> = timeline.into_iter().filter_map(|entry| entry.intent).collect();
    assert_eq!(intents, [json!("react"), json!("comment")]);
    assert_eq!(lease(&store, "w", 60).await.expect("expired").earlier_intent, Some(json!("comment")));
}

pub async fn runs_of_a_queue_go_one_after_the_other(store: Arc<dyn Store>) {
    store.accept(&reconciliation(1, 0)).await.expect("accept");
    let first = lease(&store, "one", 1).await.expect("the first reconciliation");
    let made = store.accept(&reconciliation(2, 2)).await.expect("accept");
    assert_eq!(made, Accepted::Stored { run: Some(run_id(2)) }, "the first has begun, so there is a second");
    keep(&store, 3, 2).await;
    let other = lease(&store, "two", 3).await.expect("a command waits for no queue");
    assert_eq!(other.run.id, run_id(3));
    store.finish(&other, &finished(Position::Settled, 3)).await.expect("finish");
    assert!(lease(&store, "three", 3).await.is_none(), "the second reconciliation waits for the first");
    store.postpone(&first, "later", at(4), at(100)).await.expect("postpone");
    assert!(lease(&store, "three", 5).await.is_none(), "also while that is put off");
    assert_eq!(store.next_due().await.expect("due"), Some(at(100)), "so nothing is due before that");
    let first = lease(&store, "one", 100).await.expect("the first again");
    assert_eq!(first.run.id, run_id(1));
    store.finish(&first, &finished(Position::Settled, 101)).await.expect("finish");
    assert_eq!(lease(&store, "three", 102).await.map(|lease| lease.run.id), Some(run_id(2)));
    let commands: Vec<_> = store.commands(9).await.expect("runs").into_iter().map(|run| run.id).collect();
    assert_eq!(commands, [run_id(3)]);
}

pub async fn what_happens_meanwhile_joins_the_run_that_waits(store: Arc<dyn Store>) {
    store.accept(&reconciliation(1, 0)).await.expect("accept");
    let joined = Accepted::Stored { run: Some(run_id(1)) };
    assert_eq!(store.accept(&reconciliation(2, 1)).await.expect("accept"), joined);
    assert_eq!(
        store.accept(&reconciliation(2, 1)).await.expect("accept"),
        Accepted::Duplicate { run: Some(run_id(1)) }
    );
    assert_eq!(store.runs(9).await.expect("runs").len(), 1);
    assert_eq!(store.ledger_size().await.expect("size"), 1, "what joins leaves no record");
    // One that is put off at a later step begins again, at once.
    let leased = lease(&store, "one", 2).await.expect("the reconciliation");
    let at_conclude =
        Finished { outcome: Some(Outcome::Denied), ..finished(Position::At(Step::Conclude), 3) };
    store.finish(&leased, &at_conclude).await.expect("finish");
    let leased = lease(&store, "one", 4).await.expect("its next step");
    store.postpone(&leased, "later", at(5), at(500)).await.expect("postpone");
    assert_eq!(store.accept(&reconciliation(3, 6)).await.expect("accept"), joined);
    let again = lease(&store, "one", 7).await.expect("due at once");
    assert_eq!((again.step, again.run.outcome, again.run.attempts), (Step::Observe, None, 1));
}

pub async fn a_run_that_somebody_may_still_work_on_is_not_joined(store: Arc<dyn Store>) {
    store.accept(&reconciliation(1, 0)).await.expect("accept");
    let slow = lease(&store, "slow", 1).await.expect("the reconciliation");
    // Its lease has expired, but it may have read the old state and still report it.
    let made = store.accept(&reconciliation(2, 200)).await.expect("accept");
    assert_eq!(made, Accepted::Stored { run: Some(run_id(2)) });
    store.finish(&slow, &finished(Position::Settled, 201)).await.expect("it was not taken over");
    assert_eq!(lease(&store, "next", 202).await.map(|lease| lease.run.id), Some(run_id(2)));
}

/// The ticket of run `number`, by an account of the same number, for one file.
/// What the `number`th run claims.
pub fn claim(number: u64, target: &str) -> TargetClaim {
    TargetClaim {
        run: run_id(number),
        repository: "acme/shop".parse().expect("a name"),
        lane: "actuation".to_owned(),
        actor: AccountId(number),
        targets: [target.to_owned()].into(),
        containment: false,
        since: at(0),
    }
}

const QUOTAS: Quotas = Quotas { commands: 9, actor: 9, lane: 9, repository: 9 };

fn passes(admission: &Admission) -> bool {
    matches!(admission, Admission::Granted { .. })
}

pub async fn admission_is_kept_for_all_and_given_back_with_the_report(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    keep(&store, 2, 1).await;
    let first = lease(&store, "w", 1).await.expect("due");
    let second = lease(&store, "w", 1).await.expect("due");
    for _ in 0..2 {
        assert!(
            passes(&store.admit(&claim(1, "a"), &QUOTAS, at(1)).await.expect("a turn")),
            "asked again, too"
        );
    }
    let Admission::Wait(wait) = store.admit(&claim(2, "a"), &QUOTAS, at(2)).await.expect("an answer") else {
        panic!("both hold it")
    };
    assert_eq!(wait.why, WaitReason::Target { run: run_id(1), target: "a".to_owned() });
    store.finish(&second, &finished(Position::At(Step::Turn), 2)).await.expect("finish");
    let second = lease(&store, "w", 2).await.expect("due");
    store.wait(&second, "waits", at(3), at(500)).await.expect("wait");
    store.finish(&first, &finished(Position::At(Step::Report), 4)).await.expect("finish");
    let due: Vec<RunId> = [lease(&store, "w", 4).await, lease(&store, "w", 4).await]
        .into_iter()
        .flatten()
        .map(|lease| lease.run.id)
        .collect();
    assert_eq!(due, [run_id(1), run_id(2)], "who waits is answered at once");
    assert!(passes(&store.admit(&claim(2, "a"), &QUOTAS, at(5)).await.expect("a turn")));
    let one = Quotas { repository: 2, ..QUOTAS };
    keep(&store, 3, 6).await;
    let Admission::Wait(wait) = store.admit(&claim(3, "c"), &one, at(6)).await.expect("an answer") else {
        panic!("those that were let through count")
    };
    assert_eq!(wait.why, WaitReason::Repository { quota: 2 });
}

pub async fn a_containment_takes_what_another_run_holds(store: Arc<dyn Store>) {
    for number in [1, 2] {
        keep(&store, number, 0).await;
    }
    assert!(passes(&store.admit(&claim(1, "a"), &QUOTAS, at(1)).await.expect("a turn")));
    assert_eq!(store.taken_by(&run_id(1)).await.expect("an answer"), None);
    let containment = TargetClaim { containment: true, ..claim(2, "a") };
    let turn = store.admit(&containment, &QUOTAS, at(2)).await.expect("a turn");
    assert_eq!(turn, Admission::Granted { taken_from: vec![run_id(1)] });
    assert_eq!(store.taken_by(&run_id(1)).await.expect("an answer"), Some(run_id(2)));
    assert_eq!(store.taken_by(&run_id(9)).await.expect("an answer"), None);
}

pub async fn waiting_is_no_try(store: Arc<dyn Store>) {
    keep(&store, 1, 0).await;
    for time in [1, 100, 200] {
        let held = lease(&store, "w", time).await.expect("due");
        assert_eq!(held.run.attempts, 1);
        store.wait(&held, "place 1", at(time + 1), at(time + 50)).await.expect("wait");
        assert!(lease(&store, "w", time + 49).await.is_none());
    }
    assert_eq!(store.timeline(&run_id(1)).await.expect("timeline")[2].problem.as_deref(), Some("place 1"));
}

pub async fn proposals_are_kept_until_they_are_over(store: Arc<dyn Store>) {
    let shop = "acme/shop".parse().expect("a name");
    let proposed = async || {
        let runs = store.proposed(&shop).await.expect("runs");
        runs.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    for number in [1, 2] {
        keep(&store, number, 0).await;
        let held = lease(&store, "w", 1).await.expect("due");
        let outcome = Outcome::Proposed { pull: IssueNumber(number), url: "https://forge/1".to_owned() };
        let end = Finished { outcome: Some(outcome), ..finished(Position::At(Step::Close), 1) };
        store.finish(&held, &end).await.expect("finish");
    }
    assert_eq!(proposed().await, [run_id(1), run_id(2)]);
    assert!(store.proposed(&"acme/other".parse().expect("a name")).await.expect("runs").is_empty());
    let held = lease(&store, "w", 2).await.expect("due");
    let end = Finished { closed_runs: vec![run_id(1)], ..finished(Position::Settled, 3) };
    store.finish(&held, &end).await.expect("finish");
    assert_eq!(proposed().await, [run_id(2)]);
}

pub async fn a_pull_request_is_kept_as_last_seen(store: Arc<dyn Store>) {
    store.accept(&reconciliation(1, 0)).await.expect("accept");
    let keep_pull = async |pull: StoredPull, seconds: i64| {
        let leased = lease(&store, "one", seconds).await.expect("the reconciliation");
        let end = Finished { pull: Some(pull), ..finished(Position::At(Step::Observe), seconds) };
        store.finish(&leased, &end).await.expect("finish");
    };
    let pulls = async |which: Pulls<'_>| store.pulls(which).await.expect("pulls");
    keep_pull(pull(7, 'a', 1), 1).await;
    keep_pull(pull(8, 'b', 1), 2).await;
    let mut fork = pull(9, 'b', 1);
    fork.seen.fork = true;
    keep_pull(fork.clone(), 3).await;
    let judged = StoredPull { policy: Some(Conclusion::Failure), ..pull(7, 'b', 1) };
    keep_pull(judged.clone(), 4).await;
    let repository = judged.repository.clone();
    assert_eq!(pulls(Pulls::Latest(2)).await, [fork.clone(), pull(8, 'b', 1)]);
    assert_eq!(pulls(Pulls::Numbered(&repository, IssueNumber(7))).await, std::slice::from_ref(&judged));
    assert_eq!(pulls(Pulls::Numbered(&repository, IssueNumber(u64::MAX))).await, []);
    assert_eq!(
        pulls(Pulls::WithHead(&repository, &judged.seen.head)).await,
        [judged.clone(), pull(8, 'b', 1), fork]
    );
    assert_eq!(pulls(Pulls::FromBranch(&repository, "topic+1")).await, [judged, pull(8, 'b', 1)]);
    let at = |seconds: i64| Timestamp::from_second(seconds).expect("a time");
    assert_eq!(pulls(Pulls::Due(at(1000))).await, []);
    let recheck = |seconds: i64| Some(Recheck { at: at(seconds), since: at(1) });
    let late = StoredPull { recheck: recheck(200), ..pull(7, 'b', 1) };
    let early = StoredPull { recheck: recheck(100), merge: Some(Merge::Regular), ..pull(8, 'b', 1) };
    keep_pull(late.clone(), 5).await;
    keep_pull(early.clone(), 6).await;
    assert_eq!(pulls(Pulls::Due(at(99))).await, []);
    assert_eq!(pulls(Pulls::Due(at(100))).await, std::slice::from_ref(&early));
    assert_eq!(pulls(Pulls::Due(at(200))).await, [early, late.clone()]);
    assert_eq!(pulls(Pulls::MergedOverDenial).await, []);
    let over = OverDenial {
        head: late.seen.head.clone(),
        merge_base: late.seen.head.clone(),
        fault: MergeFault::Denied,
        findings: vec![],
        run: run_id(1),
        at: at(7),
    };
    let over = StoredPull { merge: Some(Merge::OverDenial(over)), ..late };
    keep_pull(over.clone(), 7).await;
    assert_eq!(pulls(Pulls::MergedOverDenial).await, [over]);
    assert_eq!(pulls(Pulls::FromBranch(&"acme/other".parse().expect("a name"), "topic+1")).await, []);
}

pub async fn leaves_and_nodes_make_the_tree(store: Arc<dyn Store>) {
    for number in 0..21 {
        keep(&store, number, 0).await;
    }
    let size = store.ledger_size().await.expect("size");
    assert_eq!(size, 21);
    let leaves = store.leaves(0, 1000).await.expect("leaves");
    let hashes = store.leaf_hashes(size).await.expect("hashes");
    assert!(leaves.iter().all(|leaf| leaf.hash == LeafHash::of(&leaf.data)));
    assert_eq!(hashes, leaves.iter().map(|leaf| leaf.hash).collect::<Vec<_>>());
    assert_eq!(store.leaves(19, 1).await.expect("leaves")[0].index, 19);
    let root = store.root(size).await.expect("root");
    for (index, leaf) in (0..).zip(&hashes) {
        let proof = store.inclusion(index, size).await.expect("proof");
        tree::check_inclusion(index, *leaf, &proof, (size, root)).expect("included");
    }
    for old in 1..=size {
        let proof = store.consistency(old, size).await.expect("proof");
        let head = (old, store.root(old).await.expect("root"));
        tree::check_consistency(&proof, head, (size, root)).expect("consistent");
    }
    assert!(store.problems().await.expect("problems").is_empty());
}

pub async fn checkpoints_are_kept_once_in_order(store: Arc<dyn Store>) {
    assert_eq!(store.checkpoint().await.expect("none"), None);
    // The last one covers less than what is there.
    for (size, note) in [(1, "one"), (2, "two"), (1, "one"), (2, "two again"), (1, "late")] {
        store.keep_checkpoint(size, note).await.expect("keep");
    }
    assert_eq!(store.checkpoint().await.expect("newest").as_deref(), Some("two again"));
    let kept = store.checkpoints().await.expect("all");
    let kept: Vec<_> = kept.iter().map(|kept| (kept.number, kept.size, kept.note.as_str())).collect();
    assert_eq!(kept, [(1, 1, "one"), (2, 2, "two"), (3, 2, "two again")]);
}

pub async fn the_ledger_records_about_itself(store: Arc<dyn Store>) {
    store.accept(&arrival("d1", 1, 0)).await.expect("accept");
    let own = Record::new("ledger.noted", None, at(1), json!({"what": "something"}));
    let appended = store.append(std::slice::from_ref(&own)).await.expect("append");
    let found = store.own_leaves().await.expect("own leaves");
    let read =
        |leaves: &[Leaf]| leaves.iter().map(|leaf| (leaf.index, leaf.data.clone())).collect::<Vec<_>>();
    assert_eq!((read(&appended), read(&found)), (vec![(1, own.canonical())], vec![(1, own.canonical())]));
    // Records of a run that was never accepted.
    store.append(&[record("request.accepted", 9, 2)]).await.expect("append");
    assert_eq!(store.runs_without_row().await.expect("runs"), [run_id(9)]);
}

pub async fn who_signs_is_woken_by_every_record(store: Arc<dyn Store>) {
    // Each wakes, also when nobody waits yet; without one there is nothing to wait for.
    store.accept(&arrival("d1", 1, 0)).await.expect("accept");
    store.appended().await;
    let lease = lease(&store, "w", 0).await.expect("a lease");
    store.finish(&lease, &finished(Position::Settled, 1)).await.expect("finish");
    store.appended().await;
    store.append(&[record("x", 1, 2)]).await.expect("append");
    store.appended().await;
    let mut waiting = Box::pin(store.appended());
    assert!(futures_poll(&mut waiting).await.is_pending());
}

/// One poll, as a task would do it.
async fn futures_poll(future: &mut (impl Future<Output = ()> + Unpin)) -> std::task::Poll<()> {
    std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context)))
        .await
}

pub async fn runs_are_read_by_id(store: Arc<dyn Store>) {
    let mut ids: Vec<RunId> = (1..=5).map(run_id).collect();
    for number in 1..=5 {
        store.accept(&arrival(&format!("d{number}"), number, 0)).await.expect("accept");
    }
    ids.sort_by_key(ToString::to_string);
    let mut found = Vec::new();
    loop {
        let runs = store.runs_by_id(found.last(), 2).await.expect("runs");
        if runs.is_empty() {
            break;
        }
        found.extend(runs.into_iter().map(|run| run.id));
    }
    assert_eq!(found, ids);
}

pub async fn a_library_is_kept_once_under_its_digest(store: Arc<dyn Store>) {
    let files = |text: &str| [("policies/a.rego".to_owned(), text.to_owned())].into();
    assert_eq!(store.library("sha256:1").await.unwrap(), None);
    store.keep_library("sha256:1", &files("one")).await.unwrap();
    store.keep_library("sha256:1", &files("another")).await.unwrap();
    store.keep_library("sha256:2", &files("two")).await.unwrap();
    assert_eq!(store.library("sha256:1").await.unwrap(), Some(files("one")));
    assert_eq!(store.library("sha256:2").await.unwrap(), Some(files("two")));
}
