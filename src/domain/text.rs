//! Text from people and manifests: what is accepted, how it is quoted.
//!
//! Also the rules that every part shares: which name was probably meant, how an error is shown with its causes.

use std::error::Error;

use super::reason::{self, Code};

/// The longest reason or argument, in characters.
pub const LONGEST: usize = 500;

/// What is wrong with a value that must be one line of plain text. `Display` is read behind the value's name: "is 501
/// characters long, 500 are allowed".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// A character that breaks the line, hides, or reorders what is beside it.
    #[error(
        "has the character U+{:04X} at position {position}, which is not allowed in a line of plain text",
        u32::from(*character)
    )]
    Forbidden {
        /// The character.
        character: char,
        /// Its position in characters, from 1.
        position: usize,
    },
    /// It has this many characters.
    #[error("is {0} characters long, {LONGEST} are allowed")]
    TooLong(usize),
}

impl LineProblem {
    /// The reason code, which is the same wherever the value comes from.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Forbidden { .. } => reason::FORBIDDEN_CHARACTER,
            Self::TooLong(_) => reason::VALUE_TOO_LONG,
        }
    }
}

/// Checks a value from a person: one line, at most 500 characters, nothing invisible or reordering.
///
/// # Errors
/// What is wrong with it.
pub fn check_line(value: &str) -> Result<(), LineProblem> {
    if let Some((index, character)) = value.chars().enumerate().find(|(_, found)| is_forbidden(*found)) {
        return Err(LineProblem::Forbidden { character, position: index + 1 });
    }
    match value.chars().count() {
        length if length > LONGEST => Err(LineProblem::TooLong(length)),
        _ => Ok(()),
    }
}

/// Control characters, and those that hide or reorder what is beside them.
#[must_use]
pub fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Foreign text as a code span for sentences in plans: it cannot break out, hide or reorder; shortened to `limit`
/// characters.
#[must_use]
pub fn quoted(text: &str, limit: usize) -> String {
    let text = text.trim();
    let start: String = text.chars().take(limit).collect();
    let more = if text.chars().nth(limit).is_some() { "…" } else { "" };
    format!("`{}{more}`", visible(&start))
}

/// Foreign text on one line inside code: backticks as apostrophes, line breaks and tabs as spaces, and everything else
/// that hides or reorders text as an escape.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '`' => out.push('\''),
            '\n' | '\r' | '\t' => out.push(' '),
            character if is_forbidden(character) => out.extend(character.escape_unicode()),
            character => out.push(character),
        }
    }
    out
}

/// Foreign text on one line of a terminal: everything that breaks the line, moves the cursor, hides or reorders text is
/// written as an escape.
#[must_use]
pub fn for_terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            character if is_forbidden(character) => out.extend(character.escape_default()),
            character => out.push(character),
        }
    }
    out
}

/// Lines for a terminal: as [`for_terminal`], but for the breaks between them.
#[must_use]
pub fn lines_for_terminal(text: &str) -> String {
    text.split('\n').map(for_terminal).collect::<Vec<_>>().join("\n")
}

/// A reason as a commit message has it: a forge does not take `fixes #12` or `@name` in it for orders.
#[must_use]
pub fn inert(reason: &str) -> String {
    reason
        .replace('#', "# ")
        .replace('@', "@ ")
        .replace("://", ": //")
        .replace("GH-", "GH -")
        .replace("gh-", "gh -")
}

/// The name that was probably meant: the nearest one of which at most a third is typed wrongly; upper case is no error.
#[must_use]
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    // A value may have 500 characters; no name has more than 60.
    let typed: String = typed.chars().take(60).collect::<String>().to_lowercase();
    names
        .map(|name| (strsim::damerau_levenshtein(&typed, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.chars().count() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name.to_owned())
}

/// An error with its sources, outermost first, on one line: "reading `x`: no such file".
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plain_line_is_let_in() {
        assert_eq!(check_line("broker outage, see INC-12 «ü»"), Ok(()));
        assert_eq!(check_line(&"ü".repeat(LONGEST)), Ok(()));
        for bad in ["a\nb", "a\u{202e}b", "a\u{7}b", "a\u{200b}", &"a".repeat(LONGEST + 1)] {
            assert!(check_line(bad).is_err(), "{bad:?}");
        }
        for hidden in ["\u{206a}", "\u{206f}", "\u{fff9}", "\u{fffb}", "\u{feff}", "\u{e0041}"] {
            assert_eq!(check_line(hidden).unwrap_err().code(), "forbidden_character", "{hidden:?}");
        }
        assert!(check_line("ab\u{202e}").unwrap_err().to_string().contains("U+202E at position 3"));
    }

    #[test]
    fn quoted_text_cannot_break_out() {
        assert_eq!(quoted("a`b\nc", 80), "`a'b c`");
        assert_eq!(quoted("abcdef", 3), "`abc…`");
        assert_eq!(quoted("a\u{202e}", 80), "`a\\u{202e}`");
    }

    #[test]
    fn a_reason_closes_no_issue() {
        assert_eq!(inert("fixes #12, thanks @ops"), "fixes # 12, thanks @ ops");
        assert_eq!(inert("closes https://x/issues/1"), "closes https: //x/issues/1");
    }

    #[test]
    fn a_name_is_guessed_when_most_of_it_is_right() {
        let names = || ["pause-trading", "resume-trading", "plan", "ta"].into_iter();
        let guessed = |typed: &str| nearest(typed, names());
        assert_eq!(guessed("pause-tradign").as_deref(), Some("pause-trading"));
        assert_eq!(guessed("PLAN").as_deref(), Some("plan"));
        assert_eq!(guessed("plna").as_deref(), Some("plan"));
        assert_eq!(guessed("pn"), None);
        assert_eq!(guessed("tb"), None);
        assert_eq!(guessed(&"x".repeat(500)), None);
    }

    #[test]
    fn an_error_is_shown_with_its_sources() {
        #[derive(Debug, thiserror::Error)]
        #[error("reading `x`")]
        struct ReadingFailed(#[source] std::fmt::Error);
        assert_eq!(error_chain(&ReadingFailed(std::fmt::Error)), format!("reading `x`: {}", std::fmt::Error));
    }
}
