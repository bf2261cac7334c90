//! Edits that procedures make, in one call: selectors, increments, embedded texts, positions, overlap.

use serde_json::json;
use writ::domain::yaml::{self, Edit, KeyPosition, Language, Operation, Pointer, Reason};

fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

fn replace(at: &str, value: serde_json::Value) -> Edit {
    Edit { document: 0, operation: Operation::Replace { pointer: pointer(at), value } }
}

fn add(at: &str, value: serde_json::Value, position: KeyPosition) -> Edit {
    Edit { document: 0, operation: Operation::Add { pointer: pointer(at), value, position } }
}

fn remove(at: &str) -> Edit {
    Edit { document: 0, operation: Operation::Remove { pointer: pointer(at) } }
}

fn edited(text: &str, edits: &[Edit]) -> String {
    yaml::edit(text, edits).unwrap_or_else(|refusal| panic!("{refusal}")).text
}

fn refused(text: &str, edits: &[Edit]) -> Reason {
    yaml::edit(text, edits).unwrap_err().code
}

const DEPLOYMENT: &str = "\
spec:
  replicas: 1  # one writer
  containers:
    - name: app
      env:
        - name: TRADING_ENABLED
          # lands before the image
          value: \"true\"
        - name: LEVEL
          value: info
    - name: proxy
";

#[test]
fn items_are_selected_by_name() {
    let text = edited(
        DEPLOYMENT,
        &[replace("/spec/containers[name=app]/env[name=TRADING_ENABLED]/value", json!("false"))],
    );
    assert_eq!(text, DEPLOYMENT.replace("\"true\"", "\"false\""));
}

#[test]
fn selecting_nothing_or_several_is_refused() {
    assert_eq!(refused(DEPLOYMENT, &[remove("/spec/containers[name=web]")]), Reason::SelectorNone);
    assert_eq!(refused(DEPLOYMENT, &[remove("/spec/replicas[name=web]")]), Reason::WrongType);
    let twice = "l:\n- name: a\n- name: a\n";
    assert_eq!(refused(twice, &[remove("/l[name=a]")]), Reason::SelectorMany);
    let field_twice = "l:\n- name: a\n  name: b\n- name: c\n";
    assert_eq!(refused(field_twice, &[remove("/l[name=b]")]), Reason::DuplicateKey);
    assert_eq!(edited(field_twice, &[remove("/l[name=c]")]), "l:\n- name: a\n  name: b\n");
}

#[test]
fn several_edits_name_the_text_as_it_is() {
    let before = "l:\n  - a\n  - b\n  - c\nm:\n  x: 1\n";
    let after = edited(
        before,
        &[remove("/l/0"), replace("/l/2", json!("z")), add("/m/w", json!(2), KeyPosition::First)],
    );
    assert_eq!(after, "l:\n  - b\n  - z\nm:\n  w: 2\n  x: 1\n");
    let after = edited(
        before,
        &[
            add("/l/1", json!("new"), KeyPosition::Last),
            remove("/l/1"),
            add("/l/-", json!("e"), KeyPosition::Last),
        ],
    );
    assert_eq!(after, "l:\n  - a\n  - new\n  - c\n  - e\nm:\n  x: 1\n");
}

#[test]
fn edits_that_touch_the_same_place_are_refused() {
    let before = "a:\n  b: 1\n  c: 2\nl: [1, 2]\n";
    for edits in [
        [replace("/a/b", json!(2)), replace("/a/b", json!(3))],
        [replace("/a", json!({"b": 5, "c": 2})), replace("/a/b", json!(3))],
        [replace("/a/b", json!(3)), remove("/a")],
        [remove("/l/1"), remove("/l/1")],
        [add("/a/d", json!(1), KeyPosition::Last), add("/a/d", json!(2), KeyPosition::Last)],
        [remove("/a/b"), add("/a/b", json!(2), KeyPosition::Last)],
    ] {
        assert_eq!(refused(before, &edits), Reason::Overlap, "{edits:?}");
    }
}

#[test]
fn integers_are_incremented_and_stay_plain() {
    let by =
        |at: &str, by| Edit { document: 0, operation: Operation::Increment { pointer: pointer(at), by } };
    assert_eq!(
        edited("a:\n  restartNonce: 38 # n\n", &[by("/a/restartNonce", 1)]),
        "a:\n  restartNonce: 39 # n\n"
    );
    assert_eq!(refused("a: \"38\"\n", &[by("/a", 1)]), Reason::WrongType);
    assert_eq!(refused("a: 9223372036854775807\n", &[by("/a", 1)]), Reason::WrongType);
}

#[test]
fn keys_go_where_the_position_says() {
    let before = "m:\n  a: 1 # a\n  # about c\n  c: 3\n";
    let at = |position| edited(before, &[add("/m/b", json!(2), position)]);
    assert_eq!(at(KeyPosition::Last), "m:\n  a: 1 # a\n  # about c\n  c: 3\n  b: 2\n");
    assert_eq!(at(KeyPosition::First), "m:\n  b: 2\n  a: 1 # a\n  # about c\n  c: 3\n");
    assert_eq!(at(KeyPosition::After("a".into())), "m:\n  a: 1 # a\n  b: 2\n  # about c\n  c: 3\n");
    assert_eq!(at(KeyPosition::Before("c".into())), at(KeyPosition::After("a".into())));
}

#[test]
fn texts_in_block_scalars_are_edited_line_by_line() {
    let before = "\
data:
  # the catalogue
  strategies.yaml: |
    strategies:
      - name: one   # first
        enabled: true
      - name: two
        enabled: true
  gates.json: |
    {
      \"rate\": \"0.01\",
      \"limit\": 5
    }
";
    let inner = |at: &str, language, edit: Edit| Edit {
        document: 0,
        operation: Operation::Embedded { pointer: pointer(at), language, edits: vec![edit] },
    };
    let after = edited(
        before,
        &[
            inner(
                "/data/strategies.yaml",
                Language::Yaml,
                replace("/strategies[name=two]/enabled", json!(false)),
            ),
            inner("/data/gates.json", Language::Json, replace("/rate", json!("0.02"))),
        ],
    );
    let expected = before
        .replace("two\n        enabled: true", "two\n        enabled: false")
        .replace("\"0.01\"", "\"0.02\"");
    assert_eq!(after, expected);
    let wrong = inner("/data/strategies.yaml", Language::Json, remove("/strategies"));
    assert_eq!(refused(before, &[wrong]), Reason::Embedded);
    let missing = inner("/data/gates.json", Language::Json, remove("/none"));
    let refusal = yaml::edit(before, &[missing]).unwrap_err();
    assert_eq!(refusal.code, Reason::NotFound);
    assert!(refusal.message.contains("in the text of `/data/gates.json`, line 1"), "{refusal}");
}

#[test]
fn json_in_a_folded_scalar_keeps_its_lines() {
    let before = "env:\n  - name: X\n    value: >\n      {\n        \"a\": 1,\n        \"b\": 2\n      }\n";
    let edit = Edit {
        document: 0,
        operation: Operation::Embedded {
            pointer: pointer("/env[name=X]/value"),
            language: Language::Json,
            edits: vec![replace("/b", json!(3))],
        },
    };
    assert_eq!(edited(before, &[edit]), before.replace("2", "3"));
}

#[test]
fn an_edit_that_changes_nothing_changes_no_byte() {
    let before = "a: 'x'   # q\nb: 1.50\nc: 010\n";
    assert_eq!(edited(before, &[replace("/a", json!("x"))]), before);
    assert_eq!(edited(before, &[]), before);
    // `1.50` and `010` are the numbers 1.5 and 8, but not for every reader in this spelling.
    assert_eq!(edited(before, &[replace("/c", json!(8))]), "a: 'x'   # q\nb: 1.50\nc: 8\n");
}

#[test]
fn refusals_say_where_and_what_to_do() {
    let refusal = yaml::edit("a:\n  b: 1\n", &[replace("/a/x", json!(1))]).unwrap_err();
    assert_eq!((refusal.code, refusal.line, refusal.column), (Reason::NotFound, 2, 3));
    assert!(refusal.to_string().contains("`/a/x`") && !refusal.remedy.is_empty());
    for (text, code) in [
        ("a: [1, 2\n", Reason::Syntax),
        ("a:\n\tb: 1\n", Reason::Tab),
        ("a: {{ .Values.x }}\nb: 1\n", Reason::KeyNotScalar),
        ("b: 1\n---\nb: 2\nb: 3\n...\n", Reason::NotFound),
        ("b: &x 1\nc: *x\n", Reason::Alias),
        ("b: 1\nb: 2\n", Reason::DuplicateKey),
    ] {
        let edit = if code == Reason::NotFound { replace("/x", json!(2)) } else { replace("/b", json!(2)) };
        assert_eq!(refused(text, &[edit]), code, "{text}");
    }
    assert_eq!(refused("a: {<<: {b: 1}}\n", &[replace("/a/b", json!(2))]), Reason::MergedKey);
    let big = format!("a: {}\n", "x".repeat(1 << 20));
    assert_eq!(refused(&big, &[remove("/a")]), Reason::TooLarge);
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(refused(&deep, &[remove("/0")]), Reason::TooDeep);
    let second = Edit { document: 3, operation: Operation::Remove { pointer: pointer("/a") } };
    assert_eq!(refused("a: 1\n", &[second]), Reason::NoDocument);
}

#[test]
fn values_are_read_as_kubernetes_reads_them() {
    let text = "kind: ConfigMap\nmetadata: {name: c}\na: yes\nb: 010\nc: 2026-05-01T01:25:51.190Z\nd: \"1\"\ne: 1_000\n";
    let stream = yaml::parse(text).unwrap();
    let document = &stream.documents()[0];
    assert_eq!((document.kind().as_str(), document.name().as_str()), ("ConfigMap", "c"));
    let value = document.value();
    assert_eq!(value["a"], json!(true));
    assert_eq!(value["b"], json!(8));
    assert_eq!(value["c"], json!("2026-05-01T01:25:51.190Z"));
    assert_eq!((&value["d"], &value["e"]), (&json!("1"), &json!(1000)));
}

#[test]
fn comments_near_a_node_are_found() {
    let stream = yaml::parse(DEPLOYMENT).unwrap();
    let document = &stream.documents()[0];
    let near = |at: &str| -> Vec<(usize, String)> {
        document.comments_near(&pointer(at)).into_iter().map(|comment| (comment.line, comment.text)).collect()
    };
    assert_eq!(near("/spec/replicas"), [(2, "one writer".to_owned())]);
    let value = "/spec/containers[name=app]/env[name=TRADING_ENABLED]/value";
    assert_eq!(near(value), [(7, "lands before the image".to_owned())]);
    assert_eq!(near("/spec/containers[name=app]/env[name=LEVEL]/value"), []);
    let place = document.locate(&pointer(value)).unwrap();
    assert_eq!((place.line, place.column), (8, 18));
    assert_eq!(&DEPLOYMENT[place.span], "\"true\"");
}

/// The documentation of the operations shows RFC 6902 with a text before and after: that is what comes out.
#[test]
fn documented_examples_hold() {
    let source = include_str!("../../../src/domain/yaml/operation.rs");
    let lines = source.lines().filter_map(|line| line.trim().strip_prefix("///"));
    let mut lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let (mut patch, mut texts, mut count) = (None, Vec::new(), 0);
    while let Some(line) = lines.next() {
        if let Some(operation) = line.strip_prefix('`').filter(|rest| rest.starts_with("{\"op\"")) {
            let operation: serde_json::Value =
                serde_json::from_str(operation.split('`').next().unwrap()).unwrap();
            patch = Some(serde_json::from_value(json!([operation])).unwrap());
            texts.clear();
        } else if line == "```yaml" {
            texts.push(
                lines
                    .by_ref()
                    .take_while(|line| *line != "```")
                    .fold(String::new(), |text, line| text + line + "\n"),
            );
        }
        let ([before, after], Some(given)) = (texts.as_slice(), &patch) else { continue };
        let json_patch::Patch(operations) = given;
        if let [json_patch::PatchOperation::Test(_)] = operations.as_slice() {
            assert_eq!(yaml::patch(before, 0, given).unwrap().text, *before);
            assert_eq!(yaml::patch(after, 0, given).unwrap_err().code, Reason::TestFailed);
        } else {
            assert_eq!(yaml::patch(before, 0, given).unwrap().text, *after);
        }
        (patch, count) = (None, count + 1);
    }
    assert_eq!(count, 6);
}
