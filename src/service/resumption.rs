//! Resumption: before a server signs, the ledger is compared with what was signed before and kept outside the database.
//!
//! A history that does not continue it is not signed, nor is one that another key signed. The ways on are a person's:
//! restoring the database, [`adopt`] or [`rotate_key`].

use jiff::Timestamp;

use super::notary::{Notary, continues};
use crate::domain::ledger::{
    Adoption, Checkpoint, CheckpointError, KeptCheckpoint, KeyChain, LIVE_TAIL_SECONDS, LateSeal, NodeHash,
    OwnRecord, Record, Rotation, SignerKey, VerifierKeys,
};
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::ports::store::{LedgerStore, StoreError};

/// Why a ledger is not signed.
#[derive(Debug, thiserror::Error)]
pub enum ResumptionError {
    /// It could not be read, or contradicts itself.
    #[error("reading the ledger")]
    Store(#[from] StoreError),
    /// It contradicts what was signed or kept.
    #[error("{0}")]
    Refused(Refusal),
}

/// A ledger as it is found.
struct Found {
    size: u64,
    root: NodeHash,
    /// What it records about itself.
    own: Vec<(u64, OwnRecord)>,
    /// Its newest checkpoint.
    newest: Option<String>,
    /// The note that is kept outside.
    kept: Option<String>,
}

/// Compares the ledger with its own newest checkpoint, the one that is kept in the notary's file, and those that are kept
/// elsewhere, and signs it. What was not signed in time is named in the ledger.
///
/// # Errors
/// - `Refused`: it does not continue them, or another key signed them; nothing was written
/// - `Store`
pub async fn resume(
    notary: &Notary,
    ledger: &dyn LedgerStore,
    elsewhere: &[KeptCheckpoint],
    now: Timestamp,
) -> Result<(), ResumptionError> {
    let found = Found::read(notary, ledger).await?;
    let newest = found.check_own(notary, ledger).await?;
    let kept = found.check_kept(notary, ledger).await?;
    for kept in elsewhere {
        found.check_elsewhere(notary, ledger, kept).await?;
    }
    if let Some(late) = found.sealed_late(ledger, newest.as_ref(), now).await? {
        tracing::warn!(
            sealed = late.sealed,
            leaves = late.leaves,
            "records that were not signed in time are signed now, and named in the ledger"
        );
        ledger.append(&[OwnRecord::SealedLate(late).record(now)]).await?;
    }
    // The database is written first, so this one was deleted from it.
    if let (Some(kept), Some(note)) = (&kept, &found.kept)
        && newest.as_ref().is_some_and(|newest| newest.size < kept.size)
    {
        tracing::error!(
            size = kept.size,
            "the newest checkpoint was deleted from the database; it is put back"
        );
        ledger.keep_checkpoint(kept.size, note).await?;
    }
    // The larger one says more.
    let head = [newest, kept].into_iter().flatten().max_by_key(|checkpoint| checkpoint.size);
    *notary.head().await = head;
    notary.seal(ledger).await?;
    Ok(())
}

/// Compares the ledger with a checkpoint that is kept elsewhere.
///
/// # Errors
/// - `Refused`: the ledger does not continue it, or another key signed it
/// - `Store`
pub async fn compare(
    notary: &Notary,
    ledger: &dyn LedgerStore,
    kept: &KeptCheckpoint,
) -> Result<(), ResumptionError> {
    Found::read(notary, ledger).await?.check_elsewhere(notary, ledger, kept).await
}

/// Goes on with a ledger that does not continue what is kept outside, or that another key signed: the record of it, with
/// the checkpoints that are left behind, is in the ledger for good. Gives the record's leaf.
///
/// # Errors
/// - `Refused`: there is nothing to adopt, or the ledger contradicts its own checkpoints
/// - `Store`
pub async fn adopt(
    notary: &Notary,
    ledger: &dyn LedgerStore,
    elsewhere: &[KeptCheckpoint],
    (reason, now): (&str, Timestamp),
) -> Result<u64, ResumptionError> {
    let found = Found::read(notary, ledger).await?;
    let mut left = Vec::new();
    if let Some(newest) = &found.newest {
        let checkpoint = Checkpoint::parse_unverified(newest).map_err(|error| unusable(OWN, &error))?;
        if !continues(ledger, &checkpoint, (found.size, found.root)).await? {
            return Err(ResumptionError::Refused(forked(OWN, &checkpoint, found.size)));
        }
        if Checkpoint::verify(newest, &notary.key.verifier().into()).is_err() {
            left.push(newest.clone());
        }
    }
    if found.check_kept(notary, ledger).await.is_err() {
        left.extend(found.kept.clone());
    }
    for kept in elsewhere {
        if found.check_elsewhere(notary, ledger, kept).await.is_err() {
            left.push(kept.note.clone());
        }
    }
    let is_bare = found.newest.is_none() && found.size > 0;
    if left.is_empty() && !is_bare {
        let problem =
            "the ledger continues every checkpoint that is kept outside of it, and its key signed it";
        return Err(ResumptionError::Refused(Refusal::new(
            reason::NOTHING_TO_ADOPT,
            problem,
            "start `writ serve`",
        )));
    }
    left.sort();
    left.dedup();
    let adoption = Adoption { reason: reason.to_owned(), leaves: found.size, key: notary.verifier(), left };
    let leaves = ledger.append(&[OwnRecord::Adopted(adoption).record(now)]).await?;
    // A file that covers more than what is adopted would be kept.
    if let Some(file) = &notary.kept {
        file.write("").map_err(|error| {
            let problem = format!("`{}`: {error}", file.path().display());
            ResumptionError::Refused(Refusal::new(
                reason::KEPT_CHECKPOINT_UNUSABLE,
                problem,
                "make it writable",
            ))
        })?;
    }
    notary.seal(ledger).await?;
    Ok(leaves.first().map_or(found.size, |leaf| leaf.index))
}

/// Replaces the key: the old one signs the new one, the ledger records it, and both sign that. Repeating it after a crash
/// goes on. Gives the record's leaf.
///
/// # Errors
/// - as [`resume`] with the old key
pub async fn rotate_key(
    old: &Notary,
    new: &SignerKey,
    ledger: &dyn LedgerStore,
    now: Timestamp,
) -> Result<u64, ResumptionError> {
    let rotation = Rotation::sign(&old.key, new);
    let begun = Found::read(old, ledger).await?.rotation(&rotation);
    let leaf = match begun {
        Some(leaf) => leaf,
        None => {
            resume(old, ledger, &[], now).await?;
            let leaves = ledger.append(&[OwnRecord::KeyRotated(rotation).record(now)]).await?;
            leaves.first().map_or(0, |leaf| leaf.index)
        }
    };
    let size = ledger.ledger_size().await?;
    let root = ledger.root(size).await?;
    // The last that the old key signs: the record of its own end.
    if size == leaf + 1 {
        ledger.keep_checkpoint(size, &Checkpoint::sign(size, root, &old.key)).await?;
    }
    let successor = Notary::new(new.clone());
    let successor = match &old.kept {
        Some(file) => successor.keeping(file.clone()),
        None => successor,
    };
    successor.seal(ledger).await?;
    Ok(leaf)
}

/// How the database's own newest checkpoint is named.
const OWN: &str = "the database";

impl Found {
    async fn read(notary: &Notary, ledger: &dyn LedgerStore) -> Result<Self, ResumptionError> {
        let kept = match &notary.kept {
            // An empty file is what an adoption leaves that was interrupted.
            Some(file) => file.read().map(|kept| kept.filter(|note| !note.is_empty())).map_err(|error| {
                let problem = format!("`{}`: {error}", file.path().display());
                let remedy = "make the file readable; it is the checkpoint that the ledger must continue";
                ResumptionError::Refused(Refusal::new(reason::KEPT_CHECKPOINT_UNUSABLE, problem, remedy))
            })?,
            None => None,
        };
        // In this order: the tree only grows.
        let newest = ledger.checkpoint().await?;
        let size = ledger.ledger_size().await?;
        let root = ledger.root(size).await?;
        let own = ledger.own_leaves().await?.into_iter().filter_map(|leaf| {
            let record = Record::from_canonical(&leaf.data).ok()?;
            Some((leaf.index, OwnRecord::of(&record)?))
        });
        Ok(Self { size, root, own: own.collect(), newest, kept })
    }

    /// The database's own newest checkpoint, which this key must have signed and the ledger must continue.
    async fn check_own(
        &self,
        notary: &Notary,
        ledger: &dyn LedgerStore,
    ) -> Result<Option<Checkpoint>, ResumptionError> {
        let own_key = notary.verifier();
        for (leaf, own) in &self.own {
            if matches!(own, OwnRecord::KeyRotated(rotation) if rotation.old == own_key && rotation.holds()) {
                let problem = format!("leaf {leaf} says that this signing key was replaced");
                let remedy = "run `writ audit rotate-key` again to finish, or use the new key";
                return Err(ResumptionError::Refused(Refusal::new(
                    reason::LEDGER_KEY_REPLACED,
                    problem,
                    remedy,
                )));
            }
        }
        let Some(note) = &self.newest else {
            // Earlier versions signed with the first pull request; this one before the first record.
            if self.size > 0 && (self.kept.is_some() || !self.own.is_empty()) {
                let problem = format!("the ledger has {} leaves, but its checkpoints are gone", self.size);
                let remedy =
                    "restore the database; only if there is no other copy, `writ audit adopt --reason TEXT`";
                return Err(ResumptionError::Refused(Refusal::new(
                    reason::CHECKPOINT_MISSING,
                    problem,
                    remedy,
                )));
            }
            return Ok(None);
        };
        let checkpoint =
            Checkpoint::verify(note, &notary.key.verifier().into()).map_err(|error| match error {
                CheckpointError::UnknownKey { .. } => key_new(OWN),
                other => unusable(OWN, &other),
            })?;
        if continues(ledger, &checkpoint, (self.size, self.root)).await? {
            Ok(Some(checkpoint))
        } else {
            Err(ResumptionError::Refused(forked(OWN, &checkpoint, self.size)))
        }
    }

    /// The checkpoint that is kept outside, unless an adoption left it behind.
    async fn check_kept(
        &self,
        notary: &Notary,
        ledger: &dyn LedgerStore,
    ) -> Result<Option<Checkpoint>, ResumptionError> {
        let (Some(note), Some(file)) = (&self.kept, &notary.kept) else {
            if let Some(file) = notary.kept.as_ref().filter(|_| self.size > 0) {
                tracing::warn!(
                    path = %file.path().display(),
                    "no checkpoint is kept outside the database yet; it is kept there from now on"
                );
            }
            return Ok(None);
        };
        let place = format!("`{}`", file.path().display());
        self.check_outside(notary, ledger, note, &place).await
    }

    /// A checkpoint that is kept elsewhere.
    async fn check_elsewhere(
        &self,
        notary: &Notary,
        ledger: &dyn LedgerStore,
        kept: &KeptCheckpoint,
    ) -> Result<(), ResumptionError> {
        self.check_outside(notary, ledger, &kept.note, &kept.place).await.map(drop)
    }

    async fn check_outside(
        &self,
        notary: &Notary,
        ledger: &dyn LedgerStore,
        note: &str,
        place: &str,
    ) -> Result<Option<Checkpoint>, ResumptionError> {
        if self.was_left(note) {
            return Ok(None);
        }
        let keys: VerifierKeys = notary.key.verifier().into();
        let checkpoint =
            KeyChain::new(keys, &self.rotations()).verify(note).map_err(|error| match error {
                CheckpointError::UnknownKey { .. } => key_new(place),
                other => unusable(place, &other),
            })?;
        if continues(ledger, &checkpoint, (self.size, self.root)).await? {
            Ok(Some(checkpoint))
        } else {
            Err(ResumptionError::Refused(forked(place, &checkpoint, self.size)))
        }
    }

    /// Whether a person decided to leave this checkpoint behind.
    fn was_left(&self, note: &str) -> bool {
        self.own.iter().any(|(_, own)| {
            matches!(own, OwnRecord::Adopted(adoption) if adoption.left.iter().any(|left| left == note))
        })
    }

    fn rotations(&self) -> Vec<(u64, Rotation)> {
        let rotation = |(leaf, own): &(u64, OwnRecord)| match own {
            OwnRecord::KeyRotated(rotation) => Some((*leaf, rotation.clone())),
            _ => None,
        };
        self.own.iter().filter_map(rotation).collect()
    }

    /// The leaf of this very rotation, if it is there already.
    fn rotation(&self, wanted: &Rotation) -> Option<u64> {
        self.rotations().into_iter().find(|(_, found)| found == wanted).map(|(leaf, _)| leaf)
    }

    /// What is to be recorded where leaves were not signed in time.
    async fn sealed_late(
        &self,
        ledger: &dyn LedgerStore,
        newest: Option<&Checkpoint>,
        now: Timestamp,
    ) -> Result<Option<LateSeal>, StoreError> {
        let sealed = newest.map_or(0, |newest| newest.size);
        let late = |earlier_version| Some(LateSeal { sealed, leaves: self.size, earlier_version });
        if self.size == 0 {
            return Ok(None);
        }
        // This version signs the empty ledger first.
        let is_of_this_version = self.kept.is_some()
            || !self.own.is_empty()
            || ledger.checkpoints().await?.first().is_some_and(|first| first.size == 0);
        if !is_of_this_version {
            return Ok(late(true));
        }
        // A plan's record has the time of its request, so the one before it counts as well.
        let leaves = ledger.leaves(sealed.saturating_sub(1), 2).await?;
        if leaves.last().is_none_or(|last| last.index < sealed) {
            return Ok(None);
        }
        let at = leaves.iter().filter_map(|leaf| Some(Record::from_canonical(&leaf.data).ok()?.at)).max();
        let is_old = at.is_none_or(|at| now.as_second() - at.as_second() > LIVE_TAIL_SECONDS);
        Ok(if is_old { late(false) } else { None })
    }
}

fn key_new(place: &str) -> ResumptionError {
    let problem = format!("another key than this one signed the checkpoint in {place}");
    let remedy = "put the old key back (`writ audit rotate-key` replaces it); only if it is lost, `writ audit adopt --reason TEXT`";
    ResumptionError::Refused(Refusal::new(reason::LEDGER_KEY_NEW, problem, remedy))
}

fn unusable(place: &str, error: &CheckpointError) -> ResumptionError {
    let remedy =
        "restore it, or find out who changed it; `writ audit adopt --reason TEXT` goes on without it";
    let problem = format!("the checkpoint in {place}: {error}");
    ResumptionError::Refused(Refusal::new(error.code(), problem, remedy))
}

fn forked(place: &str, checkpoint: &Checkpoint, leaves: u64) -> Refusal {
    let vouched = checkpoint.size;
    if vouched > leaves {
        let problem = format!(
            "the checkpoint in {place} covers {vouched} leaves, but the ledger has {leaves}: it was rolled back"
        );
        let remedy = "use the newest copy of the database; only if it is lost, `writ audit adopt --reason TEXT` records that";
        return Refusal::new(reason::LEDGER_ROLLED_BACK, problem, remedy);
    }
    let problem = format!("the checkpoint in {place} covers other leaves than the ledger's first {vouched}");
    let remedy = "keep the database as evidence and restore a copy; `writ audit verify` says what differs";
    Refusal::new(reason::LEDGER_FORKED, problem, remedy)
}
