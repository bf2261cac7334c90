//! The auditor: the whole ledger computed again, compared with its signatures, with checkpoints that were kept elsewhere,
//! and with the rows that people are shown. Reads only.

use jiff::Timestamp;

use super::row_audit::RowAudit;
use crate::domain::ledger::{
    Audit, AuditFinding, AuditReport, FiledCheckpoint, KeptCheckpoint, KeyChain, NodeHash, NodeId, OwnRecord,
    Record, Rotation, StoredLeaf, VerifierKeys,
};
use crate::ports::store::{Leaf, Store, StoreError};

/// How many leaves are read at a time.
const BATCH: u32 = 1000;

/// What a ledger is compared with.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    /// The verifier keys; without them, signatures are not checked.
    pub keys: Option<VerifierKeys>,
    /// Checkpoints that were kept elsewhere.
    pub kept: Vec<KeptCheckpoint>,
}

/// The result of an audit.
#[derive(Debug)]
pub struct Audited {
    /// Leaves, signatures, and all findings.
    pub report: AuditReport,
    /// The tree's root; `None` where nodes of it are missing.
    pub root: Option<NodeHash>,
    /// How many checkpoints are stored.
    pub checkpoints: usize,
    /// Rows. Their findings are in the report.
    pub rows: RowAudit,
}

/// Audits a database.
///
/// # Errors
/// - it cannot be read
pub async fn audit(store: &dyn Store, trusted: Trusted, now: Timestamp) -> Result<Audited, StoreError> {
    let mut findings: Vec<AuditFinding> =
        store.problems().await?.into_iter().map(AuditFinding::Database).collect();
    let chain = match trusted.keys {
        Some(keys) => Some(KeyChain::new(keys, &rotations(store).await?)),
        None => None,
    };
    // Before the leaves: the tree only grows.
    let checkpoints = store.checkpoints().await?;
    let filed = checkpoints.iter().map(|checkpoint| FiledCheckpoint {
        number: checkpoint.number,
        size: checkpoint.size,
        note: &checkpoint.note,
    });
    let mut audit = Audit::begin(filed, trusted.kept, chain.as_ref());
    let mut first = 0;
    loop {
        let leaves = store.leaves(first, BATCH).await?;
        let Some(last) = leaves.last() else { break };
        first = last.index + 1;
        let seen = audit.size();
        let completed: Vec<NodeId> =
            (seen..seen + leaves.len() as u64).flat_map(Audit::completed_by).collect();
        let nodes = store.nodes(&completed).await?;
        for leaf in &leaves {
            let run = leaf.run.as_ref();
            audit.leaf(&StoredLeaf { index: leaf.index, data: &leaf.data, hash: leaf.hash, run }, &nodes);
        }
    }
    let mut report = audit.end(now);
    let root = store.root(report.leaves).await.ok();
    findings.append(&mut report.findings);
    let rows = match RowAudit::of(store).await {
        Ok(mut rows) => {
            findings.extend(std::mem::take(&mut rows.findings).into_iter().map(AuditFinding::Row));
            rows
        }
        Err(StoreError::Corrupt(problem)) => {
            findings.push(AuditFinding::Database(format!("a row cannot be read: {problem}")));
            RowAudit::default()
        }
        Err(error) => return Err(error),
    };
    report.findings = findings;
    Ok(Audited { report, root, checkpoints: checkpoints.len(), rows })
}

async fn rotations(store: &dyn Store) -> Result<Vec<(u64, Rotation)>, StoreError> {
    let leaves = store.own_leaves().await?;
    let rotation = |leaf: &Leaf| {
        let record = Record::from_canonical(&leaf.data).ok()?;
        match OwnRecord::of(&record)? {
            OwnRecord::KeyRotated(rotation) => Some((leaf.index, rotation)),
            OwnRecord::Adopted(_) | OwnRecord::SealedLate(_) => None,
        }
    };
    Ok(leaves.iter().filter_map(rotation).collect())
}
