//! What a pull request's body shows to people, against what its record says.
//!
//! A record has the digest of the text, so any change of it is found. Records of earlier versions have none: of theirs only
//! what a reader relies on is compared: the run, the digest, and each change's pointer, old and new value, which must
//! appear on one line, in this order. The rest of their text is not covered by anything.

use serde_json::Value;

use super::record::Record;
use super::text::TextDigest;

/// Longer values may be shortened for people; they are not compared.
const LONGEST_COMPARED: usize = 100;

/// The digest of the text that the record was written with; `None` in records of earlier versions.
#[must_use]
pub fn recorded_text(record: &Record) -> Option<TextDigest> {
    serde_json::from_value(record.body.get("text")?.clone()).ok()
}

/// What the record says, line by line, for people.
#[must_use]
pub fn facts(record: &Record) -> Vec<String> {
    let mut lines = Vec::new();
    for name in ["procedure", "variant", "risk", "reason", "base", "branch", "digest"] {
        if let Some(fact) = record.body.get(name) {
            lines.push(format!("{name}  {}", plain(fact)));
        }
    }
    if let Some(login) = record.body.pointer("/actor/login") {
        let id = record.body.pointer("/actor/id").map_or("?".to_owned(), plain);
        lines.push(format!("asked by  {} (account {id})", plain(login)));
    }
    if let Some(leaf) = record.body.pointer("/listed/leaf") {
        let number = |name: &str| record.body["listed"].get(name).map_or("?".to_owned(), plain);
        let counts = format!("{} changes in {} files", number("changes"), number("files"));
        lines.push(format!("listed  {counts}, in the record with the leaf {}", plain(leaf)));
    }
    for change in changes(record) {
        let text = |name: &str| change.get(name).map_or("?".to_owned(), plain);
        let value = |name: &str| change.get(name).map_or("absent".to_owned(), plain);
        lines.push(format!(
            "change  {} {}: {} -> {}",
            text("path"),
            text("pointer"),
            value("before"),
            value("after")
        ));
    }
    lines
}

/// Where the visible part of a body differs from the record: sentences whose subject is "the body".
#[must_use]
pub fn differences(visible: &str, record: &Record) -> Vec<String> {
    match recorded_text(record) {
        Some(text) => text.differences(visible),
        None => visible_differences(visible, record),
    }
}

fn visible_differences(visible: &str, record: &Record) -> Vec<String> {
    let mut differences = Vec::new();
    if let Some(run) = &record.run
        && !visible.contains(run.as_str())
    {
        differences.push(format!("does not show the record's run `{run}`"));
    }
    if let Some(digest) = record.body.get("digest").and_then(Value::as_str)
        && visible.contains("sha256:")
        && !visible.contains(digest)
    {
        differences.push(format!("shows a digest other than the record's `{digest}`"));
    }
    let shown = changes(record).count().saturating_sub(left_out(visible));
    for change in changes(record).take(shown) {
        let pointer = comparable(change.get("pointer"));
        let (before, after) = (comparable(change.get("before")), comparable(change.get("after")));
        let words = [pointer.as_str(), &before, &after];
        let is_shown =
            |line: &str| words.iter().try_fold(line, |rest, word| after_word(rest, word)).is_some();
        if !visible.lines().any(is_shown) {
            let pointer = change.get("pointer").map_or(String::new(), plain);
            let values = [("from", &before), ("to", &after)];
            let values: Vec<String> = values
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(word, value)| format!("{word} `{value}`"))
                .collect();
            differences.push(format!("does not show that {pointer} changes {}", values.join(" ")));
        }
    }
    differences
}

/// How many changes the body says it leaves out of its table: `… and 3 more; the diff has them all.`
fn left_out(visible: &str) -> usize {
    let number = |line: &str| line.strip_prefix("… and ")?.split_once(" more;")?.0.parse().ok();
    visible.lines().find_map(number).unwrap_or(0)
}

fn changes(record: &Record) -> impl Iterator<Item = &Value> {
    record.body.get("changes").and_then(Value::as_array).into_iter().flatten()
}

/// A value as it may appear in a table's cell; empty where it is absent, or too long or odd to appear whole.
fn comparable(value: Option<&Value>) -> String {
    let text = value.map_or(String::new(), plain);
    let odd = text.len() > LONGEST_COMPARED
        || text.contains(['`', '|', '\\'])
        || text.chars().any(char::is_control);
    if odd || value.is_some_and(|value| value.is_object() || value.is_array()) { String::new() } else { text }
}

/// What follows a word (not a part of a longer one) in a line; the whole line where the word is empty.
fn after_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    if word.is_empty() {
        return Some(line);
    }
    line.match_indices(word).find_map(|(at, _)| {
        let (front, rest) = (&line[..at], &line[at + word.len()..]);
        let joined = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        (!joined(front.chars().next_back()) && !joined(rest.chars().next())).then_some(rest)
    })
}

/// A string without quotes, any other value as JSON; control characters stay escaped.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.chars().any(char::is_control) => text.clone(),
        other => other.to_string(),
    }
}
