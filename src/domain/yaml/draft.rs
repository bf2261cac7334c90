//! A document as it shall be: the span tree with changes laid over it. Nothing is written here.
//!
//! What is untouched stays a reference to the tree; so what comes out can be compared with what was, node by node.

use serde_json::Value;

use super::tree::{Kind, NodeId, Style, Tree};

/// A node as it shall be.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// As it is.
    Kept(NodeId),
    /// A collection with other entries; `count` is how many it had.
    Edited { node: NodeId, slots: Vec<Slot>, count: usize },
    /// Something else in the place of a node.
    Swapped { node: NodeId, fresh: Fresh },
    /// A node where none was.
    New(Fresh),
    /// Removed, in a call whose edits all name the text as it is.
    Gone,
}

/// An entry or item of an edited collection.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Its index in the tree's collection.
    pub origin: Option<usize>,
    /// Its key, in a mapping.
    pub key: Option<Text>,
    pub work: Work,
}

/// A value that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fresh {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Text),
    List(Vec<Fresh>),
    Map(Vec<(Text, Fresh)>),
}

/// A scalar that is to be written; one that was copied keeps the node it comes from, hence its style.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub text: String,
    pub source: Option<NodeId>,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { text, source: None }
    }
}

impl From<&Value> for Fresh {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.clone().into()),
            Value::Array(list) => Self::List(list.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.clone().into(), Self::from(value))).collect())
            }
        }
    }
}

impl Fresh {
    /// A copy of a node; `None` where it holds an alias, an anchor, a tag or a key that is no scalar.
    pub fn copy_of(tree: &Tree<'_>, id: NodeId) -> Option<Self> {
        let node = &tree.nodes[id];
        if node.anchor.is_some() || node.tag.is_some() {
            return None;
        }
        match &node.kind {
            Kind::Scalar { value, style } => Some(match style {
                Style::Plain if node.is_empty() => Self::Null,
                _ => Self::Text(Text { text: value.to_string(), source: Some(id) }),
            }),
            Kind::Sequence { items, .. } => {
                items.iter().map(|item| Self::copy_of(tree, item.node)).collect::<Option<_>>().map(Self::List)
            }
            Kind::Mapping { entries, .. } => {
                let copy = |entry: &super::tree::Entry| {
                    let key = &tree.nodes[entry.key];
                    let plain = key.anchor.is_none() && key.tag.is_none() && !tree.is_merge_key(entry.key);
                    let text = tree.scalar(entry.key).filter(|_| plain)?.to_owned();
                    Some((Text { text, source: Some(entry.key) }, Self::copy_of(tree, entry.value)?))
                };
                entries.iter().map(copy).collect::<Option<_>>().map(Self::Map)
            }
            Kind::Alias { .. } => None,
        }
    }

    /// Whether it is `[]` or `{}`.
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Whether it is a collection with something in it.
    pub fn is_full_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_)) && !self.is_empty_collection()
    }

    /// The typed value.
    pub fn value(&self, tree: &Tree<'_>) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => text.value(tree),
            Self::List(list) => Value::Array(list.iter().map(|item| item.value(tree)).collect()),
            Self::Map(map) => {
                Value::Object(map.iter().map(|(key, value)| (key.text.clone(), value.value(tree))).collect())
            }
        }
    }
}

impl Text {
    /// The typed value: a string, or whatever a plain scalar that was copied is.
    pub fn value(&self, tree: &Tree<'_>) -> Value {
        match self.source.and_then(|id| tree.nodes[id].style()) {
            Some(style) => super::value::scalar_value(&self.text, style, None),
            None => Value::String(self.text.clone()),
        }
    }
}

impl Work {
    /// The slots of a collection, laid open for changes; `None` where it is no collection of the tree.
    pub fn open(&mut self, tree: &Tree<'_>) -> Option<&mut Vec<Slot>> {
        if let Self::Kept(id) = *self {
            let slots = match &tree.nodes[id].kind {
                Kind::Sequence { items, .. } => {
                    let slot = |(origin, item): (usize, &super::tree::Item)| Slot {
                        origin: Some(origin),
                        key: None,
                        work: Self::Kept(item.node),
                    };
                    items.iter().enumerate().map(slot).collect()
                }
                Kind::Mapping { entries, .. } => {
                    let slot = |(origin, entry): (usize, &super::tree::Entry)| Slot {
                        origin: Some(origin),
                        key: Some(Text {
                            text: tree.key_text(entry.key).to_owned(),
                            source: Some(entry.key),
                        }),
                        work: Self::Kept(entry.value),
                    };
                    entries.iter().enumerate().map(slot).collect()
                }
                _ => return None,
            };
            let slots: Vec<Slot> = slots;
            *self = Self::Edited { node: id, count: slots.len(), slots };
        }
        match self {
            Self::Edited { slots, .. } => Some(slots),
            _ => None,
        }
    }

    /// The node of the tree whose place this is.
    pub fn place(&self) -> Option<NodeId> {
        match self {
            Self::Kept(node) | Self::Edited { node, .. } | Self::Swapped { node, .. } => Some(*node),
            Self::New(_) | Self::Gone => None,
        }
    }

    /// Whether nothing was changed here.
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Kept(_) => true,
            Self::Edited { slots, count, .. } => {
                slots.len() == *count && slots.iter().all(|slot| slot.origin.is_some() && slot.work.is_kept())
            }
            _ => false,
        }
    }

    /// The content as a value that can be written elsewhere; `None` where [`Fresh::copy_of`] has none.
    pub fn copy(&self, tree: &Tree<'_>) -> Option<Fresh> {
        match self {
            Self::Kept(id) => Fresh::copy_of(tree, *id),
            Self::Swapped { fresh, .. } | Self::New(fresh) => Some(fresh.clone()),
            Self::Gone => None,
            Self::Edited { node, slots, .. } => {
                let node = &tree.nodes[*node];
                if node.anchor.is_some() || node.tag.is_some() {
                    return None;
                }
                if matches!(node.kind, Kind::Sequence { .. }) {
                    return slots
                        .iter()
                        .map(|slot| slot.work.copy(tree))
                        .collect::<Option<_>>()
                        .map(Fresh::List);
                }
                let entry = |slot: &Slot| Some((slot.key.clone()?, slot.work.copy(tree)?));
                slots.iter().map(entry).collect::<Option<_>>().map(Fresh::Map)
            }
        }
    }
}
