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

pub use mistake::Mistake;
pub use read::{KnownProcedure, read};
pub use table::Command;

/// What a comment turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Nothing for writ.
    NotACommand,
    /// One well-formed command.
    Command(ParsedCommand),
    /// Meant for writ, but wrong: answered with what, where and how to go on; nothing is done.
    Mistake(Mistake),
}

/// A command, and what it asks for where it is about a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedCommand {
    /// The command.
    pub command: Command,
    /// For [`Command::Actuate`] and [`Command::Plan`], and only for them.
    pub ask: Option<Ask>,
}

impl From<Command> for ParsedCommand {
    fn from(command: Command) -> Self {
        Self { command, ask: None }
    }
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
