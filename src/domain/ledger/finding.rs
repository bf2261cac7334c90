//! What an audit finds: each kind of alteration, with its reason code.

use jiff::Timestamp;

use super::checkpoint::CheckpointError;
use super::record::RecordError;
use super::tree::{NodeId, TreeError};
use crate::domain::reason::{self, Code};

/// Something that was altered after it was written, or that nothing vouches for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFinding {
    /// What the database found in itself.
    #[error("database: {0}")]
    Database(String),
    /// An index without a leaf.
    #[error("leaf {0}: it is missing")]
    LeafMissing(u64),
    /// The bytes do not have the hash.
    #[error("leaf {0}: its bytes were altered after it was written: they do not match the stored hash")]
    LeafAltered(u64),
    /// The bytes are no record.
    #[error("leaf {0}: {1}")]
    LeafUnreadable(u64, RecordError),
    /// Filed under another run than its record says.
    #[error("leaf {0}: it is stored under a run other than the one in its record")]
    LeafMisfiled(u64),
    /// A stored node is not the hash of its leaves.
    #[error("node {} of level {}, completed by leaf {leaf}: its hash does not match the nodes below it", id.position, id.level)]
    NodeAltered {
        /// The node.
        id: NodeId,
        /// The leaf that completes it.
        leaf: u64,
    },
    /// The tree cannot be computed.
    #[error("leaf {0}: {1}")]
    Tree(u64, TreeError),
    /// No checkpoint covers the end of the ledger, and it is older than a server takes to sign it.
    #[error(
        "leaf {first}: no signed checkpoint covers it and the {} after it, and it is from {since}",
        leaves - 1
    )]
    LeavesUnsealed {
        /// The first leaf that is not covered.
        first: u64,
        /// How many are not.
        leaves: u64,
        /// When the first was written, at the latest.
        since: Timestamp,
    },
    /// A checkpoint is not to be trusted.
    #[error("checkpoint {number}: {problem}")]
    CheckpointUntrusted {
        /// Which one, from 1.
        number: u64,
        /// Why.
        problem: CheckpointError,
    },
    /// Stored under another size than its note says.
    #[error("checkpoint {0}: it is stored under a size other than the one it states")]
    CheckpointMisfiled(u64),
    /// A number without a checkpoint.
    #[error("checkpoint {0}: it is missing")]
    CheckpointMissing(u64),
    /// Leaves that were written over a long time have one checkpoint for all.
    #[error("leaf {first}: it and the leaves up to {} were written over {seconds} s, but one checkpoint is all that covers them: others are missing", end - 1)]
    CheckpointsSparse {
        /// The first leaf.
        first: u64,
        /// The leaf after the last one.
        end: u64,
        /// Between them, seconds.
        seconds: i64,
    },
    /// It covers fewer leaves than one before it.
    #[error("checkpoint {number}: it covers {size} leaves, fewer than the one before it")]
    CheckpointBackwards {
        /// Which one, from 1.
        number: u64,
        /// What it states.
        size: u64,
    },
    /// It vouches for leaves that are not there.
    #[error("checkpoint {number}: it covers {size} leaves, but the ledger has {leaves}")]
    CheckpointAhead {
        /// Which one, from 1.
        number: u64,
        /// What it states.
        size: u64,
        /// What there is.
        leaves: u64,
    },
    /// It vouches for another history.
    #[error("checkpoint {number}: the first {size} leaves are not the ones that it covers")]
    CheckpointDiffers {
        /// Which one, from 1.
        number: u64,
        /// What it states.
        size: u64,
    },
    /// A checkpoint from outside is not to be trusted.
    #[error("the checkpoint in `{place}`: {problem}")]
    KeptUntrusted {
        /// Where it was kept.
        place: String,
        /// Why.
        problem: CheckpointError,
    },
    /// A checkpoint from outside vouches for leaves that are not there.
    #[error(
        "the checkpoint in `{place}` covers {size} leaves, but the ledger has {leaves}: it was rolled back"
    )]
    RolledBack {
        /// Where it was kept.
        place: String,
        /// What it states.
        size: u64,
        /// What there is.
        leaves: u64,
    },
    /// A checkpoint from outside vouches for another history.
    #[error("the checkpoint in `{place}` covers other leaves than the first {size}: the ledger is a fork")]
    Forked {
        /// Where it was kept.
        place: String,
        /// What it states.
        size: u64,
    },
    /// The old key did not sign the new one.
    #[error("leaf {0}: the key that it replaces did not sign the new one")]
    RotationFalse(u64),
    /// Nothing that the given key signed covers the record of its own rotation.
    #[error("leaf {0}: it names an earlier key, but no checkpoint of the given key covers it")]
    RotationUnvouched(u64),
    /// A row that people are shown is not what the records say.
    #[error("{0}")]
    Row(RowFinding),
}

/// A row that people are shown and that is not what the records say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{row}: {problem}")]
pub struct RowFinding {
    /// Which row, such as "run `abcdefgh234567ab`".
    pub row: String,
    /// What does not agree.
    pub problem: String,
}

impl AuditFinding {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Database(_) => reason::DATABASE_UNSOUND,
            Self::LeafMissing(_) => reason::LEAF_MISSING,
            Self::LeafAltered(_) => reason::LEAF_ALTERED,
            Self::LeafUnreadable(..) => reason::LEAF_UNREADABLE,
            Self::LeafMisfiled(_) => reason::LEAF_MISFILED,
            Self::NodeAltered { .. } | Self::Tree(..) => reason::NODE_ALTERED,
            Self::LeavesUnsealed { .. } => reason::LEAVES_UNSEALED,
            Self::CheckpointUntrusted { problem, .. } | Self::KeptUntrusted { problem, .. } => problem.code(),
            Self::CheckpointMisfiled(_) => reason::CHECKPOINT_MISFILED,
            Self::CheckpointMissing(_) | Self::CheckpointsSparse { .. } => reason::CHECKPOINT_MISSING,
            Self::CheckpointBackwards { .. } => reason::CHECKPOINT_BACKWARDS,
            Self::CheckpointAhead { .. } => reason::LEAVES_LOST,
            Self::CheckpointDiffers { .. } => reason::HISTORY_CHANGED,
            Self::RolledBack { .. } => reason::LEDGER_ROLLED_BACK,
            Self::Forked { .. } => reason::LEDGER_FORKED,
            Self::RotationFalse(_) | Self::RotationUnvouched(_) => reason::KEY_ROTATION_FALSE,
            Self::Row(_) => reason::ROW_DIFFERS,
        }
    }

    /// The leaf it names, if it names one.
    #[must_use]
    pub fn leaf(&self) -> Option<u64> {
        match self {
            Self::LeafMissing(leaf)
            | Self::LeafAltered(leaf)
            | Self::LeafUnreadable(leaf, _)
            | Self::LeafMisfiled(leaf)
            | Self::Tree(leaf, _)
            | Self::LeavesUnsealed { first: leaf, .. }
            | Self::CheckpointsSparse { first: leaf, .. }
            | Self::RotationFalse(leaf)
            | Self::RotationUnvouched(leaf)
            | Self::NodeAltered { leaf, .. } => Some(*leaf),
            _ => None,
        }
    }

    /// Whether it is a stored checkpoint that does not cover what it should: then what it leaves uncovered is no finding
    /// of its own.
    pub(super) fn is_of_checkpoint(&self) -> bool {
        matches!(
            self,
            Self::CheckpointUntrusted { .. } | Self::CheckpointAhead { .. } | Self::CheckpointDiffers { .. }
        )
    }
}
