//! `writ diff` as a person or a script meets it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::patch_command::{folder, with_input};

const BEFORE: &str = "\
kind: Deployment
metadata: {name: app}
spec:
  replicas: 1 # one writer
  env:
  - {name: A, value: a}
  - {name: KILL, value: 'true'}
---
kind: ConfigMap
metadata: {name: words}
data:
  text: |
    one
    two
";

const AFTER: &str = "\
metadata: {name: \"app\"}
kind: Deployment
spec:
  replicas: 0
  env:
  - {name: KILL, value: \"false\"}
  - {name: A, value: a}
---
kind: ConfigMap
metadata: {name: words}
data:
  more: null
  text: |
    one
    2
";

fn diff(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_writ"))
        .arg("diff")
        .args(arguments)
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn text_goes_by_object_and_name() {
    let folder = folder(&[("a.yaml", BEFORE), ("b.yaml", AFTER)]);
    let done = diff(folder.path(), &["a.yaml", "b.yaml"]);
    assert_eq!(done.status.code(), Some(0));
    let expected = "\
Deployment app
  ~ /spec/replicas  1 -> 0
  ~ /spec/env[name=KILL]/value  \"true\" -> \"false\"
  ~ /spec/env  (order)
    + \"KILL\"
      \"A\"
    - \"KILL\"
ConfigMap words
  ~ /data/text
      one
    - two
    + 2
  + /data/more  null
";
    assert_eq!(text(done.stdout), expected);
}

#[test]
fn json_tells_null_from_nothing() {
    let folder = folder(&[("a.yaml", BEFORE), ("b.yaml", AFTER)]);
    let done = diff(folder.path(), &["a.yaml", "b.yaml", "--format", "json"]);
    let shown: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&shown["schema"], &shown["differs"]), (&json!("writ.diff/v1"), &json!(true)));
    let change = json!({
        "document": {"kind": "ConfigMap", "name": "words"},
        "pointer": "/data/more", "change": "added", "after": null,
    });
    assert_eq!(shown["changes"].as_array().unwrap().last(), Some(&change));
}

#[test]
fn json_patch_is_what_patch_takes() {
    let folder = folder(&[("a.yaml", BEFORE), ("b.yaml", AFTER)]);
    let done = diff(folder.path(), &["a.yaml", "b.yaml", "--format", "json-patch"]);
    let ops = text(done.stdout);
    assert!(ops.contains(r#"{"op":"replace","path":"/spec/replicas","value":0,"document":0}"#), "{ops}");
    let patched = with_input(folder.path(), "patch", &["a.yaml", "--ops", "-"], &ops);
    let patched = text(patched.stdout);
    assert!(patched.contains("replicas: 0 # one writer\n"), "{patched}");
    let same = with_input(folder.path(), "diff", &["-", "b.yaml", "--exit-code"], &patched);
    assert_eq!((same.status.code(), text(same.stdout)), (Some(0), String::new()));
}

/// One document on each side: nothing but RFC 6902, also where the object has another name.
#[test]
fn one_document_needs_no_number() {
    let folder = folder(&[("a.json", "{\"kind\": \"A\", \"l\": [1]}"), ("b.yaml", "kind: B\nl: [1]\n")]);
    let done = diff(folder.path(), &["a.json", "b.yaml", "--format", "json-patch"]);
    assert_eq!(text(done.stdout), "[\n  {\"op\":\"replace\",\"path\":\"/kind\",\"value\":\"B\"}\n]\n");
    let done = diff(folder.path(), &["a.json", "a.json", "--format", "json-patch", "--exit-code"]);
    assert_eq!((done.status.code(), text(done.stdout).as_str()), (Some(0), "[]\n"));
}

#[test]
fn what_no_patch_can_do_is_said() {
    let one = "kind: A\nv: 1\n";
    let two = "kind: B\nv: 2\n";
    let folder = folder(&[
        ("one.yaml", one),
        ("both.yaml", &format!("{one}---\n{two}")),
        ("turned.yaml", &format!("{two}---\n{one}")),
    ]);
    for (arguments, words) in [
        (["one.yaml", "both.yaml"], "adds the whole object `B`"),
        (["both.yaml", "one.yaml"], "removes the whole object `B`"),
    ] {
        let done = diff(folder.path(), &[&arguments[..], &["--format", "json-patch"]].concat());
        let said = text(done.stderr);
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.contains("remedy: "), "{said}");
        assert!(done.stdout.is_empty());
        let done = diff(folder.path(), &[&arguments[..], &["--exit-code"]].concat());
        assert_eq!(done.status.code(), Some(1));
        assert!(text(done.stdout).contains("(all of it)"));
    }
    let done = diff(folder.path(), &["both.yaml", "turned.yaml", "--exit-code"]);
    assert_eq!(
        (done.status.code(), text(done.stdout).as_str()),
        (Some(1), "the objects are in a different order\n")
    );
}

#[test]
fn what_cannot_be_compared_is_named() {
    let folder = folder(&[("a.yaml", "v: 1\n"), ("broken.yaml", "v: [1\nw: 2\n")]);
    for (arguments, words) in [
        (&["a.yaml", "broken.yaml"][..], "`broken.yaml`: line 2, column"),
        (&["none.yaml", "a.yaml"], "`none.yaml` cannot be read: No such file"),
        (&["-", "-"], "both files"),
        (&["a.yaml"], "Usage"),
        (&["a.yaml", "a.yaml", "--format", "xml"], "json-patch"),
    ] {
        let done = diff(folder.path(), arguments);
        let said = text(done.stderr);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn colours_only_where_asked_for() {
    let folder = folder(&[("a.yaml", "v: 1\n"), ("b.yaml", "v: 2\n")]);
    let with = |name: &str| {
        let mut writ = Command::new(env!("CARGO_BIN_EXE_writ"));
        writ.args(["diff", "a.yaml", "b.yaml"]).current_dir(folder.path());
        writ.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env(name, "1");
        text(writ.output().unwrap().stdout)
    };
    assert!(with("CLICOLOR_FORCE").contains("\u{1b}[32m2"));
    assert!(!with("NO_COLOR").contains('\u{1b}'));
}
