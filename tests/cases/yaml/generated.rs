//! Property tests: documents in any mixture of styles, edited at random, are right or refused.

use proptest::prelude::*;
use serde_json::Value;

use super::properties;
use crate::support;

/// A node as it is written: in a block, or between brackets.
#[derive(Debug, Clone)]
enum Written {
    /// One line, or a block scalar whose lines are indented by what is above them.
    Scalar(&'static str),
    Sequence {
        flow: bool,
        items: Vec<Written>,
    },
    Mapping {
        flow: bool,
        entries: Vec<(usize, Written)>,
    },
}

/// Habits of a file.
#[derive(Debug, Clone)]
struct Manner {
    step: usize,
    dash: usize,
    comments: bool,
    line_break: &'static str,
    ended: bool,
    head: &'static str,
}

const SCALARS: [&str; 22] = [
    "",
    "~",
    "1",
    "010",
    "yes",
    "word",
    "two words",
    "'single'",
    "'it''s'",
    "\"double\"",
    "\"a\\nb\"",
    "é😀",
    "2026-08-01",
    "http://x:80/#y",
    "&a word",
    "!!str 1",
    "!Custom x",
    "|\n  line\n  line\n",
    "|-\n  text\n\n  end",
    ">\n  folded\n  words\n",
    "{}",
    "[]",
];
const KEYS: [&str; 10] =
    ["a", "name", "value", "'quoted'", "\"double\"", "two words", "x/y", "yes", "0", "-dash"];

fn written() -> impl Strategy<Value = Written> {
    let scalar = prop::sample::select(&SCALARS[..]).prop_map(Written::Scalar);
    scalar.prop_recursive(4, 24, 4, |inner| {
        let flow = prop::bool::weighted(0.25);
        prop_oneof![
            (flow, prop::collection::vec(inner.clone(), 1..4))
                .prop_map(|(flow, items)| Written::Sequence { flow, items }),
            (flow, prop::collection::vec((0..KEYS.len(), inner), 1..4)).prop_map(|(flow, mut entries)| {
                entries.sort_by_key(|(key, _)| *key);
                entries.dedup_by_key(|(key, _)| *key);
                Written::Mapping { flow, entries }
            }),
        ]
    })
}

fn manner() -> impl Strategy<Value = Manner> {
    let line_break = prop::sample::select(&["\n", "\n", "\n", "\r\n", "\r"][..]);
    let head = prop::sample::select(&["", "", "---\n", "# head\n", "%YAML 1.2\n---\n", "\u{feff}"][..]);
    (1..5usize, any::<bool>(), any::<bool>(), line_break, any::<bool>(), head).prop_map(
        |(step, indented, comments, line_break, ended, head)| Manner {
            step,
            dash: if indented { step } else { 0 },
            comments,
            line_break,
            ended,
            head,
        },
    )
}

impl Manner {
    fn text(&self, root: &Written) -> String {
        let mut out = self.head.to_owned();
        self.block(&mut out, root, 0);
        if !self.ended {
            out.truncate(out.trim_end_matches('\n').len());
        }
        out.replace('\n', self.line_break)
    }

    /// A node from the current column on, to the end of its last line.
    fn block(&self, out: &mut String, node: &Written, column: usize) {
        match node {
            Written::Sequence { flow: false, items } => {
                for (at, item) in items.iter().enumerate() {
                    self.lead(out, at, column);
                    out.push('-');
                    out.push(' ');
                    self.block(out, item, column + 2);
                }
            }
            Written::Mapping { flow: false, entries } => {
                for (at, (key, value)) in entries.iter().enumerate() {
                    self.lead(out, at, column);
                    out.push_str(KEYS[*key]);
                    out.push(':');
                    let below = match value {
                        Written::Sequence { flow: false, .. } => column + self.dash,
                        _ => column + self.step,
                    };
                    if matches!(
                        value,
                        Written::Sequence { flow: false, .. } | Written::Mapping { flow: false, .. }
                    ) {
                        out.push('\n');
                        out.push_str(&" ".repeat(below));
                    } else {
                        out.push(' ');
                    }
                    self.block(out, value, below);
                }
            }
            Written::Scalar(text) if text.starts_with(['|', '>']) => {
                let pad = " ".repeat(column.max(1));
                let (header, lines) = text.split_once('\n').unwrap_or((text, ""));
                out.push_str(header);
                out.push('\n');
                for line in lines.lines() {
                    let line = line.trim_start();
                    if !line.is_empty() {
                        out.push_str(&pad);
                    }
                    out.push_str(line);
                    out.push('\n');
                }
            }
            other => {
                flow(out, other);
                out.push_str(if self.comments { " # said\n" } else { "\n" });
            }
        }
    }

    fn lead(&self, out: &mut String, at: usize, column: usize) {
        if at == 0 {
            return;
        }
        let pad = " ".repeat(column);
        if self.comments && at == 1 {
            out.push_str(&format!("{pad}# above\n"));
        }
        out.push_str(&pad);
    }
}

/// A node on one line.
fn flow(out: &mut String, node: &Written) {
    let joined = |out: &mut String, parts: Vec<String>, ends: [char; 2]| {
        out.push(ends[0]);
        out.push_str(&parts.join(", "));
        out.push(ends[1]);
    };
    let inner = |node: &Written| {
        let mut text = String::new();
        flow(&mut text, node);
        text
    };
    match node {
        Written::Scalar(text) if text.starts_with(['|', '>']) || text.is_empty() => out.push_str("'text'"),
        Written::Scalar(text) => out.push_str(text),
        Written::Sequence { items, .. } => joined(out, items.iter().map(inner).collect(), ['[', ']']),
        Written::Mapping { entries, .. } => {
            let pair = |(key, value): &(usize, Written)| format!("{}: {}", KEYS[*key], inner(value));
            joined(out, entries.iter().map(pair).collect(), ['{', '}']);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::cases(1000), failure_persistence: None, ..ProptestConfig::default() })]

    /// A written document is read as YAML, one edit of it is right or refused, and so is a second one.
    #[test]
    fn generated_documents_are_edited_right_or_not_at_all(
        root in written(),
        manner in manner(),
        first in prop::collection::vec(any::<u8>(), 12),
        second in prop::collection::vec(any::<u8>(), 12),
    ) {
        let mut text = manner.text(&root);
        for bytes in [first, second] {
            let mut choices = properties::Choices(&bytes);
            let Some((document, value)) = properties::pick_document(&mut choices, &text) else { break };
            let operation = properties::operation(&mut choices, &value);
            let mut state: Value = value;
            if properties::apply(&mut state, &operation).is_ok()
                && let Some(after) = properties::patched(&text, document, &[operation])
            {
                text = after;
            }
        }
    }

    /// The same as bytes: any row of them is an input that the fuzz targets take.
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        properties::parse(&bytes);
        properties::edit(&bytes);
        properties::embedded(&bytes);
    }
}

/// Most documents of [`written`] can be edited: else the properties above would hold for nothing.
#[test]
fn generated_documents_are_yaml() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let texts = (0..500).map(|_| {
        let tree = (written(), manner()).new_tree(&mut runner).unwrap();
        let (root, manner) = tree.current();
        manner.text(&root)
    });
    let read = texts.filter(|text| super::yaml::edit(text, &[]).is_ok()).count();
    eprintln!("{read} of 500 generated documents can be edited");
    assert!(read >= 400, "only {read} of 500 are read");
}
