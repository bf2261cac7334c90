//! The schema's version, and whether a file has the schema that this program writes.

use sqlx::SqliteConnection;

use super::super::error::StoreError;
use super::error::unavailable;

/// "writ" in ASCII: `PRAGMA application_id` of our files, shown by `file(1)`.
const APPLICATION: i64 = 0x7772_6974;

/// The statements that lead from one version to the next, beginning with an empty file.
const VERSIONS: [&str; 7] = [
    include_str!("schema.sql"),
    include_str!("pulls.sql"),
    include_str!("turns.sql"),
    include_str!("deliveries.sql"),
    include_str!("accounts.sql"),
    include_str!("libraries.sql"),
    include_str!("rechecks.sql"),
];

/// The version that this program writes.
const CURRENT: i64 = VERSIONS.len() as i64; // OK because there are few.

/// Without these, rows of the ledger could be changed.
const TRIGGERS: [&str; 9] = [
    "checkpoints_delete",
    "checkpoints_insert",
    "checkpoints_update",
    "leaves_delete",
    "leaves_insert",
    "leaves_update",
    "nodes_delete",
    "nodes_insert",
    "nodes_update",
];

/// Brings the schema to the current version, inside the caller's transaction.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let found = version(connection).await?;
    let behind = usize::try_from(found).unwrap_or(VERSIONS.len());
    for statements in &VERSIONS[behind.min(VERSIONS.len())..] {
        sqlx::raw_sql(*statements).execute(&mut *connection).await.map_err(unavailable)?;
    }
    if found < CURRENT {
        // PRAGMAs take no parameters; both values are constants of this file.
        let stamp = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {CURRENT}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(stamp)).execute(connection).await.map_err(unavailable)?;
    }
    Ok(())
}

/// Refuses a schema that is not the current one.
pub(super) async fn check(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    match version(connection).await? {
        CURRENT => Ok(()),
        0 => Err(StoreError::Corrupt("the file is an empty database".to_owned())),
        found => Err(StoreError::Corrupt(format!(
            "schema version {found} is older than {CURRENT}; start `writ serve` on it once"
        ))),
    }
}

/// What SQLite and the schema find wrong in the whole file.
pub(super) async fn problems(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let mut problems: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_all(&mut *connection)
        .await
        .map_err(unavailable)?;
    problems.retain(|line| line != "ok");
    let triggers: Vec<(String, String)> =
        sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            .fetch_all(&mut *connection)
            .await
            .map_err(unavailable)?;
    for name in TRIGGERS {
        match triggers.iter().find(|(found, _)| found == name) {
            None => problems.push(format!("trigger `{name}` is missing: rows could have been changed")),
            // A file of the current version has the triggers of the current text.
            Some((_, sql)) if !VERSIONS.iter().any(|text| text.contains(sql.as_str())) => {
                problems.push(format!("trigger `{name}` was altered: rows could have been changed"));
            }
            Some(_) => {}
        }
    }
    let orphans: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM nodes WHERE level = 0) - (SELECT count(*) FROM leaves)",
    )
    .fetch_one(connection)
    .await
    .map_err(unavailable)?;
    if orphans != 0 {
        problems.push(format!("the tree has {orphans} leaf hashes without a leaf"));
    }
    Ok(problems)
}

/// The file's schema version; 0 for a file without tables.
async fn version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let application: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await.map_err(unavailable)?;
    let found: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await.map_err(unavailable)?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(connection)
        .await
        .map_err(unavailable)?;
    match (application, found) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION, found) if found > CURRENT => Err(StoreError::Newer { found, known: CURRENT }),
        (APPLICATION, 1..) => Ok(found),
        _ => Err(StoreError::Corrupt("the file belongs to a different program".to_owned())),
    }
}
