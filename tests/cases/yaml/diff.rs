//! Differences: applied to the text before they give the meaning of the text after, and they are short.

use proptest::prelude::*;
use serde_json::{Value, json};
use writ::domain::change;
use writ::domain::manifest::Manifest;
use writ::domain::yaml::{self, Edit};

use super::corpus::{real_edits, typed};
use crate::support;

/// The text before with what turns it into the text after, and how many operations that took.
fn turned(before: &str, after: &str) -> Result<(String, usize), yaml::YamlRefusal> {
    let [from, to] = [before, after].map(|text| Manifest::parse(text).unwrap());
    let stream = change::patch(&from, &to);
    assert!(stream.added.is_empty() && stream.removed.is_empty() && !stream.is_reordered);
    let edits: Vec<Edit> = stream
        .documents
        .iter()
        .flat_map(|(document, patch)| patch.0.iter().map(|one| Edit::from_rfc6902(*document, one).unwrap()))
        .collect();
    Ok((yaml::edit_in_order(before, &edits)?.text, edits.len()))
}

#[test]
fn real_edits_are_found_again() {
    let Some(edits) = real_edits("differences of 331 real edits") else { return };
    let (mut ours, mut theirs) = (0, 0);
    for edit in &edits {
        let (text, operations) =
            turned(&edit.before, &edit.after).unwrap_or_else(|refusal| panic!("{}: {refusal}", edit.name));
        assert_eq!(typed(&text), typed(&edit.after), "{}", edit.name);
        ours += operations;
        theirs += edit.documents.iter().map(|part| part.patch.0.len()).sum::<usize>();
    }
    eprintln!("differences of {} real edits: {ours} operations, in the corpus {theirs}", edits.len());
    assert!(ours <= theirs, "{ours} operations, the corpus has {theirs}");
}

/// A patch as its words: `move /l/2 /l/0`.
fn words(before: Value, after: Value) -> Vec<String> {
    let patch = change::operations(&before, &after);
    let mut result = before;
    json_patch::patch(&mut result, &patch).unwrap();
    assert_eq!(result, after);
    let word = |one: &Value| {
        let values = ["op", "from", "path", "value"].into_iter().filter_map(|key| one.get(key));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        values.map(text).collect::<Vec<_>>().join(" ")
    };
    json!(patch).as_array().unwrap().iter().map(word).collect()
}

#[test]
fn lists_are_edited_and_not_replaced() {
    let list = |items: &str| json!({"l": items.split_whitespace().collect::<Vec<_>>()});
    for (before, after, expected) in [
        ("a b c d", "a b X c d", &["add /l/2 X"][..]),
        ("a b c d", "b c d e", &["remove /l/0", "add /l/- e"]),
        ("a b c d", "a X c d", &["replace /l/1 X"]),
        ("a b c d", "d a b c", &["move /l/3 /l/0"]),
        ("a b c d", "b c d a", &["move /l/0 /l/3"]),
        ("a b c d", "", &["remove /l/3", "remove /l/2", "remove /l/1", "remove /l/0"]),
        ("", "a b", &["add /l/- a", "add /l/- b"]),
    ] {
        assert_eq!(words(list(before), list(after)), expected, "{before} to {after}");
    }
}

#[test]
fn items_are_followed_by_name_or_by_likeness() {
    let item = |name: &str, value: i32| json!({"name": name, "v": value});
    let before = json!([item("a", 1), item("b", 2), item("c", 3)]);
    let after = json!([item("c", 3), item("a", 9), item("d", 4)]);
    assert_eq!(
        words(before, after),
        ["replace /0/v 9", "remove /1", "move /0 /1", r#"add /- {"name":"d","v":4}"#]
    );
    let port = |number: i32, protocol: &str, target: &str| json!({"port": number, "protocol": protocol, "target": target});
    let before = json!([port(80, "TCP", "web"), port(443, "TCP", "tls")]);
    let after = json!([port(22, "TCP", "ssh"), port(80, "UDP", "web"), port(443, "TCP", "tls")]);
    let added = r#"add /0 {"port":22,"protocol":"TCP","target":"ssh"}"#;
    assert_eq!(words(before, after), ["replace /0/protocol UDP", added]);
    let twice = json!([item("a", 1), item("a", 2)]);
    assert_eq!(words(twice.clone(), json!([item("a", 1), item("a", 3)])), ["replace /1/v 3"]);
    assert_eq!(words(twice, json!([item("a", 1)])), ["remove /1"]);
}

#[test]
fn roots_and_types_change() {
    assert_eq!(words(json!({"a": 1}), json!([1])), ["replace  [1]"]);
    assert_eq!(words(json!({"a": "1"}), json!({"a": 1})), ["replace /a 1"]);
    assert_eq!(words(json!({"a/b~c": 1}), json!({})), ["remove /a~1b~0c"]);
    assert!(words(json!({"a": [1.5, null]}), json!({"a": [1.5, null]})).is_empty());
}

fn scalar() -> impl Strategy<Value = Value> {
    let texts = ["", "a", "b", "yes", "010", "1.5", "~", "a: b", "x # y", "one\ntwo\n", "- a", "ünïcode"];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        prop::sample::select(vec![0.5, -1e20]).prop_map(Value::from),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
    ]
}

/// Values over few keys, names and scalars, so that two of them have much in common.
fn value() -> impl Strategy<Value = Value> {
    let key = || prop::sample::select(vec!["a", "b", "c", "name", "kind", "x/y", "true"]);
    let named = |inner: BoxedStrategy<Value>| {
        let item = (prop::sample::select(vec!["A", "B", "C", "D"]), inner);
        prop::collection::vec(item.prop_map(|(name, value)| json!({"name": name, "value": value})), 0..6)
    };
    scalar().boxed().prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(scalar(), 0..7).prop_map(Value::from),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            named(inner.clone()).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(512)))]

    #[test]
    fn a_difference_turns_one_value_into_the_other(before in value(), after in value()) {
        let patch = change::operations(&before, &after);
        let mut result = before.clone();
        json_patch::patch(&mut result, &patch).unwrap();
        prop_assert_eq!(&result, &after);
        prop_assert!(change::operations(&before, &before).0.is_empty());
    }

    #[test]
    fn a_difference_turns_one_text_into_the_other(before in value(), after in value()) {
        let [before, after] = [before, after].map(|value| serde_yaml::to_string(&value).unwrap());
        let [from, to] = [&before, &after].map(|text| Manifest::parse(text).unwrap());
        prop_assume!(from.objects[0].name == to.objects[0].name || from != to);
        let (text, _) = turned(&before, &after).map_err(|refusal| {
            TestCaseError::fail(format!("{refusal}\nbefore:\n{before}after:\n{after}"))
        })?;
        let result = Manifest::parse(&text).unwrap();
        prop_assert_eq!(&result.objects[0].value, &to.objects[0].value, "{}", text);
    }
}
