//! The store in one SQLite file: WAL, every commit synchronised to disk, one writer.
//!
//! The statements are in the other files of this folder, each run on a connection that it is given; this file opens the
//! database and sets the bounds of transactions. Writers take the lock at once (`BEGIN IMMEDIATE`), so two processes on
//! one file wait for each other instead of failing in the middle.

mod accounts;
mod admission;
mod error;
mod file;
mod inbox;
mod ledger;
mod libraries;
mod pulls;
mod rows;
mod runs;
mod schema;
mod session;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::Notify;

use self::error::unavailable;
use self::file::DatabaseFile;
use self::inbox::Received;
use self::session::Session;
use super::accounts::{Account, Accounts};
use super::error::StoreError;
use super::inbox::{Accepted, Arrival, Inbox};
use super::ledger::{Leaf, LedgerStore, StoredCheckpoint};
use super::libraries::LibraryStore;
use super::queue::{Finished, Lease, StepQueue};
use super::view::{Postponed, Pulls, Run, RunView, StepEntry, StoredPull};
use crate::domain::admission::{Admission, Quotas, TargetClaim};
use crate::domain::ledger::{LeafHash, NodeId, Nodes, Record};
use crate::domain::names::{RepositoryName, RunId};
use crate::domain::priority::Rights;

/// How long a writer waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);
/// How many connections read at the same time.
const READERS: u32 = 4;

/// The store in a SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    file: Arc<DatabaseFile>,
    /// Told when records were appended.
    appended: Arc<Notify>,
}

impl SqliteStore {
    /// Opens the file; creates it where there is none, and migrates an older schema.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the file cannot be opened or created
    /// - [`StoreError::Newer`]: a newer version of the program has written it
    /// - [`StoreError::Corrupt`]: it is damaged, or not a database of this program
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("recursive_triggers", "ON")
            .busy_timeout(BUSY);
        let writer = pool(1).connect_with(options.clone()).await.map_err(unavailable)?;
        let mut transaction = Session::write(&writer).await?;
        schema::migrate(&mut transaction).await?;
        transaction.commit().await?;
        let file = Arc::new(DatabaseFile::at(path).map_err(|error| unavailable(error.into()))?);
        // A file that is gone is never made anew: that would be an empty one.
        let options = options.create_if_missing(false);
        writer.set_connect_options(options.clone());
        let readers = pool(READERS).connect_lazy_with(options);
        Ok(Self { writer, readers, file, appended: Arc::default() })
    }

    /// Opens an existing file for reading only: nothing is created, and every write fails.
    ///
    /// # Errors
    /// - as [`SqliteStore::open`], and when the file's schema is older than this program's
    pub async fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY);
        let readers = pool(READERS).connect_with(options).await.map_err(unavailable)?;
        let mut connection = readers.acquire().await.map_err(unavailable)?;
        schema::check(&mut connection).await?;
        drop(connection);
        let file = Arc::new(DatabaseFile::at(path).map_err(|error| unavailable(error.into()))?);
        Ok(Self { writer: readers.clone(), readers, file, appended: Arc::default() })
    }

    /// Closes all connections, waiting for what is under way.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// Whether the file that was opened is still at its path.
    ///
    /// # Errors
    /// - [`StoreError::Replaced`]: it was deleted, moved or replaced; nothing can be written any more
    /// - [`StoreError::Unavailable`]: the path cannot be looked up
    pub fn check_file(&self) -> Result<(), StoreError> {
        self.file.check()
    }

    /// Commits records, and wakes whoever signs them.
    async fn commit_appended(&self, transaction: Session) -> Result<(), StoreError> {
        transaction.commit().await?;
        self.appended.notify_one();
        Ok(())
    }

    async fn write(&self) -> Result<Session, StoreError> {
        self.file.check()?;
        Session::write(&self.writer).await
    }

    async fn read(&self) -> Result<Session, StoreError> {
        Session::read(&self.readers).await
    }
}

#[async_trait]
impl Inbox for SqliteStore {
    async fn accept(&self, arrival: &Arrival) -> Result<Accepted, StoreError> {
        let mut transaction = self.write().await?;
        let runs = match inbox::accept(&mut transaction, arrival).await? {
            Received::Stored { runs } => runs,
            Received::Duplicate { run } => {
                transaction.roll_back().await?;
                return Ok(Accepted::Duplicate { run });
            }
        };
        let is_merged = |id: &RunId| arrival.runs.iter().any(|run| run.id == *id) && !runs.contains(id);
        let belongs = |record: &&Record| !record.run.as_ref().is_some_and(is_merged);
        let records: Vec<Record> = arrival.records.iter().filter(belongs).cloned().collect();
        ledger::append(&mut transaction, &records).await?;
        self.commit_appended(transaction).await?;
        Ok(Accepted::Stored { run: runs.into_iter().next() })
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        inbox::probe(&mut transaction).await?;
        transaction.commit().await
    }
}

#[async_trait]
impl StepQueue for SqliteStore {
    async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        let mut transaction = self.write().await?;
        let lease = runs::lease(&mut transaction, worker, now, until).await?;
        transaction.commit().await?;
        Ok(lease)
    }

    async fn record_intent(&self, lease: &Lease, intent: &Value, at: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        runs::record_intent(&mut transaction, lease, intent, at).await?;
        transaction.commit().await
    }

    async fn finish(&self, lease: &Lease, finished: &Finished) -> Result<Vec<Leaf>, StoreError> {
        let mut transaction = self.write().await?;
        runs::finish(&mut transaction, lease, finished).await?;
        admission::follow(&mut transaction, lease, finished).await?;
        let leaves = ledger::append(&mut transaction, &finished.records).await?;
        if let Some(pull) = &finished.pull {
            pulls::store(&mut transaction, pull).await?;
        }
        self.commit_appended(transaction).await?;
        Ok(leaves)
    }

    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        runs::extend(&mut transaction, lease, until).await?;
        transaction.commit().await
    }

    async fn postpone(
        &self,
        lease: &Lease,
        problem: &str,
        at: Timestamp,
        due: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        runs::postpone(&mut transaction, lease, problem, (at, due)).await?;
        transaction.commit().await
    }

    async fn wait(&self, lease: &Lease, why: &str, at: Timestamp, due: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        runs::postpone(&mut transaction, lease, why, (at, due)).await?;
        runs::reset_attempts(&mut transaction, &lease.run.id).await?;
        transaction.commit().await
    }

    async fn admit(
        &self,
        claim: &TargetClaim,
        quotas: &Quotas,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        let mut transaction = self.write().await?;
        let admission = admission::decide(&mut transaction, claim, quotas, now).await?;
        transaction.commit().await?;
        Ok(admission)
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut session = self.read().await?;
        let found = runs::next_due(&mut session).await;
        session.close(found).await
    }
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn learn_rights(
        &self,
        account: Account<'_>,
        rights: Rights,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        accounts::learn(&mut transaction, account, rights, at).await?;
        transaction.commit().await
    }

    async fn rights(&self, account: Account<'_>, now: Timestamp) -> Result<Rights, StoreError> {
        let mut session = self.read().await?;
        let rights = accounts::rights(&mut session, account, now).await;
        session.close(rights).await
    }

    async fn claim_refusal(
        &self,
        account: Account<'_>,
        run: &RunId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let first = accounts::claim_refusal(&mut transaction, account, run, now).await?;
        transaction.commit().await?;
        Ok(first)
    }

    async fn earlier_commands(&self, run: &RunId, since: Timestamp, most: u32) -> Result<u32, StoreError> {
        let mut session = self.read().await?;
        let count = accounts::earlier_commands(&mut session, run, since, most).await;
        session.close(count).await
    }
}

#[async_trait]
impl RunView for SqliteStore {
    async fn runs(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        let mut session = self.read().await?;
        let found = runs::latest(&mut session, "TRUE", limit).await;
        session.close(found).await
    }

    async fn commands(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        let mut session = self.read().await?;
        let found = runs::latest(&mut session, "queue IS NULL", limit).await;
        session.close(found).await
    }

    async fn runs_by_id(&self, after: Option<&RunId>, limit: u32) -> Result<Vec<Run>, StoreError> {
        runs::by_id(&mut *self.read().await?, after, limit).await
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        let mut session = self.read().await?;
        let found = runs::one(&mut session, id).await;
        session.close(found).await
    }

    async fn timeline(&self, id: &RunId) -> Result<Vec<StepEntry>, StoreError> {
        let mut session = self.read().await?;
        let found = runs::timeline(&mut session, id).await;
        session.close(found).await
    }

    async fn pulls(&self, which: Pulls<'_>) -> Result<Vec<StoredPull>, StoreError> {
        let mut session = self.read().await?;
        let found = pulls::read(&mut session, which).await;
        session.close(found).await
    }

    async fn proposed(&self, repository: &RepositoryName) -> Result<Vec<Run>, StoreError> {
        let mut session = self.read().await?;
        let found = admission::proposed(&mut session, repository).await;
        session.close(found).await
    }

    async fn postponed(&self, limit: u32) -> Result<Vec<Postponed>, StoreError> {
        let mut session = self.read().await?;
        let found = runs::postponed(&mut session, limit).await;
        session.close(found).await
    }

    async fn taken_by(&self, run: &RunId) -> Result<Option<RunId>, StoreError> {
        let mut session = self.read().await?;
        let found = admission::taken_by(&mut session, run).await;
        session.close(found).await
    }
}

#[async_trait]
impl LedgerStore for SqliteStore {
    async fn leaves_of(&self, id: &RunId) -> Result<Vec<Leaf>, StoreError> {
        let mut session = self.read().await?;
        let found = ledger::leaves_of(&mut session, id).await;
        session.close(found).await
    }

    async fn ledger_size(&self) -> Result<u64, StoreError> {
        let mut session = self.read().await?;
        let found = ledger::size(&mut session).await;
        session.close(found).await
    }

    async fn leaves(&self, first: u64, limit: u32) -> Result<Vec<Leaf>, StoreError> {
        let mut session = self.read().await?;
        let found = ledger::leaves(&mut session, first, limit).await;
        session.close(found).await
    }

    async fn leaf_hashes(&self, size: u64) -> Result<Vec<LeafHash>, StoreError> {
        let mut session = self.read().await?;
        let found = ledger::leaf_hashes(&mut session, size).await;
        session.close(found).await
    }

    async fn nodes(&self, wanted: &[NodeId]) -> Result<Nodes, StoreError> {
        let mut session = self.read().await?;
        let found = ledger::nodes(&mut session, wanted).await;
        session.close(found).await
    }

    async fn own_leaves(&self) -> Result<Vec<Leaf>, StoreError> {
        ledger::own_leaves(&mut *self.read().await?).await
    }

    async fn runs_without_row(&self) -> Result<Vec<RunId>, StoreError> {
        ledger::runs_without_row(&mut *self.read().await?).await
    }

    async fn append(&self, records: &[Record]) -> Result<Vec<Leaf>, StoreError> {
        let mut transaction = self.write().await?;
        let leaves = ledger::append(&mut transaction, records).await?;
        self.commit_appended(transaction).await?;
        Ok(leaves)
    }

    async fn appended(&self) {
        self.appended.notified().await;
    }

    async fn keep_checkpoint(&self, size: u64, note: &str) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        ledger::keep_checkpoint(&mut transaction, size, note).await?;
        transaction.commit().await
    }

    async fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        let mut session = self.read().await?;
        let found = ledger::checkpoint(&mut session).await;
        session.close(found).await
    }

    async fn checkpoints(&self) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let mut session = self.read().await?;
        let found = ledger::checkpoints(&mut session).await;
        session.close(found).await
    }

    async fn problems(&self) -> Result<Vec<String>, StoreError> {
        let mut session = self.read().await?;
        let found = schema::problems(&mut session).await;
        session.close(found).await
    }
}

#[async_trait]
impl LibraryStore for SqliteStore {
    async fn keep_library(&self, digest: &str, files: &BTreeMap<String, String>) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        libraries::keep(&mut transaction, digest, files).await?;
        transaction.commit().await
    }

    async fn library(&self, digest: &str) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        let mut session = self.read().await?;
        let found = libraries::one(&mut session, digest).await;
        session.close(found).await
    }
}

/// A pool whose connections stay open: each has its own thread, prepared statements and page cache.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
