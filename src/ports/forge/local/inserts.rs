//! New issues, comments and pull requests: the rows that both people and the bot add.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::super::{Comment, ForgeError, NewPull};
use super::database::LocalForge;
use super::rows::{self, stored, unavailable};
use crate::domain::names::{AccountId, CommitId, IssueNumber, RepositoryName};

impl LocalForge {
    /// Adds a pull request under the repository's next number. The caller holds the write lock.
    pub(super) async fn new_pull(
        &self,
        connection: &mut SqliteConnection,
        repository: &RepositoryName,
        pull: &NewPull,
        head: &CommitId,
    ) -> Result<IssueNumber, ForgeError> {
        let number = new_issue(connection, repository, &pull.title, &pull.body, (self.now)()).await?;
        sqlx::query(
            "INSERT INTO forge_pulls (repository, number, head, base, head_commit, draft)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(repository.as_str())
        .bind(stored(number.0))
        .bind(pull.head.as_str())
        .bind(pull.base.as_str())
        .bind(head.as_str())
        .bind(pull.draft)
        .execute(connection)
        .await
        .map_err(unavailable)?;
        Ok(number)
    }
}

/// Adds an issue under the repository's next number. The caller holds the write lock.
pub(super) async fn new_issue(
    connection: &mut SqliteConnection,
    repository: &RepositoryName,
    title: &str,
    body: &str,
    at: Timestamp,
) -> Result<IssueNumber, ForgeError> {
    let row = sqlx::query(
        "INSERT INTO forge_issues (repository, number, title, body, created_at)
         VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM forge_issues WHERE repository = ?1), ?2, ?3, ?4)
         RETURNING number",
    )
    .bind(repository.as_str())
    .bind(title)
    .bind(body)
    .bind(at.as_microsecond())
    .fetch_one(connection)
    .await
    .map_err(unavailable)?;
    Ok(IssueNumber(rows::number(&row, "number")?))
}

/// Adds a comment.
pub(super) async fn new_comment(
    connection: &mut SqliteConnection,
    repository: &RepositoryName,
    issue: IssueNumber,
    author: AccountId,
    body: &str,
    at: Timestamp,
) -> Result<Comment, ForgeError> {
    let row = sqlx::query(
        "INSERT INTO forge_comments (repository, number, author, body, created_at, updated_at)
         SELECT repository, number, ?3, ?4, ?5, ?5 FROM forge_issues WHERE repository = ?1 AND number = ?2
         RETURNING *",
    )
    .bind(repository.as_str())
    .bind(stored(issue.0))
    .bind(stored(author.0))
    .bind(body)
    .bind(at.as_microsecond())
    .fetch_optional(connection)
    .await
    .map_err(unavailable)?;
    let row = row.ok_or_else(|| ForgeError::NotFound(format!("issue {repository}#{issue}")))?;
    rows::comment(&row)
}
