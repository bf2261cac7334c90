//! The notary: signs checkpoints over the ledger and proves that a record is in it.
//!
//! The formats are `domain::ledger`'s, the leaves and nodes the store's; signing happens here and nowhere else.
//! **Invariant**: no tree is signed that does not continue the one that was signed before, as the database has it, as
//! this process remembers it, and as it was kept outside the database when the process began ([`super::resumption`]).

use std::sync::PoisonError;

use tokio::sync::{Mutex, MutexGuard};

use crate::domain::ledger::{Checkpoint, NodeHash, OwnRecord, Proof, Record, SignerKey, embed, tree};
use crate::domain::names::RunId;
use crate::domain::text::error_chain;
use crate::ports::checkpoint_file::CheckpointFile;
use crate::ports::store::{LedgerStore, StoreError};

/// How many leaves are read at a time.
const BATCH: u32 = 1000;

/// Signs for one ledger.
#[derive(Debug)]
pub struct Notary {
    pub(super) key: SignerKey,
    pub(super) kept: Option<CheckpointFile>,
    /// What was signed, or found outside, last. Held while signing: checkpoints are made one after the other.
    head: Mutex<Option<Checkpoint>>,
    /// Why nothing more is signed.
    halted: Mutex<Option<String>>,
    /// Why the last try to sign was refused.
    refused: Refused,
}

/// Why signing is refused, for whoever asks from elsewhere.
type Refused = std::sync::Mutex<Option<String>>;

/// A checkpoint that was just signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// How many leaves it covers.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// The ledger could not be read.
    #[error("reading the ledger")]
    Store(#[from] StoreError),
    /// The record is not in the ledger.
    #[error("the ledger has no such record of run `{0}`")]
    NoRecord(RunId),
}

impl Notary {
    /// A notary with this key; the ledger's name is the key's.
    #[must_use]
    pub fn new(key: SignerKey) -> Self {
        Self {
            key,
            kept: None,
            head: Mutex::default(),
            halted: Mutex::default(),
            refused: Refused::default(),
        }
    }

    /// The same, which keeps its newest checkpoint in this file.
    #[must_use]
    pub fn keeping(self, file: CheckpointFile) -> Self {
        Self { kept: Some(file), ..self }
    }

    /// The key that verifies what this notary signs, as a C2SP vkey.
    #[must_use]
    pub fn verifier(&self) -> String {
        self.key.verifier().to_string()
    }

    /// Signs a checkpoint over the ledger as it is now and stores it; returns its size.
    ///
    /// # Errors
    /// - `Store`: the ledger cannot be read, or no longer continues what was signed before
    pub async fn checkpoint(&self, ledger: &dyn LedgerStore) -> Result<u64, NotaryError> {
        Ok(self.seal(ledger).await?.size)
    }

    /// A run's record with its inclusion proof under a fresh checkpoint: the block for a pull request's body.
    ///
    /// # Errors
    /// - `NoRecord`: the run has no such leaf
    /// - `Store`
    pub async fn prove(
        &self,
        ledger: &dyn LedgerStore,
        run: &RunId,
        record: &Record,
    ) -> Result<String, NotaryError> {
        let leaf = record.leaf();
        let leaves = ledger.leaves_of(run).await?;
        let found = leaves.iter().find(|stored| stored.hash == leaf);
        let index = found.ok_or_else(|| NotaryError::NoRecord(run.clone()))?.index;
        let proof = self.prove_leaf(ledger, index).await?;
        Ok(embed(&record.canonical(), &proof))
    }

    /// The inclusion proof of leaf `index` under a fresh checkpoint.
    ///
    /// # Errors
    /// - [`StoreError::Corrupt`]: as [`Notary::seal`], or there is no such leaf
    pub async fn prove_leaf(&self, ledger: &dyn LedgerStore, index: u64) -> Result<Proof, StoreError> {
        let sealed = self.seal(ledger).await?;
        let hashes = ledger.inclusion(index, sealed.size).await?;
        Ok(Proof { index, hashes, checkpoint: sealed.note })
    }

    /// Signs the tree as it is now and stores the checkpoint, in the database and then outside. A tree that is signed
    /// already is not signed again.
    ///
    /// # Errors
    /// - [`StoreError::Corrupt`]: the tree no longer continues what was signed, so that signing it would vouch for a
    ///   changed history; or the ledger says that the key was replaced
    pub async fn seal(&self, ledger: &dyn LedgerStore) -> Result<Seal, StoreError> {
        let sealed = self.try_seal(ledger).await;
        match &sealed {
            Ok(_) => self.note(None),
            // It is not refused: it is tried again.
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => self.note(Some(error_chain(error))),
        }
        sealed
    }

    /// Why nothing is signed any more; `None` while signing goes on.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, refusal: Option<String>) {
        // OK to go on after a panic elsewhere: the value is replaced as a whole.
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    async fn try_seal(&self, ledger: &dyn LedgerStore) -> Result<Seal, StoreError> {
        let mut head = self.head.lock().await;
        if let Some(why) = self.halted.lock().await.clone() {
            return Err(StoreError::Corrupt(why));
        }
        // Read before the size: the tree only grows, so it is at least as large as any checkpoint seen before.
        let newest = ledger.checkpoint().await?;
        let size = ledger.ledger_size().await?;
        let root = ledger.root(size).await?;
        let signed = newest.as_deref().map(read_own).transpose()?;
        let stored = signed.as_ref().map_or(0, |signed| signed.size);
        if let Some(head) = head.as_ref().filter(|head| head.size > stored) {
            return Err(gone(head.size));
        }
        for signed in signed.iter().chain(head.iter()) {
            if !continues(ledger, signed, (size, root)).await? {
                return Err(changed(signed.size));
            }
        }
        self.check_key(ledger, head.as_ref().map_or(stored, |head| head.size), size).await?;
        let note = Checkpoint::sign(size, root, &self.key);
        if newest.as_deref() != Some(&note) {
            ledger.keep_checkpoint(size, &note).await?;
        }
        let next = Checkpoint { origin: self.key.origin().to_owned(), size, root };
        if head.as_ref() != Some(&next) || newest.as_deref() != Some(&note) {
            self.keep(&note, size).await;
        }
        *head = Some(next);
        Ok(Seal { size, note })
    }

    /// Whether the newest checkpoint is the one that this notary signed last, and covers all leaves.
    pub(super) async fn is_sealed(&self, ledger: &dyn LedgerStore) -> Result<bool, StoreError> {
        let head = self.head.lock().await;
        let Some(head) = head.as_ref() else { return Ok(false) };
        let size = ledger.ledger_size().await?;
        // One that cannot be read is another one; sealing says what is wrong with it.
        let newest = ledger.checkpoint().await?;
        let newest = newest.and_then(|note| Checkpoint::parse_unverified(&note).ok());
        Ok(size == head.size && newest.as_ref() == Some(head))
    }

    /// Signs nothing more until the process starts again.
    pub(super) async fn halt(&self, why: String) {
        self.note(Some(why.clone()));
        *self.halted.lock().await = Some(why);
    }

    /// The head that the next tree must continue, locked.
    pub(super) async fn head(&self) -> MutexGuard<'_, Option<Checkpoint>> {
        self.head.lock().await
    }

    /// Writes the file outside. That it fails is said and stops nothing: the next one is written a second later.
    async fn keep(&self, note: &str, size: u64) {
        let Some(file) = self.kept.clone() else { return };
        let (note, path) = (note.to_owned(), file.path().display().to_string());
        let kept = tokio::task::spawn_blocking(move || {
            // Another process may have kept a later one.
            let later = file.read()?.and_then(|kept| Checkpoint::parse_unverified(&kept).ok());
            if later.is_some_and(|kept| kept.size > size) { Ok(()) } else { file.write(&note) }
        });
        let problem = match kept.await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error_chain(&error),
            Err(error) => error.to_string(),
        };
        tracing::error!(path, problem, "the checkpoint outside the database could not be written");
    }

    /// Refuses where the leaves from `first` say that the key was replaced.
    async fn check_key(&self, ledger: &dyn LedgerStore, first: u64, size: u64) -> Result<(), StoreError> {
        let (mut first, own) = (first, self.verifier());
        while first < size {
            let leaves = ledger.leaves(first, BATCH).await?;
            let Some(last) = leaves.last() else { break };
            first = last.index + 1;
            for leaf in leaves.iter().filter(|leaf| leaf.run.is_none()) {
                let record = Record::from_canonical(&leaf.data).ok();
                if let Some(OwnRecord::KeyRotated(rotation)) = record.as_ref().and_then(OwnRecord::of)
                    && rotation.old == own
                    && rotation.holds()
                {
                    return Err(StoreError::Corrupt(format!(
                        "leaf {} says that the signing key was replaced: restart with the new one",
                        leaf.index
                    )));
                }
            }
        }
        Ok(())
    }
}

/// Reads the newest checkpoint of the database.
fn read_own(note: &str) -> Result<Checkpoint, StoreError> {
    Checkpoint::parse_unverified(note)
        .map_err(|error| StoreError::Corrupt(format!("the newest checkpoint: {error}")))
}

/// Whether a tree, given by its size and root, begins with the tree of a checkpoint.
pub(super) async fn continues(
    ledger: &dyn LedgerStore,
    signed: &Checkpoint,
    (size, root): (u64, NodeHash),
) -> Result<bool, StoreError> {
    if signed.size > size {
        return Ok(false);
    }
    // Every tree continues the empty one.
    if signed.size == 0 {
        return Ok(true);
    }
    let hashes = ledger.consistency(signed.size, size).await?;
    Ok(tree::check_consistency(&hashes, (signed.size, signed.root), (size, root)).is_ok())
}

fn changed(vouched: u64) -> StoreError {
    StoreError::Corrupt(format!("the ledger no longer continues its checkpoint of {vouched} leaves"))
}

fn gone(vouched: u64) -> StoreError {
    StoreError::Corrupt(format!("the ledger's checkpoint of {vouched} leaves was deleted"))
}
