//! Accounts: what is known of those who command, and what follows for the priority of their runs and for replies.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::domain::names::{AccountId, RepositoryName, RunId};
use crate::domain::priority::Rights;

/// An account in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account<'a> {
    /// The repository.
    pub repository: &'a RepositoryName,
    /// The account.
    pub id: AccountId,
}

/// Where accounts are known.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Stores what the forge said of an account's rights. The account's runs in this repository that are not settled get
    /// the priority that follows from it.
    async fn learn_rights(
        &self,
        account: Account<'_>,
        rights: Rights,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// What is known of an account's rights at `now`.
    async fn rights(&self, account: Account<'_>, now: Timestamp) -> Result<Rights, StoreError>;

    /// Whether a run's refusal is the first of its account in 24 hours, which is the one that is replied to. The answer
    /// for a run stays the same.
    async fn claim_refusal(
        &self,
        account: Account<'_>,
        run: &RunId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// How many commands a run's account gave in its repository after `since` and before the run's own; `most` where
    /// there are more.
    async fn earlier_commands(&self, run: &RunId, since: Timestamp, most: u32) -> Result<u32, StoreError>;
}
