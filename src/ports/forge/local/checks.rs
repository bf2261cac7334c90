//! Check runs on the local forge.

use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;

use super::super::ForgeError;
use super::super::check::{Annotation, Check, CheckStatus, FoundCheck, LONGEST_TEXT};
use super::LocalForge;
use super::rows::{self, unavailable};
use crate::domain::names::{CheckId, CommitId, RepositoryName};

/// A check run with what a page shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalCheck {
    /// Its name.
    pub name: String,
    /// How far it is; `None` for what the bot never sets.
    pub status: Option<CheckStatus>,
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// More Markdown.
    pub text: String,
    /// Where more is to be read.
    pub details_url: Option<String>,
    /// What is said about lines: path, line, level, title and message of each.
    pub annotations: Vec<Line>,
}

/// An annotation as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Full repository path.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// `warning` or `failure`.
    pub level: String,
    /// One line.
    pub title: String,
    /// Plain text.
    pub message: String,
}

impl Line {
    fn of(annotation: &Annotation) -> Self {
        Self {
            path: annotation.path.clone(),
            line: annotation.line,
            level: annotation.level.as_str().to_owned(),
            title: annotation.title.clone(),
            message: annotation.message.clone(),
        }
    }
}

impl LocalForge {
    /// The check runs of a commit, by name.
    ///
    /// # Errors
    /// - `Unavailable`, `Malformed`: the database
    pub async fn checks(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
    ) -> Result<Vec<LocalCheck>, ForgeError> {
        let rows = sqlx::query("SELECT * FROM forge_checks WHERE repository = ? AND head = ? ORDER BY name")
            .bind(repository.as_str())
            .bind(head.as_str())
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows.iter().map(shown).collect()
    }

    /// Asks for a check run to be done again, as a person does by the button beside it.
    ///
    /// # Errors
    /// - `NotFound`: there is no such check run
    pub async fn rerequest(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<(), ForgeError> {
        let done = sqlx::query(
            "UPDATE forge_checks SET status = 'queued', conclusion = NULL
             WHERE repository = ? AND head = ? AND name = ?",
        )
        .bind(repository.as_str())
        .bind(head.as_str())
        .bind(name)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        rows::some_row(done.rows_affected(), || format!("check run `{name}` of {head}"))
    }

    pub(super) async fn found_check(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Option<FoundCheck>, ForgeError> {
        let row = sqlx::query("SELECT * FROM forge_checks WHERE repository = ? AND head = ? AND name = ?")
            .bind(repository.as_str())
            .bind(head.as_str())
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let found = |row: &SqliteRow| {
            let id = CheckId(rows::number(row, "id")?);
            Ok(FoundCheck { id, status: status(row)?, digest: rows::text(row, "digest")? })
        };
        row.as_ref().map(found).transpose()
    }

    /// Makes the check run or exchanges it; refused as GitHub refuses it (422).
    pub(super) async fn write_check(
        &self,
        repository: &RepositoryName,
        check: &Check,
    ) -> Result<CheckId, ForgeError> {
        for (name, text) in [("summary", &check.summary), ("text", &check.text)] {
            if text.chars().count() > LONGEST_TEXT {
                return Err(ForgeError::Rejected(format!(
                    "the {name} is longer than {LONGEST_TEXT} characters"
                )));
            }
        }
        self.git_path(repository).await?;
        let lines: Vec<Line> = check.annotations.iter().map(Line::of).collect();
        let row = sqlx::query(
            "INSERT INTO forge_checks
                 (repository, head, name, status, conclusion, title, summary, text, details_url, digest, annotations)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (repository, head, name) DO UPDATE SET status = excluded.status,
                 conclusion = excluded.conclusion, title = excluded.title, summary = excluded.summary,
                 text = excluded.text, details_url = excluded.details_url, digest = excluded.digest,
                 annotations = excluded.annotations
             RETURNING id",
        )
        .bind(repository.as_str())
        .bind(check.head.as_str())
        .bind(&check.name)
        .bind(check.status.as_str())
        .bind(check.status.conclusion().map(|conclusion| conclusion.as_str()))
        .bind(&check.title)
        .bind(&check.summary)
        .bind(&check.text)
        .bind(&check.details_url)
        .bind(&check.digest)
        // OK because lines are texts and numbers, which serialise.
        .bind(serde_json::to_string(&lines).unwrap_or_default())
        .fetch_one(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(CheckId(rows::number(&row, "id")?))
    }
}

fn shown(row: &SqliteRow) -> Result<LocalCheck, ForgeError> {
    let annotations = rows::text(row, "annotations")?;
    Ok(LocalCheck {
        name: rows::text(row, "name")?,
        status: status(row)?,
        title: rows::text(row, "title")?,
        summary: rows::text(row, "summary")?,
        text: rows::text(row, "text")?,
        details_url: rows::some_text(row, "details_url")?,
        annotations: serde_json::from_str(&annotations).map_err(|_| rows::malformed("annotations"))?,
    })
}

fn status(row: &SqliteRow) -> Result<Option<CheckStatus>, ForgeError> {
    let conclusion = rows::some_text(row, "conclusion")?;
    Ok(CheckStatus::read(&rows::text(row, "status")?, conclusion.as_deref()))
}
