//! `writ audit key`: the verifier key of a signing key.

use std::path::PathBuf;

use clap::Args;

use super::answer::AuditAnswer;
use super::input::read_text;
use crate::cli::failure::Failure;
use crate::domain::ledger::SignerKey;
use crate::domain::refusal::Refusal;

/// Prints the verifier key.
#[derive(Debug, Args)]
pub(crate) struct PrintKey {
    /// The file with the server's signing key.
    #[arg(long, value_name = "FILE", env = "WRIT_LEDGER_KEY_FILE", default_value = "data/ledger.key")]
    signing_key: PathBuf,
    /// The ledger's name, as in the settings.
    #[arg(long, value_name = "NAME", env = "WRIT_LEDGER_ORIGIN", default_value = "writ.local/ledger")]
    origin: String,
}

impl PrintKey {
    pub(super) fn run(&self) -> Result<AuditAnswer, Failure> {
        let text = read_text(&self.signing_key)?;
        let key = SignerKey::parse(&text, &self.origin).map_err(|error| {
            let problem = format!("`{}`: {error}", self.signing_key.display());
            Failure::usage(Refusal::new(error.code(), problem, error.remedy()))
        })?;
        Ok(format!("{}\n", key.verifier()).into())
    }
}
