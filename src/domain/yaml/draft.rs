//! A document as it shall be: the span tree with changes laid over it. Nothing is written here.
//!
//! What is untouched stays a reference to the tree; so what comes out can be compared with what was, node by node.

use super::fresh::{Fresh, Text};
use super::tree::{Kind, NodeId, Tree};

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
