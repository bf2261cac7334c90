//! `writ audit verify`: the whole ledger, computed again, offline.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{Database, Failure, Format, print_json, read_keys};
use crate::domain::ledger::{Audit, Finding, NodeId, StoredLeaf};
use crate::ports::store::{Store, StoreError};

/// How many leaves are read at a time.
const BATCH: u32 = 1000;
/// How many findings are printed; the rest is counted.
const PRINTED: usize = 20;

/// Checks the whole ledger.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    database: Database,
    /// The ledger's verifier key; without it, signatures are not checked.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What an audit came to.
struct Audited {
    leaves: u64,
    root: String,
    checkpoints: usize,
    findings: Vec<Finding>,
}

impl Verify {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let store = self.database.open().await?;
        let audited = self.audit(&store).await?;
        match self.format {
            Format::Text => self.print_text(&audited),
            Format::Json => self.print_as_json(&audited),
        }
        Ok(if audited.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    async fn audit(&self, store: &dyn Store) -> Result<Audited, Failure> {
        let keys = self.key.as_deref().map(read_keys).transpose()?;
        let fault = |error: StoreError| self.database.failure(&error);
        let mut findings: Vec<Finding> =
            store.problems().await.map_err(fault)?.into_iter().map(Finding::Database).collect();
        let checkpoints = store.checkpoints().await.map_err(fault)?;
        let filed = checkpoints.iter().map(|kept| (kept.size, kept.note.as_str()));
        let mut audit = Audit::begin(filed, keys.as_ref());
        let mut first = 0;
        loop {
            let leaves = store.leaves(first, BATCH).await.map_err(fault)?;
            let Some(last) = leaves.last() else { break };
            first = last.index + 1;
            let seen = audit.size();
            let completed: Vec<NodeId> =
                (seen..seen + leaves.len() as u64).flat_map(Audit::completed_by).collect();
            let nodes = store.nodes(&completed).await.map_err(fault)?;
            for leaf in &leaves {
                let run = leaf.run.as_ref();
                let stored = StoredLeaf { index: leaf.index, data: &leaf.data, hash: leaf.hash, run };
                audit.leaf(&stored, &nodes);
            }
        }
        let leaves = audit.size();
        let root = store.root(leaves).await.map_or_else(|_| "unknown".to_owned(), |root| root.to_base64());
        findings.extend(audit.end());
        Ok(Audited { leaves, root, checkpoints: checkpoints.len(), findings })
    }

    fn print_text(&self, audited: &Audited) {
        anstream::println!("database     {}", self.database.database.display());
        anstream::println!("leaves       {}", audited.leaves);
        anstream::println!("root         {}", audited.root);
        let signatures =
            if self.key.is_some() { "signatures checked" } else { "signatures NOT checked: no --key" };
        anstream::println!("checkpoints  {}, {signatures}", audited.checkpoints);
        if let Some(first) = audited.findings.iter().filter_map(Finding::leaf).min() {
            anstream::println!("first bad    leaf {first}");
        }
        for finding in audited.findings.iter().take(PRINTED) {
            anstream::println!("finding      {finding} [{}]", finding.code());
        }
        if audited.findings.len() > PRINTED {
            anstream::println!("finding      ... and {} more", audited.findings.len() - PRINTED);
        }
        if audited.findings.is_empty() {
            anstream::println!("result       sound");
        } else {
            anstream::println!("result       NOT SOUND");
            anstream::println!(
                "remedy       keep this file as evidence; compare it with a backup and with the proofs in the pull \
                 requests (`writ audit verify-pr`)"
            );
        }
    }

    fn print_as_json(&self, audited: &Audited) {
        let finding = |finding: &Finding| json!({"code": finding.code(), "leaf": finding.leaf(), "problem": finding.to_string()});
        print_json(&json!({
            "schema": "writ.audit/v1",
            "database": self.database.database,
            "sound": audited.findings.is_empty(),
            "leaves": audited.leaves,
            "root": audited.root,
            "checkpoints": audited.checkpoints,
            "signatures_checked": self.key.is_some(),
            "first_bad_leaf": audited.findings.iter().filter_map(Finding::leaf).min(),
            "findings": audited.findings.iter().take(PRINTED).map(finding).collect::<Vec<_>>(),
            "findings_total": audited.findings.len(),
        }));
    }
}
