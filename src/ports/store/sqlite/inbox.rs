//! Statements of the inbox: deliveries, and the runs that they create.

use sqlx::SqliteConnection;

use super::super::error::StoreError;
use super::super::inbox::{Arrival, NewRun};
use super::accounts::{number, priority_of, stored};
use super::error::unavailable;
use super::rows::{json, micros, outcome_text, step, text_of};
use crate::domain::names::RunId;
use crate::domain::run::requeue;

/// How a delivery was received.
pub(super) enum Received {
    /// It is stored.
    Stored {
        /// The run of each that it asked for: created, or the one that it was merged into.
        runs: Vec<RunId>,
    },
    /// It, or one of its runs, was stored before.
    Duplicate {
        /// The run of the earlier delivery, if it created one.
        run: Option<RunId>,
    },
}

/// Stores a delivery and its runs, unless one of them was stored before.
pub(super) async fn accept(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
) -> Result<Received, StoreError> {
    if let Some(run) = earlier(connection, arrival).await? {
        return Ok(Received::Duplicate { run });
    }
    let mut runs = Vec::with_capacity(arrival.runs.len());
    for run in &arrival.runs {
        match merge(connection, arrival, run).await? {
            Some(waiting) => runs.push(waiting),
            None => {
                insert_run(connection, arrival, run).await?;
                runs.push(run.id.clone());
            }
        }
    }
    sqlx::query(
        "INSERT INTO deliveries (id, event, content_key, body_sha256, received_at, run) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&arrival.delivery)
    .bind(&arrival.event)
    .bind(&arrival.content_key)
    .bind(&arrival.body_sha256)
    .bind(micros(arrival.received_at))
    .bind(runs.first().map(RunId::as_str))
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(Received::Stored { runs })
}

/// Writes about as much as a delivery does, and takes it back: the pages stay free for what comes next.
pub(super) async fn probe(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for statement in ["INSERT INTO probes (filler) VALUES (zeroblob(16384))", "DELETE FROM probes"] {
        sqlx::query(statement).execute(&mut *connection).await.map_err(unavailable)?;
    }
    Ok(())
}

/// Requeues a waiting run of the same queue, if there is one, in place of a new one: it has not read the new state yet.
///
/// A run whose lease has merely expired does not count as waiting: its worker may have read the old state and still
/// write a result.
async fn merge(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
    run: &NewRun,
) -> Result<Option<RunId>, StoreError> {
    let Some(queue) = &run.queue else { return Ok(None) };
    let waiting: Option<(String, String)> = sqlx::query_as(
        "SELECT id, step FROM runs WHERE queue = ? AND step IS NOT NULL AND leased_by IS NULL \
         ORDER BY rowid DESC LIMIT 1",
    )
    .bind(queue)
    .fetch_optional(&mut *connection)
    .await
    .map_err(unavailable)?;
    let Some((id, waits_for)) = waiting else { return Ok(None) };
    let Some(first) = requeue(step(&waits_for)?) else { return Ok(None) };
    let now = micros(arrival.received_at);
    sqlx::query(
        "UPDATE runs SET step = ?1, outcome = NULL, attempts = 0, due_at = ?2, updated_at = ?2 WHERE id = ?3",
    )
    .bind(first.as_str())
    .bind(now)
    .bind(&id)
    .execute(connection)
    .await
    .map_err(unavailable)?;
    text_of(id).map(Some)
}

/// The run of an earlier delivery of the same: `None` when this is new, `Some(None)` when the earlier created no run.
async fn earlier(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
) -> Result<Option<Option<RunId>>, StoreError> {
    let found: Option<Option<String>> = sqlx::query_scalar(
        "SELECT run FROM deliveries WHERE id = ?1 AND body_sha256 = ?4 \
         UNION ALL SELECT run FROM deliveries WHERE content_key = ?2 \
         UNION ALL SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?3)) LIMIT 1",
    )
    .bind(&arrival.delivery)
    .bind(&arrival.content_key)
    .bind(json(&arrival.runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>())?)
    .bind(&arrival.body_sha256)
    .fetch_optional(connection)
    .await
    .map_err(unavailable)?;
    found.map(|run| run.map(text_of).transpose()).transpose()
}

async fn insert_run(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
    run: &NewRun,
) -> Result<(), StoreError> {
    let received = micros(arrival.received_at);
    let priority = priority_of(connection, run, arrival.received_at).await?;
    sqlx::query(
        "INSERT INTO runs \
             (id, subject, delivery, command, request, step, outcome, created_at, updated_at, due_at, queue, \
              work, actor, priority) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(run.id.as_str())
    .bind(run.subject.to_string())
    .bind(&arrival.delivery)
    .bind(run.command.to_string())
    .bind(run.request.as_ref().map(json).transpose()?)
    .bind(run.position.as_str())
    .bind(outcome_text(run.outcome.as_ref())?)
    .bind(received)
    .bind(received)
    .bind(received)
    .bind(&run.queue)
    .bind(run.work.as_str())
    .bind(run.actor.map(number))
    .bind(stored(priority))
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}
