//! The notary: signs checkpoints over the ledger and proves that a record is in it.
//!
//! The signing and the formats are `domain::ledger`'s; this is their way to the store.

use crate::domain::ledger::{Record, SignerKey, embed};
use crate::domain::names::RunId;
use crate::ports::store::{Store, StoreError};

/// Signs for one ledger.
#[derive(Debug, Clone)]
pub struct Notary {
    key: SignerKey,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// The ledger could not be read.
    #[error("reading the ledger")]
    Store(#[from] StoreError),
    /// The record is not in the ledger.
    #[error("the ledger has no such record of run `{0}`")]
    NoRecord(RunId),
}

impl Notary {
    /// A notary with this key; the ledger's name is the key's.
    #[must_use]
    pub fn new(key: SignerKey) -> Self {
        Self { key }
    }

    /// The key that verifies what this notary signs, as a C2SP vkey.
    #[must_use]
    pub fn verifier(&self) -> String {
        self.key.verifier().to_string()
    }

    /// Signs and keeps a checkpoint over the ledger as it is now; gives its size.
    ///
    /// # Errors
    /// - `Store`: it cannot be read, or no longer continues what was signed before
    pub async fn checkpoint(&self, store: &dyn Store) -> Result<u64, NotaryError> {
        Ok(store.seal(&self.key).await?.0)
    }

    /// A run's record with its inclusion proof under a fresh checkpoint: the block for a pull request's body.
    ///
    /// # Errors
    /// - `NoRecord`: the run has no such leaf
    /// - `Store`
    pub async fn prove(
        &self,
        store: &dyn Store,
        run: &RunId,
        record: &Record,
    ) -> Result<String, NotaryError> {
        let leaf = record.leaf();
        let leaves = store.leaves_of(run).await?;
        let found = leaves.iter().find(|stored| stored.hash == leaf);
        let index = found.ok_or_else(|| NotaryError::NoRecord(run.clone()))?.index;
        let proof = store.prove(index, &self.key).await?;
        Ok(embed(&record.canonical(), &proof))
    }
}
