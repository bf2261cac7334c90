//! A checkpoint: the tree's head (name, size, root) as a C2SP signed note.
//!
//! Formats: `c2sp.org/tlog-checkpoint`, `c2sp.org/signed-note`; ed25519 signatures are deterministic, so the same
//! head signed twice is the same note.

use signed_note::{Note, NoteError, VerificationError};
use tlog_tiles::checkpoint::Checkpoint as Body;
use tlog_tiles::tlog;

use super::key::{SignerKey, VerifierKeys};
use super::tree::NodeHash;
use crate::domain::reason::{self, Code};

/// The head of a ledger's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The tree's root.
    pub root: NodeHash,
}

/// Why a checkpoint is not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note, or its text is no checkpoint.
    #[error("the checkpoint is malformed")]
    Malformed,
    /// No key that is known has signed it.
    #[error("the checkpoint of `{origin}` is not signed by a known key")]
    UnknownKey {
        /// The name in its first line.
        origin: String,
    },
    /// A known key's signature does not fit the text.
    #[error("the signature of `{0}` does not match the checkpoint")]
    SignatureWrong(String),
    /// Signed by a key that had been replaced.
    #[error("the checkpoint of `{origin}` is signed by a key that leaf {leaf} had replaced")]
    KeyRetired {
        /// The name in its first line.
        origin: String,
        /// The record of the rotation.
        leaf: u64,
    },
    /// Signed by a known key, under another ledger's name.
    #[error("the checkpoint is named `{origin}`, which is not the name of the key that signed it")]
    OtherName {
        /// The name in its first line.
        origin: String,
    },
}

impl CheckpointError {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Malformed => reason::CHECKPOINT_MALFORMED,
            Self::UnknownKey { .. } => reason::CHECKPOINT_KEY_UNKNOWN,
            Self::KeyRetired { .. } => reason::CHECKPOINT_KEY_RETIRED,
            Self::SignatureWrong(_) => reason::CHECKPOINT_SIGNATURE_WRONG,
            Self::OtherName { .. } => reason::CHECKPOINT_NAME_DIFFERS,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::UnknownKey { .. } => "give the verifier key of this ledger (`writ audit key` prints it)",
            Self::KeyRetired { .. } => {
                "find out who has the old key: nothing may be signed with it after its rotation"
            }
            Self::Malformed | Self::SignatureWrong(_) | Self::OtherName { .. } => {
                "it was altered after it was signed: compare it with the ledger (`writ audit prove`)"
            }
        }
    }
}

impl Checkpoint {
    /// Signs it; the note's text. The name is the key's.
    #[must_use]
    pub fn sign(size: u64, root: NodeHash, key: &SignerKey) -> String {
        key.sign_note(&format!("{}\n{size}\n{root}\n", key.origin()))
    }

    /// Reads a checkpoint without verifying its signatures.
    ///
    /// # Errors
    /// - [`CheckpointError::Malformed`]
    pub fn parse_unverified(note: &str) -> Result<Self, CheckpointError> {
        let note = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        Self::of_text(note.text())
    }

    /// Reads a checkpoint that one of the keys has signed; signatures by unknown keys (witnesses) are ignored.
    ///
    /// # Errors
    /// - it is malformed, not signed by one of the keys, signed wrongly, or named differently than its key
    pub fn verify(note: &str, keys: &VerifierKeys) -> Result<Self, CheckpointError> {
        let note = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        let checkpoint = Self::of_text(note.text())?;
        let (signatures, _) = note.verify(&keys.note_verifiers()).map_err(|error| match error {
            NoteError::UnverifiedNote => CheckpointError::UnknownKey { origin: checkpoint.origin.clone() },
            NoteError::InvalidSignature { name, .. }
            | NoteError::VerificationError(VerificationError::AmbiguousKey { name, .. }) => {
                CheckpointError::SignatureWrong(name)
            }
            _ => CheckpointError::Malformed,
        })?;
        if signatures.iter().any(|signature| signature.name() == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::OtherName { origin: checkpoint.origin })
        }
    }

    fn of_text(text: &[u8]) -> Result<Self, CheckpointError> {
        let body = Body::from_bytes(text).map_err(|_| CheckpointError::Malformed)?;
        let tlog::Hash(root) = *body.hash();
        Ok(Self { origin: body.origin().to_owned(), size: body.size(), root: NodeHash(root) })
    }
}
