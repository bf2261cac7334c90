//! Arguments: from what was typed to typed values.

use std::collections::BTreeMap;

use serde_json::Value;

use super::PlanRefusal;
use super::file::{Argument, ArgumentType, Procedure};
use crate::domain::text::{check_line, quoted};

/// The typed values of all arguments of a procedure, defaults filled in.
///
/// # Errors
/// `argument_unknown`, `argument_missing`, `argument_invalid`.
pub(super) fn typed(
    procedure: &Procedure,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, PlanRefusal> {
    if let Some(unknown) =
        given.keys().find(|name| !procedure.arguments.iter().any(|known| known.name == **name))
    {
        return Err(unknown_argument(procedure, unknown));
    }
    let mut values = BTreeMap::new();
    for argument in &procedure.arguments {
        let text = given.get(&argument.name).or(argument.default.as_ref()).ok_or_else(|| {
            PlanRefusal::new(
                "argument_missing",
                format!("`{}` needs the argument `{}`", procedure.name, argument.name),
                format!("add `{}=…`: {}", argument.name, argument.help),
            )
            .at(format!("argument `{}`", argument.name))
        })?;
        let value = argument.read(text).map_err(|problem| {
            PlanRefusal::new(
                "argument_invalid",
                format!("the argument `{}` {problem}", argument.name),
                format!("`{}` is {}", argument.name, argument.expected()),
            )
            .at(format!("argument `{}`", argument.name))
        })?;
        values.insert(argument.name.clone(), value);
    }
    Ok(values)
}

fn unknown_argument(procedure: &Procedure, name: &str) -> PlanRefusal {
    let known: Vec<String> =
        procedure.arguments.iter().map(|argument| format!("`{}`", argument.name)).collect();
    let remedy = if known.is_empty() {
        format!("omit it; `{}` takes no arguments", procedure.name)
    } else {
        format!("`{}` takes {}", procedure.name, known.join(", "))
    };
    let name = quoted(name, 60);
    PlanRefusal::new("argument_unknown", format!("`{}` has no argument {name}", procedure.name), remedy)
        .at(format!("argument {name}"))
}

impl Argument {
    /// The typed value of what was typed.
    ///
    /// # Errors
    /// What is wrong with it, to be read behind the argument's name.
    pub(super) fn read(&self, text: &str) -> Result<Value, String> {
        check_line(text)?;
        let wrong = || format!("is {}, not {}", quoted(text, 60), self.expected());
        match self.kind {
            ArgumentType::Choice if self.values.iter().any(|value| value == text) => Ok(text.into()),
            ArgumentType::Choice => Err(wrong()),
            ArgumentType::Boolean => text.parse::<bool>().map(Value::from).map_err(|_| wrong()),
            ArgumentType::Integer => text.parse::<i64>().map(Value::from).map_err(|_| wrong()),
            ArgumentType::Text if text.trim().is_empty() => Err("is empty".to_owned()),
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
