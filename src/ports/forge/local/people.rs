//! What people do on the local forge: host a repository, grant rights, open issues, comment, edit, delete, close.
//! What they do with pull requests is in `proposals.rs`.

use std::path::Path;

use super::super::{Comment, ForgeError, Permission};
use super::database::LocalForge;
use super::inserts::{new_comment, new_issue};
use super::rows::{self, some_row, stored, unavailable};
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

    /// Comments as an account (a new one has no permission).
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
}
