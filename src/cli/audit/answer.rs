//! What a subcommand of `writ audit` answers, and in which format.

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::Value;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// Text for a terminal.
    Text,
    /// JSON, `writ.audit…/v1`.
    Json,
}

/// The text for standard output, and the exit code.
pub(crate) struct AuditAnswer {
    /// The whole text.
    pub text: String,
    /// 0, or 1 where the answer is no.
    pub exit: ExitCode,
}

impl From<String> for AuditAnswer {
    fn from(text: String) -> Self {
        Self { text, exit: ExitCode::SUCCESS }
    }
}

impl From<Value> for AuditAnswer {
    fn from(document: Value) -> Self {
        format!("{document:#}\n").into()
    }
}
