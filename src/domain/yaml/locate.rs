//! From pointers to nodes of the tree.

use super::pointer::{Pointer, Step};
use super::refusal::{Reason, Refusal};
use super::slots::index;
use super::tree::{Kind, NodeId, Tree};

/// The child that a key or index names; `None` where there is none, or more than one.
pub(super) fn step(tree: &Tree<'_>, id: NodeId, token: &str) -> Option<NodeId> {
    match &tree.nodes[id].kind {
        Kind::Sequence { items, .. } => index(token).and_then(|at| items.get(at)).map(|item| item.node),
        Kind::Mapping { entries, .. } => {
            let mut found = entries.iter().filter(|entry| tree.key_text(entry.key) == token);
            let entry = found.next()?;
            found.next().is_none().then_some(entry.value)
        }
        Kind::Alias { anchor } => tree.anchored(*anchor).and_then(|target| step(tree, target, token)),
        Kind::Scalar { .. } => None,
    }
}

/// The node at a pointer; `None` where there is none.
pub(super) fn node(tree: &Tree<'_>, root: NodeId, pointer: &Pointer) -> Option<NodeId> {
    let keys = keys(tree, root, pointer).ok()?;
    keys.iter().try_fold(root, |id, key| step(tree, id, key))
}

/// The pointer with its selectors exchanged for indices.
///
/// # Errors
/// - a selector that matches no item, or more than one
/// - a selector on what is no sequence
pub(super) fn keys(tree: &Tree<'_>, root: NodeId, pointer: &Pointer) -> Result<Vec<String>, Refusal> {
    let mut keys = Vec::with_capacity(pointer.steps.len());
    let mut at = Some(root);
    let mut deepest = root;
    for wanted in &pointer.steps {
        let key = match wanted {
            Step::Key(key) => key.clone(),
            Step::Item { key, value } => select(tree, at, deepest, key, value)?.to_string(),
        };
        at = at.and_then(|id| step(tree, id, &key));
        deepest = at.unwrap_or(deepest);
        keys.push(key);
    }
    Ok(keys)
}

fn select(
    tree: &Tree<'_>,
    at: Option<NodeId>,
    near: NodeId,
    key: &str,
    value: &str,
) -> Result<usize, Refusal> {
    let refuse = |code, message| Refusal::at(tree.text, tree.nodes[near].span.start, code, message);
    let items = match at.map(|id| &tree.nodes[id].kind) {
        Some(Kind::Sequence { items, .. }) => items,
        Some(_) => {
            let message = format!("`[{key}={value}]` selects an item, but this is not a sequence");
            return Err(refuse(Reason::WrongType, message));
        }
        None => {
            return Err(refuse(Reason::SelectorNone, format!("there is no sequence for `[{key}={value}]`")));
        }
    };
    let field_twice = |id: NodeId| match &tree.nodes[id].kind {
        Kind::Mapping { entries, .. } => {
            let mut fields = entries.iter().filter(|entry| tree.key_text(entry.key) == key);
            fields.clone().count() > 1 && fields.any(|entry| tree.scalar(entry.value) == Some(value))
        }
        _ => false,
    };
    if items.iter().any(|item| field_twice(item.node)) {
        let message = format!("an item with `{key}: {value}` has `{key}` twice");
        return Err(refuse(Reason::DuplicateKey, message));
    }
    let matches = |id: NodeId| step(tree, id, key).and_then(|field| tree.scalar(field)) == Some(value);
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
