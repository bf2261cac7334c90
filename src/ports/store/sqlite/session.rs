//! A transaction on a pooled connection.
//!
//! **Invariant**: a connection that may be left inside a transaction is closed and never returned to the pool: after an
//! error of a statement, a commit that failed (the disk is full) or a future that was dropped, nobody knows. Closing it
//! rolls back, and the pool opens another.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection};

use super::super::error::StoreError;
use super::error::unavailable;

/// A connection inside a transaction.
pub(super) struct Session {
    connection: PoolConnection<Sqlite>,
    /// Whether the connection is known to be outside of any transaction.
    is_over: bool,
}

impl Session {
    /// Begins a transaction that holds the write lock from its beginning.
    pub(super) async fn write(pool: &SqlitePool) -> Result<Self, StoreError> {
        Self::begin(pool, "BEGIN IMMEDIATE").await
    }

    /// Begins a transaction that sees one state of the database throughout.
    pub(super) async fn read(pool: &SqlitePool) -> Result<Self, StoreError> {
        Self::begin(pool, "BEGIN").await
    }

    async fn begin(pool: &SqlitePool, statement: &'static str) -> Result<Self, StoreError> {
        let connection = pool.acquire().await.map_err(unavailable)?;
        let mut session = Self { connection, is_over: false };
        session.execute(statement).await?;
        Ok(session)
    }

    /// Makes what was written durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.end("COMMIT").await
    }

    /// Ends the transaction as if nothing had been written.
    pub(super) async fn roll_back(self) -> Result<(), StoreError> {
        self.end("ROLLBACK").await
    }

    /// Ends a transaction that was only read in; gives what was read.
    pub(super) async fn close<T>(self, read: Result<T, StoreError>) -> Result<T, StoreError> {
        let found = read?;
        self.roll_back().await?;
        Ok(found)
    }

    async fn end(mut self, statement: &'static str) -> Result<(), StoreError> {
        self.execute(statement).await?;
        self.is_over = true;
        Ok(())
    }

    /// Not prepared: these statements are the same three, and a failed one leaves nothing behind.
    async fn execute(&mut self, statement: &'static str) -> Result<(), StoreError> {
        sqlx::raw_sql(statement).execute(&mut *self.connection).await.map_err(unavailable)?;
        Ok(())
    }
}

impl Deref for Session {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.is_over {
            self.connection.close_on_drop();
        }
    }
}
