//! Statements of runs and their steps: leases, intents, outcomes.
//!
//! A lease is valid while its fence is the run's: the next lease raises the fence, and a release clears the holder.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::SqliteConnection;

use super::super::error::StoreError;
use super::super::queue::{Finished, Lease};
use super::super::view::{Run, StepEntry};
use super::error::unavailable;
use super::rows::{RUN, column, json, micros, outcome_text, run as run_of, step_entry, timestamp, value_of};
use crate::domain::names::RunId;
use crate::domain::run::Position;

/// Whether no earlier run of the same queue is unfinished.
const FIRST_OF_QUEUE: &str = "(queue IS NULL OR NOT EXISTS (SELECT 1 FROM runs AS earlier \
     WHERE earlier.queue = runs.queue AND earlier.due_at IS NOT NULL AND earlier.rowid < runs.rowid))";

/// Leases the run that has been due longest.
pub(super) async fn lease(
    connection: &mut SqliteConnection,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>, StoreError> {
    let statement = format!(
        "UPDATE runs SET fence = fence + 1, attempts = attempts + 1, leased_by = ?1, leased_until = ?3 \
         WHERE id = (SELECT id FROM runs WHERE due_at <= ?2 AND (leased_until IS NULL OR leased_until <= ?2) \
                     AND {FIRST_OF_QUEUE} ORDER BY due_at, created_at, id LIMIT 1) RETURNING fence, {RUN}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(worker)
        .bind(micros(now))
        .bind(micros(until))
        .fetch_optional(&mut *connection)
        .await
        .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let run = run_of(&row)?;
    let Position::At(step) = run.position else {
        return Err(StoreError::Corrupt(format!("run `{}` is over and due", run.id)));
    };
    let earlier: Option<String> = sqlx::query_scalar(
        "SELECT intent FROM steps WHERE run = ? AND step = ? AND intent IS NOT NULL AND outcome IS NULL \
         ORDER BY id DESC LIMIT 1",
    )
    .bind(run.id.as_str())
    .bind(step.as_str())
    .fetch_optional(&mut *connection)
    .await
    .map_err(unavailable)?;
    sqlx::query("INSERT INTO steps (run, step, attempt, worker, started_at) VALUES (?, ?, ?, ?, ?)")
        .bind(run.id.as_str())
        .bind(step.as_str())
        .bind(run.attempts)
        .bind(worker)
        .bind(micros(now))
        .execute(connection)
        .await
        .map_err(unavailable)?;
    let earlier_intent = earlier.as_deref().map(value_of).transpose()?;
    Ok(Some(Lease { fence: column(&row, "fence")?, run, step, earlier_intent }))
}

/// Writes an intent into the try's row, or into one more row when the try has an intent already.
pub(super) async fn record_intent(
    connection: &mut SqliteConnection,
    lease: &Lease,
    intent: &Value,
    at: Timestamp,
) -> Result<(), StoreError> {
    check_lease(connection, lease).await?;
    let changed = sqlx::query(
        "UPDATE steps SET intent = ? WHERE run = ? AND step = ? AND attempt = ? \
         AND finished_at IS NULL AND intent IS NULL",
    )
    .bind(intent.to_string())
    .bind(lease.run.id.as_str())
    .bind(lease.step.as_str())
    .bind(lease.run.attempts)
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?
    .rows_affected();
    if changed == 0 {
        sqlx::query(
            "INSERT INTO steps (run, step, attempt, worker, started_at, intent) \
             SELECT id, ?, attempts, leased_by, ?, ? FROM runs WHERE id = ?",
        )
        .bind(lease.step.as_str())
        .bind(micros(at))
        .bind(intent.to_string())
        .bind(lease.run.id.as_str())
        .execute(connection)
        .await
        .map_err(unavailable)?;
    }
    Ok(())
}

/// Writes the outcome, moves the run and releases the lease.
pub(super) async fn finish(
    connection: &mut SqliteConnection,
    lease: &Lease,
    finished: &Finished,
) -> Result<(), StoreError> {
    check_lease(connection, lease).await?;
    let fact = json(&finished.fact)?;
    sqlx::query(
        "UPDATE steps SET finished_at = ?, outcome = ? \
         WHERE run = ? AND step = ? AND attempt = ? AND finished_at IS NULL",
    )
    .bind(micros(finished.at))
    .bind(&fact)
    .bind(lease.run.id.as_str())
    .bind(lease.step.as_str())
    .bind(lease.run.attempts)
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    let mut facts = lease.run.facts.clone();
    facts.insert(lease.step.as_str().to_owned(), finished.fact.clone());
    let next = match finished.position {
        Position::At(step) => Some(step.as_str()),
        Position::Settled => None,
    };
    sqlx::query(
        "UPDATE runs SET step = ?1, outcome = coalesce(?2, outcome), facts = ?3, attempts = 0, updated_at = ?4, \
         due_at = iif(?1 IS NULL, NULL, ?4), leased_by = NULL, leased_until = NULL WHERE id = ?5",
    )
    .bind(next)
    .bind(outcome_text(finished.outcome.as_ref())?)
    .bind(json(&facts)?)
    .bind(micros(finished.at))
    .bind(lease.run.id.as_str())
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Moves the end of the lease.
pub(super) async fn extend(
    connection: &mut SqliteConnection,
    lease: &Lease,
    until: Timestamp,
) -> Result<(), StoreError> {
    check_lease(connection, lease).await?;
    sqlx::query("UPDATE runs SET leased_until = ? WHERE id = ?")
        .bind(micros(until))
        .bind(lease.run.id.as_str())
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// Writes the problem and releases the lease; `times` are now and when the step is due again.
pub(super) async fn postpone(
    connection: &mut SqliteConnection,
    lease: &Lease,
    problem: &str,
    times: (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    check_lease(connection, lease).await?;
    sqlx::query(
        "UPDATE steps SET finished_at = ?, problem = ? \
         WHERE run = ? AND step = ? AND attempt = ? AND finished_at IS NULL",
    )
    .bind(micros(times.0))
    .bind(problem)
    .bind(lease.run.id.as_str())
    .bind(lease.step.as_str())
    .bind(lease.run.attempts)
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    sqlx::query(
        "UPDATE runs SET due_at = ?, updated_at = ?, leased_by = NULL, leased_until = NULL WHERE id = ?",
    )
    .bind(micros(times.1))
    .bind(micros(times.0))
    .bind(lease.run.id.as_str())
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Resets the count of attempts of the next step: waiting does not count as one.
pub(super) async fn reset_attempts(connection: &mut SqliteConnection, id: &RunId) -> Result<(), StoreError> {
    sqlx::query("UPDATE runs SET attempts = 0 WHERE id = ?")
        .bind(id.as_str())
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// When the next step may be leased: when it is due, or when the lease on it expires.
pub(super) async fn next_due(connection: &mut SqliteConnection) -> Result<Option<Timestamp>, StoreError> {
    let statement = format!(
        "SELECT min(max(due_at, coalesce(leased_until, due_at))) FROM runs \
         WHERE due_at IS NOT NULL AND {FIRST_OF_QUEUE}"
    );
    let due: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
        .fetch_one(connection)
        .await
        .map_err(unavailable)?;
    due.map(timestamp).transpose()
}

/// The latest runs that satisfy a constant condition, newest first.
pub(super) async fn latest(
    connection: &mut SqliteConnection,
    which: &'static str,
    limit: u32,
) -> Result<Vec<Run>, StoreError> {
    let statement =
        format!("SELECT {RUN} FROM runs WHERE {which} ORDER BY created_at DESC, rowid DESC LIMIT ?");
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(limit)
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    rows.iter().map(run_of).collect()
}

/// The runs after one, by id.
pub(super) async fn by_id(
    connection: &mut SqliteConnection,
    after: Option<&RunId>,
    limit: u32,
) -> Result<Vec<Run>, StoreError> {
    let statement = format!("SELECT {RUN} FROM runs WHERE id > ? ORDER BY id LIMIT ?");
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(after.map_or("", RunId::as_str))
        .bind(limit)
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    rows.iter().map(run_of).collect()
}

/// One run.
pub(super) async fn one(connection: &mut SqliteConnection, id: &RunId) -> Result<Option<Run>, StoreError> {
    let statement = format!("SELECT {RUN} FROM runs WHERE id = ?");
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(unavailable)?;
    row.as_ref().map(run_of).transpose()
}

/// A run's tries, oldest first.
pub(super) async fn timeline(
    connection: &mut SqliteConnection,
    id: &RunId,
) -> Result<Vec<StepEntry>, StoreError> {
    let rows = sqlx::query(
        "SELECT step, attempt, worker, started_at, intent, finished_at, problem, outcome \
         FROM steps WHERE run = ? ORDER BY id",
    )
    .bind(id.as_str())
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    rows.iter().map(step_entry).collect()
}

/// Refuses a lease that is no longer the run's.
async fn check_lease(connection: &mut SqliteConnection, lease: &Lease) -> Result<(), StoreError> {
    let held: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM runs WHERE id = ? AND fence = ? AND leased_by IS NOT NULL")
            .bind(lease.run.id.as_str())
            .bind(lease.fence)
            .fetch_optional(connection)
            .await
            .map_err(unavailable)?;
    held.map(drop).ok_or_else(|| StoreError::LeaseLost(lease.run.id.clone()))
}
