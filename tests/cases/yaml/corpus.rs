//! The corpus: 331 edits that people made, 74 hard cases.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use writ::domain::yaml;

use crate::support;

#[derive(Deserialize)]
struct HardCase {
    name: String,
    document: usize,
    before: String,
    patch: json_patch::Patch,
    after: Option<String>,
}

/// Every hard case comes out as written, or is refused; what must be refused is.
#[test]
fn hard_cases_come_out_exactly_or_are_refused() {
    let Some(shared) = support::shared() else {
        return support::left_out("hard YAML cases", "the corpus is not there; set WRIT_SHARED");
    };
    let text = std::fs::read_to_string(shared.join("corpus/yaml-cases/cases.json")).unwrap();
    let cases: Vec<HardCase> = serde_json::from_str(&text).unwrap();
    let mut refused = Vec::new();
    for case in &cases {
        match (yaml::patch(&case.before, case.document, &case.patch), &case.after) {
            (Ok(edited), Some(after)) => assert_eq!(edited.text, *after, "{}", case.name),
            (Ok(edited), None) => panic!("{}: must be refused, gave {}", case.name, edited.text),
            (Err(refusal), Some(_)) => refused.push(format!("{}: {refusal}", case.name)),
            (Err(refusal), None) => assert!(refusal.line >= 1 && !refusal.remedy.is_empty(), "{}", case.name),
        }
    }
    eprintln!(
        "hard cases: {} of {} exactly; refused: {refused:#?}",
        cases.len() - refused.len(),
        cases.len()
    );
    assert!(cases.len() >= 74);
    assert!(refused.len() <= 3, "{refused:#?}");
}

#[derive(Deserialize)]
struct RealEdit {
    documents: Vec<DocumentEdit>,
}

#[derive(Deserialize)]
struct DocumentEdit {
    document: usize,
    patch: json_patch::Patch,
}

/// Every real edit comes out with the meaning that people gave it; value edits nearly always with their bytes.
#[test]
fn real_edits_mean_what_people_meant() {
    let Some(shared) = support::shared() else {
        return support::left_out("331 real edits", "the corpus is not there; set WRIT_SHARED");
    };
    let (mut all, mut values, mut identical) = (0, 0, 0);
    let mut others = Vec::new();
    for kind in ["value", "list", "add", "remove", "mixed"] {
        for folder in std::fs::read_dir(shared.join("corpus/edits").join(kind)).unwrap() {
            let folder = folder.unwrap().path();
            let (result, after) = replay(&folder);
            all += 1;
            if kind == "value" {
                values += 1;
                if result == after {
                    identical += 1;
                } else {
                    others.push(folder);
                }
            }
        }
    }
    eprintln!("{all} real edits right; value edits byte-identical: {identical} of {values}; not: {others:?}");
    assert_eq!(all, 331);
    assert!(identical * 100 >= values * 97);
}

/// Applies the edit of a folder; its result, which has the meaning of what people wrote, and what they wrote.
fn replay(folder: &Path) -> (String, String) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let edit: RealEdit = serde_json::from_str(&read("edit.json")).unwrap();
    let (before, after) = (read("before.yaml"), read("after.yaml"));
    let mut text = before.clone();
    for part in &edit.documents {
        let edited = yaml::patch(&text, part.document, &part.patch)
            .unwrap_or_else(|refusal| panic!("{}: {refusal}", folder.display()));
        text = edited.text;
    }
    assert_eq!(typed(&text), typed(&after), "{}", folder.display());
    untouched(folder, &before, &text, &edit);
    (text, after)
}

/// The values as the maintained serde_yaml reads them: a reader that has no part in the engine.
fn typed(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

/// Every comment, and every line outside of what the patch names, is still there.
fn untouched(folder: &Path, before: &str, after: &str, edit: &RealEdit) {
    let operations: usize = edit.documents.iter().map(|part| part.patch.0.len()).sum();
    let removals = edit.documents.iter().flat_map(|part| &part.patch.0);
    let removes =
        removals.filter(|operation| matches!(operation, json_patch::PatchOperation::Remove(_))).count();
    if removes == 0 {
        let comments = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
        assert!(comments(before) <= comments(after), "{}", folder.display());
        // Without removals each operation takes at most one line away, unless it replaces a text of lines.
        let lines: Vec<&str> = after.lines().collect();
        let gone = before.lines().filter(|line| !lines.contains(line)).count();
        let long = before.lines().count();
        assert!(gone <= operations.max(1) * 8 || gone * 2 < long, "{}: {gone} of {long}", folder.display());
    }
}
