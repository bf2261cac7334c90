//! Statements of the ledger: leaves, nodes, checkpoints. Appending reads and writes O(log n) nodes.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::super::error::StoreError;
use super::super::ledger::{Leaf, StoredCheckpoint};
use super::error::unavailable;
use super::rows::{column, json, signed, text_of, unsigned};
use crate::domain::ledger::{LeafHash, NodeHash, NodeId, Nodes, Record, tree};
use crate::domain::names::RunId;

/// Appends records, inside the caller's transaction.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    records: &[Record],
) -> Result<Vec<Leaf>, StoreError> {
    let mut leaves = Vec::with_capacity(records.len());
    if records.is_empty() {
        return Ok(leaves);
    }
    let mut size = size(connection).await?;
    for record in records {
        let data = record.canonical();
        let hash = LeafHash::of(&data);
        sqlx::query("INSERT INTO leaves (position, run, data) VALUES (?, ?, ?)")
            .bind(signed(size)?)
            .bind(record.run.as_ref().map(RunId::as_str))
            .bind(data.as_slice())
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
        let read = nodes(connection, &tree::wanted_for_append(size)).await?;
        for (id, hash) in tree::append(size, hash, &read)? {
            insert_node(connection, id, hash).await?;
        }
        leaves.push(Leaf { index: size, data, hash, run: record.run.clone() });
        size += 1;
    }
    Ok(leaves)
}

async fn insert_node(
    connection: &mut SqliteConnection,
    id: NodeId,
    hash: NodeHash,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO nodes (level, position, hash) VALUES (?, ?, ?)")
        .bind(id.level)
        .bind(signed(id.position)?)
        .bind(hash.0.as_slice())
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// How many leaves there are.
pub(super) async fn size(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let size: i64 = sqlx::query_scalar("SELECT coalesce(max(position) + 1, 0) FROM leaves")
        .fetch_one(connection)
        .await
        .map_err(unavailable)?;
    unsigned(size)
}

/// Leaves from `first`, at most `limit`.
pub(super) async fn leaves(
    connection: &mut SqliteConnection,
    first: u64,
    limit: u32,
) -> Result<Vec<Leaf>, StoreError> {
    let rows = sqlx::query(
        "SELECT leaves.position AS position, run, data, hash FROM leaves \
         LEFT JOIN nodes ON level = 0 AND nodes.position = leaves.position \
         WHERE leaves.position >= ? ORDER BY leaves.position LIMIT ?",
    )
    .bind(signed(first)?)
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    rows.iter().map(leaf).collect()
}

/// A run's leaves.
pub(super) async fn leaves_of(
    connection: &mut SqliteConnection,
    id: &RunId,
) -> Result<Vec<Leaf>, StoreError> {
    let rows = sqlx::query(
        "SELECT leaves.position AS position, run, data, hash FROM leaves \
         LEFT JOIN nodes ON level = 0 AND nodes.position = leaves.position \
         WHERE run = ? ORDER BY leaves.position",
    )
    .bind(id.as_str())
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    rows.iter().map(leaf).collect()
}

/// The leaves of no run.
pub(super) async fn own_leaves(connection: &mut SqliteConnection) -> Result<Vec<Leaf>, StoreError> {
    let rows = sqlx::query(
        "SELECT leaves.position AS position, run, data, hash FROM leaves \
         LEFT JOIN nodes ON level = 0 AND nodes.position = leaves.position \
         WHERE run IS NULL ORDER BY leaves.position",
    )
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    rows.iter().map(leaf).collect()
}

/// Runs that leaves are filed under and that have no row.
pub(super) async fn runs_without_row(connection: &mut SqliteConnection) -> Result<Vec<RunId>, StoreError> {
    let runs: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT run FROM leaves WHERE run IS NOT NULL AND run NOT IN (SELECT id FROM runs) ORDER BY run",
    )
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    runs.into_iter().map(text_of).collect()
}

fn leaf(row: &SqliteRow) -> Result<Leaf, StoreError> {
    let index = unsigned(column(row, "position")?)?;
    let hash: Option<Vec<u8>> = column(row, "hash")?;
    let hash = hash.ok_or_else(|| StoreError::Corrupt(format!("leaf {index} has no hash")))?;
    let run: Option<String> = column(row, "run")?;
    Ok(Leaf {
        index,
        data: column(row, "data")?,
        hash: LeafHash(hash_of(&hash)?),
        run: run.map(text_of).transpose()?,
    })
}

/// The hashes of the first `size` leaves.
pub(super) async fn leaf_hashes(
    connection: &mut SqliteConnection,
    size: u64,
) -> Result<Vec<LeafHash>, StoreError> {
    let hashes: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM nodes WHERE level = 0 AND position < ? ORDER BY position")
            .bind(signed(size)?)
            .fetch_all(connection)
            .await
            .map_err(unavailable)?;
    hashes.iter().map(|hash| hash_of(hash).map(LeafHash)).collect()
}

/// Those of the wanted nodes that are stored, by one statement.
pub(super) async fn nodes(connection: &mut SqliteConnection, wanted: &[NodeId]) -> Result<Nodes, StoreError> {
    if wanted.is_empty() {
        return Ok(Nodes::default());
    }
    let wanted: Vec<(u8, u64)> = wanted.iter().map(|id| (id.level, id.position)).collect();
    let rows: Vec<(u8, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT level, position, hash FROM json_each(?) CROSS JOIN nodes \
         ON level = value ->> 0 AND position = value ->> 1",
    )
    .bind(json(&wanted)?)
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    let node = |(level, position, hash): (u8, i64, Vec<u8>)| {
        Ok((NodeId { level, position: unsigned(position)? }, NodeHash(hash_of(&hash)?)))
    };
    rows.into_iter().map(node).collect()
}

/// Stores a signed checkpoint.
pub(super) async fn keep_checkpoint(
    connection: &mut SqliteConnection,
    size: u64,
    note: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO checkpoints (id, size, note) \
         SELECT (SELECT coalesce(max(id), 0) + 1 FROM checkpoints), ?1, ?2 \
         WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE note = ?2 OR size > ?1)",
    )
    .bind(signed(size)?)
    .bind(note)
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// The note of the largest checkpoint.
pub(super) async fn checkpoint(connection: &mut SqliteConnection) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT note FROM checkpoints ORDER BY size DESC, id DESC LIMIT 1")
        .fetch_optional(connection)
        .await
        .map_err(unavailable)
}

/// All checkpoints, oldest first.
pub(super) async fn checkpoints(
    connection: &mut SqliteConnection,
) -> Result<Vec<StoredCheckpoint>, StoreError> {
    let rows: Vec<(i64, i64, String)> = sqlx::query_as("SELECT id, size, note FROM checkpoints ORDER BY id")
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    let checkpoint = |(number, size, note): (i64, i64, String)| {
        Ok(StoredCheckpoint { number: unsigned(number)?, size: unsigned(size)?, note })
    };
    rows.into_iter().map(checkpoint).collect()
}

fn hash_of(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("a hash has {} bytes", bytes.len())))
}
