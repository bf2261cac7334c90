//! The lines of a folded block scalar (`>`) that read as a given text.

/// One line per paragraph; `None` where the text cannot be folded.
///
/// Between two lines of which neither begins with a blank, a line break of the text is an empty line more; next to
/// a line that begins with a blank, line breaks stand for themselves (YAML 1.2.2 §8.1.3).
pub(super) fn encode(text: &str) -> Option<Vec<String>> {
    let body = text.trim_end_matches('\n');
    let trailing = text.len() - body.len();
    let mut lines: Vec<String> = Vec::new();
    let mut before: Option<&str> = None;
    let mut empty = 0;
    for line in body.split('\n') {
        if line.is_empty() {
            // A text that begins with an empty line is left to quotes.
            before?;
            empty += 1;
            continue;
        }
        if let Some(before) = before {
            let literal = before.starts_with([' ', '\t']) || line.starts_with([' ', '\t']);
            let blank_lines = if literal { empty } else { empty + 1 };
            lines.extend((0..blank_lines).map(|_| String::new()));
        }
        lines.push(line.to_owned());
        before = Some(line);
        empty = 0;
    }
    lines.extend((1..trailing).map(|_| String::new()));
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_parted_and_indented_lines_are_not() {
        assert_eq!(encode("a\nb\n").unwrap(), ["a", "", "b"]);
        assert_eq!(encode("{\n  \"a\": 1\n}\n").unwrap(), ["{", "  \"a\": 1", "}"]);
        assert_eq!(encode("a\n\nb").unwrap(), ["a", "", "", "b"]);
        assert_eq!(encode("\na"), None);
    }
}
