//! The lines of a folded block scalar (`>`) that read as a given text.

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// One line per paragraph; `None` if the text cannot be folded.
///
/// Between two lines of which neither begins with a blank, a line break of the text becomes one more empty line; next
/// to a line that begins with a blank, line breaks are kept (YAML 1.2.2 §8.1.3).
///
/// `"one\ntwo\n"`:
///
/// ```yaml
/// >
///   one
///
///   two
/// ```
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

/// The lines that [`encode`] gave, broken where the lines `before` were broken between the same words.
pub(super) fn keep_breaks(before: &[&str], lines: Vec<String>) -> Vec<String> {
    let is_plain = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t']);
    let paragraphs: Vec<&[&str]> =
        before.split(|line| !is_plain(line)).filter(|paragraph| !paragraph.is_empty()).collect();
    let same_count = lines.iter().filter(|line| is_plain(line)).count() == paragraphs.len();
    let mut number = 0;
    let mut folded = Vec::with_capacity(lines.len());
    for line in lines {
        if !is_plain(&line) {
            folded.push(line);
            continue;
        }
        let paragraph = if same_count { paragraphs.get(number).copied() } else { None };
        let unchanged = || paragraphs.iter().copied().find(|paragraph| paragraph.join(" ") == line);
        number += 1;
        match paragraph.or_else(unchanged) {
            Some(paragraph) => folded.append(&mut fold(paragraph, &line)),
            None => folded.push(line),
        }
    }
    folded
}

/// A paragraph broken where it was before; new words between two lines get a line of their own.
///
/// `run --a 1 --b 3` over the first text gives the second:
///
/// ```yaml
/// >-
///   run
///   --a 1
///   --b 2
/// ```
///
/// ```yaml
/// >-
///   run
///   --a 1
///   --b 3
/// ```
fn fold(before: &[&str], line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let mut old = Vec::new();
    let mut begins = Vec::new();
    for (number, line) in before.iter().enumerate() {
        for (place, word) in line.split(' ').enumerate() {
            old.push(word);
            begins.push(number > 0 && place == 0);
        }
    }
    if old.len().max(words.len()) > MAX_WORDS {
        return vec![line.to_owned()];
    }
    // After the last word a line begins if the paragraph has several.
    begins.push(before.len() > 1);
    let mut lines = Lines { done: Vec::new(), last: "" };
    let mut pending = false;
    for part in capture_diff_slices(Algorithm::Myers, &old, &words) {
        let (tag, from, to) = part.as_tag_tuple();
        let aligned = tag == DiffTag::Equal || from.len() == to.len();
        for (place, word) in words[to.clone()].iter().enumerate() {
            let breaks = if aligned || place == 0 { begins[from.start + place] } else { false };
            lines.push(word, breaks || pending);
            pending = false;
        }
        if !aligned && tag != DiffTag::Insert {
            pending = begins[from].iter().skip(usize::from(!to.is_empty())).any(|&begins| begins);
        }
    }
    lines.done
}

/// Paragraphs with more words are not compared: the time grows with the square of the changes.
const MAX_WORDS: usize = 2000;

/// The lines of a paragraph while its words come in.
struct Lines<'w> {
    done: Vec<String>,
    last: &'w str,
}

impl<'w> Lines<'w> {
    /// Adds a word, on a new line if it may begin one: blanks at either side of a break would not be read back.
    fn push(&mut self, word: &'w str, breaks: bool) {
        let blank = |word: &str, edge: Option<char>| word.is_empty() || edge == Some('\t');
        let may = !blank(self.last, self.last.chars().next_back()) && !blank(word, word.chars().next());
        match self.done.last_mut() {
            Some(line) if !(breaks && may) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => self.done.push(word.to_owned()),
        }
        self.last = word;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_on_their_lines() {
        let before = ["run", "--a 1", "--b 2", "--json"];
        for (line, expected) in [
            ("run --a 1 --b 2 --json", &["run", "--a 1", "--b 2", "--json"][..]),
            ("run --a 1 --json", &["run", "--a 1", "--json"]),
            ("run --a 1 --b 3 --json", &["run", "--a 1", "--b 3", "--json"]),
            ("run --a 1 --n 9 --b 2 --json", &["run", "--a 1", "--n 9", "--b 2", "--json"]),
            ("run --a 1 --b 2 --json -v", &["run", "--a 1", "--b 2", "--json", "-v"]),
            ("run --a 1  --b 2 --json", &["run", "--a 1  --b 2", "--json"]),
            ("other", &["other"]),
        ] {
            assert_eq!(keep_breaks(&before, vec![line.to_owned()]), expected, "{line}");
        }
        let two = ["a", "b", "", "c", "d"];
        let lines = |text: &str| encode(text).unwrap();
        assert_eq!(keep_breaks(&two, lines("a b\nc x")), ["a", "b", "", "c", "x"]);
        assert_eq!(keep_breaks(&two, lines("new\na b\nc d")), ["new", "", "a", "b", "", "c", "d"]);
    }

    #[test]
    fn paragraphs_are_parted_and_indented_lines_are_not() {
        assert_eq!(encode("a\nb\n").unwrap(), ["a", "", "b"]);
        assert_eq!(encode("{\n  \"a\": 1\n}\n").unwrap(), ["{", "  \"a\": 1", "}"]);
        assert_eq!(encode("a\n\nb").unwrap(), ["a", "", "", "b"]);
        assert_eq!(encode("\na"), None);
    }
}
