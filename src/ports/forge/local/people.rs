//! What people do on the local forge: host a repository, give rights, open issues, comment, edit, delete, close. What they
//! do with pull requests is in `proposals.rs`.

use std::path::Path;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::super::{Comment, ForgeError, Permission, Reaction};
use super::rows::{self, PULLS, some_row, stored, unavailable};
use super::{LocalComment, LocalForge, LocalPull};
use crate::domain::names::{AccountId, CommentId, IssueNumber, RepositoryName};

impl LocalForge {
    /// Hosts a bare repository under a name; hosting it again moves it.
    ///
    /// # Errors
    /// - `Rejected`: there is no git repository at the path
    pub async fn host(&self, repository: &RepositoryName, git_path: &Path) -> Result<(), ForgeError> {
        let path =
            std::path::absolute(git_path).ok().filter(|path| git2::Repository::open_bare(path).is_ok());
        let path = path.as_deref().and_then(Path::to_str).ok_or_else(|| {
            ForgeError::Rejected(format!("`{}` is not a bare git repository", git_path.display()))
        })?;
        sqlx::query(
            "INSERT INTO forge_repositories (name, git_path) VALUES (?, ?)
             ON CONFLICT (name) DO UPDATE SET git_path = excluded.git_path",
        )
        .bind(repository.as_str())
        .bind(path)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    /// Gives an account a permission; makes the account where it is new.
    ///
    /// # Errors
    /// - `NotFound`: the repository is not hosted here
    pub async fn grant(
        &self,
        repository: &RepositoryName,
        login: &str,
        level: Permission,
    ) -> Result<AccountId, ForgeError> {
        self.git_path(repository).await?;
        let account = self.account(login, false).await?;
        sqlx::query(
            "INSERT INTO forge_permissions (repository, account, level) VALUES (?, ?, ?)
             ON CONFLICT (repository, account) DO UPDATE SET level = excluded.level",
        )
        .bind(repository.as_str())
        .bind(stored(account.0))
        .bind(rows::level_name(level))
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(account)
    }

    /// Opens an issue.
    ///
    /// # Errors
    /// - `NotFound`: the repository is not hosted here
    pub async fn add_issue(
        &self,
        repository: &RepositoryName,
        title: &str,
        body: &str,
    ) -> Result<IssueNumber, ForgeError> {
        self.git_path(repository).await?;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?;
        let number = new_issue(&mut transaction, repository, title, body, (self.now)()).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(number)
    }

    /// Comments as an account (made where it is new, without any permission).
    ///
    /// # Errors
    /// - `NotFound`: there is no such issue
    pub async fn add_comment(
        &self,
        repository: &RepositoryName,
        issue: IssueNumber,
        login: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let author = self.account(login, false).await?;
        let mut connection = self.pool.acquire().await.map_err(unavailable)?;
        new_comment(&mut connection, repository, issue, author, body, (self.now)()).await
    }

    /// Changes a comment's body, as its author would.
    ///
    /// # Errors
    /// - `NotFound`: there is no such comment
    pub async fn edit_comment(&self, comment: CommentId, body: &str) -> Result<(), ForgeError> {
        // An edit within the clock's tick still shows as one.
        let done = sqlx::query(
            "UPDATE forge_comments SET body = ?, updated_at = max(?, updated_at + 1) WHERE id = ?",
        )
        .bind(body)
        .bind((self.now)().as_microsecond())
        .bind(stored(comment.0))
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        some_row(done.rows_affected(), || format!("comment {comment}"))
    }

    /// Deletes a comment.
    ///
    /// # Errors
    /// - `NotFound`: there is no such comment
    pub async fn delete_comment(&self, comment: CommentId) -> Result<(), ForgeError> {
        let done = sqlx::query("DELETE FROM forge_comments WHERE id = ?")
            .bind(stored(comment.0))
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        some_row(done.rows_affected(), || format!("comment {comment}"))
    }

    /// Closes an issue or a pull request.
    ///
    /// # Errors
    /// - `NotFound`: there is no such number
    pub async fn close(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        let done = sqlx::query("UPDATE forge_issues SET open = 0 WHERE repository = ? AND number = ?")
            .bind(repository.as_str())
            .bind(stored(number.0))
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        some_row(done.rows_affected(), || format!("issue {repository}#{number}"))
    }

    /// The comments of an issue or pull request, oldest first.
    ///
    /// # Errors
    /// - `Unavailable`, `Malformed`: the database
    pub async fn comments(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Vec<LocalComment>, ForgeError> {
        let rows = sqlx::query(
            "SELECT comment.*, login, bot,
                    EXISTS (SELECT 1 FROM forge_reactions WHERE comment = comment.id AND reaction = 'eyes') AS eyes,
                    EXISTS (SELECT 1 FROM forge_reactions WHERE comment = comment.id AND reaction = 'rocket') AS rocket,
                    EXISTS (SELECT 1 FROM forge_reactions WHERE comment = comment.id AND reaction = 'confused')
                        AS confused
             FROM forge_comments AS comment JOIN forge_accounts ON forge_accounts.id = author
             WHERE repository = ? AND number = ? ORDER BY comment.id",
        )
        .bind(repository.as_str())
        .bind(stored(number.0))
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        rows.iter()
            .map(|row| {
                let mut reactions = Vec::new();
                for reaction in [Reaction::Eyes, Reaction::Rocket, Reaction::Confused] {
                    if rows::flag(row, rows::reaction_name(reaction))? {
                        reactions.push(reaction);
                    }
                }
                let comment = rows::comment(row)?;
                Ok(LocalComment {
                    comment,
                    login: rows::text(row, "login")?,
                    bot: rows::flag(row, "bot")?,
                    reactions,
                })
            })
            .collect()
    }

    /// The pull requests of a repository, newest first.
    ///
    /// # Errors
    /// - `NotFound`: the repository is not hosted here
    pub async fn pulls(&self, repository: &RepositoryName) -> Result<Vec<LocalPull>, ForgeError> {
        let statement = format!("{PULLS} WHERE repository = ? ORDER BY number DESC");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(repository.as_str())
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        let mut pulls = Vec::new();
        for row in &rows {
            pulls.push(self.completed(repository, self.pull_of(repository, row)?).await?);
        }
        Ok(pulls)
    }

    /// The account of a login, made where it is new.
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
