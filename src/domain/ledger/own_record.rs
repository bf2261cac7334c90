//! What the ledger records about itself: rotated keys, adopted databases, records that were sealed late.
//!
//! They belong to no run. [`KeyChain`](super::KeyChain) follows the rotations; an audit names the others.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signed_note::{Note, StandardVerifier, VerifierList};

use super::key::SignerKey;
use super::record::Record;

/// The first line of the note in which a key signs its successor. No checkpoint begins so.
const STATEMENT: &str = "writ ledger key rotation v1";

/// A record of the ledger about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnRecord {
    /// `ledger.key_rotated`
    KeyRotated(Rotation),
    /// `ledger.adopted`
    Adopted(Adoption),
    /// `ledger.sealed_late`
    SealedLate(LateSeal),
}

/// A key that signed its successor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The old verifier key.
    pub old: String,
    /// The new verifier key.
    pub new: String,
    /// The note in which the old key signs the new one.
    pub statement: String,
}

/// A person's decision to go on with a database that does not continue a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// Why.
    pub reason: String,
    /// How many leaves the adopted database had.
    pub leaves: u64,
    /// The verifier key that signs from here on.
    pub key: String,
    /// The checkpoints that it does not continue: signed notes.
    pub left: Vec<String>,
}

/// Leaves that were signed long after they were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateSeal {
    /// How many leaves were covered by a checkpoint before.
    pub sealed: u64,
    /// How many there were.
    pub leaves: u64,
    /// Whether an earlier version wrote them, which signed only with pull requests.
    pub earlier_version: bool,
}

impl OwnRecord {
    /// Reads it; `None` for any other record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.run.is_some() {
            return None;
        }
        match record.kind.as_str() {
            "ledger.key_rotated" => read(&record.body).map(Self::KeyRotated),
            "ledger.adopted" => read(&record.body).map(Self::Adopted),
            "ledger.sealed_late" => read(&record.body).map(Self::SealedLate),
            _ => None,
        }
    }

    /// The record.
    #[must_use]
    pub fn record(&self, at: Timestamp) -> Record {
        let (kind, body) = match self {
            Self::KeyRotated(rotation) => ("ledger.key_rotated", serde_json::to_value(rotation)),
            Self::Adopted(adoption) => ("ledger.adopted", serde_json::to_value(adoption)),
            Self::SealedLate(late) => ("ledger.sealed_late", serde_json::to_value(late)),
        };
        // OK because they are strings and numbers, which serialise.
        Record::new(kind, None, at, body.unwrap_or_default())
    }
}

fn read<T: DeserializeOwned>(body: &Value) -> Option<T> {
    T::deserialize(body).ok()
}

impl Rotation {
    /// The old key signs the new one.
    #[must_use]
    pub fn sign(old: &SignerKey, new: &SignerKey) -> Self {
        let (signs, signed) = (old.verifier().to_string(), new.verifier().to_string());
        let statement = old.sign_note(&text(&signs, &signed));
        Self { old: signs, new: signed, statement }
    }

    /// Whether the old key signed the new one.
    #[must_use]
    pub fn holds(&self) -> bool {
        let Ok(verifier) = StandardVerifier::new(&self.old) else { return false };
        let Ok(note) = Note::from_bytes(self.statement.as_bytes()) else { return false };
        let verifiers = VerifierList::new(vec![Box::new(verifier)]);
        note.text() == text(&self.old, &self.new).as_bytes() && note.verify(&verifiers).is_ok()
    }
}

fn text(old: &str, new: &str) -> String {
    format!("{STATEMENT}\n{old}\n{new}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SignerKey {
        SignerKey::from_seed("writ.example.org/ledger", [seed; 32]).unwrap()
    }

    #[test]
    fn a_rotation_holds_only_where_the_old_key_signed_the_new_one() {
        let rotation = Rotation::sign(&key(1), &key(2));
        assert!(rotation.holds());
        let stolen = Rotation { new: key(3).verifier().to_string(), ..rotation.clone() };
        let other = Rotation { statement: Rotation::sign(&key(3), &key(2)).statement, ..rotation.clone() };
        let garbled = Rotation { statement: "x".to_owned(), ..rotation };
        assert!([stolen, other, garbled].iter().all(|forged| !forged.holds()));
    }

    #[test]
    fn own_records_are_read_back() {
        let late = OwnRecord::SealedLate(LateSeal { sealed: 3, leaves: 9, earlier_version: true });
        let rotated = OwnRecord::KeyRotated(Rotation::sign(&key(1), &key(2)));
        let adoption =
            Adoption { reason: "restored".to_owned(), leaves: 9, key: String::new(), left: Vec::new() };
        for own in [late, rotated, OwnRecord::Adopted(adoption)] {
            let record = own.record(Timestamp::UNIX_EPOCH);
            assert_eq!(OwnRecord::of(&Record::from_canonical(&record.canonical()).unwrap()), Some(own));
            let of_a_run = Record { run: Some("abcdefgh234567ab".parse().unwrap()), ..record };
            assert_eq!(OwnRecord::of(&of_a_run), None);
        }
    }
}
