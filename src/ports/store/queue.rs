//! The queue: leases the steps of runs to workers, and stores the result of each try.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::error::StoreError;
use super::ledger::Leaf;
use super::view::{Run, StoredPull};
use crate::domain::admission::{Admission, Quotas, TargetClaim};
use crate::domain::ledger::Record;
use crate::domain::names::RunId;
use crate::domain::priority::Priority;
use crate::domain::run::{Outcome, Position, Step};

/// The exclusive, expiring right to perform one step of one run.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The run, as it was when leased.
    pub run: Run,
    /// The step to perform.
    pub step: Step,
    /// Its priority.
    pub priority: Priority,
    /// Rises with every lease of the run; a holder with an old number can no longer write.
    pub fence: i64,
    /// The newest intent of an earlier try of this step that was not finished (it crashed, lost its lease or was
    /// postponed): its effect may have happened, so check before repeating it.
    pub earlier_intent: Option<Value>,
}

/// The end of a step, written in one transaction.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What the step found, stored under its name in `Run::facts`.
    pub fact: Value,
    /// The run's new position.
    pub position: Position,
    /// How the run ends, once decided.
    pub outcome: Option<Outcome>,
    /// When.
    pub at: Timestamp,
    /// Records to append.
    pub records: Vec<Record>,
    /// A pull request as it is known now.
    pub pull: Option<StoredPull>,
    /// Runs whose pull requests are closed, merged or not.
    pub closed_runs: Vec<RunId>,
}

/// Where workers get the steps to perform.
///
/// A lease that has been taken over or released is refused by `record_intent`, `finish`, `extend`, `postpone` and
/// `wait` with [`StoreError::LeaseLost`].
#[async_trait]
pub trait StepQueue: Send + Sync {
    /// Leases the run whose step has the highest priority: of those with the same one, the containment that was accepted
    /// first, or whose step has been due longest. `None` when none is due.
    ///
    /// While a containment is due or leased whose pull request is not open and whose end is not decided, nothing of lower
    /// priority is leased; one that was leased [`IN_FLIGHT`](crate::domain::priority::IN_FLIGHT) ago counts as waiting for something outside. No run is leased
    /// while an earlier run of its queue is not settled. A run is leased to one worker at a time; from `until` on it
    /// may be leased again, and then the first lease is lost.
    async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, StoreError>;

    /// Records what is about to be done, durably, before it is done.
    async fn record_intent(&self, lease: &Lease, intent: &Value, at: Timestamp) -> Result<(), StoreError>;

    /// Stores the result, moves the run and releases the lease. Returns the leaves of the appended records.
    async fn finish(&self, lease: &Lease, finished: &Finished) -> Result<Vec<Leaf>, StoreError>;

    /// Makes the lease hold until `until`, for a step that takes longer.
    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<(), StoreError>;

    /// Releases the lease; the step is due again at `due`.
    async fn postpone(
        &self,
        lease: &Lease,
        problem: &str,
        at: Timestamp,
        due: Timestamp,
    ) -> Result<(), StoreError>;

    /// Releases the lease of a run that waits for admission; the step is due again at `due`, and the attempt does not
    /// count.
    async fn wait(&self, lease: &Lease, why: &str, at: Timestamp, due: Timestamp) -> Result<(), StoreError>;

    /// Registers a claim, decides on it as [`admit`](crate::domain::admission::admit) does, and stores a grant together
    /// with the runs that lose their targets to it. A repeated request of the same run keeps its place. The claim is
    /// released when the run comes to its report.
    async fn admit(
        &self,
        claim: &TargetClaim,
        quotas: &Quotas,
        now: Timestamp,
    ) -> Result<Admission, StoreError>;

    /// When the next step may be leased, if any is waiting.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;
}
