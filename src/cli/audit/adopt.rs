//! `writ audit adopt`: goes on with a database that does not continue what is kept outside of it.

use std::path::PathBuf;

use clap::Args;

use super::answer::AuditAnswer;
use super::input::read_checkpoint;
use super::signer::Signer;
use crate::cli::failure::Failure;
use crate::cli::wiring::key;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::ports::clock::system_time;
use crate::service::notary::Notary;
use crate::service::resumption;

/// Adopts a database.
#[derive(Debug, Args)]
pub(crate) struct Adopt {
    #[command(flatten)]
    signer: Signer,
    /// Why, in one line. It is in the ledger for good.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// A checkpoint that is kept elsewhere and is left behind as well, such as the file `checkpoint` of the branch
    /// `ledger.checkpoint_branch`. Can be given more than once.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
}

impl Adopt {
    pub(super) async fn run(&self) -> Result<AuditAnswer, Failure> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.chars().count() > 500 || reason.chars().any(char::is_control) {
            let problem = "the reason is empty, longer than 500 characters, or not one line of plain text";
            let remedy = "say what happened, such as `--reason \"restored the backup of Monday\"`";
            return Err(Failure::usage(Refusal::new(reason::MISSING_REASON, problem, remedy)));
        }
        let elsewhere =
            self.checkpoint.iter().map(|path| read_checkpoint(path)).collect::<Result<Vec<_>, _>>()?;
        let store = self.signer.open().await?;
        let key = key::read_or_make(&self.signer.signing_key, &self.signer.origin)
            .map_err(|error| Signer::key_failure(&error))?;
        let notary = Notary::new(key).keeping(self.signer.kept());
        let adopted = resumption::adopt(&notary, &store, &elsewhere, (reason, system_time())).await;
        store.close().await;
        let leaf = adopted.map_err(|error| self.signer.failure(error))?;
        Ok(format!(
            "adopted  leaf {leaf} says so, with the checkpoints that are left behind\nkey      {}\nnext     start `writ serve`\n",
            notary.verifier()
        )
        .into())
    }
}
