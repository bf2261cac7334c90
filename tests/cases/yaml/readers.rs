//! What other readers read in edited manifests: PyYAML (YAML 1.1), and kubectl, as Kubernetes itself would.
//!
//! The reader reads the text before, json-patch makes of it what the edit should give, and the reader must read just
//! that in the text that the engine wrote. So no part of the engine judges itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Deserializer, Value, json};

use super::corpus::{RealEdit, real_edits};
use crate::support;

/// What a reader reads in each file: its documents.
type Read = Vec<Vec<Value>>;

#[test]
fn pyyaml_reads_what_was_planned() {
    const TEST: &str = "edited manifests as PyYAML reads them";
    let python = support::peers().join(".venv/bin/python");
    if !python.exists() {
        return support::left_out(TEST, "the Python packages of tests/peers are not installed");
    }
    let Some(edits) = real_edits(TEST) else { return };
    compare(&edits, |files| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/read-yaml.py");
        let names: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
        let output = run(Command::new(&python).arg(script), &names);
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    });
}

#[test]
fn kubectl_reads_what_was_planned() {
    const TEST: &str = "edited manifests as kubectl reads them";
    if support::program("kubectl").is_none() {
        return support::left_out(TEST, "kubectl is not there");
    }
    let Some(mut edits) = real_edits(TEST) else { return };
    // The rest of the manifests' folder is no objects: settings of other programs.
    edits.retain(|edit| edit.before.lines().any(|line| line.starts_with("kind:")));
    assert!(edits.len() > 300, "{}", edits.len());
    compare(&edits, |files| {
        // Without a server: an empty patch of local files prints each object as it was read.
        let mut kubectl = Command::new("kubectl");
        kubectl.args(["patch", "--local", "--type=json", "--patch=[]", "--output=json"]);
        files.iter().for_each(|file| {
            kubectl.arg("--filename").arg(file);
        });
        let output = run(kubectl.env("HOME", "/nonexistent"), "");
        let mut objects = Deserializer::from_str(&output).into_iter::<Value>().map(Result::unwrap);
        let count = |file: &PathBuf| {
            let text = std::fs::read_to_string(file).unwrap();
            writ::domain::yaml::parse(&text)
                .unwrap()
                .documents()
                .iter()
                .filter(|one| !one.value().is_null())
                .count()
        };
        let read: Read = files.iter().map(|file| objects.by_ref().take(count(file)).collect()).collect();
        assert!(objects.next().is_none());
        read
    });
}

fn compare(edits: &[RealEdit], read: impl Fn(&[PathBuf]) -> Read) {
    let folder = tempfile::tempdir().unwrap();
    let write = |side: &str, text: &dyn Fn(&RealEdit) -> String| -> Read {
        let file = |(number, edit): (usize, &RealEdit)| {
            let path = folder.path().join(format!("{number}-{side}.yaml"));
            std::fs::write(&path, text(edit)).unwrap();
            path
        };
        let files: Vec<PathBuf> = edits.iter().enumerate().map(file).collect();
        read(&files)
    };
    let before = write("before", &|edit| edit.before.clone());
    let results = write("result", &RealEdit::replay);
    assert_eq!((before.len(), results.len()), (edits.len(), edits.len()));
    for ((edit, mut planned), result) in edits.iter().zip(before).zip(results) {
        for part in &edit.documents {
            json_patch::patch(&mut planned[part.document], &part.patch).unwrap();
        }
        assert_eq!(json!(result), json!(planned), "{}", edit.name);
    }
}

fn run(command: &mut Command, input: &str) -> String {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
