//! Rows of the local forge's tables, to and from the port's types.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::super::check::CheckStatus;
use super::super::{Comment, ForgeError, Permission, Reaction};
use crate::domain::names::{AccountId, CommentId};

/// The rows that `LocalForge::pull_of` reads: a condition is added behind it.
pub(super) const PULLS: &str = "SELECT forge_issues.*, head, base, head_commit, draft, fork, merged_at,
        forge_accounts.id AS author, login
     FROM forge_issues JOIN forge_pulls USING (repository, number)
     LEFT JOIN forge_authors USING (repository, number) LEFT JOIN forge_merges USING (repository, number)
     JOIN forge_accounts
         ON forge_accounts.id = coalesce(author, (SELECT id FROM forge_accounts WHERE login = 'writ[bot]'))";

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

pub(super) fn some_text(row: &SqliteRow, column: &str) -> Result<Option<String>, ForgeError> {
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

pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &str) -> Result<T, ForgeError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(|_| malformed(column))
}

/// Refuses a statement that changed nothing: there is no such thing.
pub(super) fn some_row(rows: u64, what: impl Fn() -> String) -> Result<(), ForgeError> {
    if rows == 0 { Err(ForgeError::NotFound(what())) } else { Ok(()) }
}

pub(super) fn malformed(column: &str) -> ForgeError {
    ForgeError::Malformed(format!("the local forge's column `{column}`"))
}

/// The status of a check run; `None` for one that the bot never sets.
pub(super) fn check_status(row: &SqliteRow) -> Result<Option<CheckStatus>, ForgeError> {
    let conclusion = some_text(row, "conclusion")?;
    Ok(CheckStatus::read(&text(row, "status")?, conclusion.as_deref()))
}
