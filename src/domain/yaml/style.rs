//! The habits of a file: its quotes, its indentation, its line ends. New text follows them.

use super::lines::{column, first_break};
use super::tree::{DocumentSpan, Kind, Layout, NodeId, Style, Tree};

/// How new text is to look.
#[derive(Debug, Clone)]
pub(super) struct Habits<'t> {
    /// Whether quotes are double where quotes are needed.
    pub double: bool,
    /// Columns from a key to the keys of its mapping.
    pub step: usize,
    /// Columns from a key to the dashes of its sequence.
    pub dash: usize,
    /// The line break of the file's first line.
    pub line_break: &'t str,
    /// Whether the document is JSON, and must stay so.
    pub json: bool,
    /// Whether the text has a final line break; without it, a block scalar at its end loses its own.
    pub ended: bool,
}

impl<'t> Habits<'t> {
    /// What is most usual in a document.
    pub fn of(tree: &Tree<'t>, document: &DocumentSpan) -> Self {
        let (mut doubles, mut singles) = (0usize, 0usize);
        for node in &tree.nodes {
            match node.style() {
                Some(Style::Double) => doubles += 1,
                Some(Style::Single) => singles += 1,
                _ => {}
            }
        }
        let mut counts = Counts::default();
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

#[derive(Default)]
struct Counts {
    /// How often mappings are indented by so many columns.
    steps: [usize; 9],
    dashes: [usize; 9],
}

impl Counts {
    fn read(&mut self, tree: &Tree<'_>, id: NodeId) {
        match &tree.nodes[id].kind {
            Kind::Mapping { layout: Layout::Block, entries } => {
                for entry in entries {
                    let value = &tree.nodes[entry.value];
                    if value.is_block_collection() {
                        let by = column(tree.text, value.span.start)
                            .saturating_sub(column(tree.text, entry.start));
                        let counts = match value.kind {
                            Kind::Sequence { .. } => &mut self.dashes,
                            _ => &mut self.steps,
                        };
                        if let Some(count) = counts.get_mut(by) {
                            *count += 1;
                        }
                    }
                    self.read(tree, entry.value);
                }
            }
            Kind::Sequence { flow: false, items } => items.iter().for_each(|item| self.read(tree, item.node)),
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
fn is_json(tree: &Tree<'_>, root: NodeId) -> bool {
    fn fits(tree: &Tree<'_>, id: NodeId) -> bool {
        let node = &tree.nodes[id];
        let bare = node.anchor.is_none() && node.tag.is_none();
        bare && match &node.kind {
            Kind::Scalar { style: Style::Double, .. } => true,
            Kind::Scalar { value, style: Style::Plain } => {
                serde_json::from_str::<serde_json::Value>(value).is_ok()
            }
            Kind::Sequence { flow: true, items } => items.iter().all(|item| fits(tree, item.node)),
            Kind::Mapping { layout: Layout::Flow, entries } => entries.iter().all(|entry| {
                tree.nodes[entry.key].style() == Some(Style::Double)
                    && entry.colon.is_some()
                    && fits(tree, entry.value)
            }),
            _ => false,
        }
    }
    tree.nodes[root].is_flow_collection() && fits(tree, root)
}
