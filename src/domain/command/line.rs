//! A line of a comment, and its words.

use super::mistake::{Mistake, Problem, is_forbidden, quoted};

/// The longest value that a person may give, in characters.
pub(super) const LONGEST_VALUE: usize = 500;

/// A line that may be a command, without the white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// From 1.
    pub number: usize,
    /// How many characters of white space stood before it.
    pub indent: usize,
    /// The text.
    pub text: &'a str,
}

/// A word of a line: `pause-trading`, or `reason="…"` with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Bytes of the whole word in the line.
    pub start: usize,
    /// Its end.
    pub end: usize,
    /// What stands before `=`.
    pub key: Option<String>,
    /// The value, quotes and escapes resolved.
    pub value: String,
}

impl Line<'_> {
    /// Its words, the verb first.
    pub fn words(&self) -> Result<Vec<Word>, Mistake> {
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
        Err(Problem::new(
            "unclosed_quote",
            "this quote is never closed on its line".to_owned(),
            "close it with a `\"`; a command and all of its values must be on one line",
        )
        .at(self, start, self.text.len()))
    }

    fn closed(&self, start: usize, end: usize) -> Result<(), Mistake> {
        match self.text[end..].chars().next() {
            Some(next) if !next.is_whitespace() => Err(Problem::new(
                "text_after_quote",
                "the quoted value ends here, but text follows without a space".to_owned(),
                "put a space after the closing quote, or escape a quote inside the value as `\\\"`",
            )
            .at(self, start, end)),
            _ => Ok(()),
        }
    }

    fn check(&self, word: &Word, value_start: usize) -> Result<(), Mistake> {
        if let Some(bad) = word.value.chars().find(|character| is_forbidden(*character)) {
            return Err(Problem::new(
                "forbidden_character",
                format!(
                    "the value contains the character U+{:04X}, which is invisible or reorders text",
                    u32::from(bad)
                ),
                "retype the value by hand, as one line of plain text",
            )
            .at(self, value_start, word.end));
        }
        let length = word.value.chars().count();
        if length > LONGEST_VALUE {
            return Err(Problem::new(
                "value_too_long",
                format!("the value {} has {length} characters", quoted(&word.value)),
                format!("shorten it to {LONGEST_VALUE} characters and link to the rest"),
            )
            .at(self, value_start, word.end));
        }
        Ok(())
    }
}

fn is_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
