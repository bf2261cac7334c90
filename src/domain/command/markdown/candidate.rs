//! Lines that begin with a slash: plain ones, and those that only look the same.

use std::ops::Range;

use crate::domain::command::line::Line;

/// What a comment has of lines that begin with a slash, each list in order.
#[derive(Debug, Default)]
pub(in crate::domain::command) struct Lines<'a> {
    /// Plain lines.
    pub plain: Vec<Line<'a>>,
    /// Lines that look the same to a reader and are none.
    pub untaken: Vec<Untaken<'a>>,
    /// How much was done for it: events and bytes visited.
    pub work: usize,
}

/// A visible line of a paragraph or list item that begins with a slash but is not plain.
#[derive(Debug)]
pub(in crate::domain::command) struct Untaken<'a> {
    /// The whole line.
    pub line: Line<'a>,
    /// The bytes of the line from its first visible character to the end of the first word.
    pub place: Range<usize>,
    /// The first word as it is shown, without the slash.
    pub word: String,
    /// Why it is no command.
    pub why: Why,
}

/// Why a line is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain::command) enum Why {
    /// It is in a list.
    InList,
    /// It begins with emphasis, a link, an escape or an entity.
    Styled,
    /// It is in an HTML block.
    InHtml,
    /// It follows HTML that is not closed, or not understood: the line of the tag.
    AfterHtml { line: usize },
    /// A part of it is in an HTML comment.
    PartlyHidden,
    /// A row of dashes and bars beside it may make a table of it.
    InTable,
}

/// The longest first word that is kept; no verb comes near.
const LONGEST_WORD: usize = 40;

/// A visible line that begins with a slash.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Where its first visible character is in the comment.
    pub first: usize,
    /// Its number, from 1.
    pub number: usize,
    /// Why it is no command; `None` for a plain line.
    pub why: Option<Why>,
    /// The first word as it is shown.
    shown: String,
}

impl Candidate {
    pub(super) fn new(first: usize, number: usize, why: Option<Why>) -> Self {
        Self { first, number, why, shown: String::new() }
    }

    /// The same with a first word.
    pub(super) fn shown(mut self, text: &str) -> Self {
        self.extend(text);
        self
    }

    /// The first word as it is shown, without the slash.
    pub(super) fn word(&self) -> &str {
        self.shown.get(1..).unwrap_or("")
    }

    /// Whether the first word is shown as it was typed.
    pub(super) fn is_shown_as(&self, typed: &str) -> bool {
        if self.shown.len() < LONGEST_WORD { self.shown == typed } else { typed.starts_with(&self.shown) }
    }

    /// Adds to the first word.
    pub(super) fn extend(&mut self, text: &str) {
        let room = LONGEST_WORD.saturating_sub(self.shown.len());
        self.shown.extend(text.chars().take(room));
    }
}
