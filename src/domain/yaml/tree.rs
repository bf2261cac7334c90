//! The span tree: every node of a stream with its bytes. Built by [`super::parser`], never changed.
//!
//! Spans are half-open byte ranges of the text. A block scalar's span begins at its header (`|`, `>`) and ends
//! before the line break of its last content line; a block collection's runs from its first entry to the
//! end of its last value; an empty node's is empty.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Index of a node in its tree.
pub(super) type NodeId = usize;

/// A stream.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    /// The text that the spans point into.
    pub text: &'t str,
    pub nodes: Vec<Node<'t>>,
    pub documents: Vec<DocumentSpan>,
    /// All comments, from `#` to the end of the line, in order.
    pub comments: Vec<Range<usize>>,
    /// The nodes that carry anchors.
    pub anchors: BTreeMap<usize, NodeId>,
    /// The anchors that aliases refer to.
    pub aliased: BTreeSet<usize>,
    /// The block scalar whose last line ends with the text, without a line break.
    pub unended: Option<NodeId>,
    /// How many block scalars end at a line of blanks with a tab, which not every reader lets them.
    pub blank_ends: usize,
}

/// One document.
#[derive(Debug)]
pub(super) struct DocumentSpan {
    pub root: NodeId,
    /// Where the content may begin: behind `---`, or where the document before ended.
    pub from: usize,
    /// Whether `---` stands before it.
    pub explicit: bool,
    /// The first key that is a collection or an alias.
    pub complex_key: Option<usize>,
}

/// One node.
#[derive(Debug)]
pub(super) struct Node<'t> {
    /// The content, without anchor and tag.
    pub span: Range<usize>,
    pub anchor: Option<Anchor>,
    pub tag: Option<Tag>,
    pub kind: Kind<'t>,
}

/// `&name`.
#[derive(Debug)]
pub(super) struct Anchor {
    pub id: usize,
    pub span: Range<usize>,
}

/// `!tag`.
#[derive(Debug)]
pub(super) struct Tag {
    /// Handle and suffix, resolved.
    pub name: String,
    pub span: Range<usize>,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind<'t> {
    Scalar { value: Cow<'t, str>, style: Style },
    Sequence { flow: bool, items: Vec<Item> },
    Mapping { layout: Layout, entries: Vec<Entry> },
    Alias { anchor: usize },
}

/// How a mapping is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Block,
    Flow,
    /// The single pair of `[key: value]`, which has no braces.
    Pair,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Also the empty node.
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// An item of a sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// The dash in a block sequence, the node's first byte in a flow sequence.
    pub start: usize,
    pub node: NodeId,
    /// The comma behind it.
    pub comma: Option<usize>,
}

/// An entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// `?`, or the key's first byte (its anchor or tag, if it has one).
    pub start: usize,
    pub key: NodeId,
    pub colon: Option<usize>,
    pub value: NodeId,
    /// The comma behind it.
    pub comma: Option<usize>,
}

impl Node<'_> {
    /// Where anchor or tag begin, or the content.
    pub fn outer_start(&self) -> usize {
        let anchor = self.anchor.as_ref().map(|anchor| anchor.span.start);
        let tag = self.tag.as_ref().map(|tag| tag.span.start);
        [anchor, tag].into_iter().flatten().min().unwrap_or(self.span.start).min(self.span.start)
    }

    /// Whether nothing is written here.
    pub fn is_empty(&self) -> bool {
        self.span.is_empty()
    }

    /// Whether the node is written with brackets.
    pub fn is_flow_collection(&self) -> bool {
        matches!(self.kind, Kind::Sequence { flow: true, .. } | Kind::Mapping { layout: Layout::Flow, .. })
    }

    /// Whether the node is a block sequence or mapping.
    pub fn is_block_collection(&self) -> bool {
        matches!(self.kind, Kind::Sequence { flow: false, .. } | Kind::Mapping { layout: Layout::Block, .. })
    }

    /// The scalar's style, if it is one.
    pub fn style(&self) -> Option<Style> {
        match self.kind {
            Kind::Scalar { style, .. } => Some(style),
            _ => None,
        }
    }

    /// Whether the node is a block scalar.
    pub fn is_block_scalar(&self) -> bool {
        matches!(self.style(), Some(Style::Literal | Style::Folded))
    }
}

impl<'t> Tree<'t> {
    /// A scalar's value.
    pub fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.nodes[id].kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The children of a collection (values, not keys).
    pub fn children(&self, id: NodeId) -> Vec<NodeId> {
        match &self.nodes[id].kind {
            Kind::Sequence { items, .. } => items.iter().map(|item| item.node).collect(),
            Kind::Mapping { entries, .. } => entries.iter().map(|entry| entry.value).collect(),
            _ => Vec::new(),
        }
    }

    /// Where the i-th entry of a collection begins and ends (without its comma).
    pub fn entry_span(&self, id: NodeId, index: usize) -> Range<usize> {
        match &self.nodes[id].kind {
            Kind::Sequence { items, .. } => {
                items[index].start..self.end(items[index].node, items[index].start + 1)
            }
            Kind::Mapping { entries, .. } => {
                let entry = &entries[index];
                let least = entry.colon.map_or(self.nodes[entry.key].span.end, |colon| colon + 1);
                entry.start..self.end(entry.value, least)
            }
            _ => self.nodes[id].span.clone(),
        }
    }

    /// The comma behind the i-th entry of a flow collection.
    pub fn comma(&self, id: NodeId, index: usize) -> Option<usize> {
        match &self.nodes[id].kind {
            Kind::Sequence { items, .. } => items[index].comma,
            Kind::Mapping { entries, .. } => entries[index].comma,
            _ => None,
        }
    }

    fn end(&self, id: NodeId, least: usize) -> usize {
        let node = &self.nodes[id];
        if node.is_empty() && node.anchor.is_none() && node.tag.is_none() { least } else { node.span.end }
    }

    /// The comments that begin in a range.
    pub fn comments_in(&self, range: Range<usize>) -> &[Range<usize>] {
        let first = self.comments.partition_point(|comment| comment.start < range.start);
        let last = self.comments.partition_point(|comment| comment.start < range.end);
        &self.comments[first..last.max(first)]
    }

    /// The source of a node's content.
    pub fn source(&self, id: NodeId) -> &'t str {
        &self.text[self.nodes[id].span.clone()]
    }
}
