//! The ledger as it is stored: leaves, the nodes of their Merkle tree, signed checkpoints.
//!
//! Records are appended by the inbox and the queue, in the transaction of the change that they record. Signing is not
//! done here: see `service::notary`.

use async_trait::async_trait;

use super::error::StoreError;
use crate::domain::ledger::{LeafHash, NodeHash, NodeId, Nodes, Record, tree};
use crate::domain::names::RunId;

/// A leaf as stored.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Its index, from 0.
    pub index: u64,
    /// The canonical bytes.
    pub data: Vec<u8>,
    /// Its hash.
    pub hash: LeafHash,
    /// The run it belongs to, if any.
    pub run: Option<RunId>,
}

/// A signed checkpoint as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Its number, from 1; none is left out.
    pub number: u64,
    /// The tree size that it was stored under.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// Where the ledger is read, and its checkpoints are stored.
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// A run's leaves, oldest first.
    async fn leaves_of(&self, id: &RunId) -> Result<Vec<Leaf>, StoreError>;

    /// How many leaves the ledger has.
    async fn ledger_size(&self) -> Result<u64, StoreError>;

    /// Leaves from `first`, at most `limit`, by index.
    async fn leaves(&self, first: u64, limit: u32) -> Result<Vec<Leaf>, StoreError>;

    /// All leaf hashes up to `size`, by index.
    async fn leaf_hashes(&self, size: u64) -> Result<Vec<LeafHash>, StoreError>;

    /// Those of the wanted nodes of the Merkle tree that are stored.
    async fn nodes(&self, wanted: &[NodeId]) -> Result<Nodes, StoreError>;

    /// The leaves of no run, oldest first: what the ledger records about itself.
    async fn own_leaves(&self) -> Result<Vec<Leaf>, StoreError>;

    /// Runs that records name and that have no row, by id.
    async fn runs_without_row(&self) -> Result<Vec<RunId>, StoreError>;

    /// Appends records of the ledger about itself. Those of runs are appended with what they record.
    async fn append(&self, records: &[Record]) -> Result<Vec<Leaf>, StoreError>;

    /// Waits until records are appended through this store; returns at once where some were since the last call.
    /// For one caller at a time.
    async fn appended(&self);

    /// Stores a signed checkpoint (append-only). The same note twice is stored once, and one that covers fewer leaves than
    /// another is not stored: nothing would be added.
    async fn keep_checkpoint(&self, size: u64, note: &str) -> Result<(), StoreError>;

    /// The note of the signed checkpoint with the most leaves.
    async fn checkpoint(&self) -> Result<Option<String>, StoreError>;

    /// All signed checkpoints, oldest first.
    async fn checkpoints(&self) -> Result<Vec<StoredCheckpoint>, StoreError>;

    /// What the database itself finds wrong: damaged pages, missing triggers, dangling rows. Reads all of it.
    async fn problems(&self) -> Result<Vec<String>, StoreError>;

    /// The root of the tree of the first `size` leaves.
    async fn root(&self, size: u64) -> Result<NodeHash, StoreError> {
        let nodes = self.nodes(&tree::wanted_for_root(size)).await?;
        Ok(tree::root(size, &nodes)?)
    }

    /// The inclusion proof of leaf `index` in the tree of the first `size` leaves.
    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<NodeHash>, StoreError> {
        let nodes = self.nodes(&tree::wanted_for_inclusion(index, size)).await?;
        Ok(tree::prove_inclusion(index, size, &nodes)?)
    }

    /// The proof that the tree of the first `old` leaves is the beginning of that of the first `new`.
    async fn consistency(&self, old: u64, new: u64) -> Result<Vec<NodeHash>, StoreError> {
        let nodes = self.nodes(&tree::wanted_for_consistency(old, new)).await?;
        Ok(tree::prove_consistency(old, new, &nodes)?)
    }
}
