//! The store in one SQLite file: WAL, every commit synchronised to disk, one writer.
//!
//! The statements are in the other files of this folder, each run on a connection that it is given; this file opens the
//! database and sets the bounds of transactions. Writers take the lock at once (`BEGIN IMMEDIATE`), so two processes on
//! one file wait for each other instead of failing in the middle.

mod admission;
mod error;
mod inbox;
mod ledger;
mod libraries;
mod pulls;
mod rows;
mod runs;
mod schema;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::Sqlite;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use self::error::unavailable;
use self::inbox::Received;
use super::error::StoreError;
use super::inbox::{Accepted, Arrival, Inbox};
use super::ledger::{Leaf, LedgerStore, StoredCheckpoint};
use super::libraries::LibraryStore;
use super::queue::{Finished, Lease, StepQueue};
use super::view::{Pulls, Run, RunView, StepEntry, StoredPull};
use crate::domain::admission::{Admission, Quotas, TargetClaim};
use crate::domain::ledger::{LeafHash, NodeId, Nodes, Record};
use crate::domain::names::{RepositoryName, RunId};

/// How long a writer waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);
/// How many connections read at the same time.
const READERS: u32 = 4;

/// The store in a SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
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
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?;
        schema::migrate(&mut transaction).await?;
        transaction.commit().await.map_err(unavailable)?;
        let readers = pool(READERS).connect_lazy_with(options.create_if_missing(false));
        Ok(Self { writer, readers })
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
        Ok(Self { writer: readers.clone(), readers })
    }

    /// Closes all connections, waiting for what is under way.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// A transaction that holds the write lock from its beginning.
    async fn write(&self) -> Result<sqlx::Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)
    }

    /// A transaction that sees one state of the database throughout.
    async fn read(&self) -> Result<sqlx::Transaction<'static, Sqlite>, StoreError> {
        self.readers.begin().await.map_err(unavailable)
    }
}

#[async_trait]
impl Inbox for SqliteStore {
    async fn accept(&self, arrival: &Arrival) -> Result<Accepted, StoreError> {
        let mut transaction = self.write().await?;
        let runs = match inbox::accept(&mut transaction, arrival).await? {
            Received::Stored { runs } => runs,
            Received::Duplicate { run } => return Ok(Accepted::Duplicate { run }),
        };
        let is_merged = |id: &RunId| arrival.runs.iter().any(|run| run.id == *id) && !runs.contains(id);
        let belongs = |record: &&Record| !record.run.as_ref().is_some_and(is_merged);
        let records: Vec<Record> = arrival.records.iter().filter(belongs).cloned().collect();
        ledger::append(&mut transaction, &records).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(Accepted::Stored { run: runs.into_iter().next() })
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
        transaction.commit().await.map_err(unavailable)?;
        Ok(lease)
    }

    async fn record_intent(&self, lease: &Lease, intent: &Value, at: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        runs::record_intent(&mut transaction, lease, intent, at).await?;
        transaction.commit().await.map_err(unavailable)
    }

    async fn finish(&self, lease: &Lease, finished: &Finished) -> Result<Vec<Leaf>, StoreError> {
        let mut transaction = self.write().await?;
        runs::finish(&mut transaction, lease, finished).await?;
        admission::follow(&mut transaction, lease, finished).await?;
        let leaves = ledger::append(&mut transaction, &finished.records).await?;
        if let Some(pull) = &finished.pull {
            pulls::store(&mut transaction, pull).await?;
        }
        transaction.commit().await.map_err(unavailable)?;
        Ok(leaves)
    }

    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        runs::extend(&mut transaction, lease, until).await?;
        transaction.commit().await.map_err(unavailable)
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
        transaction.commit().await.map_err(unavailable)
    }

    async fn wait(&self, lease: &Lease, why: &str, at: Timestamp, due: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        runs::postpone(&mut transaction, lease, why, (at, due)).await?;
        runs::reset_attempts(&mut transaction, &lease.run.id).await?;
        transaction.commit().await.map_err(unavailable)
    }

    async fn admit(
        &self,
        claim: &TargetClaim,
        quotas: &Quotas,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        let mut transaction = self.write().await?;
        let admission = admission::decide(&mut transaction, claim, quotas, now).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(admission)
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        runs::next_due(&mut *self.read().await?).await
    }
}

#[async_trait]
impl RunView for SqliteStore {
    async fn runs(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        runs::latest(&mut *self.read().await?, "TRUE", limit).await
    }

    async fn commands(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        runs::latest(&mut *self.read().await?, "queue IS NULL", limit).await
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        runs::one(&mut *self.read().await?, id).await
    }

    async fn timeline(&self, id: &RunId) -> Result<Vec<StepEntry>, StoreError> {
        runs::timeline(&mut *self.read().await?, id).await
    }

    async fn pulls(&self, which: Pulls<'_>) -> Result<Vec<StoredPull>, StoreError> {
        pulls::read(&mut *self.read().await?, which).await
    }

    async fn proposed(&self, repository: &RepositoryName) -> Result<Vec<Run>, StoreError> {
        admission::proposed(&mut *self.read().await?, repository).await
    }

    async fn taken_by(&self, run: &RunId) -> Result<Option<RunId>, StoreError> {
        admission::taken_by(&mut *self.read().await?, run).await
    }
}

#[async_trait]
impl LedgerStore for SqliteStore {
    async fn leaves_of(&self, id: &RunId) -> Result<Vec<Leaf>, StoreError> {
        ledger::leaves_of(&mut *self.read().await?, id).await
    }

    async fn ledger_size(&self) -> Result<u64, StoreError> {
        ledger::size(&mut *self.read().await?).await
    }

    async fn leaves(&self, first: u64, limit: u32) -> Result<Vec<Leaf>, StoreError> {
        ledger::leaves(&mut *self.read().await?, first, limit).await
    }

    async fn leaf_hashes(&self, size: u64) -> Result<Vec<LeafHash>, StoreError> {
        ledger::leaf_hashes(&mut *self.read().await?, size).await
    }

    async fn nodes(&self, wanted: &[NodeId]) -> Result<Nodes, StoreError> {
        ledger::nodes(&mut *self.read().await?, wanted).await
    }

    async fn keep_checkpoint(&self, size: u64, note: &str) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        ledger::keep_checkpoint(&mut transaction, size, note).await?;
        transaction.commit().await.map_err(unavailable)
    }

    async fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        ledger::checkpoint(&mut *self.read().await?).await
    }

    async fn checkpoints(&self) -> Result<Vec<StoredCheckpoint>, StoreError> {
        ledger::checkpoints(&mut *self.read().await?).await
    }

    async fn problems(&self) -> Result<Vec<String>, StoreError> {
        schema::problems(&mut *self.read().await?).await
    }
}

#[async_trait]
impl LibraryStore for SqliteStore {
    async fn keep_library(&self, digest: &str, files: &BTreeMap<String, String>) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        libraries::keep(&mut transaction, digest, files).await?;
        transaction.commit().await.map_err(unavailable)
    }

    async fn library(&self, digest: &str) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        libraries::one(&mut *self.read().await?, digest).await
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
