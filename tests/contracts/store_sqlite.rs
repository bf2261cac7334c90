//! The SQLite adapter: the contract, and what only a file can do: reopen, refuse, be tampered with.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use writ::domain::admission::{Admission, Quotas};
use writ::domain::run::{Position, Step};
use writ::ports::store::{
    Accepted, Arrival, Inbox as _, LedgerStore as _, RunView as _, SqliteStore, StepQueue as _, Store,
    StoreError,
};

use super::store::{arrival, at, claim, finished, run_id, store_contract};

async fn fresh() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().expect("folder");
    let store = SqliteStore::open(&folder.path().join("writ.db")).await.expect("open");
    (Arc::new(store), folder)
}

store_contract!(fresh);

/// Runs SQL on the file as somebody with the `sqlite3` program would.
async fn behind_its_back(path: &Path, sql: &'static str) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await?;
    sqlx::raw_sql(sql).execute(&mut connection).await?;
    connection.close().await
}

#[tokio::test]
async fn an_open_intent_survives_a_restart() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("writ.db");
    let store = SqliteStore::open(&path).await.expect("open");
    store.accept(&arrival("d1", 1, 0)).await.expect("accept");
    let held = store.lease("before", at(0), at(60)).await.expect("lease").expect("due");
    store.record_intent(&held, &json!({"push": "branch"}), at(1)).await.expect("intend");
    store.close().await;
    drop(store);

    let store = SqliteStore::open(&path).await.expect("open again");
    assert!(store.lease("after", at(2), at(62)).await.expect("lease").is_none(), "still leased");
    let taken = store.lease("after", at(60), at(120)).await.expect("lease").expect("expired");
    assert_eq!(taken.earlier_intent, Some(json!({"push": "branch"})));
    store.finish(&taken, &finished(Position::At(Step::Plan), 61)).await.expect("finish");
    assert_eq!(store.run(&run_id(1)).await.expect("run").expect("there").position, Position::At(Step::Plan));
}

#[tokio::test]
async fn two_processes_share_a_file() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("writ.db");
    let (one, two) =
        (SqliteStore::open(&path).await.expect("one"), SqliteStore::open(&path).await.expect("two"));
    let accept = |store: SqliteStore, first: u64| async move {
        for number in first..first + 20 {
            store.accept(&arrival(&format!("d{number}"), number, 0)).await.expect("accept");
        }
    };
    tokio::join!(accept(one.clone(), 0), accept(two.clone(), 20));
    assert_eq!(one.ledger_size().await.expect("size"), 40);
    assert!(two.problems().await.expect("problems").is_empty());
}

#[tokio::test]
async fn the_ledger_cannot_be_changed() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("writ.db");
    let store = SqliteStore::open(&path).await.expect("open");
    for number in 0..3 {
        store.accept(&arrival(&format!("d{number}"), number, 0)).await.expect("accept");
    }
    store.keep_checkpoint(3, "note").await.expect("keep");
    for statement in [
        "UPDATE leaves SET data = x'00' WHERE position = 1",
        "DELETE FROM leaves WHERE position = 2",
        "INSERT OR REPLACE INTO leaves (position, data) VALUES (1, x'00')",
        "INSERT INTO leaves (position, data) VALUES (7, x'00')",
        "UPDATE nodes SET hash = zeroblob(32)",
        "DELETE FROM nodes WHERE level = 0",
        "INSERT OR REPLACE INTO nodes (level, position, hash) VALUES (0, 1, zeroblob(32))",
        "UPDATE checkpoints SET note = 'other'",
        "DELETE FROM checkpoints",
        "INSERT OR REPLACE INTO checkpoints (id, size, note) VALUES (1, 3, 'other')",
        "INSERT OR REPLACE INTO checkpoints (id, size, note) VALUES (2, 3, 'note')",
    ] {
        let refused = behind_its_back(&path, statement).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{statement}: {refused}");
    }
    assert!(store.problems().await.expect("problems").is_empty());
}

#[tokio::test]
async fn a_missing_or_changed_trigger_is_named() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("writ.db");
    let store = SqliteStore::open(&path).await.expect("open");
    behind_its_back(
        &path,
        "DROP TRIGGER leaves_update; DROP TRIGGER nodes_delete;
         CREATE TRIGGER nodes_delete BEFORE DELETE ON nodes BEGIN SELECT 1; END",
    )
    .await
    .expect("drop");
    let problems = store.problems().await.expect("problems");
    assert!(problems.iter().any(|line| line.contains("`leaves_update` is missing")), "{problems:?}");
    assert!(problems.iter().any(|line| line.contains("`nodes_delete` was altered")), "{problems:?}");
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("writ.db");
    SqliteStore::open(&path).await.expect("open").close().await;
    behind_its_back(&path, "PRAGMA user_version = 99").await.expect("raise");
    for refused in [SqliteStore::open(&path).await, SqliteStore::open_to_read(&path).await] {
        assert!(matches!(refused, Err(StoreError::Newer { found: 99, .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_kept() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("notes.txt");
    let text = "this is not a database, ".repeat(100);
    std::fs::write(&path, &text).expect("write");
    let refused = SqliteStore::open(&path).await.expect_err("text");
    assert!(refused.to_string().contains("not a SQLite database"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).expect("read"), text);

    let path = folder.path().join("other.db");
    let mut other =
        SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.expect("new");
    sqlx::raw_sql("CREATE TABLE theirs (x)").execute(&mut other).await.expect("create");
    other.close().await.expect("close");
    let refused = SqliteStore::open(&path).await.expect_err("another program's");
    assert!(refused.to_string().contains("belongs to a different program"), "{refused}");
}

#[tokio::test]
async fn a_damaged_file_is_a_clear_error() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("writ.db");
    let store = SqliteStore::open(&path).await.expect("open");
    for number in 0..50 {
        store.accept(&arrival(&format!("d{number}"), number, 0)).await.expect("accept");
    }
    store.close().await;
    let mut bytes = std::fs::read(&path).expect("read");
    let page = 4096;
    // The schema's page stays whole; every table's is overwritten.
    bytes[3 * page..].fill(0xAA);
    std::fs::write(&path, bytes).expect("write");
    let error = match SqliteStore::open(&path).await {
        Ok(store) => store.leaves(0, 100).await.expect_err("damaged"),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn reading_neither_creates_nor_changes() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("writ.db");
    let missing = SqliteStore::open_to_read(&path).await.expect_err("missing");
    assert!(matches!(missing, StoreError::Unavailable(_)), "{missing:?}");
    assert!(!path.exists());
    SqliteStore::open(&path).await.expect("open").close().await;
    let store = SqliteStore::open_to_read(&path).await.expect("read");
    assert_eq!(store.ledger_size().await.expect("size"), 0);
    assert!(store.accept(&arrival("d1", 1, 0)).await.is_err());
}

async fn opened() -> (SqliteStore, TempDir) {
    let folder = TempDir::new().expect("folder");
    (SqliteStore::open(&folder.path().join("writ.db")).await.expect("open"), folder)
}

/// 400 days: how far a clock was ahead.
const AHEAD: i64 = 400 * 24 * 3600;

#[tokio::test]
async fn a_lease_of_a_clock_that_was_ahead_blocks_nothing() {
    let (store, _folder) = opened().await;
    store.accept(&arrival("d1", 1, 0)).await.expect("accept");
    let ahead = store.lease("ahead", at(AHEAD), at(AHEAD + 60)).await.expect("lease").expect("due");
    let lease = store.lease("right", at(10), at(70)).await.expect("lease").expect("its run is free");
    assert_eq!(lease.run.id, run_id(1));
    let finished_late = store.finish(&ahead, &finished(Position::At(Step::Plan), AHEAD)).await;
    assert!(matches!(finished_late, Err(StoreError::LeaseLost(_))), "{finished_late:?}");
    assert!(store.lease("other", at(20), at(80)).await.expect("lease").is_none(), "leased once, as ever");
}

#[tokio::test]
async fn a_step_that_a_clock_ahead_put_off_is_due() {
    let (store, _folder) = opened().await;
    store.accept(&arrival("d1", 1, AHEAD)).await.expect("accept");
    let lease =
        store.lease("right", at(10), at(70)).await.expect("lease").expect("a run of the future is due");
    store.postpone(&lease, "gone", at(AHEAD), at(AHEAD + 15)).await.expect("postpone");
    let lease = store.lease("right", at(20), at(80)).await.expect("lease").expect("due again");
    store.postpone(&lease, "gone", at(20), at(35)).await.expect("postpone");
    assert!(store.lease("right", at(34), at(94)).await.expect("lease").is_none(), "put off by a right clock");
    let postponed = store.postponed(9).await.expect("read");
    assert_eq!(postponed.len(), 1);
    assert_eq!((postponed[0].problem.as_str(), postponed[0].due), ("gone", at(35)));
}

#[tokio::test]
async fn grants_of_a_clock_that_was_ahead_fill_no_quota() {
    let (store, _folder) = opened().await;
    let quotas = Quotas { actor: 1, lane: 1, repository: 1, commands: 100 };
    for (number, seconds) in [(1, AHEAD), (2, 10)] {
        store.accept(&arrival(&format!("d{number}"), number, 0)).await.expect("accept");
        let claim = claim(number, &format!("apps/{number}.yaml"));
        let lease = store.lease("one", at(10), at(70)).await.expect("lease").expect("due");
        let admitted = store.admit(&claim, &quotas, at(seconds)).await.expect("admit");
        assert!(matches!(admitted, Admission::Granted { .. }), "{number}: {admitted:?}");
        store.finish(&lease, &finished(Position::Settled, seconds)).await.expect("finish");
    }
}

#[tokio::test]
async fn one_delivery_id_with_two_bodies_is_two_deliveries() {
    let (store, _folder) = opened().await;
    let first = arrival("d1", 1, 0);
    let second = Arrival { body_sha256: "1".repeat(64), ..arrival("d1", 2, 1) };
    for arrival in [&first, &second] {
        assert!(matches!(store.accept(arrival).await.expect("accept"), Accepted::Stored { .. }));
    }
    for arrival in [&first, &second] {
        let run = Some(arrival.runs[0].id.clone());
        assert_eq!(store.accept(arrival).await.expect("again"), Accepted::Duplicate { run });
    }
}

#[tokio::test]
async fn nothing_is_written_once_the_file_is_gone() {
    let (store, folder) = opened().await;
    let path = folder.path().join("writ.db");
    store.accept(&arrival("d1", 1, 0)).await.expect("accept");
    store.probe().await.expect("in place");
    std::fs::rename(&path, folder.path().join("elsewhere")).expect("moved");
    for written in [store.accept(&arrival("d2", 2, 0)).await.map(drop), store.probe().await] {
        assert!(matches!(written, Err(StoreError::Replaced(_))), "{written:?}");
    }
    std::fs::write(&path, "").expect("another file");
    assert!(matches!(store.probe().await, Err(StoreError::Replaced(_))));
    std::fs::remove_file(&path).expect("removed");
    std::fs::rename(folder.path().join("elsewhere"), &path).expect("put back");
    store.probe().await.expect("in place again");
}

/// Futures that are dropped in the middle of their transactions leave the one writer usable.
#[tokio::test]
async fn a_write_that_is_given_up_leaves_the_next_one_alone() {
    let (store, _folder) = opened().await;
    for number in 0..50 {
        let given_up = arrival("d1", 1, 0);
        let accept = store.accept(&given_up);
        // After so many polls, wherever that is.
        let _ = tokio::time::timeout(std::time::Duration::from_micros(number * 20), accept).await;
    }
    store.accept(&arrival("d2", 2, 0)).await.expect("accept");
    assert!(store.lease("one", at(0), at(60)).await.expect("lease").is_some());
}
