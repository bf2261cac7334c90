//! The key chain: the keys that a verifier gave, and those that rotations in the ledger lead to.
//!
//! Forward, a key is trusted because a trusted one signed it. Back, a key is trusted because a trusted successor signed
//! the tree in which the rotation is; that a checkpoint does cover it is for the audit to check ([`KeyChain::vouched`]).
//! A key that was replaced may sign up to its rotation and nothing after it.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::{VerifierKey, VerifierKeys};
use super::own_record::Rotation;

/// Keys, with when each was replaced.
#[derive(Debug, Clone)]
pub struct KeyChain {
    given: VerifierKeys,
    all: VerifierKeys,
    /// Each key that was replaced, and the leaf that says so.
    retired: Vec<(String, u64)>,
    vouched: Vec<u64>,
}

impl KeyChain {
    /// The chain from the keys that were given and the rotations of the ledger, each with its leaf, oldest first.
    #[must_use]
    pub fn new(given: VerifierKeys, rotations: &[(u64, Rotation)]) -> Self {
        let mut chain = Self { all: given.clone(), given, retired: Vec::new(), vouched: Vec::new() };
        let holding: Vec<&(u64, Rotation)> =
            rotations.iter().filter(|(_, rotation)| rotation.holds()).collect();
        for (leaf, rotation) in holding.iter().rev() {
            if chain.all.has(&rotation.new) && !chain.all.has(&rotation.old) {
                chain.trust(&rotation.old);
                chain.vouched.push(*leaf);
            }
        }
        for (leaf, rotation) in &holding {
            if chain.all.has(&rotation.old) {
                chain.trust(&rotation.new);
                chain.retired.push((rotation.old.clone(), *leaf));
            }
        }
        chain
    }

    /// The leaves of those rotations that only a checkpoint of the given keys vouches for.
    #[must_use]
    pub fn vouched(&self) -> &[u64] {
        &self.vouched
    }

    /// Whether one of the given keys signed this checkpoint.
    #[must_use]
    pub fn is_signed_by_given(&self, note: &str) -> bool {
        Checkpoint::verify(note, &self.given).is_ok()
    }

    /// Reads a checkpoint that a key of the chain has signed while it was in use.
    ///
    /// # Errors
    /// - as [`Checkpoint::verify`], or all keys that signed it had been replaced
    pub fn verify(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::verify(note, &self.all)?;
        let mut late = None;
        for key in self.all.keys() {
            if Checkpoint::verify(note, &key.clone().into()).is_err() {
                continue;
            }
            match self
                .retired
                .iter()
                .find(|(old, leaf)| *old == key.to_string() && checkpoint.size > leaf + 1)
            {
                None => return Ok(checkpoint),
                Some((_, leaf)) => late = Some(*leaf),
            }
        }
        Err(CheckpointError::KeyRetired { origin: checkpoint.origin, leaf: late.unwrap_or_default() })
    }

    fn trust(&mut self, text: &str) {
        if let Ok(keys) = VerifierKeys::parse(text) {
            keys.keys().iter().for_each(|key| self.all.add(key.clone()));
        }
    }
}

impl From<VerifierKeys> for KeyChain {
    fn from(keys: VerifierKeys) -> Self {
        Self::new(keys, &[])
    }
}

impl From<VerifierKey> for KeyChain {
    fn from(key: VerifierKey) -> Self {
        VerifierKeys::from(key).into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NodeHash, SignerKey};
    use super::*;

    fn key(seed: u8) -> SignerKey {
        SignerKey::from_seed("writ.example.org/ledger", [seed; 32]).unwrap()
    }

    fn chain(given: u8) -> KeyChain {
        let rotations = [(4, Rotation::sign(&key(1), &key(2))), (9, Rotation::sign(&key(2), &key(3)))];
        KeyChain::new(key(given).verifier().into(), &rotations)
    }

    fn read(chain: &KeyChain, size: u64, signer: u8) -> Result<u64, CheckpointError> {
        chain.verify(&Checkpoint::sign(size, NodeHash([0; 32]), &key(signer))).map(|found| found.size)
    }

    #[test]
    fn each_key_signs_while_it_is_in_use_whichever_of_them_is_given() {
        for given in [1, 2, 3] {
            let chain = chain(given);
            for (size, signer) in [(1, 1), (5, 1), (6, 2), (10, 2), (11, 3), (99, 3)] {
                assert_eq!(read(&chain, size, signer), Ok(size), "given {given}, signed by {signer}");
            }
            for (size, signer) in [(6, 1), (11, 2)] {
                let found = read(&chain, size, signer);
                assert!(matches!(found, Err(CheckpointError::KeyRetired { .. })), "{found:?}");
            }
            assert!(matches!(read(&chain, 1, 4), Err(CheckpointError::UnknownKey { .. })));
        }
    }

    #[test]
    fn earlier_keys_are_only_vouched_for() {
        assert!(chain(1).vouched().is_empty());
        assert_eq!(chain(3).vouched(), [9, 4]);
    }

    #[test]
    fn a_rotation_that_nobody_trusted_signed_adds_nothing() {
        let chain = KeyChain::new(key(1).verifier().into(), &[(4, Rotation::sign(&key(8), &key(9)))]);
        assert!(matches!(read(&chain, 9, 9), Err(CheckpointError::UnknownKey { .. })));
    }
}
