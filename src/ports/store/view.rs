//! The view: runs, their timelines and pull requests, for pages, replies and decisions that need the past.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::error::StoreError;
use crate::domain::merge::Merge;
use crate::domain::names::{CommitId, IssueNumber, RepositoryName, RunId, Subject};
use crate::domain::pull::{Conclusion, Observed};
use crate::domain::request::Request;
use crate::domain::run::{Outcome, Position, Step};

/// A run as stored.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The command as it was read.
    pub command: Value,
    /// The request, if any.
    pub request: Option<Request>,
    /// The issue or pull request that it is about.
    pub subject: Subject,
    /// Its next step, or that it is settled.
    pub position: Position,
    /// How it ends, once decided.
    pub outcome: Option<Outcome>,
    /// What the steps have found so far, by step name (the plan report, the push outcome, ...).
    pub facts: serde_json::Map<String, Value>,
    /// How often the next step has been tried; in a [`Lease`](super::Lease), including the try that it is for.
    pub attempts: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
    /// The delivery that created it.
    pub delivery: String,
}

/// One entry of a run's timeline.
#[derive(Debug, Clone)]
pub struct StepEntry {
    /// The step.
    pub step: Step,
    /// Which try, from 1.
    pub attempt: u32,
    /// The worker that tries.
    pub worker: String,
    /// When it was leased.
    pub started_at: Timestamp,
    /// What was intended; `None` where no intent was recorded.
    pub intent: Option<Value>,
    /// When the outcome or the problem was written; `None` while open or after a crash.
    pub finished_at: Option<Timestamp>,
    /// Why the try was postponed, in words for people.
    pub problem: Option<String>,
    /// Its result: the `fact` of [`Finished`](super::Finished).
    pub outcome: Option<Value>,
}

/// A step that was postponed and is not leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postponed {
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: Step,
    /// Why.
    pub problem: String,
    /// When it is due again.
    pub due: Timestamp,
}

/// A pull request as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPull {
    /// Its repository.
    pub repository: RepositoryName,
    /// The pull request as the last reconciliation found it.
    pub seen: Observed,
    /// The verdict on that head; `None` before there is one.
    pub policy: Option<Conclusion>,
    /// The run of the last reconciliation.
    pub look: RunId,
    /// When that read the pull request.
    pub at: Timestamp,
    /// When it is reconciled again without an event; `None` for never.
    pub recheck: Option<Recheck>,
    /// How its merge is judged; `None` for one that was not merged under the eyes of writ.
    pub merge: Option<Merge>,
}

/// A reconciliation that needs no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recheck {
    /// When it is due.
    pub at: Timestamp,
    /// Since when the pull request is waiting for the same.
    pub since: Timestamp,
}

/// Which pull requests to read.
#[derive(Debug, Clone, Copy)]
pub enum Pulls<'a> {
    /// Those reconciled last, newest first.
    Latest(u32),
    /// The one with this number.
    Numbered(&'a RepositoryName, IssueNumber),
    /// All with this head, by number.
    WithHead(&'a RepositoryName, &'a CommitId),
    /// All from this branch of the repository itself, by number.
    FromBranch(&'a RepositoryName, &'a str),
    /// Those that are due now, at most 100, the longest overdue first.
    Due(Timestamp),
    /// Those that were merged over a denial, which is neither mended nor acknowledged, newest first.
    MergedOverDenial,
}

/// Where runs and pull requests are read.
#[async_trait]
pub trait RunView: Send + Sync {
    /// The latest runs, newest first.
    async fn runs(&self, limit: u32) -> Result<Vec<Run>, StoreError>;

    /// The latest runs without a queue, which are those of commands. Newest first.
    async fn commands(&self, limit: u32) -> Result<Vec<Run>, StoreError>;

    /// The steps that a problem has postponed, those that are due first. Waiting for admission is no problem.
    async fn postponed(&self, limit: u32) -> Result<Vec<Postponed>, StoreError>;
    /// The runs whose ids come after this one, at most `limit`, by id.
    async fn runs_by_id(&self, after: Option<&RunId>, limit: u32) -> Result<Vec<Run>, StoreError>;

    /// One run.
    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError>;

    /// A run's timeline, oldest first.
    async fn timeline(&self, id: &RunId) -> Result<Vec<StepEntry>, StoreError>;

    /// Pull requests.
    async fn pulls(&self, which: Pulls<'_>) -> Result<Vec<StoredPull>, StoreError>;

    /// The runs of a repository that opened a pull request which is not known to be closed, oldest first.
    async fn proposed(&self, repository: &RepositoryName) -> Result<Vec<Run>, StoreError>;

    /// The containment that took this run's targets from it, if one did.
    async fn taken_by(&self, run: &RunId) -> Result<Option<RunId>, StoreError>;
}
