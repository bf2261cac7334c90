//! Sabotage of the proof: splices that are spoiled, by hand and at random, are refused or harmless.
//!
//! Harmless is what differs from the right result in blanks between tokens, or in a comma before a closing bracket.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::edit::{resolve, write};
use super::edit_tree::editor::EditedDocument;
use super::operation::{Edit, Order};
use super::prove::proof::prove;
use super::read::parser::parse;
use super::read::span_tree::SpanTree;
use super::write::splice::Splice;

/// An edit, and what it is spoiled by: lists of texts that become other texts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    before: String,
    patch: json_patch::Patch,
    spoiled: Vec<Vec<(String, String)>>,
}

impl Case {
    fn all() -> Vec<Self> {
        serde_yaml::from_str(include_str!("../../../tests/cases/yaml/sabotage.yaml")).unwrap()
    }

    fn documents(&self, tree: &SpanTree<'_>) -> Vec<EditedDocument> {
        let edits = self.patch.0.iter().map(|operation| Edit::from_rfc6902(0, operation));
        resolve(tree, &edits.collect::<Result<Vec<_>, _>>().unwrap(), Order::Sequential).unwrap()
    }
}

#[test]
fn named_sabotage_is_refused() {
    for case in Case::all() {
        let tree = parse(&case.before).unwrap();
        let documents = case.documents(&tree);
        let (splices, place) = write(&tree, &documents).unwrap();
        assert!(prove(&tree, &documents, splices.clone(), place).is_ok(), "{}", case.name);
        for replacements in &case.spoiled {
            let mut spoiled = splices.clone();
            for (old, new) in replacements {
                let start = case.before.find(old).unwrap_or_else(|| panic!("{}: no {old:?}", case.name));
                spoiled.push((start..start + old.len(), new.clone()));
            }
            if let Ok((text, _)) = prove(&tree, &documents, spoiled, place) {
                panic!("{}: {replacements:?} was proven:\n{text}", case.name);
            }
        }
    }
}

#[test]
fn random_sabotage_is_refused_or_harmless() {
    const ROUNDS: usize = 40;
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for case in Case::all() {
        let tree = parse(&case.before).unwrap();
        let documents = case.documents(&tree);
        let (splices, place) = write(&tree, &documents).unwrap();
        let (right, _) = prove(&tree, &documents, splices.clone(), place).unwrap();
        for _ in 0..ROUNDS {
            let mut spoiled = splices.clone();
            let kind = spoil(&mut spoiled, &case.before, &mut random);
            match prove(&tree, &documents, spoiled.clone(), place) {
                Err(_) => *refused.entry(kind).or_default() += 1,
                Ok((text, _)) => {
                    assert!(is_harmless(&right, &text), "{}: {spoiled:?} was proven:\n{text}", case.name);
                }
            }
        }
    }
    for kind in ["dropped", "cut", "moved", "typed", "torn"] {
        assert!(refused.get(kind).is_some_and(|&count| count >= 10), "{kind}: {refused:?}");
    }
}

/// Spoils splices in one of several ways, and says in which.
fn spoil(splices: &mut Vec<Splice>, text: &str, random: &mut Random) -> &'static str {
    const TOKENS: [&str; 24] = [
        "\r", "\n", "\r\n", " ", "\t", "---\n", "...\n", "\n---\n", "&x ", "*x", "*base", "!t ", "#", " # x",
        ": ", "- ", ", ", "a", "'", "\"", "{", "]", "~", "\u{feff}",
    ];
    let at = random.below(splices.len());
    match random.below(6) {
        0 => {
            splices.remove(at);
            "dropped"
        }
        1 => {
            let new = &mut splices[at].1;
            if new.pop().is_none() {
                new.push('x');
            }
            "cut"
        }
        2 => {
            let range = &mut splices[at].0;
            let by = 1 + random.below(3);
            if random.below(2) == 0 {
                range.end = (range.end + by).min(text.len());
            } else {
                range.start = range.start.saturating_sub(by);
            }
            "moved"
        }
        3 => {
            let start = random.below(text.len());
            splices.push((start..(start + 1 + random.below(4)).min(text.len()), String::new()));
            "torn"
        }
        _ => {
            let start = random.below(text.len() + 1);
            splices.push((start..start, TOKENS[random.below(TOKENS.len())].to_owned()));
            "typed"
        }
    }
}

/// Whether a text is another one but for blanks between tokens and commas, in the eyes of a reader that has no part in
/// the proof.
fn is_harmless(right: &str, text: &str) -> bool {
    let skeleton = |text: &str| text.replace([' ', '\t', '\r', '\n', ','], "");
    let values = |text: &str| -> Option<Vec<Value>> {
        serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).ok()).collect()
    };
    let lone_cr = |text: &str| text.replace("\r\n", "").contains('\r');
    let markers = |text: &str| text.lines().filter(|line| matches!(line.trim_end(), "---" | "...")).count();
    skeleton(right) == skeleton(text)
        && !lone_cr(text)
        && markers(right) == markers(text)
        && right.ends_with('\n') == text.ends_with('\n')
        // That reader refuses tabs in places where others take them for blanks.
        && values(text).is_none_or(|found| Some(found) == values(right))
}

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    /// A number below a limit; 0 if the limit is 0.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // OK because the limits are small.
        (self.0 >> 33) as usize % limit.max(1)
    }
}
