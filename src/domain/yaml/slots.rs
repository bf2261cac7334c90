//! The slots of an open collection, and what stands in the way of opening it.

use serde_json::Value;

use super::apply::Order;
use super::draft::{Slot, Work};
use super::operation::Position;
use super::refusal::{Reason, Refusal};
use super::tree::{Kind, NodeId, Tree};
use super::value::node_value;

/// The index of the slot that a token names.
pub(super) fn child(
    tree: &Tree<'_>,
    work: &mut Work,
    token: &str,
    order: Order,
    path: &[String],
) -> Result<usize, Refusal> {
    let is_list = is_sequence(tree, work);
    let node = work.place();
    let place = node.map_or(0, |id| tree.nodes[id].span.start);
    let refuse = |code, message: String| Refusal::at(tree.text, place, code, message);
    if node.is_some_and(|id| matches!(tree.nodes[id].kind, Kind::Alias { .. })) {
        return Err(refuse(Reason::Alias, format!("there is an alias above `{}`", path_text(path))));
    }
    let Some(slots) = work.open(tree) else {
        return Err(refuse(Reason::NotFound, not_found(path)));
    };
    let found = if is_list {
        index(token).and_then(|index| match order {
            Order::Sequential => (index < slots.len()).then_some(index),
            Order::Simultaneous => slots.iter().position(|slot| slot.origin == Some(index)),
        })
    } else {
        let named = |slot: &Slot| slot.key.as_ref().is_some_and(|key| key.text == token);
        if slots.iter().filter(|slot| named(slot)).count() > 1 {
            let message = format!("the key `{token}` appears more than once");
            return Err(refuse(Reason::DuplicateKey, message));
        }
        slots.iter().position(named)
    };
    match found {
        Some(at) if matches!(slots[at].work, Work::Gone) => Err(refuse(Reason::Overlap, overlap(path))),
        Some(at) => Ok(at),
        None => {
            let merged = node.is_some_and(|id| {
                node_value(tree, id).is_ok_and(|value| value.get(token).is_some()) && !is_list
            });
            let code = if merged { Reason::MergedKey } else { Reason::NotFound };
            Err(refuse(code, not_found(path)))
        }
    }
}

/// Where an item goes that is added at an index or `-`.
pub(super) fn insertion(slots: &[Slot], token: &str, order: Order) -> Result<usize, (Reason, String)> {
    if token == "-" {
        return Ok(slots.len());
    }
    let Some(wanted) = index(token) else {
        return Err((Reason::WrongType, format!("`{token}` is not an index of a sequence")));
    };
    let found = match order {
        Order::Sequential => (wanted <= slots.len()).then_some(wanted),
        Order::Simultaneous => {
            let count = slots.iter().filter(|slot| slot.origin.is_some()).count();
            let before = slots.iter().position(|slot| slot.origin == Some(wanted));
            before.or_else(|| (wanted == count).then_some(slots.len()))
        }
    };
    found.ok_or_else(|| (Reason::NotFound, format!("the index `{wanted}` is beyond the end of the sequence")))
}

pub(super) fn key_position(slots: &[Slot], position: &Position) -> usize {
    let named =
        |name: &String| slots.iter().position(|slot| slot.key.as_ref().is_some_and(|key| key.text == *name));
    match position {
        Position::Last => slots.len(),
        Position::First => 0,
        Position::Before(name) => named(name).unwrap_or(slots.len()),
        Position::After(name) => named(name).map_or(slots.len(), |at| at + 1),
    }
}

/// An RFC 6901 array index: digits without a leading zero.
pub(super) fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    let digits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { token.parse().ok() } else { None }
}

pub(super) fn is_sequence(tree: &Tree<'_>, work: &Work) -> bool {
    work.place().is_some_and(|id| matches!(tree.nodes[id].kind, Kind::Sequence { .. }))
}

/// The node, where a null stands that a mapping or sequence can take the place of.
pub(super) fn null_scalar(tree: &Tree<'_>, work: &Work) -> Option<NodeId> {
    let Work::Kept(id) = *work else { return None };
    let is_scalar = matches!(tree.nodes[id].kind, Kind::Scalar { .. });
    (is_scalar && node_value(tree, id).is_ok_and(|value| value.is_null())).then_some(id)
}

pub(super) fn check_shared(tree: &Tree<'_>, work: &Work, writing: bool) -> Result<(), Refusal> {
    let Some(id) = work.place() else { return Ok(()) };
    let node = &tree.nodes[id];
    let alias = matches!(node.kind, Kind::Alias { .. }) && !matches!(work, Work::Swapped { .. });
    let shared = writing && node.anchor.as_ref().is_some_and(|anchor| tree.aliased.contains(&anchor.id));
    if alias && writing || shared {
        let message =
            if alias { "there is an alias at or above the target" } else { "aliases refer to this anchor" };
        return Err(Refusal::at(tree.text, node.outer_start(), Reason::Alias, message));
    }
    Ok(())
}

/// Refuses changes inside of what its tag allows only one shape: `!!set` has nulls, `!!omap` pairs of unique keys.
pub(super) fn check_tag(tree: &Tree<'_>, work: &Work) -> Result<(), Refusal> {
    const SHAPED: [&str; 3] = ["tag:yaml.org,2002:set", "tag:yaml.org,2002:omap", "tag:yaml.org,2002:pairs"];
    let (Work::Kept(id) | Work::Edited { node: id, .. }) = *work else { return Ok(()) };
    match &tree.nodes[id].tag {
        Some(tag) if SHAPED.contains(&tag.name.as_str()) => {
            let message = "this collection has a tag that forbids changes in it";
            Err(Refusal::at(tree.text, tag.span.start, Reason::Unwritable, message))
        }
        _ => Ok(()),
    }
}

/// The first anchor at or below a node that an alias refers to.
pub(super) fn shared_anchor(tree: &Tree<'_>, id: NodeId) -> Option<usize> {
    let node = &tree.nodes[id];
    let own = node.anchor.as_ref().filter(|anchor| tree.aliased.contains(&anchor.id));
    own.map(|anchor| anchor.span.start)
        .or_else(|| tree.children(id).into_iter().find_map(|child| shared_anchor(tree, child)))
}

/// Whether a tag stands at or below a node that says more than the value does, as we read it.
pub(super) fn has_custom_tag(tree: &Tree<'_>, id: NodeId) -> bool {
    const PLAIN: [&str; 7] = ["str", "int", "float", "bool", "null", "map", "seq"];
    let is_plain =
        |name: &str| name.strip_prefix("tag:yaml.org,2002:").is_some_and(|name| PLAIN.contains(&name));
    tree.nodes[id].tag.as_ref().is_some_and(|tag| !is_plain(&tag.name))
        || tree.children(id).into_iter().any(|child| has_custom_tag(tree, child))
}

/// The first key at or below a node that stands twice in its mapping.
pub(super) fn duplicate_key(tree: &Tree<'_>, id: NodeId) -> Option<usize> {
    if let Kind::Mapping { entries, .. } = &tree.nodes[id].kind {
        let mut keys: Vec<_> = entries.iter().map(|entry| (tree.key_text(entry.key), entry.start)).collect();
        keys.sort_unstable();
        if let Some(twice) = keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Some(twice[1].1);
        }
    }
    tree.children(id).into_iter().find_map(|child| duplicate_key(tree, child))
}

/// The typed value of a place.
pub(super) fn work_value(tree: &Tree<'_>, work: &Work) -> Result<Value, Refusal> {
    match work {
        Work::Kept(id) => node_value(tree, *id),
        Work::Swapped { fresh, .. } | Work::New(fresh) => Ok(fresh.value(tree)),
        Work::Gone => Ok(Value::Null),
        Work::Edited { slots, .. } if is_sequence(tree, work) => {
            slots.iter().map(|slot| work_value(tree, &slot.work)).collect::<Result<_, _>>().map(Value::Array)
        }
        Work::Edited { slots, .. } => {
            let mut map = serde_json::Map::new();
            for slot in slots {
                if let Some(key) = &slot.key {
                    map.insert(key.text.clone(), work_value(tree, &slot.work)?);
                }
            }
            Ok(Value::Object(map))
        }
    }
}

/// A pointer's text.
pub(super) fn path_text(path: &[String]) -> String {
    path.iter().map(|token| format!("/{}", super::pointer::escape(token))).collect()
}

pub(super) fn missing(tree: &Tree<'_>, path: &[String]) -> Refusal {
    Refusal::at(tree.text, 0, Reason::NotFound, not_found(path))
}

pub(super) fn not_found(path: &[String]) -> String {
    format!("there is nothing at `{}`", path_text(path))
}

pub(super) fn overlap(path: &[String]) -> String {
    format!("another edit of this call touches `{}`", path_text(path))
}

pub(super) fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}
