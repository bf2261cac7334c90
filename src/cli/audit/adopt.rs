//! `writ audit adopt`: goes on with a database that does not continue what is kept outside of it.

use clap::Args;

use super::answer::AuditAnswer;
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
}

impl Adopt {
    pub(super) async fn run(&self) -> Result<AuditAnswer, Failure> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.chars().count() > 500 || reason.chars().any(char::is_control) {
            let problem = "the reason is empty, longer than 500 characters, or not one line of plain text";
            let remedy = "say what happened, such as `--reason \"restored the backup of Monday\"`";
            return Err(Failure::usage(Refusal::new(reason::MISSING_REASON, problem, remedy)));
        }
        let store = self.signer.open().await?;
        let key = key::read_or_make(&self.signer.signing_key, &self.signer.origin)
            .map_err(|error| Signer::key_failure(&error))?;
        let notary = Notary::new(key).keeping(self.signer.kept());
        let adopted = resumption::adopt(&notary, &store, reason, system_time()).await;
        store.close().await;
        let leaf = adopted.map_err(|error| self.signer.failure(error))?;
        Ok(format!(
            "adopted  leaf {leaf} says so, with the checkpoints that are left behind\nkey      {}\nnext     start `writ serve`\n",
            notary.verifier()
        )
        .into())
    }
}
