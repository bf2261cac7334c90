//! `writ policies` as a person at a terminal uses it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn policies(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_writ")).arg("policies").args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = policies(arguments);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn all_are_listed() {
    let output = policies(&[]);
    assert!(output.status.success());
    assert!(stdout(&output).contains("no-live-transition  No move toward live trading\n"), "{output:?}");
    let (exit, list) = json(&["--format", "json"]);
    assert_eq!((exit, &list["schema"]), (Some(0), &Value::from("writ.policies/v1")));
    assert!(list["policies"].as_array().unwrap().len() >= 18, "{list:#}");
}

#[test]
fn a_code_is_explained_and_a_wrong_one_corrected() {
    let text = stdout(&policies(&["explain", "forwarder_replicas"]));
    for part in ["Policy `single-forwarder`", "+replicas: 2", "**What to do:** "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (exit, explanation) = json(&["explain", "forwarder_replicas", "--format", "json"]);
    assert_eq!((exit, &explanation["schema"]), (Some(0), &Value::from("writ.explanation/v1")));
    assert_eq!(explanation["policy"], "single-forwarder");
    let wrong = policies(&["explain", "forwarder_replica"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&wrong.stderr).contains("did you mean `forwarder_replicas`?"),
        "{wrong:?}"
    );
    let (exit, error) = json(&["explain", "\u{202e}x", "--format", "json"]);
    assert_eq!((exit, &error["code"]), (Some(1), &Value::from("unknown_code")));
    assert_eq!(policies(&["explain"]).status.code(), Some(2));
}

#[test]
fn codes_of_every_part_are_explained() {
    for (code, part) in [
        ("base_moved", "Emitted by: runs."),
        ("yaml_syntax", "Emitted by: YAML edits."),
        ("ta_not_running", "Emitted by: procedure `restart-ta`, `resume-trading`."),
        ("foreign_path", "`swarm A`"),
        ("branch_taken", "**`branch_taken`** (now `branch_exists`): "),
        ("reason_invalid", "(now `forbidden_character` or `value_too_long`)"),
    ] {
        let output = policies(&["explain", code]);
        assert!(output.status.success() && stdout(&output).contains(part), "{code}: {output:?}");
    }
    let (exit, explanation) = json(&["explain", "base_moved", "--format", "json"]);
    assert_eq!((exit, &explanation["schema"]), (Some(0), &Value::from("writ.explanation/v1")));
    assert_eq!(explanation["source"], "runs");
}

#[test]
fn the_rules_are_tested_in_the_process() {
    let output = policies(&["test"]);
    assert!(output.status.success(), "{output:?}");
    assert!(stdout(&output).ends_with(" passed, 0 failed\n"));

    let library = TempDir::new().unwrap();
    let write =
        |name: &str, text: &str| std::fs::write(library.path().join("policies").join(name), text).unwrap();
    std::fs::create_dir(library.path().join("policies")).unwrap();
    write(
        "x_test.rego",
        "package writ.x_test\n\nimport rego.v1\n\ntest_one if 1 == 1\n\ntest_two if 1 == 2\n",
    );
    let folder = path(library.path());
    let output = policies(&["test", "--library", folder]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("FAIL  x_test.test_two  policies/x_test.rego:7\n"), "{output:?}");
    let (exit, report) = json(&["test", "--library", folder, "--format", "json"]);
    // The folder's tests are run beside the embedded ones.
    let (_, embedded) = json(&["test", "--format", "json"]);
    let passed = embedded["passed"].as_u64().unwrap() + 1;
    assert_eq!((exit, &report["passed"], &report["failed"]), (Some(1), &passed.into(), &Value::from(1)));
    write("y_test.rego", "package writ.y_test\n\nnot rego\n");
    let output = policies(&["test", "--library", folder]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("policies/y_test.rego:3: "), "{output:?}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
