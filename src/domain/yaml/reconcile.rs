//! A new value laid over the node that it replaces, so that what is equal stays as it is written.

use std::collections::BTreeMap;

use serde_json::Value;

use super::draft::{Slot, Work};
use super::fresh::Fresh;
use super::scalar::{as_kubectl, may_be_typed};
use super::tree::{Kind, NodeId, Style, Tree};

/// The node with another value. What is equal below it is kept, with its style and its comments.
pub(super) fn reconcile(tree: &Tree<'_>, id: NodeId, value: &Value, fresh: Fresh) -> Work {
    if equals(tree, id, value) {
        return Work::Kept(id);
    }
    let slots = match (&tree.nodes[id].kind, value) {
        _ if tree.nodes[id].tag.is_some() => None,
        (Kind::Mapping { .. }, Value::Object(_)) => mapping(tree, id, value, &fresh),
        (Kind::Sequence { .. }, Value::Array(list)) => sequence(tree, id, list, &fresh),
        _ => None,
    };
    match slots {
        Some(slots) => Work::Edited { node: id, slots, count: tree.children(id).len() },
        None => Work::Swapped { node: id, fresh },
    }
}

/// `None` where the two have no key in common, or keys cannot be told apart.
fn mapping(tree: &Tree<'_>, id: NodeId, value: &Value, fresh: &Fresh) -> Option<Vec<Slot>> {
    let (Kind::Mapping { entries, .. }, Value::Object(new), Fresh::Map(parts)) =
        (&tree.nodes[id].kind, value, fresh)
    else {
        return None;
    };
    let mut names: Vec<&str> = entries.iter().map(|entry| tree.key_text(entry.key)).collect();
    let scalars =
        entries.iter().all(|entry| tree.scalar(entry.key).is_some() && !tree.is_merge_key(entry.key));
    if !scalars || !names.iter().any(|name| new.contains_key(*name)) {
        return None;
    }
    let parts_by_name: BTreeMap<&str, &Fresh> =
        parts.iter().map(|(key, part)| (key.text.as_str(), part)).collect();
    let mut slots = Work::Kept(id).open(tree).map(std::mem::take)?;
    for slot in &mut slots {
        let name = slot.key.as_ref().map(|key| key.text.clone())?;
        let (Some(value), Some(child)) = (new.get(&name), slot.work.place()) else {
            slot.work = Work::Gone;
            continue;
        };
        let part = *parts_by_name.get(name.as_str())?;
        slot.work = replacement(tree, child, value, part.clone());
    }
    slots.retain(|slot| !matches!(slot.work, Work::Gone));
    names.sort_unstable();
    for (key, part) in parts {
        if names.binary_search(&key.text.as_str()).is_err() {
            slots.push(Slot { origin: None, key: Some(key.clone()), work: Work::New(part.clone()) });
        }
    }
    names.windows(2).all(|pair| pair[0] != pair[1]).then_some(slots)
}

/// `None` where nothing at either end is equal and the lengths differ.
fn sequence(tree: &Tree<'_>, id: NodeId, list: &[Value], fresh: &Fresh) -> Option<Vec<Slot>> {
    let Fresh::List(parts) = fresh else { return None };
    let items = tree.children(id);
    let shorter = items.len().min(list.len());
    let head = (0..shorter).take_while(|&at| equals(tree, items[at], &list[at])).count();
    let tail = (0..shorter - head)
        .take_while(|&at| equals(tree, items[items.len() - 1 - at], &list[list.len() - 1 - at]))
        .count();
    let same_length = items.len() == list.len();
    if head + tail == 0 && !same_length {
        return None;
    }
    let kept = |at: usize| Slot { origin: Some(at), key: None, work: Work::Kept(items[at]) };
    let mut slots: Vec<Slot> = (0..head).map(kept).collect();
    for at in head..list.len() - tail {
        slots.push(if same_length {
            Slot {
                origin: Some(at),
                key: None,
                work: replacement(tree, items[at], &list[at], parts[at].clone()),
            }
        } else {
            Slot { origin: None, key: None, work: Work::New(parts[at].clone()) }
        });
    }
    slots.extend((items.len() - tail..items.len()).map(kept));
    Some(slots)
}

fn replacement(tree: &Tree<'_>, id: NodeId, value: &Value, fresh: Fresh) -> Work {
    match tree.nodes[id].kind {
        Kind::Alias { .. } => Work::Swapped { node: id, fresh },
        _ => reconcile(tree, id, value, fresh),
    }
}

/// Whether every reader takes the node for this value already.
fn equals(tree: &Tree<'_>, id: NodeId, value: &Value) -> bool {
    let node = &tree.nodes[id];
    if node.tag.is_some() {
        return false;
    }
    match (&node.kind, value) {
        (Kind::Scalar { value: text, style: Style::Plain }, _) => {
            let settled = match as_kubectl(text) {
                // Readers disagree on other spellings.
                Value::Null => true,
                Value::Bool(_) => matches!(&**text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE"),
                Value::Number(number) => number.to_string() == **text,
                _ => !may_be_typed(text) || super::scalar::is_timestamp(text),
            };
            settled && as_kubectl(text) == *value
        }
        (Kind::Scalar { value: text, .. }, Value::String(string)) => text == string,
        (Kind::Sequence { items, .. }, Value::Array(list)) => {
            items.len() == list.len()
                && items.iter().zip(list).all(|(item, value)| equals(tree, item.node, value))
        }
        (Kind::Mapping { entries, .. }, Value::Object(map)) => {
            entries.len() == map.len()
                && entries.iter().all(|entry| {
                    tree.scalar(entry.key).is_some()
                        && !tree.is_merge_key(entry.key)
                        && map
                            .get(tree.key_text(entry.key))
                            .is_some_and(|value| equals(tree, entry.value, value))
                })
                && unique_keys(tree, id)
        }
        _ => false,
    }
}

fn unique_keys(tree: &Tree<'_>, id: NodeId) -> bool {
    let Kind::Mapping { entries, .. } = &tree.nodes[id].kind else { return true };
    let mut names: Vec<&str> = entries.iter().map(|entry| tree.key_text(entry.key)).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// Equality of RFC 6902 §4.6: numbers by their value.
pub(super) fn equal_numbers(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (left.is_f64() || right.is_f64()) && left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| equal_numbers(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| equal_numbers(value, other)))
        }
        _ => left == right,
    }
}
