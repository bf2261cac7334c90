//! The whole ledger, computed again from its leaves and compared with all that was stored and signed.
//!
//! Fed leaf by leaf with the stored nodes that the leaf completes, so that any size fits in memory. After a finding
//! it goes on with the stored hash: one flipped byte is one finding, not one for each node above it.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::VerifierKeys;
use super::record::{LeafHash, Record, RecordError};
use super::tree::{Edge, NodeHash, NodeId, Nodes, TreeError};
use crate::domain::names::RunId;
use crate::domain::reason::{self, Code};

/// A leaf as stored.
#[derive(Debug, Clone)]
pub struct StoredLeaf<'a> {
    /// The index it is stored under.
    pub index: u64,
    /// The stored bytes.
    pub data: &'a [u8],
    /// The stored hash.
    pub hash: LeafHash,
    /// The run it is filed under.
    pub run: Option<&'a RunId>,
}

/// Something that was altered after it was written.
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
    /// A checkpoint is not to be trusted.
    #[error("checkpoint {number}: {problem}")]
    CheckpointUntrusted {
        /// Which one, from 1.
        number: usize,
        /// Why.
        problem: CheckpointError,
    },
    /// Stored under another size than its note says.
    #[error("checkpoint {0}: it is stored under a size other than the one it states")]
    CheckpointMisfiled(usize),
    /// It vouches for leaves that are not there.
    #[error("checkpoint {number}: it covers {size} leaves, but the ledger has {leaves}")]
    CheckpointAhead {
        /// Which one, from 1.
        number: usize,
        /// What it states.
        size: u64,
        /// What there is.
        leaves: u64,
    },
    /// It vouches for another history.
    #[error("checkpoint {number}: the first {size} leaves are not the ones that it covers")]
    CheckpointDiffers {
        /// Which one, from 1.
        number: usize,
        /// What it states.
        size: u64,
    },
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
            Self::CheckpointUntrusted { problem, .. } => problem.code(),
            Self::CheckpointMisfiled(_) => reason::CHECKPOINT_MISFILED,
            Self::CheckpointAhead { .. } => reason::LEAVES_LOST,
            Self::CheckpointDiffers { .. } => reason::HISTORY_CHANGED,
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
            | Self::NodeAltered { leaf, .. } => Some(*leaf),
            _ => None,
        }
    }
}

/// The audit of one ledger.
#[derive(Debug)]
pub struct Audit {
    edge: Edge,
    /// Number, size and root of the checkpoints that are to be met, the next one last.
    waiting: Vec<(usize, u64, NodeHash)>,
    findings: Vec<AuditFinding>,
}

impl Audit {
    /// Begins with the checkpoints, each the size it is filed under and its note, oldest first. Without keys their
    /// signatures are not verified.
    #[must_use]
    pub fn begin<'a>(
        checkpoints: impl IntoIterator<Item = (u64, &'a str)>,
        keys: Option<&VerifierKeys>,
    ) -> Self {
        let (mut waiting, mut findings) = (Vec::new(), Vec::new());
        for (number, (filed, note)) in (1..).zip(checkpoints) {
            let read = keys
                .map_or_else(|| Checkpoint::parse_unverified(note), |keys| Checkpoint::verify(note, keys));
            match read {
                Ok(checkpoint) => {
                    if checkpoint.size != filed {
                        findings.push(AuditFinding::CheckpointMisfiled(number));
                    }
                    waiting.push((number, checkpoint.size, checkpoint.root));
                }
                Err(problem) => findings.push(AuditFinding::CheckpointUntrusted { number, problem }),
            }
        }
        waiting.sort_by_key(|(number, size, _)| (std::cmp::Reverse(*size), *number));
        let mut audit = Self { edge: Edge::default(), waiting, findings };
        audit.meet_checkpoints();
        audit
    }

    /// How many leaves were seen.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Takes the next leaf, with at least those stored nodes that it completes ([`Audit::completed_by`]).
    pub fn leaf(&mut self, leaf: &StoredLeaf<'_>, stored: &Nodes) {
        let index = self.edge.size();
        if leaf.index != index {
            self.findings.push(AuditFinding::LeafMissing(index));
        }
        match Record::from_canonical(leaf.data) {
            Err(problem) => self.findings.push(AuditFinding::LeafUnreadable(leaf.index, problem)),
            Ok(record) if record.run.as_ref() != leaf.run => {
                self.findings.push(AuditFinding::LeafMisfiled(leaf.index));
            }
            Ok(_) => {}
        }
        if LeafHash::of(leaf.data) != leaf.hash {
            self.findings.push(AuditFinding::LeafAltered(leaf.index));
        }
        match self.edge.push(leaf.hash) {
            Ok(created) => self.compare(index, &created, stored),
            Err(problem) => self.findings.push(AuditFinding::Tree(index, problem)),
        }
        self.meet_checkpoints();
    }

    /// The nodes above leaf `index` that it completes.
    #[must_use]
    pub fn completed_by(index: u64) -> Vec<NodeId> {
        let levels = (index + 1).trailing_zeros();
        (1..=levels)
            .map(|level| NodeId { level: u8::try_from(level).unwrap_or(u8::MAX), position: index >> level })
            .collect()
    }

    /// Ends the audit: all findings, in the order of the leaves, checkpoints that were never met last.
    #[must_use]
    pub fn end(mut self) -> Vec<AuditFinding> {
        let leaves = self.edge.size();
        while let Some((number, size, _)) = self.waiting.pop() {
            self.findings.push(AuditFinding::CheckpointAhead { number, size, leaves });
        }
        self.findings
    }

    /// Compares created nodes with stored ones; the lowest difference is the finding.
    fn compare(&mut self, leaf: u64, created: &[(NodeId, NodeHash)], stored: &Nodes) {
        let mut differs = false;
        for (id, hash) in created.iter().filter(|(id, _)| id.level > 0) {
            let found = stored.node(*id);
            if found != Some(*hash) && !differs {
                self.findings.push(AuditFinding::NodeAltered { id: *id, leaf });
                differs = true;
            }
            if let Some(found) = found {
                self.edge.put(*id, found);
            }
        }
    }

    /// Compares the tree's root with the checkpoints of its present size.
    fn meet_checkpoints(&mut self) {
        while let Some((number, size, root)) = self.waiting.pop_if(|(_, size, _)| *size == self.edge.size()) {
            if self.edge.root() != Ok(root) {
                self.findings.push(AuditFinding::CheckpointDiffers { number, size });
            }
        }
    }
}
