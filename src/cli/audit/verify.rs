//! `writ audit verify`: the whole ledger, computed again, offline.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::answer::{AuditAnswer, AuditFormat};
use super::database::Database;
use super::input::{read_checkpoint, read_keys};
use crate::cli::failure::Failure;
use crate::domain::ledger::{AuditFinding, OwnRecord};
use crate::domain::text::for_terminal;
use crate::ports::clock::system_time;
use crate::service::auditor::{self, Audited, Trusted};

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
    /// A checkpoint that was kept elsewhere: the server's file outside the database, a proof, or a pull request's body.
    /// Finds forks and roll-backs. Can be given more than once.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    format: AuditFormat,
}

impl Verify {
    pub(super) async fn run(&self) -> Result<AuditAnswer, Failure> {
        let keys = self.key.as_deref().map(read_keys).transpose()?;
        let kept = self.checkpoint.iter().map(|path| read_checkpoint(path)).collect::<Result<Vec<_>, _>>()?;
        let store = self.database.open().await?;
        let audited = auditor::audit(&store, Trusted { keys, kept }, system_time()).await;
        let audited = audited.map_err(|error| self.database.failure(&error))?;
        let answer = match self.format {
            AuditFormat::Text => self.text(&audited).into(),
            AuditFormat::Json => self.json(&audited).into(),
        };
        let exit = if audited.report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
        Ok(AuditAnswer { exit, ..answer })
    }

    fn text(&self, audited: &Audited) -> String {
        let Audited { report, root, checkpoints, rows } = audited;
        let signatures =
            if self.key.is_some() { "signatures checked" } else { "signatures NOT checked: no --key" };
        let root = root.map_or("unknown".to_owned(), |root| root.to_base64());
        let sealed = match report.sealed {
            None => "no leaf: there is no checkpoint to rely on".to_owned(),
            Some(0) => "no leaf".to_owned(),
            Some(sealed) => format!("leaves 0 to {}", sealed - 1),
        };
        let mut text = format!(
            "database     {}\nleaves       {}\nroot         {root}\ncheckpoints  {checkpoints}, {signatures}\n\
             signed       {sealed}\nunsealed: {}\n",
            self.database.database.display(),
            report.leaves,
            report.unsealed.leaves,
        );
        // OK because writing to a String cannot fail, here and below.
        let earlier = if rows.earlier == 0 {
            String::new()
        } else {
            format!(", {} of them by what an earlier version recorded", rows.earlier)
        };
        let _ = writeln!(text, "rows         {} runs{earlier}, {} pull requests", rows.runs, rows.pulls);
        for path in &self.checkpoint {
            let _ = writeln!(text, "compared     with the checkpoint in {}", path.display());
        }
        for (leaf, at, own) in &report.own {
            let _ = writeln!(text, "noted        leaf {leaf}, {at}: {}", for_terminal(&told(own)));
        }
        let findings = &report.findings;
        if let Some(first) = findings.iter().filter_map(AuditFinding::leaf).min() {
            let _ = writeln!(text, "first bad    leaf {first}");
        }
        for finding in findings.iter().take(PRINTED) {
            let _ =
                writeln!(text, "finding      {} [{}]", for_terminal(&finding.to_string()), finding.code());
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
        let Audited { report, root, checkpoints, rows } = audited;
        let finding = |finding: &AuditFinding| json!({"code": finding.code(), "leaf": finding.leaf(), "problem": finding.to_string()});
        let noted =
            report.own.iter().map(|(leaf, at, own)| json!({"leaf": leaf, "at": at, "what": told(own)}));
        json!({
            "schema": "writ.audit/v1",
            "database": self.database.database,
            "sound": report.findings.is_empty(),
            "leaves": report.leaves,
            "root": root.map_or("unknown".to_owned(), |root| root.to_base64()),
            "checkpoints": checkpoints,
            "signatures_checked": self.key.is_some(),
            "sealed": report.sealed.unwrap_or(0),
            "unsealed": report.unsealed.leaves,
            "unsealed_since": report.unsealed.since,
            "compared_checkpoints": self.checkpoint,
            "runs": rows.runs,
            "runs_of_earlier_versions": rows.earlier,
            "pull_requests": rows.pulls,
            "noted": noted.collect::<Vec<_>>(),
            "first_bad_leaf": report.findings.iter().filter_map(AuditFinding::leaf).min(),
            "findings": report.findings.iter().take(PRINTED).map(finding).collect::<Vec<_>>(),
            "findings_total": report.findings.len(),
        })
    }
}

/// What the ledger says about itself, for people.
fn told(own: &OwnRecord) -> String {
    match own {
        OwnRecord::KeyRotated(rotation) => {
            format!("the key `{}` was replaced by `{}`, which it signed", rotation.old, rotation.new)
        }
        OwnRecord::Adopted(adoption) => format!(
            "a database of {} leaves was adopted that did not continue {} checkpoint(s) kept elsewhere: {}",
            adoption.leaves,
            adoption.left.len(),
            adoption.reason
        ),
        OwnRecord::SealedLate(late) if late.earlier_version => {
            let range = match late.leaves.checked_sub(late.sealed) {
                None | Some(0) => "all of them signed".to_owned(),
                Some(_) => format!("leaves {} to {} never signed by it", late.sealed, late.leaves - 1),
            };
            format!("an earlier version wrote the {} leaves before, {range}", late.leaves)
        }
        OwnRecord::SealedLate(late) => format!(
            "leaves {} to {} were signed only at a later start: the server had ended before it signed them",
            late.sealed,
            late.leaves.saturating_sub(1)
        ),
    }
}
