//! Commands: what a comment says to writ, read from its Markdown by one table.
//!
//! Pure. [`table::TABLE`] has the names, arguments, permissions and help; the parser, `/help` and the README are made
//! from it. Only plain lines of top-level paragraphs count: quotes, code, lists and HTML never trigger. A visible line
//! that begins like a command and is not taken is a mistake that says why.

mod line;
mod markdown;
mod mistake;
mod read;
pub mod table;
mod untaken;

use std::collections::BTreeMap;

use super::names::RunId;

pub use mistake::Mistake;
pub use read::{KnownProcedure, read};

/// What a comment turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Nothing for writ.
    NotACommand,
    /// One well-formed command.
    Command(Command),
    /// Meant for writ, but wrong: answered with what, where and how to go on; nothing is done.
    Mistake(Mistake),
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `/actuate PROCEDURE …`: carry it out.
    Actuate(Ask),
    /// `/plan PROCEDURE …`: say what it would do.
    Plan(Ask),
    /// `/cancel RUN`: close the pull request of a run.
    Cancel {
        /// The run.
        run: RunId,
    },
    /// `/status [RUN]`: where one run, or each run asked for on this issue, stands.
    Status {
        /// The run; `None` means those of the issue that the comment stands on.
        run: Option<RunId>,
    },
    /// `/explain SUBJECT`: what a procedure does, or what a reason code means.
    Explain {
        /// A procedure's name or a reason code; whether it exists is for the caller to say.
        subject: String,
    },
    /// `/help`.
    Help,
}

/// What `/actuate` and `/plan` ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The procedure, one of the known ones.
    pub procedure: String,
    /// Arguments by name, as typed, `reason` and `confirm` aside.
    pub arguments: BTreeMap<String, String>,
    /// Why; never empty for `/actuate`, may be empty for `/plan`.
    pub reason: String,
    /// The confirmation phrase, if one was typed. Whether it is the right one, the procedure says.
    pub confirmation: Option<String>,
}
