//! `writ patch` as a person or a script meets it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn patch(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_writ"))
        .arg("patch")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Runs a command of the program that reads this text from standard input.
pub fn with_input(folder: &Path, command: &str, arguments: &[&str], input: &str) -> Output {
    let mut writ = Command::new(env!("CARGO_BIN_EXE_writ"))
        .arg(command)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writ.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    writ.wait_with_output().unwrap()
}

pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const OPS: &str = r#"[{"op": "replace", "path": "/v", "value": 2}]"#;

#[test]
fn the_result_goes_to_standard_output() {
    let folder = folder(&[("a.yaml", "v: 1 # one\n---\nv: 1\n"), ("ops.json", OPS)]);
    let done = patch(folder.path(), &["a.yaml", "--ops", "ops.json", "--document", "1"]);
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "v: 1 # one\n---\nv: 2\n");
    assert_eq!(std::fs::read_to_string(folder.path().join("a.yaml")).unwrap(), "v: 1 # one\n---\nv: 1\n");
}

#[cfg(unix)]
#[test]
fn in_place_keeps_mode_and_links() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(&[("a.yaml", "v: 1"), ("ops.json", OPS)]);
    let file = folder.path().join("a.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("a.yaml", folder.path().join("link.yaml")).unwrap();
    let done = patch(folder.path(), &["link.yaml", "--ops", "ops.json", "--in-place"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(done.stdout.is_empty());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "v: 2");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(folder.path().join("link.yaml").is_symlink());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn refusals_write_nothing_and_say_where() {
    let folder = folder(&[
        ("a.yaml", "x:\n  v: 1\n"),
        ("ops.json", OPS),
        ("broken.json", "[{\"op\": \"replace\",\n \"path\": }]"),
        ("other.json", r#"[{"op": "increment", "path": "/v"}]"#),
        ("long.json", r#"[{"op": "add", "path": "/x/w", "value": 0.12345678901234567890}]"#),
        ("far.json", r#"[{"op": "replace", "path": "/v", "value": 2, "document": 3}]"#),
        (
            "scalar.json",
            r#"[{"op": "replace", "path": "/x/v", "value": 2}, {"op": "add", "path": "/x/v/w", "value": 2}]"#,
        ),
        ("broken.yaml", "v: [1\n"),
    ]);
    std::fs::write(folder.path().join("bytes.yaml"), b"a: 1\nb: \xff\n").unwrap();
    for (arguments, code, words) in [
        (
            &["a.yaml", "--ops", "ops.json"][..],
            1,
            "line 1, column 1: there is nothing at `/v` [target_not_found]",
        ),
        (&["a.yaml", "--ops", "ops.json", "--in-place"], 1, "check the pointer"),
        (&["a.yaml", "--ops", "ops.json", "--document", "7"], 1, "no_such_document"),
        (&["broken.yaml", "--ops", "ops.json"], 1, "yaml_syntax"),
        (&["bytes.yaml", "--ops", "ops.json"], 1, "line 2, column 4"),
        (&["a.yaml", "--ops", "broken.json"], 2, "`broken.json`: line 2, column 10: expected value"),
        (
            &["a.yaml", "--ops", "other.json"],
            2,
            "`other.json`: line 1, column 34: unknown variant `increment`",
        ),
        (
            &["a.yaml", "--ops", "long.json"],
            2,
            "column 41: the number `0.12345678901234567890` has more digits",
        ),
        (&["a.yaml", "--ops", "far.json"], 1, "no_such_document"),
        (&["a.yaml", "--ops", "none.json"], 2, "none.json"),
        (&[".", "--ops", "ops.json"], 2, "cannot be read"),
        (&["-", "--ops", "-"], 2, "both the file and the patch"),
        (&["-", "--ops", "ops.json", "--in-place"], 2, "written in place"),
        (
            &["a.yaml", "--ops", "scalar.json", "--in-place"],
            1,
            "line 2, column 6: the parent is neither a mapping",
        ),
        (&["none.yaml", "--ops", "ops.json"], 2, "none.yaml"),
        (&["a.yaml"], 2, "--ops"),
        (&[], 2, "Usage"),
    ] {
        let done = patch(folder.path(), arguments);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(said.contains("remedy: ") || said.contains("Usage"), "{arguments:?}: {said}");
        assert!(done.stdout.is_empty());
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("a.yaml")).unwrap(), "x:\n  v: 1\n");
}

#[test]
fn operations_name_their_documents() {
    let ops =
        r#"[{"op": "replace", "path": "/v", "value": 3, "document": 2}, {"op": "remove", "path": "/w"}]"#;
    let folder = folder(&[("a.yaml", "v: 1\n---\nv: 1\nw: 1\n---\nv: 1 # three\n"), ("ops.json", ops)]);
    let done = patch(folder.path(), &["a.yaml", "--ops", "ops.json", "--document", "1"]);
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "v: 1\n---\nv: 1\n---\nv: 3 # three\n");
}

#[test]
fn the_proof_can_be_shown() {
    let folder = folder(&[("a.yaml", "x: ä\nv: 1 # one\n"), ("ops.json", OPS)]);
    let done = patch(folder.path(), &["a.yaml", "--ops", "ops.json", "--proof"]);
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.contains("line 2, column 4, bytes 9..10: \"1\" -> \"2\""), "{said}");
    assert!(said.contains("  comments: "), "{said}");
    assert_eq!(std::fs::read_to_string(folder.path().join("a.yaml")).unwrap(), "x: ä\nv: 1 # one\n");

    let done = patch(folder.path(), &["a.yaml", "--ops", "ops.json", "--proof=json", "--in-place"]);
    let proof: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&proof["schema"], &proof["file"]), (&json!("writ.proof/v1"), &json!("a.yaml")));
    let splice = json!({"line": 2, "column": 4, "start": 9, "end": 10, "before": "1", "after": "2"});
    assert_eq!(proof["splices"], json!([splice]));
    assert_eq!(proof["checks"].as_array().unwrap().len(), 5);
    let digest = "1681d7bbac463ca8c8193e442cfc69adab4658b820ab5947acdf4b068710265e";
    assert_eq!(proof["after"], json!({"bytes": 17, "sha256": digest}));
    assert_eq!(std::fs::read_to_string(folder.path().join("a.yaml")).unwrap(), "x: ä\nv: 2 # one\n");
}

#[test]
fn file_and_patch_come_from_standard_input_too() {
    let folder = folder(&[("a.yaml", "v: 1\n"), ("ops.json", OPS)]);
    for (arguments, input) in [(["a.yaml", "--ops", "-"], OPS), (["-", "--ops", "ops.json"], "v: 1\n")] {
        let done = with_input(folder.path(), "patch", &arguments, input);
        assert_eq!(String::from_utf8(done.stdout).unwrap(), "v: 2\n");
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(&[("a.yaml", "v: 1\n"), ("ops.json", OPS)]);
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::write(locked.join("a.yaml"), "v: 1\n").unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    let done = patch(folder.path(), &["locked/a.yaml", "--ops", "ops.json", "--in-place"]);
    let written = std::fs::read_to_string(locked.join("a.yaml")).unwrap();
    // Root may write everywhere.
    match done.status.code() {
        Some(3) => assert_eq!(written, "v: 1\n"),
        code => assert_eq!((code, written.as_str()), (Some(0), "v: 2\n")),
    }
    assert_eq!(std::fs::read_dir(&locked).unwrap().count(), 1);
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_batch_answers_line_by_line() {
    let jobs = [
        json!({"id": 1, "file": "a.yaml", "document": 0, "patch": [{"op": "replace", "path": "/v", "value": 2}]}),
        json!({"id": "two", "file": "a.yaml", "patch": [{"op": "test", "path": "/v", "value": 9}]}),
        json!({"id": 3, "file": "none.yaml", "document": 0, "patch": []}),
        json!({"id": 4, "file": "a.yaml", "document": 0, "patch": [{"op": "fly"}]}),
    ];
    let mut text: String = jobs.iter().map(|job| format!("{job}\n")).collect();
    text.push_str("not json\n\n");
    let folder = folder(&[("a.yaml", "v: 1\n"), ("jobs.jsonl", &text)]);
    let done = patch(folder.path(), &["--batch", "jobs.jsonl"]);
    assert_eq!(done.status.code(), Some(1), "one failed");
    let lines: Vec<Value> = String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0], json!({"id": 1, "ok": true, "output": "v: 2\n"}));
    for (line, id, words) in [
        (&lines[1], json!("two"), "test_failed"),
        (&lines[2], json!(3), "none.yaml"),
        (&lines[3], json!(4), "the job is invalid"),
        (&lines[4], Value::Null, "the job is invalid"),
    ] {
        assert_eq!((&line["id"], &line["ok"]), (&id, &json!(false)));
        assert!(line["error"].as_str().unwrap().contains(words), "{line}");
    }
}
