//! A new value laid over the node that it replaces, so that what is equal stays as it is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::read::scalar::{as_kubectl, is_timestamp, may_be_typed};
use super::super::read::span_tree::{MappingEntry, NodeIndex, NodeKind, ScalarStyle, SpanTree};
use super::new_node::{NewNode, NewText};
use super::node::{EditEntry, EditNode};

/// The node with another value; `new` is the same as `value`. What is equal below it keeps its style and its comments.
///
/// `{name: LEVEL, value: debug}` over the first text gives the second:
///
/// ```yaml
/// name: LEVEL   # of the log
/// value: 'info'
/// ```
///
/// ```yaml
/// name: LEVEL   # of the log
/// value: 'debug'
/// ```
pub(super) fn reconcile(tree: &SpanTree<'_>, id: NodeIndex, value: &Value, new: NewNode) -> EditNode {
    if reads_as(tree, id, value) {
        return EditNode::Kept(id);
    }
    let entries = match (&tree.nodes[id].kind, value, &new) {
        _ if tree.nodes[id].tag.is_some() => None,
        (NodeKind::Mapping { entries, .. }, Value::Object(map), NewNode::Mapping(parts)) => {
            mapping(tree, id, entries, map, parts)
        }
        (NodeKind::Sequence { .. }, Value::Array(list), NewNode::Sequence(parts)) => {
            sequence(tree, id, list, parts)
        }
        _ => None,
    };
    match entries {
        Some(entries) => EditNode::Edited { source: id, entries, count: tree.children(id).len() },
        None => EditNode::Replaced { source: id, value: new },
    }
}

/// The entries of a mapping with another value. `None` if the two have no key in common, or keys cannot be told apart.
fn mapping(
    tree: &SpanTree<'_>,
    id: NodeIndex,
    old: &[MappingEntry],
    new: &Map<String, Value>,
    parts: &[(NewText, NewNode)],
) -> Option<Vec<EditEntry>> {
    let mut names: Vec<&str> = old.iter().map(|entry| tree.key_text(entry.key)).collect();
    let plain_keys =
        old.iter().all(|entry| tree.scalar(entry.key).is_some() && !tree.is_merge_key(entry.key));
    if !plain_keys || !names.iter().any(|name| new.contains_key(*name)) {
        return None;
    }
    let parts_by_name: BTreeMap<&str, &NewNode> =
        parts.iter().map(|(key, part)| (key.text.as_str(), part)).collect();
    let mut entries = EditNode::Kept(id).open(tree).map(std::mem::take)?;
    for entry in &mut entries {
        let name = entry.key.as_ref().map(|key| key.text.clone())?;
        let (Some(value), Some(child)) = (new.get(&name), entry.node.source()) else {
            entry.node = EditNode::Removed;
            continue;
        };
        let part = *parts_by_name.get(name.as_str())?;
        entry.node = reconcile_child(tree, child, value, part.clone());
    }
    entries.retain(|entry| !entry.is_removed());
    names.sort_unstable();
    for (key, part) in parts {
        if names.binary_search(&key.text.as_str()).is_err() {
            entries.push(EditEntry::new(Some(key.clone()), part.clone()));
        }
    }
    names.windows(2).all(|pair| pair[0] != pair[1]).then_some(entries)
}

/// The items of a sequence with another value: those at both ends that are equal stay, and where the lengths are equal
/// all others are reconciled one by one. `None` if neither end has an equal item and the lengths differ.
fn sequence(tree: &SpanTree<'_>, id: NodeIndex, list: &[Value], parts: &[NewNode]) -> Option<Vec<EditEntry>> {
    let items = tree.children(id);
    let shorter = items.len().min(list.len());
    let head = (0..shorter).take_while(|&at| reads_as(tree, items[at], &list[at])).count();
    let tail = (0..shorter - head)
        .take_while(|&at| reads_as(tree, items[items.len() - 1 - at], &list[list.len() - 1 - at]))
        .count();
    let same_length = items.len() == list.len();
    if head + tail == 0 && !same_length {
        return None;
    }
    let item = |at: usize, node: EditNode| EditEntry { origin: Some(at), key: None, node };
    let kept = |at: usize| item(at, EditNode::Kept(items[at]));
    let mut entries: Vec<EditEntry> = (0..head).map(kept).collect();
    entries.extend((head..list.len() - tail).map(|at| {
        if same_length {
            item(at, reconcile_child(tree, items[at], &list[at], parts[at].clone()))
        } else {
            EditEntry::new(None, parts[at].clone())
        }
    }));
    entries.extend((items.len() - tail..items.len()).map(kept));
    Some(entries)
}

fn reconcile_child(tree: &SpanTree<'_>, id: NodeIndex, value: &Value, new: NewNode) -> EditNode {
    match tree.nodes[id].kind {
        NodeKind::Alias { .. } => EditNode::Replaced { source: id, value: new },
        _ => reconcile(tree, id, value, new),
    }
}

/// Whether every reader reads the node as this value already.
fn reads_as(tree: &SpanTree<'_>, id: NodeIndex, value: &Value) -> bool {
    let node = &tree.nodes[id];
    if node.tag.is_some() {
        return false;
    }
    match (&node.kind, value) {
        (NodeKind::Scalar { value: text, style: ScalarStyle::Plain }, _) => {
            let settled = match as_kubectl(text) {
                Value::Null => true,
                // Readers disagree on other spellings.
                Value::Bool(_) => matches!(&**text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE"),
                Value::Number(number) => number.to_string() == **text,
                _ => !may_be_typed(text) || is_timestamp(text),
            };
            settled && as_kubectl(text) == *value
        }
        (NodeKind::Scalar { value: text, .. }, Value::String(string)) => text == string,
        (NodeKind::Sequence { items, .. }, Value::Array(list)) => {
            items.len() == list.len()
                && items.iter().zip(list).all(|(item, value)| reads_as(tree, item.node, value))
        }
        (NodeKind::Mapping { entries, .. }, Value::Object(map)) => {
            entries.len() == map.len()
                && entries.iter().all(|entry| {
                    tree.scalar(entry.key).is_some()
                        && !tree.is_merge_key(entry.key)
                        && map
                            .get(tree.key_text(entry.key))
                            .is_some_and(|value| reads_as(tree, entry.value, value))
                })
                && unique_keys(tree, id)
        }
        _ => false,
    }
}

fn unique_keys(tree: &SpanTree<'_>, id: NodeIndex) -> bool {
    let NodeKind::Mapping { entries, .. } = &tree.nodes[id].kind else { return true };
    let mut names: Vec<&str> = entries.iter().map(|entry| tree.key_text(entry.key)).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// Equality as in RFC 6902 §4.6: numbers are compared by their values.
pub(super) fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (left.is_f64() || right.is_f64()) && left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| is_equal(value, other)))
        }
        _ => left == right,
    }
}
