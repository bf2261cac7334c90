//! SQLite's errors, by what a caller can do about them.

use super::super::error::StoreError;

/// Sorts a database error into what a caller can do about it.
pub(super) fn unavailable(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // The lowest byte of an extended result code is the primary one: https://sqlite.org/rescode.html
    let primary = code.and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    match (&error, primary) {
        (_, Some(11)) => StoreError::Corrupt(format!("the file is damaged: {error}")),
        (_, Some(26)) => StoreError::Corrupt("the file is not a SQLite database".to_owned()),
        (_, Some(19)) => StoreError::Corrupt(format!("a schema constraint was violated: {error}")),
        (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), _) => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Unavailable(Box::new(error)),
    }
}
