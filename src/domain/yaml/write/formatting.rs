//! The formatting of a document: its quotes, its indentation, its line breaks. New text follows it.

use super::super::read::lines::{column, first_break};
use super::super::read::span_tree::{DocumentSpan, Layout, NodeIndex, NodeKind, ScalarStyle, SpanTree};

/// How new text is formatted.
#[derive(Debug, Clone)]
pub(crate) struct Formatting<'t> {
    /// Whether new quotes are double.
    pub double: bool,
    /// Columns from a key to the keys of its mapping.
    pub step: usize,
    /// Columns from a key to the dashes of its sequence.
    pub dash: usize,
    /// The line break of the file's first line.
    pub line_break: &'t str,
    /// Whether the document is JSON, and must stay so.
    pub json: bool,
    /// Whether the text has a final line break; without it, a block scalar at the end of the text loses its own.
    pub ended: bool,
}

impl<'t> Formatting<'t> {
    /// What is most frequent in a document.
    pub(super) fn of(tree: &SpanTree<'t>, document: &DocumentSpan) -> Self {
        let (mut doubles, mut singles) = (0usize, 0usize);
        for node in &tree.nodes {
            match node.style() {
                Some(ScalarStyle::Double) => doubles += 1,
                Some(ScalarStyle::Single) => singles += 1,
                _ => {}
            }
        }
        let mut counts = IndentCounts::default();
        counts.read(tree, document.root);
        Self {
            double: doubles >= singles,
            step: most(&counts.steps, 1).unwrap_or(2),
            dash: most(&counts.dashes, 0).unwrap_or(2),
            line_break: first_break(tree.text),
            json: is_json(tree, document.root),
            ended: tree.text.ends_with(['\n', '\r']),
        }
    }
}

/// How often a child is indented by so many columns.
#[derive(Default)]
struct IndentCounts {
    /// Mappings in mappings.
    steps: [usize; 9],
    /// Sequences in mappings.
    dashes: [usize; 9],
}

impl IndentCounts {
    fn read(&mut self, tree: &SpanTree<'_>, id: NodeIndex) {
        match &tree.nodes[id].kind {
            NodeKind::Mapping { layout: Layout::Block, entries } => {
                for entry in entries {
                    let value = &tree.nodes[entry.value];
                    if value.is_block_collection() {
                        let by = column(tree.text, value.span.start)
                            .saturating_sub(column(tree.text, entry.start));
                        let counts = match value.kind {
                            NodeKind::Sequence { .. } => &mut self.dashes,
                            _ => &mut self.steps,
                        };
                        if let Some(count) = counts.get_mut(by) {
                            *count += 1;
                        }
                    }
                    self.read(tree, entry.value);
                }
            }
            NodeKind::Sequence { flow: false, items } => {
                items.iter().for_each(|item| self.read(tree, item.node))
            }
            _ => {}
        }
    }
}

/// The index with the highest count, from `least`; the lower one of two equal ones.
fn most(counts: &[usize], least: usize) -> Option<usize> {
    let (index, count) = counts.iter().enumerate().skip(least).rev().max_by_key(|(_, count)| **count)?;
    (*count > 0).then_some(index)
}

/// Whether a document is written in brackets, and all its strings in double quotes.
fn is_json(tree: &SpanTree<'_>, root: NodeIndex) -> bool {
    fn fits(tree: &SpanTree<'_>, id: NodeIndex) -> bool {
        let node = &tree.nodes[id];
        let bare = node.anchor.is_none() && node.tag.is_none();
        bare && match &node.kind {
            NodeKind::Scalar { style: ScalarStyle::Double, .. } => true,
            NodeKind::Scalar { value, style: ScalarStyle::Plain } => {
                serde_json::from_str::<serde_json::Value>(value).is_ok()
            }
            NodeKind::Sequence { flow: true, items } => items.iter().all(|item| fits(tree, item.node)),
            NodeKind::Mapping { layout: Layout::Flow, entries } => entries.iter().all(|entry| {
                tree.nodes[entry.key].style() == Some(ScalarStyle::Double)
                    && entry.colon.is_some()
                    && fits(tree, entry.value)
            }),
            _ => false,
        }
    }
    tree.nodes[root].is_flow_collection() && fits(tree, root)
}
