//! Rows of the local forge's tables, to and from the port's types.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::super::{Comment, ForgeError, Permission, Pull, Reaction};
use super::{LocalForge, LocalPull};
use crate::domain::names::{AccountId, CommentId, IssueNumber, RepositoryName};

/// A database error: worth repeating, as an HTTP 5xx would be.
pub(super) fn unavailable(error: sqlx::Error) -> ForgeError {
    ForgeError::Unavailable { message: error.to_string(), retry_after: None }
}

/// A stored id or number as SQLite holds it.
pub(super) fn stored(number: u64) -> i64 {
    // Larger than any row id: a number from outside that SQLite cannot hold names nothing.
    i64::try_from(number).unwrap_or(-1)
}

pub(super) fn number(row: &SqliteRow, column: &str) -> Result<u64, ForgeError> {
    let value: i64 = get(row, column)?;
    u64::try_from(value).map_err(|_| malformed(column))
}

pub(super) fn text(row: &SqliteRow, column: &str) -> Result<String, ForgeError> {
    get(row, column)
}

pub(super) fn flag(row: &SqliteRow, column: &str) -> Result<bool, ForgeError> {
    get(row, column)
}

pub(super) fn time(row: &SqliteRow, column: &str) -> Result<Timestamp, ForgeError> {
    Timestamp::from_microsecond(get(row, column)?).map_err(|_| malformed(column))
}

/// A column whose text is one of the domain's checked names.
pub(super) fn name<T: TryFrom<String>>(row: &SqliteRow, column: &str) -> Result<T, ForgeError> {
    T::try_from(text(row, column)?).map_err(|_| malformed(column))
}

pub(super) fn comment(row: &SqliteRow) -> Result<Comment, ForgeError> {
    Ok(Comment {
        id: CommentId(number(row, "id")?),
        author: AccountId(number(row, "author")?),
        body: text(row, "body")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

impl LocalForge {
    /// A row of `forge_issues` joined with `forge_pulls`; labels are read apart.
    pub(super) fn pull_of(
        &self,
        repository: &RepositoryName,
        row: &SqliteRow,
    ) -> Result<LocalPull, ForgeError> {
        let number = number(row, "number")?;
        let pull = Pull {
            number: IssueNumber(number),
            url: format!("{}/{repository}/pull/{number}", self.base_url),
            head: name(row, "head_commit")?,
            body: text(row, "body")?,
            open: flag(row, "open")?,
            draft: flag(row, "draft")?,
        };
        Ok(LocalPull {
            pull,
            title: text(row, "title")?,
            head: name(row, "head")?,
            base: name(row, "base")?,
            labels: Vec::new(),
            created_at: time(row, "created_at")?,
        })
    }
}

pub(super) fn level_name(level: Permission) -> &'static str {
    match level {
        Permission::None => "none",
        Permission::Read => "read",
        Permission::Write => "write",
        Permission::Admin => "admin",
    }
}

pub(super) fn level(name: &str) -> Result<Permission, ForgeError> {
    match name {
        "none" => Ok(Permission::None),
        "read" => Ok(Permission::Read),
        "write" => Ok(Permission::Write),
        "admin" => Ok(Permission::Admin),
        _ => Err(malformed("level")),
    }
}

pub(super) fn reaction_name(reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::Eyes => "eyes",
        Reaction::Rocket => "rocket",
        Reaction::Confused => "confused",
    }
}

fn get<'r, T>(row: &'r SqliteRow, column: &str) -> Result<T, ForgeError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(|_| malformed(column))
}

fn malformed(column: &str) -> ForgeError {
    ForgeError::Malformed(format!("the local forge's column `{column}`"))
}
