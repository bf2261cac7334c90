//! The command of a comment as it is stored with its run and read back by the steps.

use serde::{Deserialize, Serialize};

use crate::domain::command::Command;
use crate::domain::command::table::Needs;
use crate::domain::request::{Actor, CommentPlace};
use crate::ports::store::Run;

use super::error::StepError;

/// What a comment says to writ, and where it says so. Serialised into `Run::command`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCommand {
    /// Where the comment is.
    pub place: CommentPlace,
    /// Its author.
    pub actor: Actor,
    /// SHA-256 of the comment's text, lower-case hex: a comment with another digest later was edited.
    pub comment_sha256: String,
    /// What it says.
    #[serde(rename = "what")]
    pub content: CommandContent,
}

/// A command, or the comment that was meant as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CommandContent {
    /// A command.
    Valid(Command),
    /// No command; the run's outcome says what is wrong.
    Invalid(InvalidCommand),
}

/// A comment that was meant as a command and is none. Serialised with the verb `mistake`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename = "mistake")]
pub struct InvalidCommand {
    /// The line, with a second one that points at the place; empty where there is no place to point at.
    pub excerpt: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl StoredCommand {
    /// The command of a run.
    ///
    /// # Errors
    /// - the run is a reconciliation, or was written by a newer program
    pub fn of(run: &Run) -> Result<Self, StepError> {
        Self::deserialize(&run.command).map_err(StepError::Command)
    }

    /// The command; `None` where the comment is no valid one.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        match &self.content {
            CommandContent::Valid(command) => Some(command),
            CommandContent::Invalid(_) => None,
        }
    }

    /// What is wrong with the comment; `None` where it is a valid command.
    #[must_use]
    pub fn invalid(&self) -> Option<&InvalidCommand> {
        match &self.content {
            CommandContent::Valid(_) => None,
            CommandContent::Invalid(invalid) => Some(invalid),
        }
    }

    /// The verb, for records, pages and replies.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        self.command().map_or("mistake", |command| command.verb().as_str())
    }

    /// The permission that the author needs.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.command().map_or(Needs::Read, Command::needs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A command as it is in databases since the first version.
    fn stored(what: &Value) -> Value {
        json!({
            "place": {"repository": "acme/shop", "issue": 7, "comment": 11, "url": "https://forge/7#11"},
            "actor": {"id": 5, "login": "ada"},
            "comment_sha256": "00",
            "what": what,
        })
    }

    #[test]
    fn commands_that_were_stored_are_read_and_written_as_before() {
        let run = "abcdefgh234567ab";
        for (what, needs) in [
            (json!({"verb": "actuate"}), Needs::Write),
            (json!({"verb": "plan"}), Needs::Write),
            (json!({"verb": "cancel", "run": run}), Needs::Write),
            (json!({"verb": "status", "run": run}), Needs::Read),
            (json!({"verb": "status", "run": null}), Needs::Read),
            (json!({"verb": "explain", "subject": "pause-trading"}), Needs::Read),
            (json!({"verb": "help"}), Needs::Read),
        ] {
            let command: StoredCommand = serde_json::from_value(stored(&what)).unwrap();
            assert_eq!((command.verb(), command.needs()), (what["verb"].as_str().unwrap(), needs));
            assert!(command.invalid().is_none());
            assert_eq!(serde_json::to_string(&command).unwrap(), stored(&what).to_string());
        }
    }

    #[test]
    fn what_is_no_command_is_stored_beside_the_commands() {
        for suggestion in [json!(null), json!("/status")] {
            let what = json!({"verb": "mistake", "excerpt": "/statsu\n^^^^^^^", "suggestion": suggestion});
            let command: StoredCommand = serde_json::from_value(stored(&what)).unwrap();
            assert_eq!((command.verb(), command.needs()), ("mistake", Needs::Read));
            assert_eq!(command.invalid().unwrap().excerpt, "/statsu\n^^^^^^^");
            assert_eq!(serde_json::to_string(&command).unwrap(), stored(&what).to_string());
        }
    }

    #[test]
    fn a_command_of_a_newer_program_is_not_taken_for_an_invalid_one() {
        let what = json!({"verb": "merge", "run": "abcdefgh234567ab"});
        assert!(serde_json::from_value::<StoredCommand>(stored(&what)).is_err());
    }
}
