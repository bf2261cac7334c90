//! The ledger: records in canonical JSON as leaves of an RFC 6962 Merkle tree, signed checkpoints, proofs.

mod record;

pub use record::{LeafHash, Record};
