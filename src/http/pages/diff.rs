//! A unified diff as lines that a page can colour.

use serde::Serialize;

/// One line of a diff.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct DiffLine<'a> {
    /// What the line is: `add`, `del`, `hunk` or `same`; also its CSS class.
    pub tone: &'static str,
    /// The sign in front: `+`, `-`, a space, or nothing before a hunk's head.
    pub sign: &'static str,
    /// The rest of the line.
    pub text: &'a str,
}

/// The lines of one file's diff, without the two that name the file: a page has said that above.
pub(super) fn lines(diff: &str) -> Vec<DiffLine<'_>> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in diff.lines() {
        inside |= line.starts_with("@@");
        if !inside {
            continue;
        }
        let signed = |tone, sign: &'static str| DiffLine { tone, sign, text: line.get(1..).unwrap_or("") };
        found.push(match line.as_bytes().first() {
            Some(b'+') => signed("add", "+"),
            Some(b'-') => signed("del", "-"),
            Some(b'@') => DiffLine { tone: "hunk", sign: "", text: line },
            Some(b'\\') => DiffLine { tone: "hunk", sign: "", text: line },
            _ => signed("same", " "),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_line_that_looks_like_a_head_is_a_removed_line() {
        let diff =
            "--- a/x.yaml\n+++ b/x.yaml\n@@ -1,2 +1,2 @@\n a: 1\n--- \n+b: é\n\\ No newline at end of file\n";
        let tones: Vec<_> = lines(diff).iter().map(|line| (line.tone, line.text)).collect();
        assert_eq!(
            tones,
            [
                ("hunk", "@@ -1,2 +1,2 @@"),
                ("same", "a: 1"),
                ("del", "-- "),
                ("add", "b: é"),
                ("hunk", "\\ No newline at end of file"),
            ]
        );
    }
}
