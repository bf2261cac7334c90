//! Edits of every construct, as data: `constructs/*.yaml`. A case is a name, the text before, an RFC 6902 patch, and
//! the exact text after, or the reason code of the refusal.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use writ::domain::yaml;

use super::properties;
use crate::support::judge::{Job, Verdict, judge};
use crate::support::node;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    before: String,
    /// Which document is edited.
    #[serde(default)]
    document: usize,
    patch: Vec<Value>,
    after: Option<String>,
    refused: Option<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/yaml/constructs");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| -> Vec<Case> {
        let text = std::fs::read_to_string(file).unwrap();
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    };
    files.iter().flat_map(read).collect()
}

#[test]
fn constructs_are_edited_exactly_so() {
    let cases = cases();
    assert!(cases.len() >= 100, "{}", cases.len());
    for case in cases {
        let patch = serde_json::from_value(case.patch.clone().into()).unwrap();
        let edited = yaml::patch(&case.before, case.document, &patch);
        match (edited, &case.after, &case.refused) {
            (Ok(edited), Some(after), None) => {
                assert_eq!(edited.text, *after, "{}", case.name);
                properties::patched(&case.before, case.document, &case.patch);
            }
            (Err(refusal), None, Some(code)) => {
                assert_eq!(refusal.code.as_str(), code, "{}: {refusal}", case.name);
            }
            (Ok(edited), _, _) => panic!("{}: not refused, but\n{}", case.name, edited.text),
            (Err(refusal), _, _) => panic!("{}: {refusal}", case.name),
        }
    }
}

/// What the files say is right is right in the eyes of another parser.
#[test]
fn constructs_mean_the_same_elsewhere() {
    let Some(peers) = node::folder_with("yaml", "a second opinion on the cases of YAML constructs") else {
        return;
    };
    let job = |case: Case| {
        let documents = properties::values(&case.before).len();
        let Case { before, document, patch, after, .. } = case;
        Some(Job { before, documents, document, patch, after: after? })
    };
    let jobs: Vec<Job> = cases().into_iter().filter(|case| case.after.is_some()).filter_map(job).collect();
    for (job, answer) in jobs.iter().zip(judge(&peers, &jobs)) {
        assert_ne!(answer.verdict, Verdict::Wrong, "{}: {}\n{}", answer.why, json!(job.patch), job.after);
    }
}
