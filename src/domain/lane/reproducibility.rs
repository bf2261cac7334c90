//! What a pull request says about how it can be made again: a fenced block `reproducibility` in its body.
//!
//! ````text
//! ```reproducibility
//! run: run-17
//! config: services/torghut/config@4f2c1d9
//! model: claude-4.6@2026-07-01
//! prompt: none
//! ```
//! ````

use std::collections::BTreeMap;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use serde::{Deserialize, Serialize};

use crate::domain::text::check_line;

/// The info string of the block.
const BLOCK: &str = "reproducibility";
/// The most lines that are read.
const MOST_LINES: usize = 40;

/// The facts, by name; `none` is a value: no model was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reproducibility(BTreeMap<String, String>);

impl Reproducibility {
    /// Reads the first such block of a body. Lines that are no `name: value` with a plain value are skipped.
    #[must_use]
    pub fn of(body: &str) -> Self {
        let mut facts = BTreeMap::new();
        let mut inside = false;
        for event in Parser::new(body) {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => inside = info.trim() == BLOCK,
                Event::Text(text) if inside => {
                    for (name, value) in text.lines().take(MOST_LINES).filter_map(|line| line.split_once(':'))
                    {
                        let (name, value) = (name.trim(), value.trim());
                        if is_name(name) && !value.is_empty() && check_line(value).is_ok() {
                            facts.entry(name.to_owned()).or_insert_with(|| value.to_owned());
                        }
                    }
                }
                Event::End(_) if inside => break,
                _ => {}
            }
        }
        Self(facts)
    }

    /// One fact.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_tells_and_other_text_does_not() {
        let body = "## Summary\nconfig: no\n\n```yaml\nconfig: no\n```\n\n```reproducibility\nrun:  run-17 \nconfig: a:b@1\n\
                    model:\nprompt: x\u{202e}y\nodd\nconfig: second\n```\n\n```reproducibility\nmodel: m\n```\n";
        let facts = Reproducibility::of(body);
        assert_eq!(facts.get("run"), Some("run-17"));
        assert_eq!(facts.get("config"), Some("a:b@1"));
        assert_eq!((facts.get("model"), facts.get("prompt"), facts.get("odd")), (None, None, None));
        assert_eq!(Reproducibility::of(""), Reproducibility::default());
    }
}
