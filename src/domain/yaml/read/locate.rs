//! From pointers to the nodes of a span tree.

use super::super::pointer::{Pointer, PointerStep, parse_index};
use super::super::refusal::{Reason, YamlRefusal};
use super::span_tree::{NodeIndex, NodeKind, SpanTree};

/// The child that a key or index names; `None` if there is none, or more than one.
pub(crate) fn child(tree: &SpanTree<'_>, id: NodeIndex, token: &str) -> Option<NodeIndex> {
    match &tree.nodes[id].kind {
        NodeKind::Sequence { items, .. } => {
            parse_index(token).and_then(|at| items.get(at)).map(|item| item.node)
        }
        NodeKind::Mapping { entries, .. } => {
            let mut found = entries.iter().filter(|entry| tree.key_text(entry.key) == token);
            let entry = found.next()?;
            found.next().is_none().then_some(entry.value)
        }
        NodeKind::Alias { anchor } => tree.anchored(*anchor).and_then(|target| child(tree, target, token)),
        NodeKind::Scalar { .. } => None,
    }
}

/// The node at a pointer; `None` if there is none.
pub(crate) fn node_at(tree: &SpanTree<'_>, root: NodeIndex, pointer: &Pointer) -> Option<NodeIndex> {
    let keys = resolve(tree, root, pointer).ok()?;
    keys.iter().try_fold(root, |id, key| child(tree, id, key))
}

/// The pointer as keys and indices: selectors become the indices of the items that they select.
///
/// # Errors
/// - a selector that matches no item, or more than one
/// - a selector on a node that is not a sequence
pub(crate) fn resolve(
    tree: &SpanTree<'_>,
    root: NodeIndex,
    pointer: &Pointer,
) -> Result<Vec<String>, YamlRefusal> {
    let mut keys = Vec::with_capacity(pointer.steps.len());
    let mut at = Some(root);
    let mut deepest = root;
    for wanted in &pointer.steps {
        let key = match wanted {
            PointerStep::Key(key) => key.clone(),
            PointerStep::Item { key, value } => select(tree, at, deepest, key, value)?.to_string(),
        };
        at = at.and_then(|id| child(tree, id, &key));
        deepest = at.unwrap_or(deepest);
        keys.push(key);
    }
    Ok(keys)
}

/// The index of the one item whose field `key` has the value `value`; refusals point at the node `near`.
fn select(
    tree: &SpanTree<'_>,
    at: Option<NodeIndex>,
    near: NodeIndex,
    key: &str,
    value: &str,
) -> Result<usize, YamlRefusal> {
    let refuse = |code, message| YamlRefusal::at(tree.text, tree.nodes[near].span.start, code, message);
    let items = match at.map(|id| &tree.nodes[id].kind) {
        Some(NodeKind::Sequence { items, .. }) => items,
        Some(_) => {
            let message = format!("`[{key}={value}]` selects an item, but this is not a sequence");
            return Err(refuse(Reason::WrongType, message));
        }
        None => {
            return Err(refuse(Reason::SelectorNone, format!("there is no sequence for `[{key}={value}]`")));
        }
    };
    let field_twice = |id: NodeIndex| match &tree.nodes[id].kind {
        NodeKind::Mapping { entries, .. } => {
            let mut fields = entries.iter().filter(|entry| tree.key_text(entry.key) == key);
            fields.clone().count() > 1 && fields.any(|entry| tree.scalar(entry.value) == Some(value))
        }
        _ => false,
    };
    if items.iter().any(|item| field_twice(item.node)) {
        let message = format!("an item with `{key}: {value}` has `{key}` twice");
        return Err(refuse(Reason::DuplicateKey, message));
    }
    let matches = |id: NodeIndex| child(tree, id, key).and_then(|field| tree.scalar(field)) == Some(value);
    let mut found = items.iter().enumerate().filter(|(_, item)| matches(item.node));
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Ok(index),
        (None, _) => {
            let message = format!("no item has `{key}: {value}`");
            Err(refuse(Reason::SelectorNone, message))
        }
        (Some(_), Some(_)) => {
            let message = format!("more than one item has `{key}: {value}`");
            Err(refuse(Reason::SelectorMany, message))
        }
    }
}
