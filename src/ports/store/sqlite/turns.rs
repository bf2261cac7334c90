//! Statements of turns and proposals: who waits, who holds what, which pull requests may still be open.
//!
//! Whose turn it is, `domain::turn` says; here it is asked and its answer kept under the database's one write lock, so
//! that it holds for all workers of all processes, and after a restart.

use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use super::rows::{RUN, json, micros, run as run_of, text_of, timestamp, value_of};
use super::{Finished, Lease, Run, StoreError, unavailable};
use crate::domain::names::{RepositoryName, RunId};
use crate::domain::run::{Outcome, Position, Step};
use crate::domain::turn::{Place, Quotas, Ticket, Turn, counted_from, turn};

/// Puts a run into the line, if it is not there, and keeps whether it is its turn.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    ticket: &Ticket,
    quotas: &Quotas,
    now: Timestamp,
) -> Result<Turn, StoreError> {
    sqlx::query("INSERT INTO turns (run, ticket) VALUES (?, ?) ON CONFLICT (run) DO NOTHING")
        .bind(ticket.run.as_str())
        .bind(json(ticket)?)
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?;
    let (number, ticket, passed): (i64, String, Option<i64>) =
        sqlx::query_as("SELECT number, ticket, passed_at FROM turns WHERE run = ?")
            .bind(ticket.run.as_str())
            .fetch_one(&mut *connection)
            .await
            .map_err(unavailable)?;
    if passed.is_some() {
        return Ok(Turn::Pass { taken_from: Vec::new() });
    }
    let ticket: Ticket = value_of(&ticket)?;
    let decided = turn(&ticket, &others(connection, number, now).await?, quotas, now);
    if let Turn::Pass { taken_from } = &decided {
        sqlx::query("UPDATE turns SET passed_at = ? WHERE number = ?")
            .bind(micros(now))
            .bind(number)
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
        for loser in taken_from {
            sqlx::query("UPDATE turns SET taken_by = ? WHERE run = ?")
                .bind(ticket.run.as_str())
                .bind(loser.as_str())
                .execute(&mut *connection)
                .await
                .map_err(unavailable)?;
        }
    }
    Ok(decided)
}

/// The places that matter to the one with this number, in the order in which they came.
async fn others(
    connection: &mut SqliteConnection,
    number: i64,
    now: Timestamp,
) -> Result<Vec<Place>, StoreError> {
    let rows = sqlx::query(
        "SELECT ticket, passed_at, left_at IS NOT NULL FROM turns WHERE number <> ?1 \
         AND (left_at IS NULL AND (passed_at IS NOT NULL OR number < ?1) OR passed_at > ?2) ORDER BY number",
    )
    .bind(number)
    .bind(micros(counted_from(now)))
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    let place = |row: &sqlx::sqlite::SqliteRow| {
        let ticket: String = row.try_get(0).map_err(unavailable)?;
        let passed: Option<i64> = row.try_get(1).map_err(unavailable)?;
        let left = row.try_get(2).map_err(unavailable)?;
        Ok(Place { ticket: value_of(&ticket)?, passed_at: passed.map(timestamp).transpose()?, left })
    };
    rows.iter().map(place).collect()
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

/// Keeps what the end of a step means for the line and the proposals.
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
    for run in &finished.over {
        sqlx::query("DELETE FROM proposals WHERE run = ?")
            .bind(run.as_str())
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    match finished.position {
        Position::At(Step::Report) | Position::Settled => leave(connection, &lease.run.id, finished.at).await,
        Position::At(_) => Ok(()),
    }
}

/// Takes a run out of the line; whoever waits looks again at once.
async fn leave(connection: &mut SqliteConnection, run: &RunId, at: Timestamp) -> Result<(), StoreError> {
    let left = sqlx::query("UPDATE turns SET left_at = ? WHERE run = ? AND left_at IS NULL")
        .bind(micros(at))
        .bind(run.as_str())
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?
        .rows_affected();
    if left == 0 {
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

/// The runs of a repository whose pull requests are not known to be over, oldest first.
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
