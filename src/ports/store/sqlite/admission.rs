//! Statements of admission and proposals: which runs wait, which hold targets, which pull requests may still be open.
//!
//! `domain::admission` decides; here its decision is stored under the database's one write lock, so that it holds for all
//! workers of all processes, and after a restart. The table is called `turns`, its columns `ticket`, `passed_at` and
//! `left_at`: the claim, when it was granted, when it was released.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::super::error::StoreError;
use super::super::queue::{Finished, Lease};
use super::super::view::Run;
use super::error::unavailable;
use super::rows::{RUN, json, micros, run as run_of, text_of, timestamp, value_of};
use crate::domain::admission::{Admission, Quotas, RegisteredClaim, TargetClaim, admit, counted_from};
use crate::domain::names::{RepositoryName, RunId};
use crate::domain::run::{Outcome, Position, Step};

/// Registers a claim, if its run has none yet, decides on it, and stores a grant.
pub(super) async fn decide(
    connection: &mut SqliteConnection,
    claim: &TargetClaim,
    quotas: &Quotas,
    now: Timestamp,
) -> Result<Admission, StoreError> {
    sqlx::query("INSERT INTO turns (run, ticket) VALUES (?, ?) ON CONFLICT (run) DO NOTHING")
        .bind(claim.run.as_str())
        .bind(json(claim)?)
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?;
    let (number, claim, granted): (i64, String, Option<i64>) =
        sqlx::query_as("SELECT number, ticket, passed_at FROM turns WHERE run = ?")
            .bind(claim.run.as_str())
            .fetch_one(&mut *connection)
            .await
            .map_err(unavailable)?;
    if granted.is_some() {
        return Ok(Admission::Granted { taken_from: Vec::new() });
    }
    let claim: TargetClaim = value_of(&claim)?;
    let decided = admit(&claim, &others(connection, number, now).await?, quotas, now);
    if let Admission::Granted { taken_from } = &decided {
        sqlx::query("UPDATE turns SET passed_at = ? WHERE number = ?")
            .bind(micros(now))
            .bind(number)
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
        for loser in taken_from {
            sqlx::query("UPDATE turns SET taken_by = ? WHERE run = ?")
                .bind(claim.run.as_str())
                .bind(loser.as_str())
                .execute(&mut *connection)
                .await
                .map_err(unavailable)?;
        }
    }
    Ok(decided)
}

/// The other claims that matter to the one with this number, in the order of their registration.
async fn others(
    connection: &mut SqliteConnection,
    number: i64,
    now: Timestamp,
) -> Result<Vec<RegisteredClaim>, StoreError> {
    let rows = sqlx::query(
        "SELECT ticket, passed_at, left_at IS NOT NULL FROM turns WHERE number <> ?1 \
         AND (left_at IS NULL AND (passed_at IS NOT NULL OR number < ?1) OR passed_at > ?2 AND passed_at <= ?3) \
         ORDER BY number",
    )
    .bind(number)
    .bind(micros(counted_from(now)))
    // What is granted later than now was granted by a clock that was ahead.
    .bind(micros(now))
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    rows.iter().map(registered_claim).collect()
}

fn registered_claim(row: &SqliteRow) -> Result<RegisteredClaim, StoreError> {
    let claim: String = row.try_get(0).map_err(unavailable)?;
    let granted: Option<i64> = row.try_get(1).map_err(unavailable)?;
    Ok(RegisteredClaim {
        claim: value_of(&claim)?,
        granted_at: granted.map(timestamp).transpose()?,
        released: row.try_get(2).map_err(unavailable)?,
    })
}

/// The run that took a run's targets.
pub(super) async fn taken_by(
    connection: &mut SqliteConnection,
    run: &RunId,
) -> Result<Option<RunId>, StoreError> {
    let found: Option<Option<String>> = sqlx::query_scalar("SELECT taken_by FROM turns WHERE run = ?")
        .bind(run.as_str())
        .fetch_optional(connection)
        .await
        .map_err(unavailable)?;
    found.flatten().map(text_of).transpose()
}

/// Updates claims and proposals at the end of a step.
pub(super) async fn follow(
    connection: &mut SqliteConnection,
    lease: &Lease,
    finished: &Finished,
) -> Result<(), StoreError> {
    if matches!(finished.outcome, Some(Outcome::Proposed { .. })) {
        sqlx::query("INSERT INTO proposals (run, repository) VALUES (?, ?) ON CONFLICT (run) DO NOTHING")
            .bind(lease.run.id.as_str())
            .bind(lease.run.subject.repository.as_str())
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    for run in &finished.closed_runs {
        sqlx::query("DELETE FROM proposals WHERE run = ?")
            .bind(run.as_str())
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    match finished.position {
        Position::At(Step::Report) | Position::Settled => {
            release(connection, &lease.run.id, finished.at).await
        }
        Position::At(_) => Ok(()),
    }
}

/// Releases a run's claim; the runs that wait for admission become due at once.
async fn release(connection: &mut SqliteConnection, run: &RunId, at: Timestamp) -> Result<(), StoreError> {
    let released = sqlx::query("UPDATE turns SET left_at = ? WHERE run = ? AND left_at IS NULL")
        .bind(micros(at))
        .bind(run.as_str())
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?
        .rows_affected();
    if released == 0 {
        return Ok(());
    }
    sqlx::query(
        "UPDATE runs SET due_at = min(due_at, ?) WHERE step = ? AND leased_by IS NULL AND id IN \
         (SELECT run FROM turns WHERE left_at IS NULL AND passed_at IS NULL)",
    )
    .bind(micros(at))
    .bind(Step::Turn.as_str())
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// The runs of a repository whose pull requests are not known to be closed, oldest first.
pub(super) async fn proposed(
    connection: &mut SqliteConnection,
    repository: &RepositoryName,
) -> Result<Vec<Run>, StoreError> {
    let statement = format!(
        "SELECT {RUN} FROM runs WHERE id IN (SELECT run FROM proposals WHERE repository = ?) \
         ORDER BY created_at, rowid"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(repository.as_str())
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    rows.iter().map(run_of).collect()
}
