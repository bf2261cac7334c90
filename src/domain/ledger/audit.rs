//! The whole ledger, computed again from its leaves and compared with all that was stored and signed.
//!
//! Fed leaf by leaf with the stored nodes that the leaf completes, so that any size fits in memory. After a finding
//! it goes on with the stored hash: one flipped byte is one finding, not one for each node above it.

use jiff::Timestamp;

use super::chain::KeyChain;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::finding::AuditFinding;
use super::own_record::OwnRecord;
use super::record::{LeafHash, Record};
use super::tree::{Edge, NodeHash, NodeId, Nodes};
use crate::domain::names::RunId;

/// How old the end of a ledger may be that no checkpoint covers yet, seconds. A server signs within one.
pub const LIVE_TAIL_SECONDS: i64 = 5;
/// Over how long leaves may have been written that only one checkpoint covers, seconds.
const LONGEST_BATCH_SECONDS: i64 = 60;

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

/// A checkpoint as stored in the ledger's database.
#[derive(Debug, Clone, Copy)]
pub struct FiledCheckpoint<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// The size it is filed under.
    pub size: u64,
    /// The signed note.
    pub note: &'a str,
}

/// A checkpoint that was kept outside the database.
#[derive(Debug, Clone)]
pub struct KeptCheckpoint {
    /// Where.
    pub place: String,
    /// The signed note.
    pub note: String,
}

/// The end of a ledger that no checkpoint covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// How many leaves.
    pub leaves: u64,
    /// When the first of them was written, at the latest; `None` where no record before it has a time.
    pub since: Option<Timestamp>,
}

/// What an audit comes to.
#[derive(Debug, Clone)]
pub struct AuditReport {
    /// How many leaves there are.
    pub leaves: u64,
    /// How many of them a checkpoint covers; `None` where there is no checkpoint to rely on.
    pub sealed: Option<u64>,
    /// Those after them.
    pub unsealed: Tail,
    /// What the ledger says about itself: leaf, time, content.
    pub own: Vec<(u64, Timestamp, OwnRecord)>,
    /// All findings, in the order of the leaves, checkpoints that were never met last.
    pub findings: Vec<AuditFinding>,
}

/// The audit of one ledger.
#[derive(Debug)]
pub struct Audit<'a> {
    keys: Option<&'a KeyChain>,
    edge: Edge,
    /// The checkpoints that are to be met, the next one last.
    waiting: Vec<Waiting>,
    /// Number and size of the stored checkpoints.
    filed: Vec<(u64, u64)>,
    sealed: Option<u64>,
    /// How many leaves a checkpoint of the given keys covers.
    sealed_by_given: u64,
    /// The latest time of a record so far.
    clock: Option<Timestamp>,
    /// The clock at the first leaf after the checkpoint that was met last.
    since: Option<Timestamp>,
    /// Leaves that only one checkpoint covers though it took long to write them: first, end, seconds.
    sparse: Vec<(u64, u64, i64)>,
    own: Vec<(u64, Timestamp, OwnRecord)>,
    findings: Vec<AuditFinding>,
}

/// A checkpoint that is to be met.
#[derive(Debug)]
struct Waiting {
    source: Source,
    size: u64,
    root: NodeHash,
    by_given: bool,
}

#[derive(Debug)]
enum Source {
    Filed(u64),
    Kept(String),
}

impl<'a> Audit<'a> {
    /// Begins with the stored checkpoints, oldest first, and those that were kept elsewhere. Without keys their
    /// signatures are not verified.
    #[must_use]
    pub fn begin<'b>(
        filed: impl IntoIterator<Item = FiledCheckpoint<'b>>,
        kept: impl IntoIterator<Item = KeptCheckpoint>,
        keys: Option<&'a KeyChain>,
    ) -> Self {
        let mut audit = Self {
            keys,
            edge: Edge::default(),
            waiting: Vec::new(),
            filed: Vec::new(),
            sealed: None,
            sealed_by_given: 0,
            clock: None,
            since: None,
            sparse: Vec::new(),
            own: Vec::new(),
            findings: Vec::new(),
        };
        for FiledCheckpoint { number, size, note } in filed {
            let next = audit.filed.last().map_or(1, |(last, _)| last + 1);
            // One finding for a gap, however wide.
            if next < number {
                audit.findings.push(AuditFinding::CheckpointMissing(next));
            }
            audit.filed.push((number, size));
            match audit.expect(Source::Filed(number), note) {
                Ok(stated) if stated != size => audit.findings.push(AuditFinding::CheckpointMisfiled(number)),
                Ok(_) => {}
                Err(problem) => audit.findings.push(AuditFinding::CheckpointUntrusted { number, problem }),
            }
        }
        for KeptCheckpoint { place, note } in kept {
            if let Err(problem) = audit.expect(Source::Kept(place.clone()), &note) {
                audit.findings.push(AuditFinding::KeptUntrusted { place, problem });
            }
        }
        // Stable: the oldest of one size is met first.
        audit.waiting.reverse();
        audit.waiting.sort_by_key(|waiting| std::cmp::Reverse(waiting.size));
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
            Ok(record) => self.record(leaf, &record),
        }
        self.since = self.since.or(self.clock);
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

    /// Ends the audit. `now` tells whether the end of the ledger may still be unsealed.
    #[must_use]
    pub fn end(mut self, now: Timestamp) -> AuditReport {
        let leaves = self.edge.size();
        self.end_of_batches();
        while let Some(Waiting { source, size, .. }) = self.waiting.pop() {
            self.findings.push(match source {
                Source::Filed(number) => AuditFinding::CheckpointAhead { number, size, leaves },
                Source::Kept(place) => AuditFinding::RolledBack { place, size, leaves },
            });
        }
        let vouched = self.keys.map(KeyChain::vouched).unwrap_or_default();
        let unvouched = vouched.iter().filter(|leaf| **leaf >= self.sealed_by_given);
        self.findings.extend(unvouched.map(|leaf| AuditFinding::RotationUnvouched(*leaf)));
        let first = self.sealed.unwrap_or(0);
        let unsealed = Tail { leaves: leaves - first, since: self.since.filter(|_| leaves > first) };
        let is_live = unsealed.since.is_some_and(|since| seconds(since, now) <= LIVE_TAIL_SECONDS);
        // A checkpoint that should cover them and does not is the finding, where there is one.
        let is_told = self.findings.iter().any(AuditFinding::is_of_checkpoint);
        if unsealed.leaves > 0 && !is_live && !is_told {
            let since = unsealed.since.unwrap_or(Timestamp::UNIX_EPOCH);
            self.findings.push(AuditFinding::LeavesUnsealed { first, leaves: unsealed.leaves, since });
        }
        AuditReport { leaves, sealed: self.sealed, unsealed, own: self.own, findings: self.findings }
    }

    /// Reads a checkpoint and waits for its size; gives that.
    fn expect(&mut self, source: Source, note: &str) -> Result<u64, CheckpointError> {
        let read = self.keys.map_or_else(|| Checkpoint::parse_unverified(note), |keys| keys.verify(note))?;
        let by_given = self.keys.is_none_or(|keys| keys.is_signed_by_given(note));
        self.waiting.push(Waiting { source, size: read.size, root: read.root, by_given });
        Ok(read.size)
    }

    /// Takes note of what a record says.
    fn record(&mut self, leaf: &StoredLeaf<'_>, record: &Record) {
        if record.run.as_ref() != leaf.run {
            self.findings.push(AuditFinding::LeafMisfiled(leaf.index));
        }
        // A plan's record has the time of its request, whenever it was written.
        if record.kind != "change.planned" {
            self.clock = self.clock.max(Some(record.at));
        }
        let Some(own) = OwnRecord::of(record) else { return };
        if matches!(&own, OwnRecord::KeyRotated(rotation) if !rotation.holds()) {
            self.findings.push(AuditFinding::RotationFalse(leaf.index));
        }
        self.own.push((leaf.index, record.at, own));
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
        let here = self.edge.size();
        while let Some(Waiting { source, size, root, by_given }) =
            self.waiting.pop_if(|waiting| waiting.size == here)
        {
            let is_same = self.edge.root() == Ok(root);
            match source {
                Source::Filed(_) if is_same => self.is_sealed(by_given),
                Source::Kept(_) if is_same => {}
                Source::Filed(number) => {
                    self.findings.push(AuditFinding::CheckpointDiffers { number, size });
                }
                Source::Kept(place) => self.findings.push(AuditFinding::Forked { place, size }),
            }
        }
    }

    /// A checkpoint covers all leaves so far.
    fn is_sealed(&mut self, by_given: bool) {
        let (first, end) = (self.sealed.unwrap_or(0), self.edge.size());
        if let (Some(since), Some(clock)) = (self.since.take(), self.clock) {
            let seconds = seconds(since, clock);
            if seconds > LONGEST_BATCH_SECONDS {
                self.sparse.push((first, end, seconds));
            }
        }
        self.sealed = Some(end);
        if by_given {
            self.sealed_by_given = end;
        }
    }

    /// Checkpoints that are missing or go backwards, but for the time in which earlier versions wrote the ledger: those
    /// signed with pull requests only, several at once.
    fn end_of_batches(&mut self) {
        let earlier = self.own.iter().filter_map(|(_, _, own)| match own {
            OwnRecord::SealedLate(late) if late.earlier_version => Some(late.leaves),
            _ => None,
        });
        let earlier = earlier.max().unwrap_or(0);
        // Sealed late, and named as such.
        let is_named = |first: u64, end: u64| {
            self.own.iter().any(|(leaf, _, own)| {
                let is_late = match own {
                    OwnRecord::SealedLate(late) => late.sealed == first,
                    OwnRecord::Adopted(_) => true,
                    OwnRecord::KeyRotated(_) => false,
                };
                is_late && (first..end).contains(leaf)
            })
        };
        for &(first, end, seconds) in &self.sparse {
            if first >= earlier && !is_named(first, end) {
                self.findings.push(AuditFinding::CheckpointsSparse { first, end, seconds });
            }
        }
        let mut most = 0;
        for &(number, size) in &self.filed {
            if size < most && most > earlier {
                self.findings.push(AuditFinding::CheckpointBackwards { number, size });
            }
            most = most.max(size);
        }
    }
}

/// Whole seconds from one time to a later one; negative where it is earlier.
fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second() - from.as_second()
}
