//! The ledger: records in canonical JSON as leaves of an RFC 6962 Merkle tree, signed checkpoints, proofs.
//!
//! Everything here is pure: nodes and keys are passed in. A record's way: [`Record::canonical`] is the leaf,
//! [`tree`] says which nodes it adds, [`Checkpoint::sign`] vouches for the root, [`Proof`] leads from the record to
//! the checkpoint, [`embed`] puts both into a pull request's body, where anybody with the [`VerifierKey`] can check it.

mod audit;
mod chain;
mod checkpoint;
mod embed;
mod finding;
mod key;
mod own_record;
mod proof;
mod record;
pub mod shown;
mod text;
pub mod tree;

pub use audit::{Audit, AuditReport, FiledCheckpoint, KeptCheckpoint, LIVE_TAIL_SECONDS, StoredLeaf, Tail};
pub use chain::KeyChain;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use embed::{EmbedError, Embedded, PROOF_PLACE, embed, extract, insert, without_proof};
pub use finding::{AuditFinding, RowFinding};
pub use key::{KeyError, SignerKey, VerifierKey, VerifierKeys};
pub use own_record::{Adoption, LateSeal, OwnRecord, Rotation};
pub use proof::{Proof, ProofError, Proven};
pub use record::{LeafHash, Record, RecordError};
pub use text::{SectionDigest, TextDigest};
pub use tree::{NodeHash, NodeId, Nodes, TreeError};
