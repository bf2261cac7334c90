//! A proof that a record is in the ledger, checked with nothing but the verifier key.
//!
//! Format: `c2sp.org/tlog-proof@v1`.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! index 73894
//! gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
//!
//! writ.example.org/ledger
//! 109482
//! sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
//!
//! — writ.example.org/ledger hI2DJw...
//! ```

use std::fmt;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::VerifierKeys;
use super::record::{LeafHash, Record, RecordError};
use super::tree::{self, LONGEST_PROOF, NodeHash, TreeError};
use crate::domain::reason::{self, Code};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The longest proof that is read, in bytes: 64 hashes, and a checkpoint with many witnesses.
const LONGEST_TEXT: usize = 64 * 1024;

/// An inclusion proof with its checkpoint. `Display` gives the format above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's index.
    pub index: u64,
    /// From the leaf's sibling up.
    pub hashes: Vec<NodeHash>,
    /// The signed note.
    pub checkpoint: String,
}

/// What a proof shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven {
    /// The record.
    pub record: Record,
    /// Its place in the ledger.
    pub index: u64,
    /// The tree that holds it.
    pub checkpoint: Checkpoint,
}

/// Why a proof shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not the format.
    #[error("line {line} of the proof is not {wanted}")]
    Format {
        /// The line, from 1.
        line: usize,
        /// What the line should be.
        wanted: &'static str,
    },
    /// The checkpoint is not to be trusted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not canonical JSON of a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record differs from what the ledger holds at this index.
    #[error("the record is not leaf {index} of the ledger: {problem}")]
    NotIncluded {
        /// The index that the proof names.
        index: u64,
        /// What does not fit.
        problem: TreeError,
    },
}

impl ProofError {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Format { .. } => reason::PROOF_MALFORMED,
            Self::Checkpoint(error) => error.code(),
            Self::Record(_) => reason::RECORD_NOT_CANONICAL,
            Self::NotIncluded { .. } => reason::RECORD_NOT_INCLUDED,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.remedy(),
            Self::Format { .. } | Self::Record(_) => {
                "use record and proof exactly as writ wrote them, byte for byte (`writ audit prove RUN`)"
            }
            Self::NotIncluded { .. } => {
                "the record or the proof was altered: do not trust it; get the proof from the ledger (`writ audit prove RUN`)"
            }
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}\nindex {}", self.index)?;
        for hash in &self.hashes {
            writeln!(out, "{hash}")?;
        }
        write!(out, "\n{}", self.checkpoint)
    }
}

impl Proof {
    /// Reads a proof; its checkpoint is kept verbatim, unread. An `extra` line is passed over: nothing vouches for it.
    ///
    /// # Errors
    /// - [`ProofError::Format`] with the line
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let format = |line, wanted| ProofError::Format { line, wanted };
        if text.len() > LONGEST_TEXT {
            return Err(format(1, "of a proof of at most 64 KiB"));
        }
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(format(1, "followed by an empty line and a checkpoint"))?;
        let mut lines = (1..).zip(head.split('\n'));
        lines.next().filter(|(_, line)| *line == HEADER).ok_or(format(1, "`c2sp.org/tlog-proof@v1`"))?;
        let mut next = lines.next();
        if next.is_some_and(|(_, line)| line.starts_with("extra ")) {
            next = lines.next();
        }
        let (line, text) = next.ok_or(format(2, "`index <number>`"))?;
        let index = text.strip_prefix("index ").and_then(number).ok_or(format(line, "`index <number>`"))?;
        let hash = |(line, text): (usize, &str)| {
            NodeHash::from_base64(text).ok_or(format(line, "the base64 of a hash"))
        };
        let hashes = lines.map(hash).collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > LONGEST_PROOF {
            return Err(format(line + LONGEST_PROOF + 1, "part of a proof of at most 64 hashes"));
        }
        Ok(Self { index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that these very bytes are the leaf that the proof names, in a tree that one of the keys has signed.
    ///
    /// # Errors
    /// - the checkpoint is not to be trusted
    /// - the bytes are not canonical JSON of a record
    /// - the record is not in the tree at that place
    pub fn verify(&self, record: &[u8], keys: &VerifierKeys) -> Result<Proven, ProofError> {
        let checkpoint = Checkpoint::verify(&self.checkpoint, keys)?;
        let head = (checkpoint.size, checkpoint.root);
        tree::check_inclusion(self.index, LeafHash::of(record), &self.hashes, head)
            .map_err(|problem| ProofError::NotIncluded { index: self.index, problem })?;
        Ok(Proven { record: Record::from_canonical(record)?, index: self.index, checkpoint })
    }
}

/// A decimal number without leading zeroes or sign.
fn number(text: &str) -> Option<u64> {
    let number = text.parse::<u64>().ok()?;
    (number.to_string() == text).then_some(number)
}
