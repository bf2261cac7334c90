//! By hand: what a person edits who cannot wait for writ, from the procedure alone or from the plan.

use serde::Serialize;
use serde_json::Value;

use super::admission::admit;
use super::file::{Action, Condition, EditLine, NewValue, Procedure};
use crate::domain::change::Change;
use crate::domain::request::Request;

/// The edits for one layout of the tree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HandLayout {
    /// What holds where they apply, a sentence each without a full stop; empty where they apply to the tree as it is.
    pub when: Vec<String>,
    /// What to edit.
    pub edits: Vec<HandEdit>,
}

/// One field to edit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HandEdit {
    /// Full repository path.
    pub path: String,
    /// Kind and name of the object.
    pub object: String,
    /// The field.
    pub pointer: String,
    /// What to do with it.
    #[serde(flatten)]
    pub action: HandAction,
}

/// What to do with a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", content = "value", rename_all = "snake_case")]
pub enum HandAction {
    /// Give it this value.
    Set(Value),
    /// Remove it.
    Remove,
    /// Add this to its number.
    Increase(i64),
}

/// The edits of a procedure, one layout for each variant that is for the request's arguments and edits something. None
/// where the arguments are wrong.
#[must_use]
pub fn by_hand(procedure: &Procedure, request: &Request, gitops_path: &str) -> Vec<HandLayout> {
    let Ok(arguments) = admit(procedure, request) else { return Vec::new() };
    let fits = |name: &String, value: &Value| arguments.get(name) == Some(value);
    let value = |new: &NewValue| match new {
        NewValue::Literal(value) => value.clone(),
        NewValue::RequestedAt => request.requested_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into(),
        NewValue::Argument(name) => arguments.get(name).cloned().unwrap_or(Value::Null),
    };
    let edit = |line: &EditLine| {
        let object = procedure.object(&line.object);
        HandEdit {
            path: format!("{gitops_path}/{}", object.file),
            object: format!("{} {}", object.kind, object.name),
            pointer: line.at.to_string(),
            action: match &line.action {
                Action::Replace(new) | Action::Add(new) => HandAction::Set(value(new)),
                Action::Remove => HandAction::Remove,
                Action::Increment(by) => HandAction::Increase(*by),
            },
        }
    };
    let variants = procedure.variants.iter();
    variants
        .filter(|variant| variant.arguments.iter().all(|(name, value)| fits(name, value)))
        .filter(|variant| !variant.edits.is_empty())
        .map(|variant| HandLayout {
            when: variant.when.iter().map(|condition| sentence(procedure, condition)).collect(),
            edits: variant.edits.iter().map(edit).collect(),
        })
        .collect()
}

/// The edits of a plan.
#[must_use]
pub fn planned_by_hand(changes: &[Change]) -> Vec<HandLayout> {
    let edit = |change: &Change| HandEdit {
        path: change.path.clone(),
        object: format!("{} {}", change.document.kind, change.document.name),
        pointer: change.pointer.clone(),
        action: change.after.clone().map_or(HandAction::Remove, HandAction::Set),
    };
    match changes {
        [] => Vec::new(),
        changes => vec![HandLayout { when: Vec::new(), edits: changes.iter().map(edit).collect() }],
    }
}

fn sentence(procedure: &Procedure, condition: &Condition) -> String {
    let object = procedure.object(&condition.object);
    let name = format!("{} `{}`", object.kind, object.name);
    match &condition.at {
        Some(at) => format!("`{at}` of {name} is {}", condition.test),
        None => format!("{name} is {}", condition.test),
    }
}
