//! A command that is wrong: what, where, and what was probably meant.

use crate::domain::refusal::Refusal;
use crate::domain::text::visible;

/// What is wrong with a comment that was meant for writ. All text is safe to show: control and bidirectional
/// characters are written as escapes, and no value is longer than a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong and what to do; its place is a position in the comment.
    pub refusal: Refusal,
    /// The line with a second one below that points at the place; for a preformatted block, has no back ticks.
    pub excerpt: String,
    /// "Did you mean": the word, or the whole corrected line, if there is a likely one.
    pub suggestion: Option<String>,
}

impl Mistake {
    /// The same mistake, with what was probably meant.
    pub(super) fn suggesting(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }
}

/// How much of a line is shown around the place, in characters.
const SHOWN: usize = 80;

/// A line in three parts, and below it carets under the middle one.
pub(super) fn excerpt(before: &str, marked: &str, after: &str) -> String {
    let before = last_characters(&visible(before), SHOWN);
    let marked = first_characters(&visible(marked), SHOWN);
    let after = first_characters(&visible(after), SHOWN);
    let carets = marked.chars().count().max(1);
    format!("{before}{marked}{after}\n{}{}", " ".repeat(before.chars().count()), "^".repeat(carets))
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

fn first_characters(text: &str, count: usize) -> String {
    match text.char_indices().nth(count) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn last_characters(text: &str, count: usize) -> String {
    let length = text.chars().count();
    match text.char_indices().nth(length.saturating_sub(count)) {
        Some((start, _)) if start > 0 => format!("…{}", &text[start..]),
        _ => text.to_owned(),
    }
}
