//! A line of a comment, and its words.

use super::mistake::{Mistake, excerpt};
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal, TextPosition};
use crate::domain::text::{LONGEST, LineProblem, check_line, quoted};

/// A line that may be a command, without the white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Its number in the comment, from 1.
    pub number: usize,
    /// How many characters of white space are before its text.
    pub indent: usize,
    /// The text, without white space at its ends.
    pub text: &'a str,
}

/// A word of a line: `pause-trading`, or `reason="…"` with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The byte of the line at which it begins.
    pub start: usize,
    /// The byte behind its last one.
    pub end: usize,
    /// The part before `=`; `None` for a word that is no argument.
    pub key: Option<String>,
    /// The value, quotes and escapes resolved.
    pub value: String,
}

impl Line<'_> {
    /// Its words, the verb first.
    pub(super) fn words(&self) -> Result<Vec<Word>, Mistake> {
        let mut words = Vec::new();
        let mut at = 0;
        while let Some(start) = self.next_word(at) {
            let word = self.word(start)?;
            at = word.end;
            words.push(word);
        }
        Ok(words)
    }

    fn next_word(&self, from: usize) -> Option<usize> {
        let rest = self.text.get(from..)?;
        rest.find(|character: char| !character.is_whitespace()).map(|offset| from + offset)
    }

    fn word(&self, start: usize) -> Result<Word, Mistake> {
        let rest = &self.text[start..];
        let bare = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let key_length = rest[..bare].find('=').filter(|length| is_key(&rest[..*length]));
        let value_start = start + key_length.map_or(0, |length| length + 1);
        let (value, end) = match self.text[value_start..].chars().next() {
            Some(quote @ ('"' | '“' | '”' | '„')) => self.quoted(value_start, quote)?,
            _ => (self.text[value_start..start + bare].to_owned(), start + bare),
        };
        let word = Word { start, end, key: key_length.map(|length| rest[..length].to_owned()), value };
        self.check(&word, value_start)?;
        Ok(word)
    }

    /// A value in quotes: `\"` and `\\` are escapes; phones write curly quotes, which count as straight ones.
    fn quoted(&self, start: usize, quote: char) -> Result<(String, usize), Mistake> {
        let mut value = String::new();
        let mut escaped = false;
        for (offset, character) in self.text[start..].char_indices().skip(1) {
            let closes =
                if quote == '"' { character == '"' } else { matches!(character, '"' | '“' | '”') };
            match character {
                '"' | '\\' if escaped => {
                    value.push(character);
                    escaped = false;
                }
                '\\' => escaped = true,
                _ if closes => {
                    let end = start + offset + character.len_utf8();
                    return self.closed(start, end).map(|()| (value, end));
                }
                _ => {
                    if std::mem::take(&mut escaped) {
                        value.push('\\');
                    }
                    value.push(character);
                }
            }
        }
        let refusal = Refusal::new(
            reason::UNCLOSED_QUOTE,
            "this quote is never closed on its line",
            "close it with a `\"`; a command and all of its values must be on one line",
        );
        Err(self.mistake(start, self.text.len(), refusal))
    }

    fn closed(&self, start: usize, end: usize) -> Result<(), Mistake> {
        match self.text[end..].chars().next() {
            Some(next) if !next.is_whitespace() => {
                let refusal = Refusal::new(
                    reason::TEXT_AFTER_QUOTE,
                    "the quoted value ends here, but text follows without a space",
                    "put a space after the closing quote, or escape a quote inside the value as `\\\"`",
                );
                Err(self.mistake(start, end, refusal))
            }
            _ => Ok(()),
        }
    }

    fn check(&self, word: &Word, value_start: usize) -> Result<(), Mistake> {
        let Err(problem) = check_line(&word.value) else { return Ok(()) };
        let (message, remedy) = match problem {
            LineProblem::Forbidden { character, .. } => (
                format!(
                    "the value contains the character U+{:04X}, which is invisible or reorders text",
                    u32::from(character)
                ),
                "retype the value by hand, as one line of plain text".to_owned(),
            ),
            LineProblem::TooLong(length) => (
                format!("the value {} has {length} characters", quoted(&word.value, 60)),
                format!("say it in at most {LONGEST} characters and link to the rest"),
            ),
        };
        Err(self.mistake(value_start, word.end, Refusal::new(problem.code(), message, remedy)))
    }

    /// The mistake at a range of bytes of this line.
    pub(super) fn mistake(&self, start: usize, end: usize, refusal: Refusal) -> Mistake {
        let before = self.text.get(..start).unwrap_or(self.text);
        let marked = self.text.get(start..end).unwrap_or("");
        let column = Some(self.indent + before.chars().count() + 1);
        let place = Place::Position(TextPosition { line: self.number, column });
        Mistake {
            refusal: refusal.at(place),
            excerpt: excerpt(before, marked, self.text.get(end..).unwrap_or("")),
            suggestion: None,
        }
    }
}

fn is_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
