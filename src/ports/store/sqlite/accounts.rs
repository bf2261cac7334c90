//! Statements of accounts: what is known of their rights, what priority their runs have, which refusal was replied to.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::super::accounts::Account;
use super::super::error::StoreError;
use super::super::inbox::NewRun;
use super::error::unavailable;
use super::rows::{micros, timestamp};
use crate::domain::names::{AccountId, RunId};
use crate::domain::priority::{Priority, Rights, Work, forgotten_from};

/// The repository of a row of `runs`.
const REPOSITORY: &str = "substr(subject, 1, instr(subject, '#') - 1)";

/// An account's id for the database, whose integers are signed.
pub(super) fn number(id: AccountId) -> i64 {
    // OK because no forge has half as many accounts: ids beyond that are made up and may share one row.
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

/// A priority for the database.
pub(super) fn stored(priority: Priority) -> i64 {
    priority as i64 // OK because there are six.
}

/// The priority of a run that is about to be created.
pub(super) async fn priority_of(
    connection: &mut SqliteConnection,
    run: &NewRun,
    now: Timestamp,
) -> Result<Priority, StoreError> {
    let Some(id) = run.actor else { return Ok(Priority::of(run.work, Rights::Unknown, 0)) };
    let account = Account { repository: &run.subject.repository, id };
    let rights = rights(connection, account, now).await?;
    Ok(Priority::of(run.work, rights, unchecked(connection, account).await?))
}

/// How many containments of the account go before other work although its rights are not known.
async fn unchecked(connection: &mut SqliteConnection, account: Account<'_>) -> Result<usize, StoreError> {
    let statement = format!(
        "SELECT count(*) FROM runs WHERE due_at IS NOT NULL AND priority <= 1 AND priority = ? AND actor = ? \
         AND {REPOSITORY} = ?"
    );
    let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
        .bind(stored(Priority::UncheckedContainment))
        .bind(number(account.id))
        .bind(account.repository.as_str())
        .fetch_one(connection)
        .await
        .map_err(unavailable)?;
    // OK because a count is not negative, and too many to count are too many.
    Ok(usize::try_from(found).unwrap_or(usize::MAX))
}

/// What is known of an account's rights.
pub(super) async fn rights(
    connection: &mut SqliteConnection,
    account: Account<'_>,
    now: Timestamp,
) -> Result<Rights, StoreError> {
    let known: Option<(Option<bool>, Option<i64>)> =
        sqlx::query_as("SELECT may_write, checked_at FROM accounts WHERE repository = ? AND id = ?")
            .bind(account.repository.as_str())
            .bind(number(account.id))
            .fetch_optional(connection)
            .await
            .map_err(unavailable)?;
    match known {
        Some((Some(may_write), Some(checked_at))) => {
            Ok(Rights::remembered(may_write, timestamp(checked_at)?, now))
        }
        _ => Ok(Rights::Unknown),
    }
}

/// Stores an account's rights, and gives its open runs the priority that follows.
pub(super) async fn learn(
    connection: &mut SqliteConnection,
    account: Account<'_>,
    rights: Rights,
    at: Timestamp,
) -> Result<(), StoreError> {
    let may_write = match rights {
        Rights::Unknown => return Ok(()),
        Rights::Write => true,
        Rights::NoWrite => false,
    };
    sqlx::query(
        "INSERT INTO accounts (repository, id, may_write, checked_at) VALUES (?, ?, ?, ?) \
         ON CONFLICT (repository, id) DO UPDATE SET may_write = excluded.may_write, checked_at = excluded.checked_at",
    )
    .bind(account.repository.as_str())
    .bind(number(account.id))
    .bind(may_write)
    .bind(micros(at))
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    let statement = format!(
        "UPDATE runs SET priority = ?1 WHERE actor = ?2 AND {REPOSITORY} = ?3 AND due_at IS NOT NULL \
         AND work = ?4 AND priority <> ?1"
    );
    for work in Work::ALL {
        sqlx::query(sqlx::AssertSqlSafe(statement.clone()))
            .bind(stored(Priority::of(work, rights, 0)))
            .bind(number(account.id))
            .bind(account.repository.as_str())
            .bind(work.as_str())
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    Ok(())
}

/// Notes a run's refusal as the one that is replied to, unless another one was in the last 24 hours.
pub(super) async fn claim_refusal(
    connection: &mut SqliteConnection,
    account: Account<'_>,
    run: &RunId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let claimed = sqlx::query(
        "INSERT INTO accounts (repository, id, refused_at, refused) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (repository, id) DO UPDATE SET refused_at = excluded.refused_at, refused = excluded.refused \
         WHERE accounts.refused IS NULL OR accounts.refused = excluded.refused OR accounts.refused_at <= ?5",
    )
    .bind(account.repository.as_str())
    .bind(number(account.id))
    .bind(micros(now))
    .bind(run.as_str())
    .bind(micros(forgotten_from(now)))
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(claimed.rows_affected() > 0)
}

/// Counts the commands that a run's account gave in its repository between `since` and the run, up to `most`: of a crowd
/// from one account no more is read.
pub(super) async fn earlier_commands(
    connection: &mut SqliteConnection,
    run: &RunId,
    since: Timestamp,
    most: u32,
) -> Result<u32, StoreError> {
    let statement = format!(
        "SELECT count(*) FROM (SELECT 1 FROM runs, \
         (SELECT actor AS who, {REPOSITORY} AS place, rowid AS own FROM runs WHERE id = ?) \
         WHERE actor = who AND created_at > ? AND {REPOSITORY} = place AND runs.rowid < own LIMIT ?)"
    );
    let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
        .bind(run.as_str())
        .bind(micros(since))
        .bind(most)
        .fetch_one(connection)
        .await
        .map_err(unavailable)?;
    // OK because a count is not negative, and too many to count are too many.
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}
