//! `writ audit verify-pr`: the record in a pull request's body, with neither network nor database.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{Failure, Format, print_json, read_keys, read_text};
use crate::domain::ledger::{Proof, ProofError, Proven, extract, shown};

/// Checks a pull request's body.
#[derive(Debug, Args)]
pub struct VerifyPr {
    /// The body's Markdown source (`gh pr view N --json body --jq .body`); `-` is standard input.
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// The ledger's verifier key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl VerifyPr {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let keys = read_keys(&self.key)?;
        let body = read_text(&self.body)?;
        let refused = |code, problem: String, remedy| {
            Failure::refused(code, format!("`{}`: {problem}", self.body.display()), remedy)
        };
        let embedded =
            extract(&body).map_err(|error| refused(error.code(), error.to_string(), error.remedy()))?;
        let proven = Proof::parse(&embedded.proof)
            .and_then(|proof| proof.verify(&embedded.record, &keys))
            .map_err(|error: ProofError| refused(error.code(), error.to_string(), error.remedy()))?;
        if let Some(difference) = shown::differences(&embedded.visible, &proven.record).first() {
            return Err(refused(
                "body_differs",
                format!("the record is genuine, but the body {difference}"),
                "trust the record, not the body; `writ audit verify-pr --format json` on the original body shows the record",
            ));
        }
        match self.format {
            Format::Text => print_text(&proven),
            Format::Json => print_json(&json!({
                "schema": "writ.audit.pull/v1",
                "genuine": true,
                "origin": proven.checkpoint.origin,
                "index": proven.index,
                "size": proven.checkpoint.size,
                "root": proven.checkpoint.root.to_base64(),
                "record": proven.record,
            })),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print_text(proven: &Proven) {
    let record = &proven.record;
    let run = record.run.as_ref().map_or("-", |run| run.as_str());
    anstream::println!("genuine  the body carries leaf {} of `{}`", proven.index, proven.checkpoint.origin);
    anstream::println!("record   {} at {}, run {run}", record.kind, record.at);
    anstream::println!("tree     {} leaves, root {}", proven.checkpoint.size, proven.checkpoint.root);
    for line in shown::facts(record) {
        anstream::println!("{line}");
    }
}
