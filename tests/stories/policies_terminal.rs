//! `writ policies` as a person at a terminal uses it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::repository::TestRepository;

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

/// A repository whose `trunk` has, after its first commit: a tag for an image, a comment, a change elsewhere, and a merge
/// whose branch puts the tag to a digest in two commits.
fn past() -> TestRepository {
    let digest = format!("image: registry.example/torghut@sha256:{}", "ab".repeat(32));
    let deployment = |image: &str| {
        let meta =
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  template:\n    spec:\n";
        format!("{meta}      containers:\n        - name: shop\n          {image}\n")
    };
    let repository = TestRepository::bare();
    let file = "apps/shop/deployment.yaml";
    let commit = |branch: &str, path: &str, text: &str| repository.commit(branch, &[(path, text)]);
    commit("trunk", file, &deployment(&digest));
    commit("trunk", file, &deployment("image: registry.example/torghut:1.2"));
    commit("trunk", file, &deployment("image: registry.example/torghut:1.2 # for now"));
    commit("trunk", "docs/readme.md", "words\n");
    repository.git(&["branch", "side", "trunk"]);
    commit("side", file, &deployment("image: registry.example/torghut:1.3"));
    commit("side", file, &deployment(&digest));
    let tree = repository.git(&["rev-parse", "side^{tree}"]);
    let identity = ["-c", "user.name=test", "-c", "user.email=test@test"];
    let merged = ["commit-tree", &tree, "-p", "trunk", "-p", "side", "-m", "Merge side"];
    let merge = repository.git(&[&identity[..], &merged].concat());
    repository.git(&["update-ref", "refs/heads/trunk", &merge]);
    repository
}

#[test]
fn past_changes_are_judged_again_by_first_parents() {
    let repository = past();
    let path = repository.path().to_str().unwrap();
    let at = |more: &[&str]| {
        let all = ["history", "--repo", path, "--path", "apps/shop", "--format", "json"];
        json(&[&all[..], more].concat())
    };
    let (exit, report) = at(&["trunk"]);
    assert_eq!((exit, &report["schema"]), (Some(0), &Value::from("writ.policy-history/v1")), "{report:#}");
    // The first commit has nothing before it, and one changes nothing here.
    assert_eq!(report["changes"], 3, "{report:#}");
    assert_eq!(report["decisions"], serde_json::json!({"allow": 1, "deny": 1, "no_change": 1}));
    let tagged = repository.git(&["rev-parse", "trunk~3"]);
    let found = &report["codes"]["image_by_tag"];
    assert_eq!((&found["deny"], &found["policy"]), (&Value::from(1), &Value::from("image-by-digest")));
    assert_eq!(found["first"], serde_json::json!([tagged]));
    assert_eq!(report["last"], repository.git(&["rev-parse", "trunk"]).as_str());
    assert!(report["never"].as_array().unwrap().contains(&Value::from("forwarder_replicas")));
    // A range, and subjects that are left out.
    assert_eq!(at(&["trunk~3..trunk"]).1["changes"], 2);
    assert_eq!(at(&["trunk", "--skip-subject", "Merge"]).1["changes"], 2);
    // The branch that was merged, by itself.
    let (_, side) = at(&["trunk~1..side"]);
    assert_eq!(
        (&side["changes"], &side["decisions"]["deny"]),
        (&Value::from(2), &Value::from(1)),
        "{side:#}"
    );
    for (wrong, code) in [("nowhere", "unknown_revision"), ("trunk..trunk", "no_manifests")] {
        let (exit, error) = at(&[wrong]);
        assert_eq!((exit, &error["code"]), (Some(2), &Value::from(code)), "{error:#}");
    }
}

#[test]
fn the_table_of_past_changes_is_for_people_and_pages() {
    let repository = past();
    let path = repository.path().to_str().unwrap();
    let page = repository.beside("page.md");
    std::fs::write(&page, "above\n<!-- history -->\nold\n<!-- end of history -->\nbelow\n").unwrap();
    let all = ["history", "trunk", "--repo", path, "--path", "apps/shop"];
    let text = stdout(&policies(&all));
    assert!(text.starts_with("3 changes of `apps/shop`: 1 no change, 1 allow, 1 deny\n"), "{text}");
    let row = |line: &&str| line.starts_with("image_by_tag ");
    assert!(text.lines().find(row).is_some_and(|line| line.contains("     1       0     0  ")), "{text}");
    let output = policies(&[&all[..], &["--format", "markdown", "--into", page.to_str().unwrap()]].concat());
    let table = stdout(&output);
    assert!(table.contains("| `image_by_tag` | image-by-digest | 1 | 0 | 0 | `"), "{table}");
    // Nobody watches: no progress.
    assert!(output.stderr.is_empty(), "{output:?}");
    let written = std::fs::read_to_string(&page).unwrap();
    assert_eq!(written, format!("above\n<!-- history -->\n{table}<!-- end of history -->\nbelow\n"));
    std::fs::write(&page, "no marks\n").unwrap();
    assert_eq!(policies(&[&all[..], &["--into", page.to_str().unwrap()]].concat()).status.code(), Some(2));
}
