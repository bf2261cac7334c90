//! Arguments: from what was typed to typed values.

use std::collections::BTreeMap;

use serde_json::Value;

use super::file::{Argument, ArgumentType, Procedure};
use crate::domain::reason::{self, Code};
use crate::domain::refusal::{Place, Refusal};
use crate::domain::text::{LineProblem, check_line, quoted};

/// What is wrong with the value of an argument. `Display` is read behind the argument's name.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgumentProblem {
    /// It is not one line of plain text.
    #[error(transparent)]
    Line(#[from] LineProblem),
    /// It is not of the argument's type.
    #[error("{0}")]
    Type(String),
}

impl ArgumentProblem {
    fn code(&self) -> Code {
        match self {
            Self::Line(problem) => problem.code(),
            Self::Type(_) => reason::ARGUMENT_INVALID,
        }
    }
}

/// The typed values of all arguments of a procedure, defaults filled in.
///
/// # Errors
/// `unknown_argument`, `argument_missing`, `argument_invalid`, `forbidden_character`, `value_too_long`.
pub(super) fn typed(
    procedure: &Procedure,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, Refusal> {
    if let Some(unknown) =
        given.keys().find(|name| !procedure.arguments.iter().any(|known| known.name == **name))
    {
        return Err(unknown_argument(procedure, unknown));
    }
    let mut values = BTreeMap::new();
    for argument in &procedure.arguments {
        let place = || Place::Argument(argument.name.clone());
        let text = given.get(&argument.name).or(argument.default.as_ref()).ok_or_else(|| {
            let message = format!("`{}` needs the argument `{}`", procedure.name, argument.name);
            let remedy = format!("add `{}=…`: {}", argument.name, argument.help);
            Refusal::new(reason::ARGUMENT_MISSING, message, remedy).at(place())
        })?;
        let value = argument.read(text).map_err(|problem| {
            let message = format!("the argument `{}` {problem}", argument.name);
            let remedy = format!("`{}` is {}", argument.name, argument.expected());
            Refusal::new(problem.code(), message, remedy).at(place())
        })?;
        values.insert(argument.name.clone(), value);
    }
    Ok(values)
}

fn unknown_argument(procedure: &Procedure, name: &str) -> Refusal {
    let known: Vec<String> =
        procedure.arguments.iter().map(|argument| format!("`{}`", argument.name)).collect();
    let remedy = if known.is_empty() {
        format!("omit it; `{}` takes no arguments", procedure.name)
    } else {
        format!("`{}` takes {}", procedure.name, known.join(", "))
    };
    let message = format!("`{}` has no argument {}", procedure.name, quoted(name, 60));
    Refusal::new(reason::UNKNOWN_ARGUMENT, message, remedy).at(Place::Argument(name.to_owned()))
}

impl Argument {
    /// The typed value of what was typed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(&self, text: &str) -> Result<Value, ArgumentProblem> {
        check_line(text)?;
        let wrong = || ArgumentProblem::Type(format!("is {}, not {}", quoted(text, 60), self.expected()));
        match self.kind {
            ArgumentType::Choice if self.values.iter().any(|value| value == text) => Ok(text.into()),
            ArgumentType::Choice => Err(wrong()),
            ArgumentType::Boolean => text.parse::<bool>().map(Value::from).map_err(|_| wrong()),
            ArgumentType::Integer => text.parse::<i64>().map(Value::from).map_err(|_| wrong()),
            ArgumentType::Text if text.trim().is_empty() => Err(ArgumentProblem::Type("is empty".to_owned())),
            ArgumentType::Text => Ok(text.into()),
        }
    }

    /// What the argument takes, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        match self.kind {
            ArgumentType::Choice => {
                let values: Vec<String> = self.values.iter().map(|value| format!("`{value}`")).collect();
                format!("one of {}", values.join(", "))
            }
            ArgumentType::Boolean => "`true` or `false`".to_owned(),
            ArgumentType::Integer => "a whole number".to_owned(),
            ArgumentType::Text => "one line of text".to_owned(),
        }
    }
}
