//! How a command ends without a result.
//!
//! One refusal, an exit code, and the form in which the command prints it.

use std::process::ExitCode;

use serde_json::json;

use super::output;
use crate::domain::refusal::Refusal;
use crate::domain::text::{error_chain, for_terminal, lines_for_terminal};

/// A refusal with the exit code of the command that ends with it.
#[derive(Debug)]
pub(crate) struct Failure {
    refusal: Refusal,
    exit: u8,
}

/// How a failure is printed. Each command keeps the form that its users know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A `writ.error/v1` object on standard output.
    Json,
    /// `writ plan: CODE: PLACE: MESSAGE` and the remedy.
    CodeFirst,
    /// `writ audit: MESSAGE [CODE]` and the remedy.
    CodeLast,
    /// `writ patch: MESSAGE` and the remedy.
    Remedy,
    /// `writ config: MESSAGE`, which names the remedy itself.
    Message,
}

impl Form {
    /// The form of a command that prints JSON on demand, and else the code first.
    pub(crate) fn json_if(is_json: bool) -> Self {
        if is_json { Self::Json } else { Self::CodeFirst }
    }
}

impl Failure {
    /// Exit 1: the request was understood, and the answer is no.
    pub(crate) fn refused(refusal: impl Into<Refusal>) -> Self {
        Self { refusal: refusal.into(), exit: 1 }
    }

    /// Exit 2: the command line or the settings name something that cannot be used.
    pub(crate) fn usage(refusal: impl Into<Refusal>) -> Self {
        Self { refusal: refusal.into(), exit: 2 }
    }

    /// Exit 3: something is broken here, whatever was asked.
    pub(crate) fn fault(refusal: impl Into<Refusal>) -> Self {
        Self { refusal: refusal.into(), exit: 3 }
    }

    /// Prints it, and gives the exit code.
    pub(crate) fn say(&self, command: &str, form: Form) -> ExitCode {
        let Refusal { code, place, remedy, .. } = &self.refusal;
        let (message, place) = (error_chain(&self.refusal), place.to_string());
        // JSON has escapes of its own; elsewhere names from files reach a terminal.
        let (message, place) = match form {
            Form::Json => (message, place),
            _ => (lines_for_terminal(&message), for_terminal(&place)),
        };
        let bold = anstyle::AnsiColor::Red.on_default().bold();
        match form {
            Form::Json => {
                let error = json!({
                    "schema": "writ.error/v1", "code": code, "message": message, "place": place, "remedy": remedy,
                });
                return output::finish(command, &format!("{error:#}\n"), ExitCode::from(self.exit));
            }
            Form::CodeFirst => {
                let place = if place.is_empty() { place } else { format!("{place}: ") };
                output::complain(format_args!("{bold}writ {command}: {code}{bold:#}: {place}{message}"));
                if !remedy.is_empty() {
                    output::complain(format_args!("  remedy: {remedy}"));
                }
            }
            Form::CodeLast => {
                output::complain(format_args!("writ {command}: {message} [{code}]\n  remedy: {remedy}"));
            }
            Form::Remedy => {
                output::complain(format_args!("{bold}writ {command}:{bold:#} {message}\n  remedy: {remedy}"));
            }
            Form::Message => output::complain(format_args!("writ {command}: {message}")),
        }
        ExitCode::from(self.exit)
    }
}
