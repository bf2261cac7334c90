//! The nodes of an edit tree: references to the span tree where nothing changes, new values where something does.

use super::super::read::span_tree::{MappingEntry, NodeIndex, NodeKind, SequenceItem, SpanTree};
use super::new_node::{NewNode, NewText};

/// A node as it will be.
#[derive(Debug, Clone)]
pub(crate) enum EditNode {
    /// As it is.
    Kept(NodeIndex),
    /// A collection with other entries; `count` is how many it had.
    Edited { source: NodeIndex, entries: Vec<EditEntry>, count: usize },
    /// A new value in the place of a node.
    Replaced { source: NodeIndex, value: NewNode },
    /// A node that has no place in the text yet.
    New(NewNode),
    /// Removed, in a call whose edits all name the text as it is.
    Removed,
}

/// An entry of an edited mapping, or an item of an edited sequence.
#[derive(Debug, Clone)]
pub(crate) struct EditEntry {
    /// Its index in the collection of the span tree; `None` if it is new.
    pub origin: Option<usize>,
    /// Its key; `None` in a sequence.
    pub key: Option<NewText>,
    pub node: EditNode,
}

impl EditNode {
    /// The entries of a collection, ready for changes; `None` if this is not a collection of the span tree.
    pub(crate) fn open(&mut self, tree: &SpanTree<'_>) -> Option<&mut Vec<EditEntry>> {
        if let Self::Kept(source) = *self {
            let entries: Vec<EditEntry> = match &tree.nodes[source].kind {
                NodeKind::Sequence { items, .. } => {
                    items.iter().enumerate().map(EditEntry::of_item).collect()
                }
                NodeKind::Mapping { entries, .. } => {
                    entries.iter().enumerate().map(|entry| EditEntry::of_entry(tree, entry)).collect()
                }
                _ => return None,
            };
            *self = Self::Edited { source, count: entries.len(), entries };
        }
        match self {
            Self::Edited { entries, .. } => Some(entries),
            _ => None,
        }
    }

    /// The node of the span tree whose place this is.
    pub(crate) fn source(&self) -> Option<NodeIndex> {
        match self {
            Self::Kept(source) | Self::Edited { source, .. } | Self::Replaced { source, .. } => Some(*source),
            Self::New(_) | Self::Removed => None,
        }
    }

    /// Whether nothing changes here.
    pub(crate) fn is_kept(&self) -> bool {
        match self {
            Self::Kept(_) => true,
            Self::Edited { entries, count, .. } => {
                entries.len() == *count
                    && entries.iter().all(|entry| entry.origin.is_some() && entry.node.is_kept())
            }
            _ => false,
        }
    }

    /// Whether this is the place of a sequence of the span tree.
    pub(crate) fn is_sequence(&self, tree: &SpanTree<'_>) -> bool {
        self.source().is_some_and(|source| matches!(tree.nodes[source].kind, NodeKind::Sequence { .. }))
    }

    /// The content as a value that can be written elsewhere; `None` where [`NewNode::copy_of`] has none.
    pub(crate) fn copy(&self, tree: &SpanTree<'_>) -> Option<NewNode> {
        match self {
            Self::Kept(source) => NewNode::copy_of(tree, *source),
            Self::Replaced { value, .. } | Self::New(value) => Some(value.clone()),
            Self::Removed => None,
            Self::Edited { source, entries, .. } => {
                let source = &tree.nodes[*source];
                if source.anchor.is_some() || source.tag.is_some() {
                    return None;
                }
                if matches!(source.kind, NodeKind::Sequence { .. }) {
                    let items = entries.iter().map(|entry| entry.node.copy(tree));
                    return items.collect::<Option<_>>().map(NewNode::Sequence);
                }
                let entry = |entry: &EditEntry| Some((entry.key.clone()?, entry.node.copy(tree)?));
                entries.iter().map(entry).collect::<Option<_>>().map(NewNode::Mapping)
            }
        }
    }
}

impl EditEntry {
    fn of_item((index, item): (usize, &SequenceItem)) -> Self {
        Self { origin: Some(index), key: None, node: EditNode::Kept(item.node) }
    }

    fn of_entry(tree: &SpanTree<'_>, (index, entry): (usize, &MappingEntry)) -> Self {
        let key = NewText { text: tree.key_text(entry.key).to_owned(), source: Some(entry.key) };
        Self { origin: Some(index), key: Some(key), node: EditNode::Kept(entry.value) }
    }

    /// A new entry; without a key, a new item.
    pub(super) fn new(key: Option<NewText>, value: NewNode) -> Self {
        Self { origin: None, key, node: EditNode::New(value) }
    }

    /// Whether this is the entry of a key.
    pub(super) fn has_key(&self, name: &str) -> bool {
        self.key.as_ref().is_some_and(|key| key.text == name)
    }

    /// Whether an edit of this call removed it.
    pub(crate) fn is_removed(&self) -> bool {
        matches!(self.node, EditNode::Removed)
    }
}
