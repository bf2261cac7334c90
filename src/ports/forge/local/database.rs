//! The local forge's database: opening it, and reading accounts, repositories and pull requests.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow};

use super::super::conversation::ShownPull;
use super::super::{ForgeError, Pull};
use super::branches;
use super::rows::{self, PULLS, stored, unavailable};
use crate::domain::names::{AccountId, IssueNumber, RepositoryName};
use crate::domain::pull::PullState;
use crate::domain::request::Actor;

/// The login of the bot's own account.
pub const BOT_LOGIN: &str = "writ[bot]";

/// The local forge. Cheap to clone; clones share the database.
#[derive(Clone)]
pub struct LocalForge {
    pub(super) pool: SqlitePool,
    base_url: String,
    pub(super) now: fn() -> Timestamp,
}

impl LocalForge {
    /// Opens the forge whose database is the file `database`; creates a missing file. Addresses for people begin with
    /// `base_url`: `<base_url>/<owner>/<name>/pull/<number>`. `now` gives the time of what is written.
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
        // After a commit that failed (the disk is full), a connection may never leave its transaction: it is closed.
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .after_release(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options)
            .await
            .map_err(unavailable)?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await.map_err(unavailable)?;
        let forge = Self { pool, base_url: base_url.trim_end_matches('/').to_owned(), now };
        forge.account(BOT_LOGIN, true).await?;
        Ok(forge)
    }

    /// The account of a login; a new login gets one.
    pub(super) async fn account(&self, login: &str, bot: bool) -> Result<AccountId, ForgeError> {
        // The update changes nothing; it makes RETURNING answer for an account that exists.
        let row = sqlx::query(
            "INSERT INTO forge_accounts (login, bot) VALUES (?, ?)
             ON CONFLICT (login) DO UPDATE SET login = login RETURNING id",
        )
        .bind(login)
        .bind(bot)
        .fetch_one(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(AccountId(rows::number(&row, "id")?))
    }

    /// The path of the hosted repository.
    pub(super) async fn git_path(&self, repository: &RepositoryName) -> Result<PathBuf, ForgeError> {
        let row = sqlx::query("SELECT git_path FROM forge_repositories WHERE name = ?")
            .bind(repository.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let row = row.ok_or_else(|| ForgeError::NotFound(format!("repository {repository}")))?;
        Ok(PathBuf::from(rows::text(&row, "git_path")?))
    }

    /// A pull request by its number.
    pub(super) async fn local_pull(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<ShownPull, ForgeError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{PULLS} WHERE repository = ? AND number = ?")))
            .bind(repository.as_str())
            .bind(stored(number.0))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let row = row.ok_or_else(|| ForgeError::NotFound(format!("pull request {repository}#{number}")))?;
        self.completed(repository, self.pull_of(repository, &row)?).await
    }

    /// A pull request with its labels; an open one's head follows its branch.
    pub(super) async fn completed(
        &self,
        repository: &RepositoryName,
        mut found: ShownPull,
    ) -> Result<ShownPull, ForgeError> {
        let pull = &mut found.pull;
        let path = self.git_path(repository).await?;
        let kept = branches::pull_head(pull.number);
        let follows = pull.is_open() && !pull.is_from_fork(repository);
        let reference = if follows { branches::branch(&pull.branch) } else { kept.clone() };
        if let Some(tip) = branches::tip(&path, &reference)? {
            branches::point(&path, &kept, &tip)?;
            pull.head = tip;
        }
        let rows =
            sqlx::query("SELECT label FROM forge_labels WHERE repository = ? AND number = ? ORDER BY label")
                .bind(repository.as_str())
                .bind(stored(pull.number.0))
                .fetch_all(&self.pool)
                .await
                .map_err(unavailable)?;
        found.labels = rows.iter().map(|row| rows::text(row, "label")).collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// A row of [`PULLS`]; labels are read apart.
    pub(super) fn pull_of(
        &self,
        repository: &RepositoryName,
        row: &SqliteRow,
    ) -> Result<ShownPull, ForgeError> {
        let number = rows::number(row, "number")?;
        let merged: Option<i64> = rows::get(row, "merged_at")?;
        let pull = Pull {
            number: IssueNumber(number),
            url: format!("{}/{repository}/pull/{number}", self.base_url),
            title: rows::text(row, "title")?,
            head: rows::name(row, "head_commit")?,
            branch: rows::text(row, "head")?,
            from: Some(rows::some_text(row, "fork")?.unwrap_or_else(|| repository.to_string())),
            base: rows::text(row, "base")?,
            body: rows::text(row, "body")?,
            state: match (merged, rows::flag(row, "open")?) {
                (Some(_), _) => PullState::Merged,
                (None, true) => PullState::Open,
                (None, false) => PullState::Closed,
            },
            draft: rows::flag(row, "draft")?,
            author: Actor { id: AccountId(rows::number(row, "author")?), login: rows::text(row, "login")? },
        };
        Ok(ShownPull { pull, labels: Vec::new(), created_at: rows::time(row, "created_at")? })
    }
}
