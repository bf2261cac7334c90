//! The [`Forge`] calls on the local forge: what the bot reads and does.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::super::check::{Check, FoundCheck};
use super::super::{Comment, Forge, ForgeError, NewPull, Permission, Pull, Reaction};
use super::branches;
use super::database::{BOT_LOGIN, LocalForge};
use super::inserts::new_comment;
use super::rows::{self, PULLS, stored, unavailable};
use crate::domain::approval::Review;
use crate::domain::credential::Credential;
use crate::domain::lane::SeenCheck;
use crate::domain::names::{
    AccountId, BranchName, CheckId, CommentId, CommitId, IssueNumber, RepositoryName,
};

/// The most characters of a body, as on GitHub.
const BODY_LIMIT: usize = 65_536;

#[async_trait]
impl Forge for LocalForge {
    async fn permission(
        &self,
        repository: &RepositoryName,
        login: &str,
    ) -> Result<(AccountId, Permission), ForgeError> {
        self.git_path(repository).await?;
        let row = sqlx::query(
            "SELECT id, coalesce(level, 'none') AS level FROM forge_accounts
             LEFT JOIN forge_permissions ON account = id AND repository = ? WHERE login = ?",
        )
        .bind(repository.as_str())
        .bind(login)
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        let row = row.ok_or_else(|| ForgeError::NotFound(format!("account `{login}`")))?;
        Ok((AccountId(rows::number(&row, "id")?), rows::level(&rows::text(&row, "level")?)?))
    }

    async fn comment(
        &self,
        repository: &RepositoryName,
        comment: CommentId,
    ) -> Result<Option<Comment>, ForgeError> {
        let row = sqlx::query("SELECT * FROM forge_comments WHERE repository = ? AND id = ?")
            .bind(repository.as_str())
            .bind(stored(comment.0))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        row.as_ref().map(rows::comment).transpose()
    }

    async fn react(
        &self,
        repository: &RepositoryName,
        comment: CommentId,
        reaction: Reaction,
    ) -> Result<(), ForgeError> {
        if self.comment(repository, comment).await?.is_none() {
            return Err(ForgeError::NotFound(format!("comment {comment} in {repository}")));
        }
        let bot = self.account(BOT_LOGIN, true).await?;
        sqlx::query("INSERT OR IGNORE INTO forge_reactions (comment, account, reaction) VALUES (?, ?, ?)")
            .bind(stored(comment.0))
            .bind(stored(bot.0))
            .bind(rows::reaction_name(reaction))
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    async fn put_status(
        &self,
        repository: &RepositoryName,
        issue: IssueNumber,
        marker: &str,
        body: &str,
    ) -> Result<CommentId, ForgeError> {
        bounded(body)?;
        let bot = self.account(BOT_LOGIN, true).await?;
        let now = (self.now)();
        // Search and write are one transaction: two workers create one comment.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?;
        let updated = sqlx::query(
            "UPDATE forge_comments SET body = ?4, updated_at = ?5 WHERE id =
                 (SELECT min(id) FROM forge_comments WHERE repository = ?1 AND number = ?2 AND author = ?3
                  AND instr(body, ?6) > 0)
             RETURNING id",
        )
        .bind(repository.as_str())
        .bind(stored(issue.0))
        .bind(stored(bot.0))
        .bind(body)
        .bind(now.as_microsecond())
        .bind(marker)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(unavailable)?;
        let id = match updated {
            Some(row) => CommentId(rows::number(&row, "id")?),
            None => new_comment(&mut transaction, repository, issue, bot, body, now).await?.id,
        };
        transaction.commit().await.map_err(unavailable)?;
        Ok(id)
    }

    async fn find_pull(
        &self,
        repository: &RepositoryName,
        head: &BranchName,
    ) -> Result<Option<Pull>, ForgeError> {
        match self.pull_row(repository, head).await? {
            Some(row) => {
                let found = self.pull_of(repository, &row)?;
                Ok(Some(self.completed(repository, found).await?.pull))
            }
            None => Ok(None),
        }
    }

    async fn open_pull(&self, repository: &RepositoryName, pull: &NewPull) -> Result<Pull, ForgeError> {
        bounded(&pull.body)?;
        // Existing ones first: one that was opened before may have been merged since, and needs no branch any more.
        let head = match self.pull_row(repository, &pull.head).await? {
            Some(row) => rows::name(&row, "head_commit")?,
            None => self.pull_head(repository, pull).await?,
        };
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?;
        let number = match find_pull(&mut transaction, repository, &pull.head).await? {
            Some(row) => IssueNumber(rows::number(&row, "number")?),
            None => self.new_pull(&mut transaction, repository, pull, &head).await?,
        };
        for label in &pull.labels {
            sqlx::query("INSERT OR IGNORE INTO forge_labels (repository, number, label) VALUES (?, ?, ?)")
                .bind(repository.as_str())
                .bind(stored(number.0))
                .bind(label)
                .execute(&mut *transaction)
                .await
                .map_err(unavailable)?;
        }
        transaction.commit().await.map_err(unavailable)?;
        branches::point(&self.git_path(repository).await?, &branches::pull_head(number), &head)?;
        let opened = self.find_pull(repository, &pull.head).await?;
        opened.ok_or_else(|| ForgeError::NotFound(format!("pull request {repository}#{number}")))
    }

    async fn pull(&self, repository: &RepositoryName, number: IssueNumber) -> Result<Pull, ForgeError> {
        Ok(self.local_pull(repository, number).await?.pull)
    }

    async fn find_check(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Option<FoundCheck>, ForgeError> {
        self.found_check(repository, head, name).await
    }

    async fn check_runs(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Vec<SeenCheck>, ForgeError> {
        self.foreign_checks(repository, head, name).await
    }

    async fn put_check(&self, repository: &RepositoryName, check: &Check) -> Result<CheckId, ForgeError> {
        self.write_check(repository, check).await
    }

    async fn close_pull(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        self.local_pull(repository, number).await?;
        self.close(repository, number).await
    }

    async fn reviews(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Vec<Review>, ForgeError> {
        self.local_pull(repository, number).await?;
        self.kept_reviews(repository, number).await
    }

    async fn mark_ready(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        self.set_draft(repository, number, false).await
    }

    async fn git_credential(&self, _repository: &RepositoryName) -> Result<Option<Credential>, ForgeError> {
        Ok(None)
    }
}

/// The pull request of a head: an open one before a closed one, the newest of several.
async fn find_pull(
    connection: &mut SqliteConnection,
    repository: &RepositoryName,
    head: &BranchName,
) -> Result<Option<SqliteRow>, ForgeError> {
    let statement = format!(
        "{PULLS} WHERE repository = ? AND head = ? AND fork IS NULL ORDER BY open DESC, number DESC LIMIT 1"
    );
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(repository.as_str())
        .bind(head.as_str())
        .fetch_optional(connection)
        .await
        .map_err(unavailable)
}

impl LocalForge {
    async fn pull_row(
        &self,
        repository: &RepositoryName,
        head: &BranchName,
    ) -> Result<Option<SqliteRow>, ForgeError> {
        let mut connection = self.pool.acquire().await.map_err(unavailable)?;
        find_pull(&mut connection, repository, head).await
    }

    /// The commit that a new pull request proposes; refused as GitHub refuses it (422).
    pub(super) async fn pull_head(
        &self,
        repository: &RepositoryName,
        pull: &NewPull,
    ) -> Result<CommitId, ForgeError> {
        let path = self.git_path(repository).await?;
        let missing = |branch| ForgeError::Rejected(format!("the branch `{branch}` does not exist"));
        let tip = |branch: &BranchName| branches::tip(&path, &branches::branch(branch.as_str()));
        let head = tip(&pull.head)?.ok_or_else(|| missing(&pull.head))?;
        let base = tip(&pull.base)?.ok_or_else(|| missing(&pull.base))?;
        if branches::is_merged(&path, &base, &head)? {
            let (base, head) = (&pull.base, &pull.head);
            return Err(ForgeError::Rejected(format!("no commits between `{base}` and `{head}`")));
        }
        Ok(head)
    }
}

fn bounded(body: &str) -> Result<(), ForgeError> {
    if body.chars().count() > BODY_LIMIT {
        return Err(ForgeError::Rejected(format!("the body is longer than {BODY_LIMIT} characters")));
    }
    Ok(())
}
