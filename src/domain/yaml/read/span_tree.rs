//! The span tree: every node of a stream with its bytes. Built by `parser`, never changed.
//!
//! Spans are half-open byte ranges of the text. A block scalar's span begins at its header (`|`, `>`) and ends
//! before the line break of its last content line; a block collection's runs from its first entry to the
//! end of its last value; an empty node's is empty.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Index of a node in its tree.
pub(crate) type NodeIndex = usize;

/// A stream.
#[derive(Debug)]
pub(crate) struct SpanTree<'t> {
    /// The text that the spans point into.
    pub text: &'t str,
    pub nodes: Vec<Node<'t>>,
    pub documents: Vec<DocumentSpan>,
    /// All comments, from `#` to the end of the line, in order.
    pub comments: Vec<Range<usize>>,
    /// The nodes that carry anchors, by the anchors' numbers.
    pub anchors: BTreeMap<usize, NodeIndex>,
    /// The anchors that aliases refer to.
    pub aliased: BTreeSet<usize>,
    /// The block scalar whose last line ends with the text, without a line break.
    pub unended: Option<NodeIndex>,
    /// How many block scalars end at a line of blanks with a tab, which some readers refuse.
    pub blank_ends: usize,
}

/// One document.
#[derive(Debug)]
pub(crate) struct DocumentSpan {
    pub root: NodeIndex,
    /// Where the content may begin: after `---`, or where the document before ended.
    pub from: usize,
    /// Whether it begins with `---`.
    pub explicit: bool,
    /// The first key that is a collection or an alias.
    pub complex_key: Option<usize>,
}

/// One node.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    /// The content, without anchor and tag.
    pub span: Range<usize>,
    pub anchor: Option<Anchor>,
    pub tag: Option<Tag>,
    pub kind: NodeKind<'t>,
}

/// `&name`.
#[derive(Debug)]
pub(crate) struct Anchor {
    pub id: usize,
    pub span: Range<usize>,
}

/// `!tag`.
#[derive(Debug)]
pub(crate) struct Tag {
    /// Handle and suffix, resolved.
    pub name: String,
    pub span: Range<usize>,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum NodeKind<'t> {
    Scalar { value: Cow<'t, str>, style: ScalarStyle },
    Sequence { flow: bool, items: Vec<SequenceItem> },
    Mapping { layout: Layout, entries: Vec<MappingEntry> },
    Alias { anchor: usize },
}

/// How a mapping is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Block,
    Flow,
    /// The single pair of `[key: value]`, which has no braces.
    Pair,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScalarStyle {
    /// Also the empty node.
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// An item of a sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SequenceItem {
    /// The dash in a block sequence, the node's first byte in a flow sequence.
    pub start: usize,
    pub node: NodeIndex,
    /// The comma after it.
    pub comma: Option<usize>,
}

/// An entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MappingEntry {
    /// `?`, or the key's first byte (its anchor or tag, if it has one).
    pub start: usize,
    pub key: NodeIndex,
    pub colon: Option<usize>,
    pub value: NodeIndex,
    /// The comma after it.
    pub comma: Option<usize>,
}

impl Node<'_> {
    /// Where its anchor or tag begins, or its content if it has neither.
    pub(crate) fn outer_start(&self) -> usize {
        let anchor = self.anchor.as_ref().map(|anchor| anchor.span.start);
        let tag = self.tag.as_ref().map(|tag| tag.span.start);
        [anchor, tag].into_iter().flatten().min().unwrap_or(self.span.start).min(self.span.start)
    }

    /// Whether the node has no content of its own.
    pub(crate) fn is_empty(&self) -> bool {
        self.span.is_empty()
    }

    /// Whether the node is written with brackets.
    pub(crate) fn is_flow_collection(&self) -> bool {
        matches!(
            self.kind,
            NodeKind::Sequence { flow: true, .. } | NodeKind::Mapping { layout: Layout::Flow, .. }
        )
    }

    /// Whether the node is a block sequence or mapping.
    pub(crate) fn is_block_collection(&self) -> bool {
        matches!(
            self.kind,
            NodeKind::Sequence { flow: false, .. } | NodeKind::Mapping { layout: Layout::Block, .. }
        )
    }

    /// The scalar's style, if it is one.
    pub(crate) fn style(&self) -> Option<ScalarStyle> {
        match self.kind {
            NodeKind::Scalar { style, .. } => Some(style),
            _ => None,
        }
    }

    /// Whether the node is a block scalar.
    pub(crate) fn is_block_scalar(&self) -> bool {
        matches!(self.style(), Some(ScalarStyle::Literal | ScalarStyle::Folded))
    }
}

impl<'t> SpanTree<'t> {
    /// A scalar's value.
    pub(crate) fn scalar(&self, id: NodeIndex) -> Option<&str> {
        match &self.nodes[id].kind {
            NodeKind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The children of a collection (values, not keys).
    pub(crate) fn children(&self, id: NodeIndex) -> Vec<NodeIndex> {
        match &self.nodes[id].kind {
            NodeKind::Sequence { items, .. } => items.iter().map(|item| item.node).collect(),
            NodeKind::Mapping { entries, .. } => entries.iter().map(|entry| entry.value).collect(),
            _ => Vec::new(),
        }
    }

    /// Where the i-th entry of a collection begins and ends (without its comma).
    pub(crate) fn entry_span(&self, id: NodeIndex, index: usize) -> Range<usize> {
        match &self.nodes[id].kind {
            NodeKind::Sequence { items, .. } => {
                items[index].start..self.end(items[index].node, items[index].start + 1)
            }
            NodeKind::Mapping { entries, .. } => {
                let entry = &entries[index];
                let least = entry.colon.map_or(self.nodes[entry.key].span.end, |colon| colon + 1);
                entry.start..self.end(entry.value, least)
            }
            _ => self.nodes[id].span.clone(),
        }
    }

    /// The comma after the i-th entry of a flow collection.
    pub(crate) fn comma(&self, id: NodeIndex, index: usize) -> Option<usize> {
        match &self.nodes[id].kind {
            NodeKind::Sequence { items, .. } => items[index].comma,
            NodeKind::Mapping { entries, .. } => entries[index].comma,
            _ => None,
        }
    }

    fn end(&self, id: NodeIndex, least: usize) -> usize {
        let node = &self.nodes[id];
        if node.is_empty() && node.anchor.is_none() && node.tag.is_none() { least } else { node.span.end }
    }

    /// The comments that begin in a range.
    pub(crate) fn comments_in(&self, range: Range<usize>) -> &[Range<usize>] {
        let first = self.comments.partition_point(|comment| comment.start < range.start);
        let last = self.comments.partition_point(|comment| comment.start < range.end);
        &self.comments[first..last.max(first)]
    }

    /// The source of a node's content.
    pub(crate) fn source(&self, id: NodeIndex) -> &'t str {
        &self.text[self.nodes[id].span.clone()]
    }

    /// The node that carries an anchor.
    pub(crate) fn anchored(&self, anchor: usize) -> Option<NodeIndex> {
        self.anchors.get(&anchor).copied()
    }

    /// A key as pointers name it: the scalar's text, or the source of a collection.
    pub(crate) fn key_text(&self, id: NodeIndex) -> &str {
        self.scalar(id).unwrap_or_else(|| self.source(id))
    }

    /// Whether a key is the merge key `<<`.
    pub(crate) fn is_merge_key(&self, id: NodeIndex) -> bool {
        let node = &self.nodes[id];
        matches!(&node.kind, NodeKind::Scalar { value, style: ScalarStyle::Plain } if value == "<<")
    }
}
