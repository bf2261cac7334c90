//! A record: one decision or effect, as the canonical bytes that become a leaf.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::names::RunId;

/// The schema of the records that this program writes.
const SCHEMA: &str = "writ.record/v1";

/// One entry of the ledger. Its canonical JSON (RFC 8785) is the leaf's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `writ.record/v1`.
    pub schema: String,
    /// What happened, past tense: `request.accepted`, `change.planned`, `branch.pushed`, `pull.proposed`, ...
    pub kind: String,
    /// The run it belongs to, if any.
    pub run: Option<RunId>,
    /// When; for `change.planned` the request time, so that the leaf is the same on any machine.
    pub at: Timestamp,
    /// The facts. Never secrets, tokens or raw bodies.
    pub body: Value,
}

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not JSON, or JSON that is no record.
    #[error("it is not a record: {0}")]
    Malformed(String),
    /// JSON, but not in the one form that RFC 8785 gives it.
    #[error("it is not canonical JSON (RFC 8785)")]
    NotCanonical,
    /// Of a schema that this program does not know.
    #[error("it has the schema `{0}`, not `writ.record/v1`")]
    Schema(String),
}

/// The RFC 6962 hash of a leaf: SHA-256 over a zero byte and the leaf's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeafHash(pub [u8; 32]);

impl Record {
    /// A record of this version's schema.
    #[must_use]
    pub fn new(kind: &str, run: Option<RunId>, at: Timestamp, body: Value) -> Self {
        Self { schema: SCHEMA.to_owned(), kind: kind.to_owned(), run, at, body }
    }

    /// The leaf's data: RFC 8785 canonical JSON.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        // OK because a record is strings, numbers and JSON values, all of which serialise.
        serde_json_canonicalizer::to_vec(self).unwrap_or_default()
    }

    /// Reads a leaf's data, which must be canonical: the same record has the same bytes everywhere.
    ///
    /// # Errors
    /// - the bytes are no record, or not in canonical form, or of another schema
    pub fn from_canonical(data: &[u8]) -> Result<Self, RecordError> {
        let malformed = |error: serde_json::Error| RecordError::Malformed(error.to_string());
        let value: Value = serde_json::from_slice(data).map_err(malformed)?;
        if serde_json_canonicalizer::to_vec(&value).map_err(malformed)? != data {
            return Err(RecordError::NotCanonical);
        }
        let record: Self = serde_json::from_value(value).map_err(malformed)?;
        if record.schema == SCHEMA { Ok(record) } else { Err(RecordError::Schema(record.schema)) }
    }

    /// The record with what it leaves to the list that it names by its leaf, where that is among `records`: what a plan
    /// changes may be too long for the record that a pull request's body carries.
    #[must_use]
    pub fn with_list(&self, records: &[Self]) -> Self {
        let mut whole = self.clone();
        let Some(leaf) = self.body.pointer("/listed/leaf").and_then(Value::as_str) else { return whole };
        let list = records.iter().find(|record| record.leaf().to_hex() == leaf);
        if let Some((list, own)) = list.and_then(|list| list.body.as_object()).zip(whole.body.as_object_mut())
        {
            own.extend(list.clone());
        }
        whole
    }

    /// The leaf's hash.
    #[must_use]
    pub fn leaf(&self) -> LeafHash {
        LeafHash::of(&self.canonical())
    }
}

impl LeafHash {
    /// The hash of a leaf with this data.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([0u8]);
        hasher.update(data);
        Self(hasher.finalize().into())
    }

    /// Lower-case hexadecimal, as in commit trailers.
    #[must_use]
    pub fn to_hex(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }
}
