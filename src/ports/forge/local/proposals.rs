//! What people do with pull requests on the local forge: open them, also from forks, push, merge, reopen, draft.

use super::super::{ForgeError, NewPull};
use super::branches;
use super::database::LocalForge;
use super::rows::{some_row, stored, unavailable};
use crate::domain::names::{CommitId, IssueNumber, RepositoryName};

/// A branch of another repository: its name, and where it points. The commit is among the hosted repository's objects.
#[derive(Debug, Clone)]
pub struct Fork {
    /// `owner/name`.
    pub repository: String,
    /// Where the branch points.
    pub head: CommitId,
}

impl LocalForge {
    /// Opens a pull request as a person, from a branch here or from a fork.
    ///
    /// # Errors
    /// - `Rejected`: as GitHub refuses it: no such branch, no difference, one is open already
    pub async fn propose(
        &self,
        repository: &RepositoryName,
        login: &str,
        pull: &NewPull,
        fork: Option<&Fork>,
    ) -> Result<IssueNumber, ForgeError> {
        let author = self.account(login, false).await?;
        let head = match fork {
            Some(fork) => fork.head.clone(),
            None => self.pull_head(repository, pull).await?,
        };
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?;
        let number = self.new_pull(&mut transaction, repository, pull, &head).await?;
        sqlx::query("INSERT INTO forge_authors (repository, number, author, fork) VALUES (?, ?, ?, ?)")
            .bind(repository.as_str())
            .bind(stored(number.0))
            .bind(stored(author.0))
            .bind(fork.map(|fork| &fork.repository))
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
        transaction.commit().await.map_err(unavailable)?;
        branches::point(&self.git_path(repository).await?, &branches::pull_head(number), &head)?;
        Ok(number)
    }

    /// Moves the head of a fork's pull request, as a push to the fork does.
    ///
    /// # Errors
    /// - `NotFound`: the repository is not hosted here
    pub async fn push_to_fork(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
        head: &CommitId,
    ) -> Result<(), ForgeError> {
        branches::point(&self.git_path(repository).await?, &branches::pull_head(number), head)
    }

    /// Merges a pull request and closes it.
    ///
    /// # Errors
    /// - `NotFound`: there is none of this number
    /// - `Rejected`: it is closed, a draft, or has conflicts
    pub async fn merge(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        let pull = self.local_pull(repository, number).await?.pull;
        if !pull.is_open() || pull.draft {
            return Err(ForgeError::Rejected(format!("pull request {number} cannot be merged")));
        }
        let at = (self.now)();
        branches::merge(&self.git_path(repository).await?, &pull.base, &pull.head, at.as_second())?;
        sqlx::query("INSERT INTO forge_merges (repository, number, merged_at) VALUES (?, ?, ?)")
            .bind(repository.as_str())
            .bind(stored(number.0))
            .bind(at.as_microsecond())
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        self.close(repository, number).await
    }

    /// Opens a closed pull request again.
    ///
    /// # Errors
    /// - `NotFound`: there is no closed, unmerged one of this number
    pub async fn reopen(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        let done = sqlx::query(
            "UPDATE forge_issues SET open = 1 WHERE repository = ?1 AND number = ?2 AND open = 0
             AND number NOT IN (SELECT number FROM forge_merges WHERE repository = ?1)",
        )
        .bind(repository.as_str())
        .bind(stored(number.0))
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        some_row(done.rows_affected(), || format!("closed pull request {repository}#{number}"))
    }

    /// Changes a pull request's body.
    ///
    /// # Errors
    /// - `NotFound`: there is none of this number
    pub async fn edit_pull(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
        body: &str,
    ) -> Result<(), ForgeError> {
        let done = sqlx::query("UPDATE forge_issues SET body = ? WHERE repository = ? AND number = ?")
            .bind(body)
            .bind(repository.as_str())
            .bind(stored(number.0))
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        some_row(done.rows_affected(), || format!("pull request {repository}#{number}"))
    }

    /// Makes a pull request a draft, or ready for review.
    ///
    /// # Errors
    /// - `NotFound`: there is none of this number
    pub async fn set_draft(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
        draft: bool,
    ) -> Result<(), ForgeError> {
        let done = sqlx::query("UPDATE forge_pulls SET draft = ? WHERE repository = ? AND number = ?")
            .bind(draft)
            .bind(repository.as_str())
            .bind(stored(number.0))
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        some_row(done.rows_affected(), || format!("pull request {repository}#{number}"))
    }
}
