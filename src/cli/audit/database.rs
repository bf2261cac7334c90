//! The ledger's database as the command line names it.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::text::error_chain;
use crate::ports::store::{SqliteStore, StoreError};

/// Which database to read.
#[derive(Debug, Args)]
pub(crate) struct Database {
    /// The SQLite file that the server writes.
    #[arg(long, value_name = "FILE", env = "WRIT_DATABASE", default_value = "data/writ.db")]
    pub database: PathBuf,
}

impl Database {
    /// Opens it.
    ///
    /// # Errors
    /// - there is no such file, or it cannot be read
    pub(crate) async fn open(&self) -> Result<SqliteStore, Failure> {
        self.check_exists()?;
        SqliteStore::open_to_read(&self.database).await.map_err(|error| self.failure(&error))
    }

    /// Refuses where there is no such file: it would be made.
    ///
    /// # Errors
    /// - there is none
    pub(super) fn check_exists(&self) -> Result<(), Failure> {
        if self.database.is_file() {
            return Ok(());
        }
        let problem = format!("database `{}` does not exist", self.database.display());
        let remedy = "name it with --database or WRIT_DATABASE";
        Err(Failure::usage(Refusal::new(reason::DATABASE_MISSING, problem, remedy)))
    }

    /// The failure that an error of the store is.
    pub(crate) fn failure(&self, error: &StoreError) -> Failure {
        let file = self.database.display();
        let (code, remedy) = match error {
            StoreError::Newer { .. } => (reason::DATABASE_NEWER, "use the version of writ that wrote it"),
            StoreError::Corrupt(_) => (
                reason::DATABASE_UNSOUND,
                "keep the file as evidence and restore it from a backup; `writ audit verify-pr` works without it",
            ),
            StoreError::Unavailable(_) | StoreError::Replaced(_) | StoreError::LeaseLost(_) => {
                (reason::DATABASE_UNAVAILABLE, "check that the file and its folder can be read")
            }
        };
        Failure::fault(Refusal::new(code, format!("`{file}`: {}", error_chain(error)), remedy))
    }
}
