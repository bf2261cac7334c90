//! What the events of a text do not have: document markers, anchors' names, line ends, the frame of the stream.

use std::collections::BTreeSet;

use super::super::read::lines::{is_blank, is_marker, line_start};
use super::super::read::span_tree::SpanTree;
use super::super::write::splice::Splice;

/// Whether `---` and `...` are as many as before, anchors have the names of before, and no CR alone ends a line where
/// none did.
pub(super) fn keeps_markers(before: &SpanTree<'_>, after: &SpanTree<'_>) -> bool {
    let has_lone_cr = |text: &str| text.replace("\r\n", "").contains('\r');
    let markers = |text: &str| text.split(['\n', '\r']).filter(|line| is_marker(line)).count();
    let names = |tree: &SpanTree<'_>| -> BTreeSet<String> {
        let anchors = tree.nodes.iter().filter_map(|node| node.anchor.as_ref());
        anchors.map(|anchor| tree.text[anchor.span.clone()].to_owned()).collect()
    };
    (has_lone_cr(before.text) || !has_lone_cr(after.text))
        && markers(before.text) == markers(after.text)
        && names(after).is_subset(&names(before))
}

/// Whether the byte order mark and the final line break are as before. Both parsers skip a second mark.
pub(super) fn keeps_ends(before: &str, after: &str) -> bool {
    let ends_line = |text: &str| text.ends_with(['\n', '\r']);
    let marks = |text: &str| text.chars().take_while(|&character| character == '\u{feff}').count();
    marks(before) == marks(after) && (ends_line(before) == ends_line(after) || before.is_empty())
}

/// Whether there is a tab before new text that begins a line.
pub(super) fn indents_by_tab(after: &str, splices: &[Splice]) -> bool {
    let mut moved = 0isize;
    splices.iter().any(|(range, new)| {
        // OK because texts are at most 1 MiB long, and the sum is a place in the result.
        let at = range.start.saturating_add_signed(moved);
        moved += new.len() as isize - range.len() as isize;
        let before = after.get(line_start(after, at)..at).unwrap_or_default();
        !new.is_empty() && before.contains('\t') && before.bytes().all(is_blank)
    })
}
