//! Regular expressions of targets as Go reads them: each compiled once, none too large, their number counted.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use crate::domain::budget::{Budget, Exceeded, PATTERN_SIZE, Resource};

/// The expressions of one build. What is no valid expression is remembered too.
#[derive(Default)]
pub(super) struct Patterns(HashMap<String, Option<Pattern>>);

/// An expression that a whole text must match.
#[derive(Clone)]
pub(super) enum Pattern {
    /// It has no special characters.
    Text(String),
    /// It has, and takes so many KiB.
    Regex(Regex, u64),
}

/// How large an expression may be, tried from the smallest: the smaller it is, the less a match can cost.
const SIZES: [usize; 4] = [4 << 10, 16 << 10, 64 << 10, PATTERN_SIZE];

impl Patterns {
    /// The pattern of a text; `None` where it is not understood.
    pub(super) fn pattern(&mut self, text: &str, budget: &Budget) -> Result<Option<Pattern>, Exceeded> {
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone());
        }
        let pattern = match is_plain(text) {
            true => Some(Pattern::Text(text.to_owned())),
            false => compile(text, budget)?,
        };
        self.0.insert(text.to_owned(), pattern.clone());
        Ok(pattern)
    }
}

/// Whether a text matches itself and nothing else.
fn is_plain(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '/'))
}

fn compile(text: &str, budget: &Budget) -> Result<Option<Pattern>, Exceeded> {
    budget.spend(Resource::Patterns, 1)?;
    let text = format!("^(?:{})$", as_in_go(text));
    for size in SIZES {
        match RegexBuilder::new(&text).size_limit(size).dfa_size_limit(4 * PATTERN_SIZE).build() {
            Ok(regex) => return Ok(Some(Pattern::Regex(regex, (size >> 10) as u64))),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(_) => return Ok(None),
        }
    }
    Err(budget.exceed(Exceeded { resource: Resource::PatternSize, limit: PATTERN_SIZE as u64 }))
}

/// In Go, `\d`, `\s` and `\w` know ASCII alone, which makes them small: `\w{1,63}` would take 2 MB.
fn as_in_go(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            written.push(character);
            continue;
        }
        match characters.next() {
            Some('d') => written.push_str("[0-9]"),
            Some('D') => written.push_str("[^0-9]"),
            Some('s') => written.push_str(r"[\t\n\f\r ]"),
            Some('S') => written.push_str(r"[^\t\n\f\r ]"),
            Some('w') => written.push_str("[0-9A-Za-z_]"),
            Some('W') => written.push_str("[^0-9A-Za-z_]"),
            Some(other) => written.extend(['\\', other]),
            None => written.push('\\'),
        }
    }
    written
}

impl Pattern {
    /// Whether it matches a whole text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Text(wanted) => wanted == text,
            Self::Regex(regex, _) => regex.is_match(text),
        }
    }

    /// How many operations it takes to match texts of so many bytes.
    pub(super) fn cost(&self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        match self {
            Self::Text(_) => bytes / 256,
            Self::Regex(_, size) => 1 + bytes.saturating_mul(*size) / 64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::budget::SIDE;

    fn matches(pattern: &str, text: &str) -> bool {
        let pattern = Patterns::default().pattern(pattern, &Budget::new(SIDE)).unwrap().unwrap();
        pattern.is_match(text)
    }

    #[test]
    fn classes_are_those_of_go() {
        for (pattern, text, expected) in [
            (r"\w{1,63}", "torghut_ws", true),
            (r"[\w-]+", "torghut-ws", true),
            (r"[^\d]+", "ws", true),
            (r"[^\d]+", "ws1", false),
            (r"\w+", "é", false),
            (r"\W", "é", true),
            (r"\\d", r"\d", true),
            (r"[\Dx]", "5", false),
            ("ws|ta", "ta", true),
            ("ws", "ws-2", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_is_compiled_once_and_names_not_at_all() {
        let (mut patterns, budget) = (Patterns::default(), Budget::new(SIDE));
        for pattern in ["torghut-ws", "a.*", "a.*", "("] {
            patterns.pattern(pattern, &budget).unwrap();
        }
        assert_eq!(budget.spent().patterns, 2);
        assert!(patterns.pattern("(", &budget).unwrap().is_none());
        let exceeded = patterns.pattern(r"\w{1000}{1000}", &budget).err().unwrap();
        assert_eq!(exceeded.resource, Resource::PatternSize);
    }
}
