//! `writ audit verify`: the whole ledger, computed again, offline.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::answer::{AuditAnswer, AuditFormat};
use super::database::Database;
use super::input::read_keys;
use crate::cli::failure::Failure;
use crate::domain::ledger::{Audit, AuditFinding, NodeId, StoredLeaf};
use crate::ports::store::{LedgerStore, StoreError};

/// How many leaves are read at a time.
const BATCH: u32 = 1000;
/// How many findings are printed; the rest is counted.
const PRINTED: usize = 20;

/// Checks the whole ledger.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    database: Database,
    /// The ledger's verifier key; without it, signatures are not checked.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    format: AuditFormat,
}

/// The result of an audit.
struct Audited {
    leaves: u64,
    root: String,
    checkpoints: usize,
    findings: Vec<AuditFinding>,
}

impl Verify {
    pub(super) async fn run(&self) -> Result<AuditAnswer, Failure> {
        let store = self.database.open().await?;
        let audited = self.audit(&store).await?;
        let answer = match self.format {
            AuditFormat::Text => self.text(&audited).into(),
            AuditFormat::Json => self.json(&audited).into(),
        };
        let exit = if audited.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
        Ok(AuditAnswer { exit, ..answer })
    }

    async fn audit(&self, store: &dyn LedgerStore) -> Result<Audited, Failure> {
        let keys = self.key.as_deref().map(read_keys).transpose()?;
        let fault = |error: StoreError| self.database.failure(&error);
        let mut findings: Vec<AuditFinding> =
            store.problems().await.map_err(fault)?.into_iter().map(AuditFinding::Database).collect();
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

    fn text(&self, audited: &Audited) -> String {
        let Audited { leaves, root, checkpoints, findings } = audited;
        let signatures =
            if self.key.is_some() { "signatures checked" } else { "signatures NOT checked: no --key" };
        let mut text = format!(
            "database     {}\nleaves       {leaves}\nroot         {root}\ncheckpoints  {checkpoints}, {signatures}\n",
            self.database.database.display(),
        );
        // OK because writing to a String cannot fail.
        if let Some(first) = findings.iter().filter_map(AuditFinding::leaf).min() {
            let _ = writeln!(text, "first bad    leaf {first}");
        }
        for finding in findings.iter().take(PRINTED) {
            let _ = writeln!(text, "finding      {finding} [{}]", finding.code());
        }
        if findings.len() > PRINTED {
            let _ = writeln!(text, "finding      ... and {} more", findings.len() - PRINTED);
        }
        text.push_str(if findings.is_empty() {
            "result       sound\n"
        } else {
            "result       NOT SOUND\nremedy       keep this file as evidence; compare it with a backup and with the \
             proofs in the pull requests (`writ audit verify-pr`)\n"
        });
        text
    }

    fn json(&self, audited: &Audited) -> Value {
        let finding = |finding: &AuditFinding| json!({"code": finding.code(), "leaf": finding.leaf(), "problem": finding.to_string()});
        json!({
            "schema": "writ.audit/v1",
            "database": self.database.database,
            "sound": audited.findings.is_empty(),
            "leaves": audited.leaves,
            "root": audited.root,
            "checkpoints": audited.checkpoints,
            "signatures_checked": self.key.is_some(),
            "first_bad_leaf": audited.findings.iter().filter_map(AuditFinding::leaf).min(),
            "findings": audited.findings.iter().take(PRINTED).map(finding).collect::<Vec<_>>(),
            "findings_total": audited.findings.len(),
        })
    }
}
