//! Comments stay: each one of the text before is one of the result, in its new place, and no other one is there.

use std::ops::Range;

use super::splice::Splice;
use super::tree::Tree;

/// Compares the comments of the result with those of the text before. Only those in `removable` may be gone.
///
/// The splices are in order and do not overlap.
pub(super) fn compare(
    before: &Tree<'_>,
    after: &Tree<'_>,
    splices: &[Splice],
    removable: Vec<Range<usize>>,
) -> Result<(), String> {
    let removable = joined(removable);
    let text = |comment: &Range<usize>| before.text[comment.clone()].chars().take(60).collect::<String>();
    let mut found = after.comments.iter();
    let mut splices = splices.iter().peekable();
    // How many bytes were put in and taken out before the comment.
    let (mut more, mut less) = (0, 0);
    for comment in &before.comments {
        let behind = |(range, _): &&Splice| range.end <= comment.start;
        while let Some((range, new)) = splices.next_if(behind) {
            more += new.len();
            less += range.len();
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
        let place = comment.start + more - less..comment.end + more - less;
        if found.next() != Some(&place) {
            return Err(format!("the comment `{}` would no longer be a comment", text(comment)));
        }
    }
    match found.next() {
        Some(comment) => Err(format!("`{}` would become a comment", &after.text[comment.clone()])),
        None => Ok(()),
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
