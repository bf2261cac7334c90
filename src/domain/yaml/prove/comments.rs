//! Comments are kept: the result has each comment of the text before, in its new place, and no other one.

use std::ops::Range;

use super::super::edit_tree::node::{EditEntry, EditNode};
use super::super::read::lines::{line_end, skip_blanks};
use super::super::read::span_tree::SpanTree;
use super::super::write::splice::Splice;

/// Compares the comments of the result with those of the text before. Only those in the ranges `removable` may be gone.
///
/// The splices are in order and do not overlap.
///
/// # Errors
/// A message that names the comment.
pub(super) fn compare(
    before: &SpanTree<'_>,
    after: &SpanTree<'_>,
    splices: &[Splice],
    removable: Vec<Range<usize>>,
) -> Result<(), String> {
    let removable = joined(removable);
    let text = |comment: &Range<usize>| before.text[comment.clone()].chars().take(60).collect::<String>();
    let mut found = after.comments.iter();
    let mut splices = splices.iter().peekable();
    // How many bytes were added and removed before the comment.
    let (mut added, mut removed) = (0, 0);
    for comment in &before.comments {
        let ends_before = |(range, _): &&Splice| range.end <= comment.start;
        while let Some((range, new)) = splices.next_if(ends_before) {
            added += new.len();
            removed += range.len();
        }
        if let Some((range, _)) = splices.peek().filter(|(range, _)| range.start < comment.end) {
            if range.start > comment.start {
                return Err(format!("the comment `{}` would change", text(comment)));
            }
            let at = removable.partition_point(|span| span.end <= comment.start);
            if removable.get(at).is_none_or(|span| span.start > comment.start) {
                return Err(format!("the comment `{}` would be lost", text(comment)));
            }
            continue;
        }
        let place = comment.start + added - removed..comment.end + added - removed;
        if found.next() != Some(&place) {
            return Err(format!("the comment `{}` would no longer be a comment", text(comment)));
        }
    }
    match found.next() {
        Some(comment) => Err(format!("`{}` would become a comment", &after.text[comment.clone()])),
        None => Ok(()),
    }
}

/// The ranges of a document whose comments may go: what was removed or replaced, and what follows it on its last line.
pub(super) fn removable(tree: &SpanTree<'_>, root: &EditNode) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    collect_removable(tree, root, &mut ranges);
    ranges
}

fn collect_removable(tree: &SpanTree<'_>, node: &EditNode, ranges: &mut Vec<Range<usize>>) {
    match node {
        EditNode::Replaced { source, .. } => {
            let source = &tree.nodes[*source];
            ranges.push(source.outer_start()..source.span.end);
        }
        EditNode::Edited { source, entries, .. } => {
            let alive = |entry: &&EditEntry| !entry.is_removed();
            let kept: Vec<usize> = entries.iter().filter(alive).filter_map(|entry| entry.origin).collect();
            for index in (0..tree.children(*source).len()).filter(|index| kept.binary_search(index).is_err())
            {
                let span = tree.entry_span(*source, index);
                let end = tree.comma(*source, index).map_or(span.end, |comma| comma + 1);
                let rest = skip_blanks(tree.text, end);
                let has_comment = tree.text[rest..].starts_with('#');
                ranges.push(span.start..if has_comment { line_end(tree.text, rest) } else { end });
            }
            entries.iter().for_each(|entry| collect_removable(tree, &entry.node, ranges));
        }
        EditNode::Kept(_) | EditNode::New(_) | EditNode::Removed => {}
    }
}

/// The same bytes as ranges that neither touch nor overlap, in order.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => out.push(range),
        }
    }
    out
}
