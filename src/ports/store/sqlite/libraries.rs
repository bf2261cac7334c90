//! Statements of the stored libraries.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::super::error::StoreError;
use super::error::unavailable;
use super::rows::{json, value_of};

/// Stores a library once.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    digest: &str,
    files: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO libraries (digest, files) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING")
        .bind(digest)
        .bind(json(files)?)
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// The files of a library.
pub(super) async fn one(
    connection: &mut SqliteConnection,
    digest: &str,
) -> Result<Option<BTreeMap<String, String>>, StoreError> {
    let files: Option<String> = sqlx::query_scalar("SELECT files FROM libraries WHERE digest = ?")
        .bind(digest)
        .fetch_optional(connection)
        .await
        .map_err(unavailable)?;
    files.as_deref().map(value_of).transpose()
}
