//! What signs a ledger from the command line: the key's file, the checkpoint kept outside, the database to write to.

use std::path::PathBuf;

use clap::Args;

use super::database::Database;
use crate::cli::failure::Failure;
use crate::cli::settings::LedgerSettings;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::ports::checkpoint_file::CheckpointFile;
use crate::ports::store::SqliteStore;
use crate::service::resumption::ResumptionError;

/// The key and what it signs. No server may run on the database meanwhile.
#[derive(Debug, Args)]
pub(crate) struct Signer {
    #[command(flatten)]
    pub database: Database,
    /// The file with the server's signing key.
    #[arg(long, value_name = "FILE", env = "WRIT_LEDGER_KEY_FILE", default_value = "data/ledger.key")]
    pub signing_key: PathBuf,
    /// The ledger's name, as in the settings.
    #[arg(long, value_name = "NAME", env = "WRIT_LEDGER_ORIGIN", default_value = "writ.local/ledger")]
    pub origin: String,
    /// The file with the checkpoint that is kept outside the database; default: beside the key, ending in `.checkpoint`.
    #[arg(long, value_name = "FILE", env = "WRIT_LEDGER_CHECKPOINT_FILE")]
    pub checkpoint_file: Option<PathBuf>,
}

impl Signer {
    /// The file outside the database.
    pub(super) fn kept(&self) -> CheckpointFile {
        let settings = LedgerSettings {
            origin: self.origin.clone(),
            key_file: self.signing_key.clone(),
            checkpoint_branch: None,
            checkpoint_file: self.checkpoint_file.clone(),
        };
        CheckpointFile::at(settings.checkpoint_file())
    }

    /// The database, to write to.
    ///
    /// # Errors
    /// - there is none, or it cannot be opened
    pub(super) async fn open(&self) -> Result<SqliteStore, Failure> {
        self.database.check_exists()?;
        SqliteStore::open(&self.database.database).await.map_err(|error| self.database.failure(&error))
    }

    /// The failure that a ledger is which is not signed.
    pub(super) fn failure(&self, error: ResumptionError) -> Failure {
        match error {
            ResumptionError::Store(error) => self.database.failure(&error),
            ResumptionError::Refused(refusal) => Failure::refused(refusal),
        }
    }

    /// The failure that a key is which cannot be read or written.
    pub(super) fn key_failure(error: &anyhow::Error) -> Failure {
        let remedy = "name the server's own key file with --signing-key, in a folder that can be written";
        Failure::usage(Refusal::new(reason::SIGNING_KEY_INVALID, format!("{error:#}"), remedy))
    }
}
