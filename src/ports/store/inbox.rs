//! The inbox: accepts deliveries and creates the runs that they ask for.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::error::StoreError;
use crate::domain::ledger::Record;
use crate::domain::names::{AccountId, RunId, Subject};
use crate::domain::priority::Work;
use crate::domain::request::Request;
use crate::domain::run::{Outcome, Step};

/// A delivery whose signature is valid, with the runs and records that it leads to.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The forge's delivery id (`X-GitHub-Delivery`).
    pub delivery: String,
    /// Event name.
    pub event: String,
    /// Signed content that identifies the event (`owner/name#comment:<id>:created`), to recognise a duplicate whose
    /// delivery id differs; `None` where the event has no such identity.
    pub content_key: Option<String>,
    /// SHA-256 of the raw body, lower-case hex (the body itself is not stored).
    pub body_sha256: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The runs that it asks for: one for a command, one for each pull request that it concerns.
    pub runs: Vec<NewRun>,
    /// Records to append with it; those of a run that is merged into another are left out.
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
    /// The issue or pull request that it is about.
    pub subject: Subject,
    /// Its first step; a command that cannot be read starts at `Report` with its outcome.
    pub position: Step,
    /// The outcome, where it is decided already.
    pub outcome: Option<Outcome>,
    /// What it is about; its priority follows from it and from what is known of the account.
    pub work: Work,
    /// The account that asks for it; `None` for a reconciliation.
    pub actor: Option<AccountId>,
    /// Its queue; `None` for none. The runs of a queue are worked on one after the other, and a new run is merged into
    /// one that is waiting there, which starts over ([`requeue`](crate::domain::run::requeue)).
    pub queue: Option<String>,
}

/// How an arrival was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// New, and stored.
    Stored {
        /// Its first run: created, or the one that it was merged into.
        run: Option<RunId>,
    },
    /// This delivery, or another one with the same content, was stored before; nothing was changed.
    Duplicate {
        /// The run of the earlier one, if it created one.
        run: Option<RunId>,
    },
}

/// Where deliveries are accepted.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Stores a delivery, its runs and its records in one durable transaction; a duplicate changes nothing.
    ///
    /// A duplicate is a delivery whose id was stored before with the same body, or whose content key was, or which asks for
    /// a run that exists. A run that is merged into one in its queue is not created.
    async fn accept(&self, arrival: &Arrival) -> Result<Accepted, StoreError>;

    /// Whether a delivery could be stored now: writes a little, durably.
    async fn probe(&self) -> Result<(), StoreError>;
}
