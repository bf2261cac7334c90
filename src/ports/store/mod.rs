//! The store: inbox, runs, steps and ledger, durable. Adapter: `sqlite/`.
//!
//! **Invariant**: a state change and its records commit in one transaction, or neither does.
//! What the trait's documentation says is kept by `tests/contracts/store.rs`, for every adapter.

mod sqlite;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::ledger::{
    Checkpoint, LeafHash, NodeHash, NodeId, Nodes, Proof, Record, SignerKey, TreeError, tree,
};
use crate::domain::names::{CommitId, IssueNumber, RepositoryName, RunId};
use crate::domain::pull::{Conclusion, Observed};
use crate::domain::request::Request;
use crate::domain::run::{Outcome, Position, Step};
use crate::domain::turn::{Quotas, Ticket, Turn};

pub use sqlite::SqliteStore;

/// A delivery whose signature held, with what came of reading it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The forge's delivery id (`X-GitHub-Delivery`).
    pub delivery: String,
    /// Event name.
    pub event: String,
    /// Signed content that identifies the happening (`owner/name#comment:<id>:created`), for deduping where the
    /// delivery id differs; `None` where the event has no such identity.
    pub content_key: Option<String>,
    /// SHA-256 of the raw body, lower-case hex (the body itself is not kept).
    pub body_sha256: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The runs that it asks for: one for a command, one for each pull request that it tells of.
    pub runs: Vec<NewRun>,
    /// Records to append with it; those of a run that joins another are left out.
    pub records: Vec<Record>,
}

/// A run to create.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// The command as it was read: verb and, for `/actuate` and `/plan`, the request. Serialised by `service`.
    pub command: Value,
    /// The request, where there is one (a `/help` has none).
    pub request: Option<Request>,
    /// `owner/name#number`, for lists.
    pub subject: String,
    /// Where it starts; a command that cannot be read starts at `Report` with its outcome.
    pub position: Step,
    /// The outcome, where it is decided already.
    pub outcome: Option<Outcome>,
    /// The queue that it stands in; `None` for none. The runs of a queue are worked on one after the other, and a new one
    /// joins one that waits there: that one begins again ([`look_again`](crate::domain::run::look_again)) instead.
    pub queue: Option<String>,
}

/// What keeping an arrival came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// New; kept.
    Kept {
        /// Its first run: made, or joined.
        run: Option<RunId>,
    },
    /// This delivery, or another one of the same content, was kept before; nothing was changed.
    Duplicate {
        /// The run of the earlier one, if it made one.
        run: Option<RunId>,
    },
}

/// A run as stored.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The command as it was read.
    pub command: Value,
    /// The request, if any.
    pub request: Option<Request>,
    /// `owner/name#number`.
    pub subject: String,
    /// Where it stands.
    pub position: Position,
    /// How it ends, once decided.
    pub outcome: Option<Outcome>,
    /// What the steps have found so far, by step name (the plan report, the push outcome, ...).
    pub facts: serde_json::Map<String, Value>,
    /// How often the step that is next has been tried; in a [`Lease`] that counts the try it is for.
    pub attempts: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
    /// The delivery that brought it.
    pub delivery: String,
}

/// The exclusive, expiring right to perform one step of one run.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The run, as it was when leased.
    pub run: Run,
    /// The step to perform.
    pub step: Step,
    /// Rises with every lease of the run; a holder with an old number can no longer write.
    pub fence: i64,
    /// The newest intent of an earlier try of this step that was not finished (it crashed, lost its lease or was
    /// postponed): its effect may have happened, so look before repeating.
    pub earlier_intent: Option<Value>,
}

/// One entry of a run's timeline.
#[derive(Debug, Clone)]
pub struct StepEntry {
    /// The step.
    pub step: Step,
    /// Which try, from 1.
    pub attempt: u32,
    /// Who tries.
    pub worker: String,
    /// When it was leased.
    pub started_at: Timestamp,
    /// What was intended; `None` where no intent was written.
    pub intent: Option<Value>,
    /// When the outcome or the problem was written; `None` while open or after a crash.
    pub finished_at: Option<Timestamp>,
    /// Why the try was postponed.
    pub problem: Option<String>,
    /// What came of it: the `fact` of [`Finished`].
    pub outcome: Option<Value>,
}

/// The end of a step, written in one transaction.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What the step found, kept under its name in `Run::facts`.
    pub fact: Value,
    /// Where the run stands now.
    pub position: Position,
    /// How the run ends, once decided.
    pub outcome: Option<Outcome>,
    /// When.
    pub at: Timestamp,
    /// Records to append.
    pub records: Vec<Record>,
    /// What is now known of a pull request.
    pub pull: Option<KeptPull>,
    /// Runs whose pull requests are over: merged or closed.
    pub over: Vec<RunId>,
}

/// A pull request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPull {
    /// Where it stands.
    pub repository: RepositoryName,
    /// What the last look found.
    pub seen: Observed,
    /// How the head that was seen was judged; `None` before it was.
    pub policy: Option<Conclusion>,
    /// The last look.
    pub look: RunId,
    /// When it looked.
    pub at: Timestamp,
}

/// Which pull requests to read.
#[derive(Debug, Clone, Copy)]
pub enum Pulls<'a> {
    /// Those looked at last, newest look first.
    Latest(u32),
    /// The one of this number.
    Numbered(&'a RepositoryName, IssueNumber),
    /// All with this head, by number.
    WithHead(&'a RepositoryName, &'a CommitId),
    /// All from this branch of the repository itself, by number.
    FromBranch(&'a RepositoryName, &'a str),
}

/// A leaf as stored.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Its index, from 0.
    pub index: u64,
    /// The canonical bytes.
    pub data: Vec<u8>,
    /// Its hash.
    pub hash: LeafHash,
    /// The run it belongs to, if any.
    pub run: Option<RunId>,
}

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The lease has expired and somebody else holds the run; drop what you do.
    #[error("the lease of run `{0}` is lost")]
    LeaseLost(RunId),
    /// Full, locked, unreachable: worth repeating.
    #[error("the database is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// Written by a newer version of the program; use that one.
    #[error("the database has schema version {found}, but this program supports versions up to {known}")]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// What is stored cannot be read, or a rule of the schema was broken.
    #[error("the database contains unexpected data: {0}")]
    Corrupt(String),
}

impl From<TreeError> for StoreError {
    fn from(error: TreeError) -> Self {
        Self::Corrupt(error.to_string())
    }
}

/// A signed checkpoint as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The tree size that it was kept under.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// The store.
#[async_trait]
pub trait Store: Send + Sync {
    /// Keeps a delivery, its run and its records in one durable transaction; a duplicate changes nothing.
    ///
    /// A duplicate is a delivery whose id or content key was kept before, or which asks for a run that exists. A run that
    /// joins one in its queue is not made.
    async fn accept(&self, arrival: &Arrival) -> Result<Accepted, StoreError>;

    /// Leases the run whose step is due longest; `None` when none is due.
    ///
    /// Not while an earlier run of its queue is not over. A run is leased to one worker at a time; from `until` on it may be leased again, and the first lease is lost.
    async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, StoreError>;

    /// Writes what is about to be done, durably, before it is done.
    ///
    /// # Errors
    /// - [`StoreError::LeaseLost`], here and in `finish` and `postpone`: the run was leased again, or released
    async fn intend(&self, lease: &Lease, intent: &Value, at: Timestamp) -> Result<(), StoreError>;

    /// Writes what came of it, moves the run and releases the lease. Returns the leaves of the appended records.
    async fn finish(&self, lease: &Lease, finished: &Finished) -> Result<Vec<Leaf>, StoreError>;

    /// Makes the lease hold until `until`, for a step that takes longer.
    ///
    /// # Errors
    /// - [`StoreError::LeaseLost`]
    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<(), StoreError>;

    /// Releases the lease; the step is due again at `due`.
    async fn postpone(
        &self,
        lease: &Lease,
        problem: &str,
        at: Timestamp,
        due: Timestamp,
    ) -> Result<(), StoreError>;

    /// Releases the lease of a run that waits for its turn; the step is due again at `due`, and this was no try.
    async fn wait(&self, lease: &Lease, why: &str, at: Timestamp, due: Timestamp) -> Result<(), StoreError>;

    /// Whether it is a run's turn, as [`turn`](crate::domain::turn::turn) says, and keeps that it was let through and
    /// from whom it took its targets. Asked again by the same run, it stands where it stood. A run is done with its
    /// targets when it comes to its report.
    async fn take_turn(&self, ticket: &Ticket, quotas: &Quotas, now: Timestamp) -> Result<Turn, StoreError>;

    /// The containment that took this run's targets from it, if one did.
    async fn taken_by(&self, run: &RunId) -> Result<Option<RunId>, StoreError>;

    /// The runs of a repository that opened a pull request which is not known to be over, oldest first.
    async fn proposed(&self, repository: &RepositoryName) -> Result<Vec<Run>, StoreError>;

    /// When the next step is due, if any is waiting.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// The latest runs, newest first.
    async fn runs(&self, limit: u32) -> Result<Vec<Run>, StoreError>;

    /// The latest runs that stand in no queue: commands. Newest first.
    async fn commands(&self, limit: u32) -> Result<Vec<Run>, StoreError>;

    /// Pull requests.
    async fn pulls(&self, which: Pulls<'_>) -> Result<Vec<KeptPull>, StoreError>;

    /// One run.
    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError>;

    /// A run's timeline, oldest first.
    async fn timeline(&self, id: &RunId) -> Result<Vec<StepEntry>, StoreError>;

    /// A run's leaves, oldest first.
    async fn leaves_of(&self, id: &RunId) -> Result<Vec<Leaf>, StoreError>;

    /// How many leaves the ledger has.
    async fn ledger_size(&self) -> Result<u64, StoreError>;

    /// Leaves from `first`, at most `limit`, by index.
    async fn leaves(&self, first: u64, limit: u32) -> Result<Vec<Leaf>, StoreError>;

    /// All leaf hashes up to `size`, by index.
    async fn leaf_hashes(&self, size: u64) -> Result<Vec<LeafHash>, StoreError>;

    /// Those of the wanted nodes of the Merkle tree that are stored.
    async fn nodes(&self, wanted: &[NodeId]) -> Result<Nodes, StoreError>;

    /// Keeps a signed checkpoint (append-only); the same note twice is kept once.
    async fn keep_checkpoint(&self, size: u64, note: &str) -> Result<(), StoreError>;

    /// The note of the signed checkpoint with the most leaves.
    async fn checkpoint(&self) -> Result<Option<String>, StoreError>;

    /// All signed checkpoints, oldest first.
    async fn checkpoints(&self) -> Result<Vec<StoredCheckpoint>, StoreError>;

    /// What the database itself finds wrong: damaged pages, missing triggers, rows that lead nowhere. Reads all of it.
    async fn problems(&self) -> Result<Vec<String>, StoreError>;

    /// The root of the tree of the first `size` leaves.
    async fn root(&self, size: u64) -> Result<NodeHash, StoreError> {
        let nodes = self.nodes(&tree::wanted_for_root(size)).await?;
        Ok(tree::root(size, &nodes)?)
    }

    /// The inclusion proof of leaf `index` in the tree of the first `size` leaves.
    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<NodeHash>, StoreError> {
        let nodes = self.nodes(&tree::wanted_for_inclusion(index, size)).await?;
        Ok(tree::prove_inclusion(index, size, &nodes)?)
    }

    /// The proof that the tree of the first `old` leaves is the beginning of that of the first `new`.
    async fn consistency(&self, old: u64, new: u64) -> Result<Vec<NodeHash>, StoreError> {
        let nodes = self.nodes(&tree::wanted_for_consistency(old, new)).await?;
        Ok(tree::prove_consistency(old, new, &nodes)?)
    }

    /// Signs the tree as it is now and keeps the checkpoint; its size and note.
    ///
    /// # Errors
    /// - [`StoreError::Corrupt`]: the tree no longer continues the newest checkpoint, so that signing it would vouch
    ///   for a changed history
    async fn seal(&self, signer: &SignerKey) -> Result<(u64, String), StoreError> {
        // Read before the size: the tree only grows, so it is at least as large as any checkpoint seen before.
        let newest = self.checkpoint().await?;
        let size = self.ledger_size().await?;
        let root = self.root(size).await?;
        if let Some(note) = newest {
            let newest = Checkpoint::parse_unverified(&note)
                .map_err(|error| StoreError::Corrupt(format!("the newest checkpoint: {error}")))?;
            let changed = || {
                let vouched = newest.size;
                StoreError::Corrupt(format!(
                    "the ledger no longer continues its checkpoint of {vouched} leaves"
                ))
            };
            if newest.size > size {
                return Err(changed());
            }
            // Every tree continues the empty one.
            if newest.size > 0 {
                let hashes = self.consistency(newest.size, size).await?;
                tree::check_consistency(&hashes, (newest.size, newest.root), (size, root))
                    .map_err(|_| changed())?;
            }
        }
        let checkpoint = Checkpoint::sign(size, root, signer);
        self.keep_checkpoint(size, &checkpoint).await?;
        Ok((size, checkpoint))
    }

    /// Seals the tree as it is now, and proves leaf `index` in it.
    ///
    /// # Errors
    /// - [`StoreError::Corrupt`]: as `seal`, or there is no such leaf
    async fn prove(&self, index: u64, signer: &SignerKey) -> Result<Proof, StoreError> {
        let (size, checkpoint) = self.seal(signer).await?;
        let hashes = self.inclusion(index, size).await?;
        Ok(Proof { index, hashes, checkpoint })
    }
}
