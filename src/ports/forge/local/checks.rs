//! Check runs on the local forge.

use sqlx::sqlite::SqliteRow;

use super::super::ForgeError;
use super::super::check::{Check, FoundCheck, LONGEST_TEXT};
use super::super::conversation::ShownAnnotation;
use super::database::LocalForge;
use super::rows::{self, unavailable};
use crate::domain::lane::{CheckResult, SeenCheck};
use crate::domain::names::{CheckId, CommitId, RepositoryName};

impl LocalForge {
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

    /// Another app's check run of a commit, new or as it is from now on. `conclusion` is GitHub's name of it; `None` where
    /// the check run is not completed.
    ///
    /// # Errors
    /// - `Unavailable`: the database; the repository is not hosted
    pub async fn report_check(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        (app, name): (&str, &str),
        conclusion: Option<&str>,
    ) -> Result<(), ForgeError> {
        sqlx::query(
            "INSERT INTO forge_foreign_checks (repository, head, name, app, status, conclusion)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (repository, head, name, app) DO UPDATE SET status = excluded.status,
                 conclusion = excluded.conclusion",
        )
        .bind(repository.as_str())
        .bind(head.as_str())
        .bind(name)
        .bind(app)
        .bind(if conclusion.is_some() { "completed" } else { "in_progress" })
        .bind(conclusion)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    pub(super) async fn foreign_checks(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Vec<SeenCheck>, ForgeError> {
        let rows = sqlx::query(
            "SELECT * FROM forge_foreign_checks WHERE repository = ? AND head = ? AND name = ? ORDER BY app",
        )
        .bind(repository.as_str())
        .bind(head.as_str())
        .bind(name)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        let seen = |row: &SqliteRow| {
            let conclusion = rows::some_text(row, "conclusion")?;
            let result = CheckResult::read(&rows::text(row, "status")?, conclusion.as_deref());
            Ok(SeenCheck { name: rows::text(row, "name")?, app: rows::some_text(row, "app")?, result })
        };
        rows.iter().map(seen).collect()
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
            Ok(FoundCheck { id, status: rows::check_status(row)?, digest: rows::text(row, "digest")? })
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
        let lines: Vec<ShownAnnotation> = check.annotations.iter().map(ShownAnnotation::from).collect();
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
