//! The commands: their type, and the one table that the parser, `/help` and the README's table are made from.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::names::RunId;

/// A command, from the parser to the database and the worker. Serialised with its verb as the tag.
///
/// For `actuate` and `plan` the particulars are in the run's [`Request`](crate::domain::request::Request).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Command {
    /// `/actuate PROCEDURE …`, and `/rollback RUN …`: carry it out.
    Actuate,
    /// `/plan PROCEDURE …`: say what it would do.
    Plan,
    /// `/cancel RUN`: close the pull request of a run.
    Cancel {
        /// The run.
        run: RunId,
    },
    /// `/status [RUN]`: the state of one run, or of each run that was asked for on this issue.
    Status {
        /// The run; `None` means those of the issue that the comment is on.
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

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandRow {
    /// What it starts with, without the slash.
    pub verb: Verb,
    /// What follows the verb, for people.
    pub usage: &'static str,
    /// What it does, one sentence.
    pub summary: &'static str,
    /// A whole line that works.
    pub example: &'static str,
    /// The permission that the commenter needs on the repository.
    pub needs: Needs,
}

/// The verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `/actuate`
    Actuate,
    /// `/plan`
    Plan,
    /// `/rollback`
    Rollback,
    /// `/cancel`
    Cancel,
    /// `/status`
    Status,
    /// `/explain`
    Explain,
    /// `/help`
    Help,
}

/// The permission that a command needs, as the forge's collaborator-permission endpoint reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Read access.
    Read,
    /// Write access.
    Write,
}

/// The commands, in the order in which people should read them.
pub const TABLE: &[CommandRow] = &[
    CommandRow {
        verb: Verb::Actuate,
        usage: "PROCEDURE [key=value …] reason=\"…\" confirm=PHRASE",
        summary: "Runs a procedure: plans, evaluates and records the change, then opens one pull request.",
        example: "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT",
        needs: Needs::Write,
    },
    CommandRow {
        verb: Verb::Plan,
        usage: "PROCEDURE [key=value …] [reason=\"…\"]",
        summary: "Shows what a procedure would change and the policy verdict; changes nothing.",
        example: "/plan suspend-ta target=ta-sim",
        needs: Needs::Write,
    },
    CommandRow {
        verb: Verb::Rollback,
        usage: "RUN reason=\"…\" confirm=PHRASE",
        summary: "Undoes a run: opens one pull request that restores exactly what it changed, if nobody has changed it since.",
        example: "/rollback abcdefgh234567ab reason=\"signals were fine\" confirm=ACTUATE_TORGHUT",
        needs: Needs::Write,
    },
    CommandRow {
        verb: Verb::Cancel,
        usage: "RUN",
        summary: "Closes a run's pull request, if it is not merged yet.",
        example: "/cancel abcdefgh234567ab",
        needs: Needs::Write,
    },
    CommandRow {
        verb: Verb::Status,
        usage: "[RUN]",
        summary: "Shows the status of a run, or of the runs requested on this page.",
        example: "/status",
        needs: Needs::Read,
    },
    CommandRow {
        verb: Verb::Explain,
        usage: "PROCEDURE | CODE",
        summary: "Explains a procedure, or a reason code from a verdict or refusal.",
        example: "/explain pause-trading",
        needs: Needs::Read,
    },
    CommandRow {
        verb: Verb::Help,
        usage: "",
        summary: "Lists the commands and the procedures.",
        example: "/help",
        needs: Needs::Read,
    },
];

impl Command {
    /// Its verb.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Self::Actuate => Verb::Actuate,
            Self::Plan => Verb::Plan,
            Self::Cancel { .. } => Verb::Cancel,
            Self::Status { .. } => Verb::Status,
            Self::Explain { .. } => Verb::Explain,
            Self::Help => Verb::Help,
        }
    }

    /// The permission that its author needs.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.verb().row().needs
    }
}

impl Verb {
    /// The verb as it is typed, without the slash.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Actuate => "actuate",
            Self::Plan => "plan",
            Self::Rollback => "rollback",
            Self::Cancel => "cancel",
            Self::Status => "status",
            Self::Explain => "explain",
            Self::Help => "help",
        }
    }

    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static CommandRow {
        TABLE.iter().find(|row| row.verb == self).unwrap_or(&TABLE[TABLE.len() - 1])
    }

    /// The verb with this exact name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().map(|row| row.verb).find(|verb| verb.as_str() == name)
    }
}

impl CommandRow {
    /// The command with what follows it: `/status [RUN]`.
    #[must_use]
    pub fn synopsis(&self) -> String {
        format!("/{} {}", self.verb.as_str(), self.usage).trim_end().to_owned()
    }
}

impl Needs {
    /// `read` or `write`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// The commands as a Markdown table: what `/help` answers and what the README shows.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| command | needs | description |\n| --- | --- | --- |\n");
    for row in TABLE {
        // A bar inside a table cell must be escaped, also in a code span.
        let synopsis = row.synopsis().replace('|', "\\|");
        // OK because writing to a String cannot fail.
        let _ = writeln!(text, "| `{synopsis}` | {} | {} |", row.needs.as_str(), row.summary);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_one_row_and_its_example_starts_with_it() {
        for row in TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.verb == row.verb).count(), 1);
            assert_eq!(Verb::named(row.verb.as_str()), Some(row.verb));
            assert_eq!(row.verb.row(), row);
            assert!(row.example.starts_with(&format!("/{}", row.verb.as_str())), "{}", row.example);
        }
    }

    #[test]
    fn a_command_is_stored_under_its_verb() {
        let run: RunId = "abcdefgh234567ab".parse().unwrap();
        for command in [
            Command::Actuate,
            Command::Plan,
            Command::Cancel { run: run.clone() },
            Command::Status { run: Some(run) },
            Command::Explain { subject: "pause-trading".to_owned() },
            Command::Help,
        ] {
            let stored = serde_json::to_value(&command).unwrap();
            assert_eq!(stored["verb"], command.verb().as_str());
            assert_eq!(serde_json::from_value::<Command>(stored).unwrap(), command);
        }
    }

    #[test]
    fn the_table_has_a_line_for_each_command() {
        let text = markdown();
        assert_eq!(text.lines().count(), TABLE.len() + 2);
        assert!(text.contains("| `/explain PROCEDURE \\| CODE` | read |"));
    }
}
