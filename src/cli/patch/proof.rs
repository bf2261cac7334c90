//! What `writ patch --proof` prints: which bytes changed, and which checks held.

use std::path::Path;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cli::file::named;
use crate::domain::digest::sha256_hex;
use crate::domain::yaml::{Edited, line_column};

/// How a proof is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EditProofFormat {
    /// Text for a terminal.
    Text,
    /// `writ.proof/v1`.
    Json,
}

/// The proof of an edit of a file's text.
pub(super) fn shown(format: EditProofFormat, file: &Path, before: &str, edited: &Edited) -> String {
    match format {
        EditProofFormat::Text => text(file, before, edited),
        EditProofFormat::Json => json(file, before, edited),
    }
}

fn text(file: &Path, before: &str, edited: &Edited) -> String {
    let count = match edited.proof.splices.len() {
        0 => "nothing to change".to_owned(),
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    };
    let mut text = format!("{}: {count}\n", named(file));
    for (range, after) in &edited.proof.splices {
        let (line, column) = line_column(before, range.start);
        let taken = Value::from(before.get(range.clone()).unwrap_or_default());
        let after = Value::from(after.as_str());
        text.push_str(&format!(
            "  line {line}, column {column}, bytes {}..{}: {taken} -> {after}\n",
            range.start, range.end
        ));
    }
    text.push_str("checks passed:\n");
    edited.proof.checks.iter().for_each(|check| text.push_str(&format!("  {check}\n")));
    text
}

fn json(file: &Path, before: &str, edited: &Edited) -> String {
    let splices = edited.proof.splices.iter().map(|(range, after)| {
        let (line, column) = line_column(before, range.start);
        json!({
            "line": line, "column": column, "start": range.start, "end": range.end,
            "before": before.get(range.clone()), "after": after,
        })
    });
    let digest = |text: &str| json!({"bytes": text.len(), "sha256": sha256_hex(text.as_bytes())});
    let proof = json!({
        "schema": "writ.proof/v1",
        "file": file.display().to_string(),
        "before": digest(before),
        "after": digest(&edited.text),
        "splices": splices.collect::<Vec<_>>(),
        "checks": edited.proof.checks,
    });
    format!("{proof:#}\n")
}
