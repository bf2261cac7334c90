//! `writ audit rotate-key`: replaces the signing key by one that it signs.

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

/// Replaces the key.
#[derive(Debug, Args)]
pub(crate) struct RotateKey {
    #[command(flatten)]
    signer: Signer,
}

impl RotateKey {
    pub(super) async fn run(&self) -> Result<AuditAnswer, Failure> {
        let (path, origin) = (&self.signer.signing_key, &self.signer.origin);
        let key_failure = |error: anyhow::Error| Signer::key_failure(&error);
        let store = self.signer.open().await?;
        let Some(old) = key::read(path, origin).map_err(key_failure)? else {
            let problem = format!("there is no key in `{}`", path.display());
            let remedy =
                "name the server's key with --signing-key; if it is lost, `writ audit adopt --reason TEXT`";
            return Err(Failure::usage(Refusal::new(reason::SIGNING_KEY_INVALID, problem, remedy)));
        };
        let new = key::read_or_make_next(path, origin).map_err(key_failure)?;
        let old = Notary::new(old).keeping(self.signer.kept());
        let rotated = resumption::rotate_key(&old, &new, &store, system_time()).await;
        store.close().await;
        let leaf = rotated.map_err(|error| self.signer.failure(error))?;
        key::replace(path).map_err(key_failure)?;
        Ok(format!(
            "rotated  leaf {leaf} says so; the old key signed the new one\nold      {}\nnew      {}\n\
             next     publish the new key and start `writ serve`\n",
            old.verifier(),
            new.verifier()
        )
        .into())
    }
}
