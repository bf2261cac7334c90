//! The values that the operations give, by json-patch on the values before.

use serde_json::Value;

use super::super::edit_tree::editor::EditedDocument;
use super::super::read::locate;
use super::super::read::span_tree::{NodeIndex, SpanTree};
use super::super::read::value::node_value;
use super::super::refusal::{Reason, YamlRefusal};

/// The value that a node will have.
pub(super) struct ExpectedValue {
    pub node: NodeIndex,
    pub value: Value,
}

/// The value at the lowest node that holds all changes of a document; elsewhere the events are compared one by one.
/// `None` if there is no operation.
pub(super) fn expected(
    tree: &SpanTree<'_>,
    document: &EditedDocument,
) -> Result<Option<ExpectedValue>, YamlRefusal> {
    let lowered = &document.lowered;
    if lowered.is_empty() {
        return Ok(None);
    }
    let mut node = document.root.source().unwrap_or_default();
    let mut depth = 0;
    // Aliases bring values from elsewhere, and indices shift between operations: then the whole document is compared.
    if tree.aliased.is_empty() && !lowered.shifts_indices() {
        for key in lowered.common_path() {
            let Some(child) = locate::child(tree, node, key) else { break };
            node = child;
            depth += 1;
        }
    }
    let mut value = node_value(tree, node)?;
    json_patch::patch(&mut value, &lowered.patch_below(depth)).map_err(|error| {
        YamlRefusal::at(tree.text, tree.nodes[node].span.start, Reason::Unproven, error.to_string())
    })?;
    Ok(Some(ExpectedValue { node, value }))
}
