//! A command that is wrong: what, where, and how to go on.

use super::line::Line;

/// What is wrong with a comment that was meant for writ. All text is safe to show: control and bidirectional
/// characters are written as escapes, and no value is longer than a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The reason code, such as `unknown_procedure`.
    pub code: &'static str,
    /// What is wrong, one sentence.
    pub message: String,
    /// The line of the comment, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line with a second one below that points at the place; for a preformatted block, has no back ticks.
    pub excerpt: String,
    /// What to do about it.
    pub remedy: String,
    /// «Did you mean»: the word, or the whole corrected line, if there is a likely one.
    pub suggestion: Option<String>,
}

/// What is wrong, without the place.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub code: &'static str,
    pub message: String,
    pub remedy: String,
    pub suggestion: Option<String>,
}

impl Problem {
    pub fn new(code: &'static str, message: String, remedy: impl Into<String>) -> Self {
        Self { code, message, remedy: remedy.into(), suggestion: None }
    }

    pub fn suggesting(mut self, suggestion: Option<String>) -> Self {
        self.suggestion = suggestion;
        self
    }

    /// The mistake at a range of bytes of a line.
    pub fn at(self, line: &Line<'_>, start: usize, end: usize) -> Mistake {
        let before = line.text.get(..start).unwrap_or(line.text);
        let marked = line.text.get(start..end).unwrap_or("");
        Mistake {
            code: self.code,
            message: self.message,
            line: line.number,
            column: line.indent + before.chars().count() + 1,
            excerpt: excerpt(before, marked, line.text.get(end..).unwrap_or("")),
            remedy: self.remedy,
            suggestion: self.suggestion,
        }
    }
}

/// How much of a line is shown around the place.
const SHOWN: usize = 80;

fn excerpt(before: &str, marked: &str, after: &str) -> String {
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

/// Text for a code span: control and bidirectional characters as escapes, back ticks as apostrophes, 60 characters.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", first_characters(&visible(text), 60))
}

fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '`' => out.push('\''),
            '\t' => out.push(' '),
            character if is_forbidden(character) => out.extend(character.escape_unicode()),
            character => out.push(character),
        }
    }
    out
}

/// Control characters, and those that reorder or hide text.
pub(super) fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}')
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
