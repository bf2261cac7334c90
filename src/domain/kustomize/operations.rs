//! JSON patches (RFC 6902), operation by operation, each spent from the budget before it is done.
//!
//! A `copy` doubles what is there and a `move` deepens it, whatever their own size: a few of them write terabytes.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::domain::budget::{Budget, Exceeded, Resource, depth, weight};

/// Why a patch is not applied.
#[derive(Debug)]
pub(super) enum OperationError {
    /// An operation does not fit: in words.
    Failed(String),
    /// It takes too much.
    Exceeded(Exceeded),
}

/// Applies a patch; after an error the value is of no use.
pub(super) fn apply(value: &mut Value, patch: &Patch, budget: &Budget) -> Result<(), OperationError> {
    for (index, operation) in patch.iter().enumerate() {
        spend(value, operation, budget).map_err(OperationError::Exceeded)?;
        json_patch::patch_unsafe(value, std::slice::from_ref(operation)).map_err(|mut error| {
            error.operation = index;
            OperationError::Failed(error.to_string())
        })?;
    }
    Ok(())
}

/// Spends what an operation takes.
fn spend(value: &Value, operation: &PatchOperation, budget: &Budget) -> Result<(), Exceeded> {
    let path = operation.path().as_str();
    budget.spend(Resource::Operations, 1 + (path.len() / 16) as u64)?;
    let from = match operation {
        PatchOperation::Copy(copy) => Some(copy.from.as_str()),
        PatchOperation::Move(moved) => Some(moved.from.as_str()),
        _ => None,
    };
    for path in [Some(path), from].into_iter().flatten() {
        budget.spend(Resource::Operations, shifted(value, path) / 16)?;
    }
    let (written, is_new) = match operation {
        PatchOperation::Add(add) => (Some(&add.value), true),
        PatchOperation::Replace(replace) => (Some(&replace.value), true),
        PatchOperation::Copy(_) => (from.and_then(|from| value.pointer(from)), true),
        PatchOperation::Move(_) => (from.and_then(|from| value.pointer(from)), false),
        PatchOperation::Test(test) => {
            return budget.spend(Resource::Operations, weight(&test.value) / 16);
        }
        PatchOperation::Remove(_) => (None, false),
    };
    let Some(written) = written else { return Ok(()) };
    let weight = weight(written);
    match is_new {
        true => budget.spend(Resource::Nodes, weight)?,
        false => budget.spend(Resource::Operations, weight / 16)?,
    }
    budget.reach(path.matches('/').count() + depth(written))
}

/// How many items of a list an item that comes or goes may move.
fn shifted(value: &Value, path: &str) -> u64 {
    let parent = path.rsplit_once('/').and_then(|(parent, _)| value.pointer(parent));
    parent.and_then(Value::as_array).map_or(0, |items| items.len() as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::budget::SIDE;

    #[test]
    fn an_error_names_the_operation_in_its_patch() {
        let patch: Patch = serde_json::from_value(json!([
            {"op": "add", "path": "/a", "value": 1},
            {"op": "remove", "path": "/b"},
        ]))
        .unwrap();
        let mut value = json!({});
        let whole = json_patch::patch(&mut json!({}), &patch).unwrap_err();
        match apply(&mut value, &patch, &Budget::new(SIDE)) {
            Err(OperationError::Failed(message)) => assert_eq!(message, whole.to_string()),
            other => panic!("{other:?}"),
        }
    }
}
