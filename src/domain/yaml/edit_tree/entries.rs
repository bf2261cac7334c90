//! Finding entries of edited collections: the one that a key or index names, and where a new one goes.

use super::super::operation::{KeyPosition, Order};
use super::super::pointer::parse_index;
use super::super::read::span_tree::{NodeIndex, NodeKind, SpanTree};
use super::super::read::value::node_value;
use super::super::refusal::{Reason, YamlRefusal};
use super::node::{EditEntry, EditNode};
use super::refusals;

/// The index of the entry that the last key of `path` names in `node`.
pub(super) fn find(
    tree: &SpanTree<'_>,
    node: &mut EditNode,
    order: Order,
    path: &[String],
) -> Result<usize, YamlRefusal> {
    let token = path.last().map_or("", String::as_str);
    let is_sequence = node.is_sequence(tree);
    let source = node.source();
    let place = source.map_or(0, |id| tree.nodes[id].span.start);
    let refuse = |code, message: String| YamlRefusal::at(tree.text, place, code, message);
    if source.is_some_and(|id| matches!(tree.nodes[id].kind, NodeKind::Alias { .. })) {
        return Err(refuse(Reason::Alias, refusals::below_alias(path)));
    }
    let Some(entries) = node.open(tree) else { return Err(refusals::not_found(tree, place, path)) };
    let found = if is_sequence {
        parse_index(token).and_then(|index| item(entries, index, order))
    } else {
        if entries.iter().filter(|entry| entry.has_key(token)).count() > 1 {
            let message = format!("the key `{token}` appears more than once");
            return Err(refuse(Reason::DuplicateKey, message));
        }
        entries.iter().position(|entry| entry.has_key(token))
    };
    match found {
        Some(at) if entries[at].is_removed() => Err(refusals::overlap(tree, place, path)),
        Some(at) => Ok(at),
        None if !is_sequence && is_merged(tree, source, token) => {
            Err(refuse(Reason::MergedKey, refusals::nothing_at(path)))
        }
        None => Err(refusals::not_found(tree, place, path)),
    }
}

/// The item with an index: among those that are there now, or among those of the text as it is.
fn item(entries: &[EditEntry], index: usize, order: Order) -> Option<usize> {
    match order {
        Order::Sequential => (index < entries.len()).then_some(index),
        Order::Simultaneous => entries.iter().position(|entry| entry.origin == Some(index)),
    }
}

/// Whether a mapping of the text has a key only because of `<<`.
fn is_merged(tree: &SpanTree<'_>, source: Option<NodeIndex>, key: &str) -> bool {
    source.is_some_and(|id| node_value(tree, id).is_ok_and(|value| value.get(key).is_some()))
}

/// Where an item goes that is added at an index or `-`.
pub(super) fn item_position(
    entries: &[EditEntry],
    token: &str,
    order: Order,
) -> Result<usize, (Reason, String)> {
    if token == "-" {
        return Ok(entries.len());
    }
    let Some(wanted) = parse_index(token) else {
        return Err((Reason::WrongType, format!("`{token}` is not an index of a sequence")));
    };
    let found = match order {
        Order::Sequential => (wanted <= entries.len()).then_some(wanted),
        Order::Simultaneous => {
            let count = entries.iter().filter(|entry| entry.origin.is_some()).count();
            let before = entries.iter().position(|entry| entry.origin == Some(wanted));
            before.or_else(|| (wanted == count).then_some(entries.len()))
        }
    };
    found.ok_or_else(|| (Reason::NotFound, format!("the index `{wanted}` is beyond the end of the sequence")))
}

/// Where an entry with a new key goes.
pub(super) fn key_position(entries: &[EditEntry], position: &KeyPosition) -> usize {
    let named = |name: &String| entries.iter().position(|entry| entry.has_key(name));
    match position {
        KeyPosition::Last => entries.len(),
        KeyPosition::First => 0,
        KeyPosition::Before(name) => named(name).unwrap_or(entries.len()),
        KeyPosition::After(name) => named(name).map_or(entries.len(), |at| at + 1),
    }
}
