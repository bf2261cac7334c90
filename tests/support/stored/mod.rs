//! Databases that earlier versions of the program have written, as SQL.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// Makes the file a database of schema version 3. Its runs are `proposedproposed`, `waitingwaitingwa`,
/// `helphelphelphelp`, `asleepasleepasle` and `looklooklooklook`.
pub async fn version_3(path: &Path) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(include_str!("version_3.sql")).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
