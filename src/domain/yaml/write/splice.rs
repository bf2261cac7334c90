//! Splices: byte ranges of a text with what replaces them.

use std::borrow::Cow;
use std::ops::Range;

use super::super::read::lines::{first_break, is_break};

/// A byte range of the text before, and what is in its place afterwards.
pub(crate) type Splice = (Range<usize>, String);

/// Puts splices in order and into the text; `None` if two of them overlap.
pub(crate) fn apply(text: &str, splices: &mut [Splice]) -> Option<String> {
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

/// The text with a line break at its end.
pub(crate) fn with_final_break(text: &str) -> Cow<'_, str> {
    match text.as_bytes().last() {
        Some(&last) if !is_break(last) => Cow::Owned(format!("{text}{}", first_break(text))),
        _ => Cow::Borrowed(text),
    }
}

/// Turns splices of [`with_final_break`] into splices of the text itself.
///
/// What was inserted after the added break goes before it: in `"a: 1"`, `"b: 2\n"` after the break becomes `"\nb: 2"`
/// at the end of the text.
pub(crate) fn without_final_break(splices: &mut [Splice], whole: &str, text: &str) {
    let line_break = &whole[text.len()..];
    if line_break.is_empty() {
        return;
    }
    for (range, new) in splices.iter_mut().filter(|(range, _)| range.end > text.len()) {
        if range.start > text.len() {
            let body = new.strip_suffix(line_break).unwrap_or(new);
            *new = format!("{line_break}{body}");
            *range = text.len()..text.len();
            continue;
        }
        range.end = text.len();
        if let Some(body) = new.strip_suffix(line_break) {
            *new = body.to_owned();
        } else if text[..range.start].ends_with(['\n', '\r']) {
            range.start -= if text[..range.start].ends_with("\r\n") { 2 } else { 1 };
        }
    }
}
