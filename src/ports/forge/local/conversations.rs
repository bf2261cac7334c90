//! What pages show of the local forge: pull requests, comments, check runs.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::super::conversation::{Conversation, Conversations, ShownCheck, ShownComment, ShownPull};
use super::super::{ForgeError, Reaction};
use super::database::LocalForge;
use super::rows::{self, PULLS, stored, unavailable};
use crate::domain::names::{CommitId, IssueNumber, RepositoryName};

#[async_trait]
impl Conversations for LocalForge {
    async fn conversation(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Option<Conversation>, ForgeError> {
        let pull = self.pulls(repository).await?.into_iter().find(|pull| pull.pull.number == number);
        let comments = self.comments(repository, number).await?;
        let checks = match &pull {
            Some(pull) => self.checks(repository, &pull.pull.head).await?,
            None => Vec::new(),
        };
        let is_empty = pull.is_none() && comments.is_empty();
        Ok((!is_empty).then_some(Conversation { pull, checks, comments }))
    }
}

impl LocalForge {
    /// The comments of an issue or pull request, oldest first.
    ///
    /// # Errors
    /// - `Unavailable`, `Malformed`: the database
    pub async fn comments(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Vec<ShownComment>, ForgeError> {
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
                Ok(ShownComment {
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
    pub async fn pulls(&self, repository: &RepositoryName) -> Result<Vec<ShownPull>, ForgeError> {
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

    /// The check runs of a commit, by name.
    ///
    /// # Errors
    /// - `Unavailable`, `Malformed`: the database
    pub async fn checks(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
    ) -> Result<Vec<ShownCheck>, ForgeError> {
        let rows = sqlx::query("SELECT * FROM forge_checks WHERE repository = ? AND head = ? ORDER BY name")
            .bind(repository.as_str())
            .bind(head.as_str())
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows.iter().map(shown).collect()
    }
}

fn shown(row: &SqliteRow) -> Result<ShownCheck, ForgeError> {
    let annotations = rows::text(row, "annotations")?;
    Ok(ShownCheck {
        name: rows::text(row, "name")?,
        status: rows::check_status(row)?,
        title: rows::text(row, "title")?,
        summary: rows::text(row, "summary")?,
        text: rows::text(row, "text")?,
        details_url: rows::some_text(row, "details_url")?,
        annotations: serde_json::from_str(&annotations).map_err(|_| rows::malformed("annotations"))?,
    })
}
