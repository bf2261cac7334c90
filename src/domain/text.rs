//! Text from people and manifests: what is let in, and how it is quoted in sentences.

/// The longest reason or argument, in characters.
pub const LONGEST: usize = 500;

/// Checks a value from a person: one line, at most 500 characters, nothing invisible or reordering.
///
/// # Errors
/// What is wrong with it, to be read behind its name: «is longer than 500 characters».
pub fn check_line(value: &str) -> Result<(), String> {
    let length = value.chars().count();
    if length > LONGEST {
        return Err(format!("has {length} characters; the limit is {LONGEST}"));
    }
    match value.chars().position(is_forbidden) {
        Some(at) => {
            let character = value.chars().nth(at).unwrap_or_default();
            Err(format!(
                "has the character U+{:04X} at position {}, which is not allowed in a line of plain text",
                u32::from(character),
                at + 1
            ))
        }
        None => Ok(()),
    }
}

/// Control characters, and those that hide or reorder what stands beside them.
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
    let mut out = String::from("`");
    for character in text.trim().chars().take(limit) {
        match character {
            '`' => out.push('\''),
            '\n' | '\r' | '\t' => out.push(' '),
            character if is_forbidden(character) => out.extend(character.escape_unicode()),
            character => out.push(character),
        }
    }
    if text.trim().chars().count() > limit {
        out.push('…');
    }
    out.push('`');
    out
}

/// A reason as it stands in a commit message: a forge does not take `fixes #12` or `@name` in it for orders.
#[must_use]
pub fn inert(reason: &str) -> String {
    reason
        .replace('#', "# ")
        .replace('@', "@ ")
        .replace("://", ": //")
        .replace("GH-", "GH -")
        .replace("gh-", "gh -")
}

/// The name that was probably meant, if one is near enough.
#[must_use]
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    // A value may have 500 characters; no name has more than 60.
    let typed: String = typed.chars().take(60).collect::<String>().to_lowercase();
    names
        .map(|name| (strsim::normalized_damerau_levenshtein(&typed, name), name))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name.to_owned())
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
        assert!(check_line("ab\u{202e}").unwrap_err().contains("U+202E at position 3"));
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
}
