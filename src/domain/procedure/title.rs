//! The title of a pull request, which is also the subject of its commit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A title that the target repository accepts: `chore(torghut): pause trading`, at most 72 characters.
///
/// The rule, as the target's checks have it: a conventional type, optionally a scope, optionally `!`, then `: ` and
/// a subject that starts with a lower-case letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(String);

/// A title that the target repository would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a title like `chore(torghut): pause trading`, of at most 72 characters")]
pub struct TitleError(String);

const TYPES: [&str; 11] =
    ["build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test"];

impl Title {
    /// The title as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Title {
    type Error = TitleError;

    fn try_from(text: String) -> Result<Self, TitleError> {
        if is_title(&text) { Ok(Self(text)) } else { Err(TitleError(text)) }
    }
}

impl From<Title> for String {
    fn from(title: Title) -> Self {
        title.0
    }
}

impl fmt::Display for Title {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn is_title(text: &str) -> bool {
    let Some((head, subject)) = text.split_once(": ") else { return false };
    let head = head.strip_suffix('!').unwrap_or(head);
    let (kind, scope) = match head.split_once('(') {
        // A parenthesis that is not closed is no scope, which an empty one is not either.
        Some((kind, rest)) => (kind, Some(rest.strip_suffix(')').unwrap_or_default())),
        None => (head, None),
    };
    let is_scope = |scope: &str| {
        !scope.is_empty()
            && scope
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._/-".contains(&byte))
    };
    TYPES.contains(&kind)
        && scope.is_none_or(is_scope)
        && subject.starts_with(|first: char| first.is_ascii_lowercase())
        && subject.len() >= 2
        && text.chars().count() <= 72
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::is_title;

    #[test]
    fn the_targets_rule_decides() {
        for good in ["chore(torghut): pause trading", "fix!: ab", "revert(torghut-ws/x.y): undo it"] {
            assert!(is_title(good), "{good}");
        }
        let long = format!("chore: {}", "a".repeat(70));
        for bad in [
            "chore(torghut): Pause trading",
            "chore(torghut):pause",
            "chore(): pause",
            "chore(Torghut): pause",
            "pause trading",
            "chore(torghut: pause",
            "chore: a",
            "chore: a\nb",
            &long,
        ] {
            assert!(!is_title(bad), "{bad}");
        }
    }
}
