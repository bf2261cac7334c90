//! The store: a durable delivery, a whole step, a proof; each on a ledger that has grown.
//!
//! `cargo bench --bench store`. Every accepted delivery and every step waits for the disk, so the numbers are the
//! disk's as much as ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::Bencher;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use writ::domain::ledger::{Record, SignerKey};
use writ::domain::priority::Work;
use writ::domain::request::run_id_of;
use writ::domain::run::{Position, Step};
use writ::ports::store::{Arrival, Finished, Inbox as _, NewRun, SqliteStore, StepQueue as _};
use writ::service::notary::Notary;

fn main() {
    divan::main();
}

/// A store with `leaves` records in its ledger.
struct Bench {
    runtime: Runtime,
    store: Arc<SqliteStore>,
    next: AtomicU64,
    _folder: TempDir,
}

impl Bench {
    fn with(leaves: u64) -> Self {
        let runtime = Runtime::new().expect("runtime");
        let folder = TempDir::new().expect("folder");
        let opened = runtime.block_on(SqliteStore::open(&folder.path().join("writ.db")));
        let bench = Self {
            runtime,
            store: Arc::new(opened.expect("store")),
            next: AtomicU64::new(0),
            _folder: folder,
        };
        if leaves > 0 {
            let mut filling = bench.arrival();
            filling.runs.clear();
            filling.records = (0..leaves).map(record).collect();
            bench.runtime.block_on(bench.store.accept(&filling)).expect("fill");
        }
        bench
    }

    fn arrival(&self) -> Arrival {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let run = run_id_of(&json!({"bench": number}));
        Arrival {
            delivery: format!("delivery-{number}"),
            event: "issue_comment".to_owned(),
            content_key: Some(format!("acme/shop#comment:{number}:created")),
            body_sha256: "0".repeat(64),
            received_at: Timestamp::UNIX_EPOCH,
            runs: vec![NewRun {
                id: run,
                command: json!({"verb": "actuate"}),
                request: None,
                subject: "acme/shop#7".parse().expect("a subject"),
                position: Step::Authorize,
                outcome: None,
                queue: None,
                work: Work::Command,
                actor: None,
            }],
            records: vec![record(number)],
        }
    }
}

fn record(number: u64) -> Record {
    let body = json!({"number": number, "reason": "x".repeat(400)});
    Record::new("request.accepted", None, Timestamp::UNIX_EPOCH, body)
}

/// One delivery after the other.
#[divan::bench(args = [0, 10_000])]
fn accept(bencher: Bencher, leaves: u64) {
    let bench = Bench::with(leaves);
    bencher.bench_local(|| bench.runtime.block_on(bench.store.accept(&bench.arrival())));
}

/// 32 deliveries at once.
#[divan::bench]
fn accept_32_at_once(bencher: Bencher) {
    let bench = Bench::with(0);
    bencher.bench_local(|| {
        bench.runtime.block_on(async {
            let tasks: Vec<_> = (0..32)
                .map(|_| {
                    let (store, arrival) = (Arc::clone(&bench.store), bench.arrival());
                    tokio::spawn(async move { store.accept(&arrival).await })
                })
                .collect();
            for task in tasks {
                task.await.expect("task").expect("accept");
            }
        });
    });
}

/// Lease, intent, outcome with a record.
#[divan::bench]
fn step(bencher: Bencher) {
    let bench = Bench::with(1000);
    bench.runtime.block_on(bench.store.accept(&bench.arrival())).expect("accept");
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1);
    let until = now + SignedDuration::from_secs(60);
    let end = Finished {
        fact: json!({"ok": true}),
        position: Position::At(Step::Authorize),
        outcome: None,
        at: now,
        records: vec![record(1)],
        pull: None,
        closed_runs: Vec::new(),
    };
    bencher.bench_local(|| {
        bench.runtime.block_on(async {
            let lease = bench.store.lease("bench", now, until).await.expect("lease").expect("due");
            bench.store.record_intent(&lease, &json!({"ask": 1}), now).await.expect("intend");
            bench.store.finish(&lease, &end).await.expect("finish")
        })
    });
}

/// A signed checkpoint and an inclusion proof.
#[divan::bench(args = [1000, 100_000])]
fn prove(bencher: Bencher, leaves: u64) {
    let bench = Bench::with(leaves);
    let notary = Notary::new(SignerKey::from_seed("bench", [1; 32]).expect("key"));
    let store = bench.store.as_ref();
    bencher.bench_local(|| bench.runtime.block_on(notary.prove_leaf(store, leaves / 3)).expect("proof"));
}
