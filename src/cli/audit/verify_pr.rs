//! `writ audit verify-pr`: the record in a pull request's body, with neither network nor database.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::answer::{AuditAnswer, AuditFormat};
use super::input::{read_keys, read_text};
use crate::cli::failure::Failure;
use crate::domain::ledger::{Proof, ProofError, Proven, extract, shown};
use crate::domain::reason;
use crate::domain::refusal::Refusal;

/// Checks a pull request's body.
#[derive(Debug, Args)]
pub(crate) struct VerifyPr {
    /// The body's Markdown source (`gh pr view N --json body --jq .body`); `-` is standard input.
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// The ledger's verifier key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    format: AuditFormat,
}

impl VerifyPr {
    pub(super) fn run(&self) -> Result<AuditAnswer, Failure> {
        let keys = read_keys(&self.key)?;
        let body = read_text(&self.body)?;
        let refused = |code, problem: String, remedy: &str| {
            let problem = format!("`{}`: {problem}", self.body.display());
            Failure::refused(Refusal::new(code, problem, remedy))
        };
        let embedded =
            extract(&body).map_err(|error| refused(error.code(), error.to_string(), error.remedy()))?;
        let not_proven = |error: ProofError| refused(error.code(), error.to_string(), error.remedy());
        let proof = Proof::parse(&embedded.proof).map_err(not_proven)?;
        let proven = proof.verify(&embedded.record, &keys).map_err(not_proven)?;
        let mut differences = shown::differences(&embedded.visible, &proven.record);
        if proof.to_string().trim_end() != embedded.proof.trim_end() {
            differences.push("has a line in its proof that nothing vouches for".to_owned());
        }
        if !differences.is_empty() {
            return Err(refused(
                reason::BODY_DIFFERS,
                format!("the record is genuine, but the body {}", differences.join(", ")),
                "trust the record, not the body; `writ audit verify-pr --format json` on the original body shows the record",
            ));
        }
        Ok(match self.format {
            AuditFormat::Text => text(&proven).into(),
            AuditFormat::Json => json!({
                "schema": "writ.audit.pull/v1",
                "genuine": true,
                "text_covered": shown::recorded_text(&proven.record).is_some(),
                "origin": proven.checkpoint.origin,
                "index": proven.index,
                "size": proven.checkpoint.size,
                "root": proven.checkpoint.root.to_base64(),
                "record": proven.record,
            })
            .into(),
        })
    }
}

fn text(proven: &Proven) -> String {
    let (record, checkpoint) = (&proven.record, &proven.checkpoint);
    let run = record.run.as_ref().map_or("-", |run| run.as_str());
    let mut text = format!(
        "genuine  the body carries leaf {} of `{}`\nrecord   {} at {}, run {run}\ntree     {} leaves, root {}\n",
        proven.index, checkpoint.origin, record.kind, record.at, checkpoint.size, checkpoint.root
    );
    text.push_str(&match shown::recorded_text(record) {
        Some(covered) => {
            format!("text     covered: all {} sections are as they were written\n", covered.sections.len())
        }
        None => {
            "text     NOT COVERED: an earlier version wrote this record, which has no digest of the text\n"
                .to_owned()
        }
    });
    text.push_str(&format!("leaf     {} (the commit's trailer `Writ-Leaf`)\n", record.leaf().to_hex()));
    for line in shown::facts(record) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}
