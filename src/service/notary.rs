//! The notary: signs checkpoints over the ledger and proves that a record is in it.
//!
//! The formats are `domain::ledger`'s, the leaves and nodes the store's; signing happens here and nowhere else.

use crate::domain::ledger::{Checkpoint, NodeHash, Proof, Record, SignerKey, embed, tree};
use crate::domain::names::RunId;
use crate::ports::store::{LedgerStore, StoreError, StoredCheckpoint};

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

    /// Signs a checkpoint over the ledger as it is now and stores it; returns its size.
    ///
    /// # Errors
    /// - `Store`: the ledger cannot be read, or no longer continues what was signed before
    pub async fn checkpoint(&self, ledger: &dyn LedgerStore) -> Result<u64, NotaryError> {
        Ok(self.seal(ledger).await?.size)
    }

    /// A run's record with its inclusion proof under a fresh checkpoint: the block for a pull request's body.
    ///
    /// # Errors
    /// - `NoRecord`: the run has no such leaf
    /// - `Store`
    pub async fn prove(
        &self,
        ledger: &dyn LedgerStore,
        run: &RunId,
        record: &Record,
    ) -> Result<String, NotaryError> {
        let leaf = record.leaf();
        let leaves = ledger.leaves_of(run).await?;
        let found = leaves.iter().find(|stored| stored.hash == leaf);
        let index = found.ok_or_else(|| NotaryError::NoRecord(run.clone()))?.index;
        let proof = self.prove_leaf(ledger, index).await?;
        Ok(embed(&record.canonical(), &proof))
    }

    /// The inclusion proof of leaf `index` under a fresh checkpoint.
    ///
    /// # Errors
    /// - [`StoreError::Corrupt`]: as [`Notary::seal`], or there is no such leaf
    pub async fn prove_leaf(&self, ledger: &dyn LedgerStore, index: u64) -> Result<Proof, StoreError> {
        let sealed = self.seal(ledger).await?;
        let hashes = ledger.inclusion(index, sealed.size).await?;
        Ok(Proof { index, hashes, checkpoint: sealed.note })
    }

    /// Signs the tree as it is now and stores the checkpoint.
    ///
    /// # Errors
    /// - [`StoreError::Corrupt`]: the tree no longer continues the newest checkpoint, so that signing it would vouch
    ///   for a changed history
    pub async fn seal(&self, ledger: &dyn LedgerStore) -> Result<StoredCheckpoint, StoreError> {
        // Read before the size: the tree only grows, so it is at least as large as any checkpoint seen before.
        let newest = ledger.checkpoint().await?;
        let size = ledger.ledger_size().await?;
        let root = ledger.root(size).await?;
        if let Some(note) = newest {
            check_continues(ledger, &note, (size, root)).await?;
        }
        let note = Checkpoint::sign(size, root, &self.key);
        ledger.keep_checkpoint(size, &note).await?;
        Ok(StoredCheckpoint { size, note })
    }
}

/// Refuses a tree, given by its size and root, that does not begin with the tree of the checkpoint `note`.
async fn check_continues(
    ledger: &dyn LedgerStore,
    note: &str,
    (size, root): (u64, NodeHash),
) -> Result<(), StoreError> {
    let signed = Checkpoint::parse_unverified(note)
        .map_err(|error| StoreError::Corrupt(format!("the newest checkpoint: {error}")))?;
    let changed = || {
        let vouched = signed.size;
        StoreError::Corrupt(format!("the ledger no longer continues its checkpoint of {vouched} leaves"))
    };
    if signed.size > size {
        return Err(changed());
    }
    // Every tree continues the empty one.
    if signed.size > 0 {
        let hashes = ledger.consistency(signed.size, size).await?;
        tree::check_consistency(&hashes, (signed.size, signed.root), (size, root)).map_err(|_| changed())?;
    }
    Ok(())
}
