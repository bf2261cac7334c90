//! The digest of a pull request's text: all of a body but what is inside of its two fenced blocks.
//!
//! A record holds the digest, so that any change of the text is found, and in which section. It is taken over lines:
//! how a line ends, and empty lines before the first and behind the last, are no part of it.

use serde::{Deserialize, Serialize};

use crate::domain::digest::sha256_hex;

/// The longest name of a section, in characters: longer headings are cut in names, not in digests.
const LONGEST_NAME: usize = 80;

/// The digest of a text, whole and section by section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDigest {
    /// SHA-256 of the whole text, lower-case hex.
    pub sha256: String,
    /// Its sections, in their order.
    pub sections: Vec<SectionDigest>,
}

/// The digest of one section: from a heading `##` or a `<details>` to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionDigest {
    /// Its heading; empty for what is before the first one.
    pub name: String,
    /// SHA-256 of its lines, the heading included, lower-case hex.
    pub sha256: String,
}

impl TextDigest {
    /// The digest of the visible part of a body.
    #[must_use]
    pub fn of(visible: &str) -> Self {
        let mut lines: Vec<&str> = visible.lines().map(|line| line.trim_end_matches('\r')).collect();
        let filled = |line: &&str| !line.trim().is_empty();
        let end = lines.iter().rposition(filled).map_or(0, |last| last + 1);
        let begin = lines.iter().position(filled).unwrap_or(0);
        lines = lines[begin.min(end)..end].to_vec();
        let mut sections: Vec<(String, Vec<&str>)> = Vec::new();
        for line in &lines {
            match (heading(line), sections.last_mut()) {
                (None, Some((_, section))) => section.push(line),
                (name, _) => sections.push((name.unwrap_or_default(), vec![line])),
            }
        }
        let section = |(name, lines): (String, Vec<&str>)| SectionDigest { name, sha256: digest(&lines) };
        Self { sha256: digest(&lines), sections: sections.into_iter().map(section).collect() }
    }

    /// Where the visible part of a body is not the text of this digest: sentences whose subject is "the body". Empty
    /// exactly when it is.
    #[must_use]
    pub fn differences(&self, visible: &str) -> Vec<String> {
        let found = Self::of(visible);
        if found == *self {
            return Vec::new();
        }
        let mut others: Vec<&SectionDigest> = found.sections.iter().collect();
        let mut differences = Vec::new();
        for wanted in &self.sections {
            match others.iter().position(|other| other.name == wanted.name) {
                None => differences.push(format!("lacks {}", wanted.place())),
                Some(at) if others.remove(at).sha256 != wanted.sha256 => {
                    differences.push(format!("was changed in {}", wanted.place()));
                }
                Some(_) => {}
            }
        }
        let added = others.into_iter().map(|other| format!("has {} that was added", other.place()));
        differences.extend(added);
        if differences.is_empty() {
            differences.push("has its sections in another order".to_owned());
        }
        differences
    }
}

impl SectionDigest {
    fn place(&self) -> String {
        match self.name.as_str() {
            "" => "the part before the first heading".to_owned(),
            name => format!("the section `{name}`"),
        }
    }
}

/// The name of the section that begins with this line; `None` where none does.
fn heading(line: &str) -> Option<String> {
    let name = match line.strip_prefix("## ") {
        Some(name) => name,
        None => {
            let summary = line.strip_prefix("<details>")?;
            summary.trim().trim_start_matches("<summary>").trim_end_matches("</summary>")
        }
    };
    Some(name.trim().replace('`', "'").chars().take(LONGEST_NAME).collect())
}

fn digest(lines: &[&str]) -> String {
    sha256_hex(lines.join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "before\n\n## One\n\nfirst\n\n## Two\n\nsecond\n\n<details><summary>Proof</summary>\n\n</details>\n";

    #[test]
    fn how_lines_end_is_no_difference() {
        let digest = TextDigest::of(TEXT);
        let names: Vec<&str> = digest.sections.iter().map(|section| section.name.as_str()).collect();
        assert_eq!(names, ["", "One", "Two", "Proof"]);
        for same in [TEXT.replace('\n', "\r\n"), format!("\n{TEXT}\n\n"), TEXT.trim_end().to_owned()] {
            assert_eq!(digest.differences(&same), Vec::<String>::new(), "{same:?}");
        }
    }

    #[test]
    fn every_difference_names_its_section() {
        let cases = [
            ("first", "First", "was changed in the section `One`"),
            ("before", "after", "was changed in the part before the first heading"),
            ("## Two\n\nsecond\n\n", "", "lacks the section `Two`"),
            ("## Two", "## Zwei\n\n## Two", "has the section `Zwei` that was added"),
            ("first\n\n", "first\n", "was changed in the section `One`"),
            ("</details>", "</details> ", "was changed in the section `Proof`"),
        ];
        for (from, to, wanted) in cases {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT);
            let found = TextDigest::of(TEXT).differences(&text);
            assert!(found.iter().any(|difference| difference == wanted), "{from:?}: {found:?}");
        }
        let swapped = "before\n\n## Two\n\nsecond\n\n## One\n\nfirst\n\n<details><summary>Proof</summary>\n\n</details>\n";
        assert_eq!(TextDigest::of(TEXT).differences(swapped), ["has its sections in another order"]);
        assert_eq!(TextDigest::of("").sections, []);
    }
}
