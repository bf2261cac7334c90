//! The corpus: 331 edits that people made, 74 hard cases.

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

/// An edit that people made: its files, and RFC 6902 by document.
pub struct RealEdit {
    /// Its kind and commits, such as `value/008361bd0e-71403110ce`.
    pub name: String,
    pub kind: String,
    pub before: String,
    pub after: String,
    pub documents: Vec<DocumentEdit>,
}

#[derive(Deserialize)]
pub struct DocumentEdit {
    pub document: usize,
    pub patch: json_patch::Patch,
}

/// All of them; `None`, and said so, where the corpus is not there.
pub fn real_edits(test: &str) -> Option<Vec<RealEdit>> {
    #[derive(Deserialize)]
    struct File {
        documents: Vec<DocumentEdit>,
    }
    let Some(shared) = support::shared() else {
        support::left_out(test, "the corpus is not there; set WRIT_SHARED");
        return None;
    };
    let mut edits = Vec::new();
    for kind in ["value", "list", "add", "remove", "mixed"] {
        for folder in std::fs::read_dir(shared.join("corpus/edits").join(kind)).unwrap() {
            let folder = folder.unwrap();
            let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
            let file: File = serde_json::from_str(&read("edit.json")).unwrap();
            edits.push(RealEdit {
                name: format!("{kind}/{}", folder.file_name().display()),
                kind: kind.to_owned(),
                before: read("before.yaml"),
                after: read("after.yaml"),
                documents: file.documents,
            });
        }
    }
    assert_eq!(edits.len(), 331);
    Some(edits)
}

impl RealEdit {
    /// The text after the edit, made by the engine.
    pub fn replay(&self) -> String {
        let patch = |text: String, part: &DocumentEdit| {
            let edited = yaml::patch(&text, part.document, &part.patch);
            edited.unwrap_or_else(|refusal| panic!("{}: {refusal}", self.name)).text
        };
        self.documents.iter().fold(self.before.clone(), patch)
    }
}

/// Every real edit comes out with the meaning that people gave it; value edits nearly always with their bytes.
#[test]
fn real_edits_mean_what_people_meant() {
    let Some(edits) = real_edits("331 real edits") else { return };
    let (mut values, mut identical) = (0, 0);
    let mut others = Vec::new();
    for edit in &edits {
        let result = edit.replay();
        assert_eq!(typed(&result), typed(&edit.after), "{}", edit.name);
        untouched(edit, &result);
        if edit.kind == "value" {
            values += 1;
            if result == edit.after {
                identical += 1;
            } else {
                others.push(&edit.name);
            }
        }
    }
    eprintln!(
        "{} real edits right; value edits byte-identical: {identical} of {values}; not: {others:?}",
        edits.len()
    );
    assert!(identical * 100 >= values * 97);
}

/// The values as the maintained serde_yaml reads them: a reader that has no part in the engine.
pub fn typed(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

/// Every comment, and every line outside of what the patch names, is still there.
fn untouched(edit: &RealEdit, after: &str) {
    let (before, name) = (&edit.before, &edit.name);
    let operations: usize = edit.documents.iter().map(|part| part.patch.0.len()).sum();
    let removals = edit.documents.iter().flat_map(|part| &part.patch.0);
    let removes =
        removals.filter(|operation| matches!(operation, json_patch::PatchOperation::Remove(_))).count();
    if removes == 0 {
        let comments = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
        assert!(comments(before) <= comments(after), "{name}");
        // Without removals each operation takes at most one line away, unless it replaces a text of lines.
        let lines: Vec<&str> = after.lines().collect();
        let gone = before.lines().filter(|line| !lines.contains(line)).count();
        let long = before.lines().count();
        assert!(gone <= operations.max(1) * 8 || gone * 2 < long, "{name}: {gone} of {long}");
    }
}
