//! A paragraph while it is read: which of its lines begin with a slash, and which of these are in a formula.

use super::candidate::{Candidate, Why};
use super::math::Dollars;

/// The paragraph, or the text of a list item.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    progress: Progress,
    /// The current line, if it begins with a slash.
    current: Option<Candidate>,
    /// Those before it.
    complete: Vec<Candidate>,
    dollars: Dollars,
}

/// How far the current line has been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Progress {
    /// Nothing visible yet.
    #[default]
    Blank,
    /// Inside its first word, which begins with a slash.
    Word,
    /// Behind it, or it begins with something else.
    Rest,
}

impl Paragraph {
    pub(super) fn is_line_blank(&self) -> bool {
        self.progress == Progress::Blank
    }

    /// The current line begins with a slash; its text is still to be added.
    pub(super) fn begin(&mut self, candidate: Candidate) {
        self.progress = Progress::Word;
        self.current = Some(candidate);
    }

    /// Visible text of the current line.
    pub(super) fn add_text(&mut self, text: &str) {
        if let (Progress::Word, Some(candidate)) = (self.progress, &mut self.current) {
            let end = text.find(char::is_whitespace);
            candidate.extend(&text[..end.unwrap_or(text.len())]);
            if end.is_none() {
                return;
            }
        }
        self.progress = Progress::Rest;
    }

    /// Something else that is visible: code, an image, what is struck out.
    pub(super) fn add_other(&mut self) {
        // No verb has a back tick.
        self.add_text("` ");
    }

    /// Something on the current line that is not visible.
    pub(super) fn add_hidden(&mut self) {
        if let Some(candidate) = &mut self.current {
            candidate.why.get_or_insert(Why::PartlyHidden);
        }
    }

    /// The dollar signs of a text that begins at `start` in the comment; see [`Dollars::add`].
    pub(super) fn add_dollars(&mut self, text: &str, start: usize, escaped: bool) {
        self.dollars.add(text, start, escaped);
    }

    /// None of its lines is a command.
    pub(super) fn distrust(&mut self, why: Why) {
        self.end_line();
        for candidate in &mut self.complete {
            candidate.why.get_or_insert(why);
        }
    }

    pub(super) fn end_line(&mut self) {
        self.progress = Progress::Blank;
        self.complete.extend(self.current.take());
    }

    /// The lines that begin with a slash, without those inside a formula.
    pub(super) fn candidates(mut self, body: &str) -> Vec<Candidate> {
        self.end_line();
        let formulas = self.dollars.formulas(body);
        let mut formulas = formulas.iter().peekable();
        self.complete.retain(|candidate| {
            while formulas.next_if(|formula| formula.end <= candidate.first).is_some() {}
            formulas.peek().is_none_or(|formula| candidate.first < formula.start)
        });
        self.complete
    }
}
