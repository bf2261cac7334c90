//! Reviews on the local forge: people approve, ask for changes, comment, dismiss; the bot reads them.

use sqlx::sqlite::SqliteRow;

use super::super::ForgeError;
use super::database::LocalForge;
use super::rows::{self, some_row, stored, unavailable};
use crate::domain::approval::{Opinion, Review};
use crate::domain::names::{AccountId, IssueNumber, RepositoryName};
use crate::domain::request::Actor;

impl LocalForge {
    /// Reviews a pull request's current head as a person; returns the review's id.
    ///
    /// # Errors
    /// - `NotFound`: there is none of this number
    pub async fn review(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
        login: &str,
        opinion: Opinion,
    ) -> Result<u64, ForgeError> {
        let head = self.local_pull(repository, number).await?.pull.head;
        let reviewer = self.account(login, false).await?;
        let row = sqlx::query(
            "INSERT INTO forge_reviews (repository, number, reviewer, opinion, head) VALUES (?, ?, ?, ?, ?)
             RETURNING id",
        )
        .bind(repository.as_str())
        .bind(stored(number.0))
        .bind(stored(reviewer.0))
        .bind(opinion_name(opinion))
        .bind(head.as_str())
        .fetch_one(&self.pool)
        .await
        .map_err(unavailable)?;
        rows::number(&row, "id")
    }

    /// Dismisses a review.
    ///
    /// # Errors
    /// - `NotFound`: there is none of this id
    pub async fn dismiss(&self, review: u64) -> Result<(), ForgeError> {
        let done = sqlx::query("UPDATE forge_reviews SET opinion = 'dismissed' WHERE id = ?")
            .bind(stored(review))
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        some_row(done.rows_affected(), || format!("review {review}"))
    }

    /// The reviews of a pull request, oldest first.
    pub(super) async fn kept_reviews(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Vec<Review>, ForgeError> {
        let rows = sqlx::query(
            "SELECT forge_reviews.id AS id, opinion, head, reviewer, login, bot FROM forge_reviews
             JOIN forge_accounts ON forge_accounts.id = reviewer WHERE repository = ? AND number = ?
             ORDER BY forge_reviews.id",
        )
        .bind(repository.as_str())
        .bind(stored(number.0))
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        rows.iter().map(review).collect()
    }
}

fn review(row: &SqliteRow) -> Result<Review, ForgeError> {
    let name = rows::text(row, "opinion")?;
    let known = [Opinion::Approved, Opinion::ChangesRequested, Opinion::Dismissed, Opinion::Commented];
    let opinion = known.into_iter().find(|opinion| opinion_name(*opinion) == name);
    Ok(Review {
        id: rows::number(row, "id")?,
        reviewer: Actor { id: AccountId(rows::number(row, "reviewer")?), login: rows::text(row, "login")? },
        human: !rows::flag(row, "bot")?,
        opinion: opinion.ok_or_else(|| ForgeError::Malformed(format!("the opinion `{name}`")))?,
        commit: Some(rows::name(row, "head")?),
    })
}

fn opinion_name(opinion: Opinion) -> &'static str {
    match opinion {
        Opinion::Approved => "approved",
        Opinion::ChangesRequested => "changes_requested",
        Opinion::Dismissed => "dismissed",
        Opinion::Commented => "commented",
    }
}
