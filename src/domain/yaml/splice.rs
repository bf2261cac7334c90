//! From a draft to splices: the smallest byte ranges to exchange, in the layout of what stands there.
//!
//! Positions are those of the text with a line break at its end (added where there is none, and taken off again
//! by the caller), so that the last line is a line like all others.

use std::ops::Range;

use super::draft::{Slot, Work};
use super::fresh::{Fresh, Text};
use super::lines::{
    begins_line, break_at, column, line_end, line_start, next_line, skip_blanks, skip_blanks_back,
};
use super::refusal::{Reason, Refusal};
use super::style::Habits;
use super::tree::{DocumentSpan, Kind, Layout, NodeId, Tree};
use super::write::{Context, Writer};

/// A byte range and what stands there afterwards.
pub(super) type Splice = (Range<usize>, String);

/// Where a node hangs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    /// Behind `:`, `-`, `---`, or the key where there is no colon.
    pub after: usize,
    /// The column of the entry or dash; `None` for the root.
    pub column: Option<usize>,
    pub kind: SeatKind,
    /// Whether it is between brackets.
    pub flow: bool,
}

/// What a node hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeatKind {
    Root,
    Item,
    Value,
    /// The value of a key without a colon.
    KeyOnly,
}

/// Collects the splices of one document.
pub(super) struct Planner<'a, 't> {
    pub tree: &'a Tree<'t>,
    /// The text with a line break at its end.
    pub text: &'a str,
    pub habits: Habits<'t>,
    pub explicit: bool,
    pub splices: Vec<Splice>,
    /// Whether the node that is exchanged keeps its tag: it loses its entries, not its kind.
    pub keeps_tag: bool,
}

impl<'a, 't> Planner<'a, 't> {
    /// The splices that make `root` of a document.
    pub fn plan(
        tree: &'a Tree<'t>,
        text: &'a str,
        document: &DocumentSpan,
        root: &Work,
    ) -> Result<Vec<Splice>, Refusal> {
        let habits = Habits::of(tree, document);
        let mut planner =
            Self { tree, text, habits, explicit: document.explicit, splices: Vec::new(), keeps_tag: false };
        planner.node(root, Seat { after: document.from, column: None, kind: SeatKind::Root, flow: false })?;
        Ok(planner.splices)
    }

    pub(super) fn node(&mut self, work: &Work, seat: Seat) -> Result<(), Refusal> {
        match work {
            Work::Kept(_) | Work::New(_) | Work::Gone => Ok(()),
            _ if work.is_kept() => Ok(()),
            Work::Swapped { node, fresh } => self.swap(*node, fresh, seat),
            Work::Edited { node, slots, .. } => {
                let slots: Vec<&Slot> =
                    slots.iter().filter(|slot| !matches!(slot.work, Work::Gone)).collect();
                let flow = !self.tree.nodes[*node].is_block_collection();
                if !slots.iter().any(|slot| slot.origin.is_some()) {
                    return self.emptied(*node, &slots, seat, flow);
                }
                for slot in slots.iter().filter(|slot| !slot.work.is_kept()) {
                    if let Some(origin) = slot.origin {
                        let seat = self.seat(*node, origin, flow);
                        self.node(&slot.work, seat)?;
                    }
                }
                if flow { self.flow_entries(*node, &slots) } else { self.block_entries(*node, &slots, seat) }
            }
        }
    }

    /// A collection of which no entry is left.
    fn emptied(&mut self, node: NodeId, slots: &[&Slot], seat: Seat, flow: bool) -> Result<(), Refusal> {
        let inside = self.tree.nodes[node].span.clone();
        if flow && !self.tree.comments_in(inside).is_empty() {
            if slots.is_empty() {
                return self.flow_entries(node, slots);
            }
            return Err(self.refuse(node, "the comments between the brackets would be lost"));
        }
        let fresh = match self.tree.nodes[node].kind {
            Kind::Mapping { .. } => Fresh::Map(
                slots.iter().filter_map(|slot| Some((slot.key.clone()?, fresh_of(slot)))).collect(),
            ),
            _ => Fresh::List(slots.iter().map(|slot| fresh_of(slot)).collect()),
        };
        self.keeps_tag = true;
        let done = self.swap(node, &fresh, seat);
        self.keeps_tag = false;
        done
    }

    fn seat(&self, node: NodeId, index: usize, flow: bool) -> Seat {
        match &self.tree.nodes[node].kind {
            Kind::Mapping { entries, .. } => {
                let entry = &entries[index];
                let column = Some(column(self.text, entry.start));
                match entry.colon {
                    Some(colon) => Seat { after: colon + 1, column, kind: SeatKind::Value, flow },
                    None => Seat {
                        after: self.tree.nodes[entry.key].span.end,
                        column,
                        kind: SeatKind::KeyOnly,
                        flow,
                    },
                }
            }
            Kind::Sequence { items, .. } => {
                let start = items[index].start;
                let after = if flow { start } else { start + 1 };
                Seat { after, column: Some(column(self.text, start)), kind: SeatKind::Item, flow }
            }
            // OK because only collections have slots.
            _ => Seat { after: self.tree.nodes[node].span.start, column: None, kind: SeatKind::Root, flow },
        }
    }

    /// Removals and insertions in a block sequence or mapping of which something stays.
    fn block_entries(&mut self, node: NodeId, slots: &[&Slot], seat: Seat) -> Result<(), Refusal> {
        let count = self.tree.children(node).len();
        let kept: Vec<usize> = slots.iter().filter_map(|slot| slot.origin).collect();
        let first = self.tree.entry_span(node, 0);
        let indent = column(self.text, first.start);
        let mut skip = 0;
        let mut before_first = None;
        if kept[0] > 0 && !begins_line(self.text, first.start) {
            let next = self.tree.entry_span(node, kept[0]).start;
            if self.stray_comments(node, kept[0]) {
                let from = skip_blanks_back(self.text, first.start);
                self.splices.push((from..line_end(self.text, first.end), String::new()));
                skip = 1;
                before_first = Some(line_start(self.text, next));
            } else {
                self.splices.push((first.start..next, String::new()));
                skip = kept[0];
            }
        }
        for index in (skip..count).filter(|index| kept.binary_search(index).is_err()) {
            let span = self.tree.entry_span(node, index);
            let start = line_start(self.text, span.start);
            let start = if self.text[start..].starts_with('\u{feff}') { start + 3 } else { start };
            self.splices.push((start..next_line(self.text, span.end), String::new()));
        }
        let mut last_kept: Option<usize> = None;
        for slot in slots {
            let Work::New(fresh) = &slot.work else {
                last_kept = slot.origin.or(last_kept);
                continue;
            };
            let (at, entry_break) = match last_kept {
                Some(index) => {
                    let end = line_end(self.text, self.tree.entry_span(node, index).end);
                    (next_line(self.text, end), break_at(self.text, end))
                }
                None => {
                    let own_line = begins_line(self.text, first.start);
                    let at = before_first.unwrap_or(match seat.kind {
                        _ if !own_line => first.start,
                        SeatKind::Root => line_start(self.text, first.start),
                        _ => next_line(self.text, self.lead_end(node, seat)),
                    });
                    (at, break_at(self.text, line_end(self.text, first.start)))
                }
            };
            let writer = self.writer(entry_break);
            let mut text = String::new();
            match &slot.key {
                Some(key) => writer.entry(&mut text, key, fresh, indent),
                None => writer.item(&mut text, fresh, indent, self.item_gap(node, last_kept)),
            }
            let pad = " ".repeat(indent);
            let text =
                if last_kept.is_none() && before_first.is_none() && !begins_line(self.text, first.start) {
                    format!("{text}{entry_break}{pad}")
                } else {
                    format!("{pad}{text}{entry_break}")
                };
            self.splices.push((at..at, text));
        }
        Ok(())
    }

    /// Whether comments that belong to no removed entry stand before the entry `next`.
    fn stray_comments(&self, node: NodeId, next: usize) -> bool {
        (0..next).any(|index| {
            let end = line_end(self.text, self.tree.entry_span(node, index).end);
            let until = self.tree.entry_span(node, index + 1).start;
            !self.tree.comments_in(end..until).is_empty()
        })
    }

    /// How far behind its dash the content of the neighbour stands.
    fn item_gap(&self, node: NodeId, neighbour: Option<usize>) -> usize {
        let Kind::Sequence { items, .. } = &self.tree.nodes[node].kind else { return 2 };
        let item = &items[neighbour.unwrap_or(0)];
        let content = &self.tree.nodes[item.node];
        let same_line = line_end(self.text, item.start) > content.outer_start();
        if same_line && content.is_block_collection() { content.outer_start() - item.start } else { 2 }
    }

    /// Removals and insertions between brackets.
    fn flow_entries(&mut self, node: NodeId, slots: &[&Slot]) -> Result<(), Refusal> {
        let count = self.tree.children(node).len();
        let kept: Vec<usize> = slots.iter().filter_map(|slot| slot.origin).collect();
        let changed = kept.len() != count || slots.len() != count;
        if changed && matches!(self.tree.nodes[node].kind, Kind::Mapping { layout: Layout::Pair, .. }) {
            return Err(self.refuse(node, "a pair without braces has exactly one entry"));
        }
        let mut end = count;
        if let Some(&last) = kept.last()
            && last + 1 < count
            && self.tree.comma(node, count - 1).is_none()
        {
            let from = self.tree.entry_span(node, last).end;
            let to = self.tree.entry_span(node, count - 1).end;
            if self.tree.comments_in(from..to).is_empty() {
                self.splices.push((from..to, String::new()));
                end = last + 1;
            } else if let Some(comma) = self.tree.comma(node, last) {
                self.splices.push((comma..comma + 1, String::new()));
            }
        }
        for index in (0..end).filter(|index| kept.binary_search(index).is_err()) {
            let range = self.flow_removal(node, index);
            self.splices.push((range, String::new()));
        }
        let mut last_kept: Option<usize> = None;
        for slot in slots {
            let Work::New(fresh) = &slot.work else {
                last_kept = slot.origin.or(last_kept);
                continue;
            };
            let writer = self.writer(self.habits.line_break);
            let text = match &slot.key {
                Some(key) => writer.pair(key, fresh),
                None => writer.inline(fresh, Context::Flow, None),
            };
            match last_kept {
                Some(index) => {
                    let at = self.tree.entry_span(node, index).end;
                    self.splices.push((at..at, format!(", {text}")));
                }
                None => {
                    let at = self.tree.entry_span(node, kept[0]).start;
                    self.splices.push((at..at, format!("{text}, ")));
                }
            }
        }
        Ok(())
    }

    fn flow_removal(&self, node: NodeId, index: usize) -> Range<usize> {
        let span = self.tree.entry_span(node, index);
        let end = self.tree.comma(node, index).map_or(span.end, |comma| comma + 1);
        let rest = skip_blanks(self.text, end);
        let ends_line = rest == self.text.len() || self.text[rest..].starts_with(['\n', '\r', '#']);
        if begins_line(self.text, span.start) && ends_line {
            return line_start(self.text, span.start)..next_line(self.text, end);
        }
        if ends_line { skip_blanks_back(self.text, span.start)..end } else { span.start..rest }
    }

    /// Where the content may begin: behind the indicator, the anchor, and the tag that stays.
    pub(super) fn lead_end(&self, node: NodeId, seat: Seat) -> usize {
        let node = &self.tree.nodes[node];
        let tag = node.tag.as_ref().filter(|_| self.keeps_tag).map(|tag| tag.span.end);
        let anchor = node.anchor.as_ref().map(|anchor| anchor.span.end);
        seat.after.max(anchor.unwrap_or_default()).max(tag.unwrap_or_default())
    }

    pub(super) fn writer(&self, line_break: &str) -> Writer<'a, 't> {
        let tree_break = match line_break {
            "\r\n" => "\r\n",
            "\r" => "\r",
            _ => "\n",
        };
        Writer { tree: self.tree, habits: self.habits.clone(), line_break: tree_break }
    }

    pub(super) fn refuse(&self, node: NodeId, message: &str) -> Refusal {
        Refusal::at(self.tree.text, self.tree.nodes[node].span.start, Reason::Unwritable, message)
    }
}

fn fresh_of(slot: &Slot) -> Fresh {
    match &slot.work {
        Work::New(fresh) => fresh.clone(),
        // OK because this is asked only where no slot has an origin.
        _ => Fresh::Text(Text::from(String::new())),
    }
}

/// Puts splices in order and into the text.
///
/// # Errors
/// `None` when two of them overlap.
pub(super) fn splice(text: &str, splices: &mut [Splice]) -> Option<String> {
    // Stable: at the same place, what was planned first (the inner) comes first, insertions before removals.
    splices.sort_by_key(|(range, _)| (range.start, !range.is_empty()));
    let mut out = String::with_capacity(text.len() + 256);
    let mut at = 0;
    for (range, new) in splices.iter() {
        out.push_str(text.get(at..range.start)?);
        out.push_str(new);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}
