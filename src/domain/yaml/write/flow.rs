//! Removals and insertions between brackets.

use std::ops::Range;

use super::super::edit_tree::node::{EditEntry, EditNode};
use super::super::read::lines::{begins_line, line_start, next_line, skip_blanks, skip_blanks_back};
use super::super::read::span_tree::{Layout, NodeIndex, NodeKind};
use super::super::refusal::YamlRefusal;
use super::plan::SplicePlan;
use super::text::ScalarContext;

/// Removes and inserts entries of a flow collection, or empties it.
pub(super) fn write_entries(
    plan: &mut SplicePlan<'_, '_>,
    node: NodeIndex,
    entries: &[&EditEntry],
) -> Result<(), YamlRefusal> {
    let count = plan.tree.children(node).len();
    let kept: Vec<usize> = entries.iter().filter_map(|entry| entry.origin).collect();
    let changed = kept.len() != count || entries.len() != count;
    if changed && matches!(plan.tree.nodes[node].kind, NodeKind::Mapping { layout: Layout::Pair, .. }) {
        return Err(plan.refuse(node, "a pair without braces has exactly one entry"));
    }
    let end = remove_last(plan, node, &kept);
    for index in (0..end).filter(|index| kept.binary_search(index).is_err()) {
        let range = removal(plan, node, index);
        plan.remove(range);
    }
    insert_new(plan, node, entries, &kept);
    Ok(())
}

/// Removes the last entries together with the comma before them. Gives the index from which all are dealt with.
///
/// ```yaml
/// [a, b, c]
/// ```
///
/// ```yaml
/// [a]
/// ```
///
/// If there are comments between them, only the comma is removed here, and the entries one by one.
fn remove_last(plan: &mut SplicePlan<'_, '_>, node: NodeIndex, kept: &[usize]) -> usize {
    let count = plan.tree.children(node).len();
    let Some(&last) = kept.last() else { return count };
    if last + 1 == count || plan.tree.comma(node, count - 1).is_some() {
        return count;
    }
    let from = plan.tree.entry_span(node, last).end;
    let to = plan.tree.entry_span(node, count - 1).end;
    if plan.tree.comments_in(from..to).is_empty() {
        plan.remove(from..to);
        return last + 1;
    }
    if let Some(comma) = plan.tree.comma(node, last) {
        plan.remove(comma..comma + 1);
    }
    count
}

/// The bytes to remove for one entry: its line if it has one of its own, otherwise also the blanks on one side.
///
/// ```yaml
/// {a: 1, b: 2, c: 3}
/// ```
///
/// ```yaml
/// {a: 1, c: 3}
/// ```
fn removal(plan: &SplicePlan<'_, '_>, node: NodeIndex, index: usize) -> Range<usize> {
    let span = plan.tree.entry_span(node, index);
    let end = plan.tree.comma(node, index).map_or(span.end, |comma| comma + 1);
    let rest = skip_blanks(plan.text, end);
    let ends_line = rest == plan.text.len() || plan.text[rest..].starts_with(['\n', '\r', '#']);
    if begins_line(plan.text, span.start) && ends_line {
        return line_start(plan.text, span.start)..next_line(plan.text, end);
    }
    if ends_line { skip_blanks_back(plan.text, span.start)..end } else { span.start..rest }
}

/// Inserts the new entries, each after the last one before it that stays, or before the first one that stays.
///
/// ```yaml
/// [a, c]
/// ```
///
/// ```yaml
/// [a, b, c]
/// ```
fn insert_new(plan: &mut SplicePlan<'_, '_>, node: NodeIndex, entries: &[&EditEntry], kept: &[usize]) {
    let mut last_kept: Option<usize> = None;
    for entry in entries {
        let EditNode::New(value) = &entry.node else {
            last_kept = entry.origin.or(last_kept);
            continue;
        };
        let text = match &entry.key {
            Some(key) => plan.writer().pair(key, value),
            None => plan.writer().inline(value, ScalarContext::Flow, None),
        };
        match last_kept {
            Some(index) => {
                let at = plan.tree.entry_span(node, index).end;
                plan.insert(at, format!(", {text}"));
            }
            None => {
                let at = plan.tree.entry_span(node, kept[0]).start;
                plan.insert(at, format!("{text}, "));
            }
        }
    }
}
