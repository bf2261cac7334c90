//! Statements of pull requests: one row each, as the last reconciliation found it.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::super::error::StoreError;
use super::super::view::{Pulls, Recheck, StoredPull};
use super::error::unavailable;
use super::rows::{column, json, micros, signed, text_of, timestamp, value_of};
use crate::domain::pull::Conclusion;

/// Stores a pull request as it is known now, inside the caller's transaction.
pub(super) async fn store(connection: &mut SqliteConnection, pull: &StoredPull) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO pulls (repository, number, head, branch, seen, policy, look, seen_at, due, due_since, merge) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (repository, number) DO UPDATE SET head = excluded.head, branch = excluded.branch, \
             seen = excluded.seen, policy = excluded.policy, look = excluded.look, seen_at = excluded.seen_at, \
             due = excluded.due, due_since = excluded.due_since, merge = excluded.merge",
    )
    .bind(pull.repository.as_str())
    .bind(signed(pull.seen.number.0)?)
    .bind(pull.seen.head.as_str())
    .bind(Some(&pull.seen.branch).filter(|_| !pull.seen.fork))
    .bind(json(&pull.seen)?)
    .bind(pull.policy.map(Conclusion::as_str))
    .bind(pull.look.as_str())
    .bind(micros(pull.at))
    .bind(pull.recheck.map(|recheck| micros(recheck.at)))
    .bind(pull.recheck.map(|recheck| micros(recheck.since)))
    .bind(pull.merge.as_ref().map(json).transpose()?)
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// The pull requests asked for.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    which: Pulls<'_>,
) -> Result<Vec<StoredPull>, StoreError> {
    const ALL: &str = "SELECT repository, seen, policy, look, seen_at, due, due_since, merge FROM pulls";
    let statement = match which {
        Pulls::Latest(_) => format!("{ALL} ORDER BY seen_at DESC, number DESC LIMIT ?"),
        Pulls::Numbered(..) => format!("{ALL} WHERE repository = ? AND number = ?"),
        Pulls::WithHead(..) => format!("{ALL} WHERE repository = ? AND head = ? ORDER BY number"),
        Pulls::FromBranch(..) => format!("{ALL} WHERE repository = ? AND branch = ? ORDER BY number"),
        Pulls::Due(_) => format!("{ALL} WHERE due <= ? ORDER BY due, number LIMIT 100"),
        Pulls::MergedOverDenial => {
            format!(
                "{ALL} WHERE json_extract(merge, '$.state') = 'over_denial' ORDER BY seen_at DESC, number DESC"
            )
        }
    };
    let query = sqlx::query(sqlx::AssertSqlSafe(statement));
    let query = match which {
        Pulls::Latest(limit) => query.bind(limit),
        // A number that SQLite cannot hold was never stored.
        Pulls::Numbered(repository, number) => {
            query.bind(repository.as_str()).bind(i64::try_from(number.0).unwrap_or(-1))
        }
        Pulls::WithHead(repository, head) => query.bind(repository.as_str()).bind(head.as_str()),
        Pulls::FromBranch(repository, branch) => query.bind(repository.as_str()).bind(branch),
        Pulls::Due(now) => query.bind(micros(now)),
        Pulls::MergedOverDenial => query,
    };
    let rows = query.fetch_all(connection).await.map_err(unavailable)?;
    rows.iter().map(stored).collect()
}

fn stored(row: &SqliteRow) -> Result<StoredPull, StoreError> {
    let policy: Option<String> = column(row, "policy")?;
    let merge: Option<String> = column(row, "merge")?;
    let due: Option<i64> = column(row, "due")?;
    let since: Option<i64> = column(row, "due_since")?;
    let recheck = match (due, since) {
        (Some(due), Some(since)) => Some(Recheck { at: timestamp(due)?, since: timestamp(since)? }),
        _ => None,
    };
    let unknown = |name: &String| StoreError::Corrupt(format!("`{name}` is not a conclusion"));
    Ok(StoredPull {
        repository: text_of(column(row, "repository")?)?,
        seen: value_of(&column::<String>(row, "seen")?)?,
        policy: policy.map(|name| Conclusion::named(&name).ok_or_else(|| unknown(&name))).transpose()?,
        look: text_of(column(row, "look")?)?,
        at: timestamp(column(row, "seen_at")?)?,
        recheck,
        merge: merge.as_deref().map(value_of).transpose()?,
    })
}
