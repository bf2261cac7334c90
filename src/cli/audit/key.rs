//! `writ audit key`: the verifier key of a signing key.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Failure, read_text};
use crate::domain::ledger::SignerKey;

/// Prints the verifier key.
#[derive(Debug, Args)]
pub struct Key {
    /// The file with the server's signing key.
    #[arg(long, value_name = "FILE", env = "WRIT_LEDGER_KEY_FILE", default_value = "data/ledger.key")]
    signing_key: PathBuf,
    /// The ledger's name, as in the settings.
    #[arg(long, value_name = "NAME", env = "WRIT_LEDGER_ORIGIN", default_value = "writ.local/ledger")]
    origin: String,
}

impl Key {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let text = read_text(&self.signing_key)?;
        let key = SignerKey::parse(&text, &self.origin).map_err(|error| {
            Failure::usage(error.code(), format!("`{}`: {error}", self.signing_key.display()), error.remedy())
        })?;
        anstream::println!("{}", key.verifier());
        Ok(ExitCode::SUCCESS)
    }
}
