//! Statements of runs and their steps: leases, intents, outcomes.
//!
//! A lease is valid while its fence is the run's: the next lease raises the fence, and a release clears the holder.
//! `domain::priority` says in which order runs are leased; the priorities 0 and 1 are containments.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::SqliteConnection;

use super::super::error::StoreError;
use super::super::queue::{Finished, Lease};
use super::super::view::{Postponed, Run, StepEntry};
use super::error::unavailable;
use super::rows::{
    RUN, column, json, micros, outcome_text, run as run_of, step, step_entry, text_of, timestamp, value_of,
};
use crate::domain::names::RunId;
use crate::domain::priority::{IN_FLIGHT, Priority};
use crate::domain::run::{Position, Step};

/// Whether no earlier run of the same queue is unfinished.
const FIRST_OF_QUEUE: &str = "(queue IS NULL OR NOT EXISTS (SELECT 1 FROM runs AS earlier \
     WHERE earlier.queue = runs.queue AND earlier.due_at IS NOT NULL AND earlier.rowid < runs.rowid))";

/// No step is postponed for longer, and no lease is longer. What lies further ahead was written by a clock that had jumped
/// ahead and has gone back since; it counts as over.
const LONGEST_DELAY: SignedDuration = SignedDuration::from_hours(2);
const LONGEST_LEASE: SignedDuration = SignedDuration::from_mins(20);

/// Whether a run may be leased at `?2`; `?5` and `?6` are the latest times at which a step can be due and a lease can end.
const FREE: &str = "(due_at <= ?2 OR due_at > ?5) \
     AND (leased_until IS NULL OR leased_until <= ?2 OR leased_until > ?6)";

/// Whether a run, as `gate`, is a containment whose pull request is not open and whose end is not decided.
const IS_GATE: &str =
    "gate.due_at IS NOT NULL AND gate.priority <= 1 AND gate.step NOT IN ('close', 'report')";

/// Whether that containment, at `?2`, is due or in flight, the latter not since before `?4`.
const HOLDS: &str = "(gate.due_at <= ?2 OR gate.due_at > ?5) \
     AND (gate.leased_until IS NULL OR gate.leased_until <= ?2 OR gate.leased_until > ?6 OR gate.leased_at > ?4)";

/// Leases the run that comes first.
pub(super) async fn lease(
    connection: &mut SqliteConnection,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>, StoreError> {
    // Containments are few: to know that there are none costs next to nothing, and what follows reads in the order of its
    // index.
    let containment = format!(
        "SELECT id FROM runs WHERE due_at IS NOT NULL AND priority <= 1 AND {FREE} AND NOT EXISTS \
         (SELECT 1 FROM runs AS gate WHERE {IS_GATE} AND {HOLDS} AND gate.priority < runs.priority) \
         ORDER BY priority, created_at, rowid LIMIT 1"
    );
    let other = format!(
        "SELECT id FROM runs WHERE priority > 1 AND {FREE} AND {FIRST_OF_QUEUE} \
         AND NOT EXISTS (SELECT 1 FROM runs AS gate WHERE {IS_GATE} AND {HOLDS}) \
         ORDER BY priority, due_at, created_at, id LIMIT 1"
    );
    let statement = format!(
        "UPDATE runs SET fence = fence + 1, attempts = attempts + 1, leased_by = ?1, leased_at = ?2, \
         leased_until = ?3 WHERE id = coalesce(({containment}), ({other})) RETURNING fence, priority, {RUN}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(worker)
        .bind(micros(now))
        .bind(micros(until))
        .bind(micros(now.checked_sub(IN_FLIGHT).unwrap_or(Timestamp::MIN)))
        .bind(micros(now + LONGEST_DELAY))
        .bind(micros(now + LONGEST_LEASE))
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
    let priority = priority_of(column(&row, "priority")?)?;
    Ok(Some(Lease { fence: column(&row, "fence")?, run, step, priority, earlier_intent }))
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
    // The next step of a containment has been due since its acceptance: a worker that took the time before this step ended,
    // and leases after it, finds it due.
    sqlx::query(
        "UPDATE runs SET step = ?1, outcome = coalesce(?2, outcome), facts = ?3, attempts = 0, updated_at = ?4, \
         due_at = iif(?1 IS NULL, NULL, iif(priority <= 1, created_at, ?4)), leased_by = NULL, leased_until = NULL WHERE id = ?5",
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

/// When the next step may be leased: when it is due, when the lease on it expires, or when the containment before it is
/// expected to let others go on.
pub(super) async fn next_due(connection: &mut SqliteConnection) -> Result<Option<Timestamp>, StoreError> {
    // A containment that is in flight holds up the others; one that is due may itself be leased.
    let statement = format!(
        "SELECT min(max(runs.due_at, coalesce(runs.leased_until, runs.due_at), coalesce(( \
             SELECT max(min(gate.leased_until, gate.leased_at + ?)) FROM runs AS gate \
             WHERE {IS_GATE} AND gate.leased_until IS NOT NULL AND gate.priority < runs.priority), 0))) \
         FROM runs WHERE runs.due_at IS NOT NULL AND {FIRST_OF_QUEUE}"
    );
    let due: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
        .bind(i64::try_from(IN_FLIGHT.as_micros()).unwrap_or(i64::MAX)) // OK because it is a minute.
        .fetch_one(connection)
        .await
        .map_err(unavailable)?;
    due.map(timestamp).transpose()
}

/// The steps that a problem has postponed, those that are due first.
pub(super) async fn postponed(
    connection: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<Postponed>, StoreError> {
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT runs.id, runs.step, steps.problem, runs.due_at FROM runs \
         JOIN steps ON steps.id = (SELECT max(id) FROM steps AS latest WHERE latest.run = runs.id) \
         WHERE runs.due_at IS NOT NULL AND runs.leased_by IS NULL AND runs.step <> ?1 \
         AND steps.step = runs.step AND steps.problem IS NOT NULL ORDER BY runs.due_at LIMIT ?2",
    )
    .bind(Step::Turn.as_str())
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    let postponed = |(run, at, problem, due): (String, String, String, i64)| {
        Ok(Postponed { run: text_of(run)?, step: step(&at)?, problem, due: timestamp(due)? })
    };
    rows.into_iter().map(postponed).collect()
}

fn priority_of(stored: i64) -> Result<Priority, StoreError> {
    let found = usize::try_from(stored).ok().and_then(|index| Priority::ALL.get(index).copied());
    found.ok_or_else(|| StoreError::Corrupt(format!("{stored} is not a priority")))
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
