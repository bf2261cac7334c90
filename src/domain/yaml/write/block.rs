//! Removals and insertions in block sequences and mappings.

use std::ops::Range;

use super::super::edit_tree::new_node::{NewNode, NewText};
use super::super::edit_tree::node::{EditEntry, EditNode};
use super::super::read::lines::{
    begins_line, break_at, column, line_end, line_start, next_line, skip_blanks_back,
};
use super::super::read::span_tree::{NodeIndex, NodeKind};
use super::plan::{Site, SiteKind, SplicePlan};

/// Removes and inserts entries of a block collection of which at least one entry stays.
pub(super) fn write_entries(
    plan: &mut SplicePlan<'_, '_>,
    node: NodeIndex,
    entries: &[&EditEntry],
    site: Site,
) {
    let kept: Vec<usize> = entries.iter().filter_map(|entry| entry.origin).collect();
    let first = plan.tree.entry_span(node, 0);
    let mut block = BlockEntries {
        indent: column(plan.text, first.start),
        first_owns_line: begins_line(plan.text, first.start),
        first,
        start: None,
        plan,
        node,
        site,
    };
    let removed = block.remove_first(kept[0]);
    for index in (removed..block.plan.tree.children(node).len()).filter(|at| kept.binary_search(at).is_err())
    {
        block.remove(index);
    }
    let mut last_kept: Option<usize> = None;
    for entry in entries {
        match &entry.node {
            EditNode::New(value) => block.insert(last_kept, entry.key.as_ref(), value),
            _ => last_kept = entry.origin.or(last_kept),
        }
    }
}

/// The entries of one block collection.
struct BlockEntries<'p, 'a, 't> {
    plan: &'p mut SplicePlan<'a, 't>,
    node: NodeIndex,
    site: Site,
    /// The first entry of the text.
    first: Range<usize>,
    /// Whether nothing but spaces is before the first entry on its line; before items in items it is a dash.
    first_owns_line: bool,
    /// The column of the entries.
    indent: usize,
    /// The line at which new first entries go, where the first entry was removed and its line is kept.
    start: Option<usize>,
}

impl BlockEntries<'_, '_, '_> {
    /// Removes the entries before the first one that is kept, if they begin on the line of the parent's dash: what is
    /// kept takes their place. Gives how many were removed.
    ///
    /// ```yaml
    /// - a: 1
    ///   b: 2
    /// ```
    ///
    /// ```yaml
    /// - b: 2
    /// ```
    ///
    /// If comments between them must stay, only the first is removed and its line is kept:
    ///
    /// ```yaml
    /// - a: 1
    ///   # about b
    ///   b: 2
    /// ```
    ///
    /// ```yaml
    /// -
    ///   # about b
    ///   b: 2
    /// ```
    fn remove_first(&mut self, first_kept: usize) -> usize {
        if first_kept == 0 || self.first_owns_line {
            return 0;
        }
        let next = self.plan.tree.entry_span(self.node, first_kept).start;
        if !self.has_comments_before(first_kept) {
            self.plan.remove(self.first.start..next);
            return first_kept;
        }
        let from = skip_blanks_back(self.plan.text, self.first.start);
        let to = line_end(self.plan.text, self.first.end);
        self.plan.remove(from..to);
        self.start = Some(line_start(self.plan.text, next));
        1
    }

    /// Whether there are comments between the lines of the entries up to the one with the index `until`.
    fn has_comments_before(&self, until: usize) -> bool {
        (0..until).any(|index| {
            let end = line_end(self.plan.text, self.plan.tree.entry_span(self.node, index).end);
            let next = self.plan.tree.entry_span(self.node, index + 1).start;
            !self.plan.tree.comments_in(end..next).is_empty()
        })
    }

    /// Removes the lines of an entry, with the comment on its last line. Comments above it stay.
    ///
    /// ```yaml
    /// a: 1
    /// b: 2   # two
    /// c: 3
    /// ```
    ///
    /// ```yaml
    /// a: 1
    /// c: 3
    /// ```
    fn remove(&mut self, index: usize) {
        let span = self.plan.tree.entry_span(self.node, index);
        let start = line_start(self.plan.text, span.start);
        let start = if self.plan.text[start..].starts_with('\u{feff}') { start + 3 } else { start };
        let end = next_line(self.plan.text, span.end);
        self.plan.remove(start..end);
    }

    /// Inserts an entry, or an item if it has no key, on lines of its own after the entry `neighbour`; before all
    /// others if there is none.
    ///
    /// ```yaml
    /// - name: A
    /// - name: C
    /// ```
    ///
    /// ```yaml
    /// - name: A
    /// - name: B
    /// - name: C
    /// ```
    fn insert(&mut self, neighbour: Option<usize>, key: Option<&NewText>, value: &NewNode) {
        let (at, line_break) = match neighbour {
            Some(index) => {
                let end = line_end(self.plan.text, self.plan.tree.entry_span(self.node, index).end);
                (next_line(self.plan.text, end), break_at(self.plan.text, end))
            }
            None => (self.front(), break_at(self.plan.text, line_end(self.plan.text, self.first.start))),
        };
        let writer = self.plan.writer_with(line_break);
        let mut text = String::new();
        match key {
            Some(key) => writer.entry(&mut text, key, value, self.indent),
            None => writer.item(&mut text, value, self.indent, self.item_gap(neighbour)),
        }
        let indentation = " ".repeat(self.indent);
        let text = if neighbour.is_none() && self.start.is_none() && !self.first_owns_line {
            format!("{text}{line_break}{indentation}")
        } else {
            format!("{indentation}{text}{line_break}")
        };
        self.plan.insert(at, text);
    }

    /// Where a new first entry goes.
    fn front(&self) -> usize {
        match (self.start, self.site.kind) {
            (Some(start), _) => start,
            _ if !self.first_owns_line => self.first.start,
            (None, SiteKind::Root) => line_start(self.plan.text, self.first.start),
            (None, _) => next_line(self.plan.text, self.plan.content_start(self.node, self.site)),
        }
    }

    /// How many columns after its dash the content of the neighbour begins.
    fn item_gap(&self, neighbour: Option<usize>) -> usize {
        let NodeKind::Sequence { items, .. } = &self.plan.tree.nodes[self.node].kind else { return 2 };
        let item = &items[neighbour.unwrap_or(0)];
        let content = &self.plan.tree.nodes[item.node];
        let is_on_line = line_end(self.plan.text, item.start) > content.outer_start();
        if is_on_line && content.is_block_collection() { content.outer_start() - item.start } else { 2 }
    }
}
