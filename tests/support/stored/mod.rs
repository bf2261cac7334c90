//! Databases that earlier versions of the program have written, as SQL.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

/// Makes the file a database of schema version 3. Its runs are `proposedproposed`, `waitingwaitingwa`,
/// `helphelphelphelp`, `asleepasleepasle` and `looklooklooklook`.
pub async fn version_3(path: &Path) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(include_str!("version_3.sql")).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A connection beside the program's own, which does not hold it to references between tables.
pub async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).foreign_keys(false).connect().await.unwrap()
}

/// Runs statements.
pub async fn run_sql(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

/// Changes a database as somebody would who knows how to get round the triggers and puts them back.
pub async fn tamper(path: &Path, statements: &str) {
    let mut connection = connect(path).await;
    let triggers: Vec<(String, String)> =
        sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    for (name, _) in &triggers {
        run_sql(&mut connection, &format!("DROP TRIGGER {name}")).await;
    }
    run_sql(&mut connection, statements).await;
    for (_, sql) in &triggers {
        run_sql(&mut connection, sql).await;
    }
    connection.close().await.unwrap();
}
