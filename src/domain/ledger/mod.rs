//! The ledger: records in canonical JSON as leaves of an RFC 6962 Merkle tree, signed checkpoints, proofs.

mod record;
pub mod tree;

pub use record::{LeafHash, Record};
pub use tree::{NodeHash, NodeId, Nodes, TreeError};
