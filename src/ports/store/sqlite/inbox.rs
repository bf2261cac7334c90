//! Statements of the inbox: deliveries, and the runs that they bring.

use sqlx::SqliteConnection;

use super::rows::{json, micros, outcome_text, text_of};
use super::{Accepted, Arrival, StoreError, unavailable};
use crate::domain::names::RunId;
use crate::ports::store::NewRun;

/// Keeps a delivery and its run, unless one of them was kept before.
pub(super) async fn accept(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
) -> Result<Accepted, StoreError> {
    if let Some(earlier) = earlier(connection, arrival).await? {
        return Ok(Accepted::Duplicate { run: earlier });
    }
    if let Some(run) = &arrival.run {
        insert_run(connection, arrival, run).await?;
    }
    sqlx::query(
        "INSERT INTO deliveries (id, event, content_key, body_sha256, received_at, run) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&arrival.delivery)
    .bind(&arrival.event)
    .bind(&arrival.content_key)
    .bind(&arrival.body_sha256)
    .bind(micros(arrival.received_at))
    .bind(arrival.run.as_ref().map(|run| run.id.as_str()))
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(Accepted::Kept)
}

/// The run of an earlier delivery of the same: `None` when this is new, `Some(None)` when the earlier made no run.
async fn earlier(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
) -> Result<Option<Option<RunId>>, StoreError> {
    let found: Option<Option<String>> = sqlx::query_scalar(
        "SELECT run FROM deliveries WHERE id = ?1 \
         UNION ALL SELECT run FROM deliveries WHERE content_key = ?2 \
         UNION ALL SELECT id FROM runs WHERE id = ?3 LIMIT 1",
    )
    .bind(&arrival.delivery)
    .bind(&arrival.content_key)
    .bind(arrival.run.as_ref().map(|run| run.id.as_str()))
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
    sqlx::query(
        "INSERT INTO runs (id, subject, delivery, command, request, step, outcome, created_at, updated_at, due_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(run.id.as_str())
    .bind(&run.subject)
    .bind(&arrival.delivery)
    .bind(run.command.to_string())
    .bind(run.request.as_ref().map(json).transpose()?)
    .bind(run.position.as_str())
    .bind(outcome_text(run.outcome.as_ref())?)
    .bind(received)
    .bind(received)
    .bind(received)
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}
