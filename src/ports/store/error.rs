//! Why the store failed: the same for each of its ports.

use std::error::Error;
use std::path::PathBuf;

use crate::domain::ledger::TreeError;
use crate::domain::names::RunId;

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The lease has expired and another worker holds the run: drop what you are doing.
    #[error("the lease of run `{0}` is lost")]
    LeaseLost(RunId),
    /// Full, locked, unreachable: worth repeating. The source is the adapter's own error, for the log.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The file was deleted, moved away or replaced while it was open: what is written would be lost. Stop.
    #[error("the database file `{}` was deleted, moved or replaced while it was in use", .0.display())]
    Replaced(PathBuf),
    /// Written by a newer version of the program; use that one.
    #[error("the database has schema version {found}, but this program supports versions up to {known}")]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// What is stored cannot be read, or a rule of the schema was broken.
    #[error("the database contains unexpected data: {0}")]
    Corrupt(String),
}

impl From<TreeError> for StoreError {
    fn from(error: TreeError) -> Self {
        Self::Corrupt(error.to_string())
    }
}
