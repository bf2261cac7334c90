//! The store: five ports over one durable database, by who needs them. Adapter: `sqlite/`.
//!
//! | port | for | what it does |
//! | --- | --- | --- |
//! | [`Inbox`] | intake | accepts deliveries, creates runs |
//! | [`StepQueue`] | workers | leases steps, records intents and results, admits changes |
//! | [`Accounts`] | steps | knows the rights of those who command, and what they were told |
//! | [`LedgerStore`] | the notary, audits | leaves, tree nodes, checkpoints |
//! | [`LibraryStore`] | replays | the libraries that decisions were made with |
//! | [`RunView`] | pages, replies, steps | runs, timelines, pull requests |
//!
//! **Invariant**: a state change and its records commit in one transaction, or neither does.
//! What the traits' documentation says is tested by `tests/contracts/store.rs`, for every adapter.

mod accounts;
mod error;
mod inbox;
mod ledger;
mod libraries;
mod queue;
mod sqlite;
mod view;

pub use accounts::{Account, Accounts};
pub use error::StoreError;
pub use inbox::{Accepted, Arrival, Inbox, NewRun};
pub use ledger::{Leaf, LedgerStore, StoredCheckpoint};
pub use libraries::LibraryStore;
pub use queue::{Finished, Lease, StepQueue};
pub use sqlite::SqliteStore;
pub use view::{Postponed, Pulls, Recheck, Run, RunView, StepEntry, StoredPull};

/// All ports of one database, for the wiring and for those that need more than two of them.
pub trait Store: Inbox + StepQueue + Accounts + LedgerStore + LibraryStore + RunView {}

impl<T: Inbox + StepQueue + Accounts + LedgerStore + LibraryStore + RunView + ?Sized> Store for T {}
