//! A forge for people without GitHub: bare repositories on disk, and one SQLite file for what stands around them.
//!
//! Serves `writ demo` and tests. It behaves as GitHub does where the bot can tell: issues and pull requests share their
//! numbers, a pull request needs both branches and a difference, its head follows the branch and stands under
//! `refs/pull/N/head`, deleted comments are gone. `people.rs` has what people say, `proposals.rs` what they do with pull
//! requests, `reviews.rs` what they think of them, `bot.rs` the [`Forge`](super::Forge) calls, `checks.rs` and `branches.rs` what these stand on.

mod bot;
mod branches;
mod checks;
mod people;
mod proposals;
mod reviews;
mod rows;

pub use checks::{Line, LocalCheck};
pub use proposals::Fork;

use std::path::Path;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};

use super::{Comment, ForgeError, Pull, Reaction};

/// The login of the bot's own account.
pub const BOT_LOGIN: &str = "writ[bot]";

/// The local forge. Cheap to clone; clones share the database.
#[derive(Clone)]
pub struct LocalForge {
    pool: SqlitePool,
    base_url: String,
    now: fn() -> Timestamp,
}

/// A pull request with what a page shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPull {
    /// The pull request as the bot sees it.
    pub pull: Pull,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// A comment with what a page shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalComment {
    /// The comment as the bot sees it.
    pub comment: Comment,
    /// Its author's login.
    pub login: String,
    /// Whether its author is a bot.
    pub bot: bool,
    /// The reactions on it, in the order of [`Reaction`].
    pub reactions: Vec<Reaction>,
}

impl LocalForge {
    /// Opens the forge whose database is the file `database`, made where it is missing. Addresses for people begin with
    /// `base_url`: `<base_url>/<owner>/<name>/pull/<number>`. `now` dates what the bot writes.
    ///
    /// # Errors
    /// - `Unavailable`: the file cannot be opened or written
    pub async fn open(database: &Path, base_url: &str, now: fn() -> Timestamp) -> Result<Self, ForgeError> {
        let options = SqliteConnectOptions::new()
            .filename(database)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .busy_timeout(std::time::Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(rows::unavailable)?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await.map_err(rows::unavailable)?;
        let forge = Self { pool, base_url: base_url.trim_end_matches('/').to_owned(), now };
        forge.account(BOT_LOGIN, true).await?;
        Ok(forge)
    }
}
