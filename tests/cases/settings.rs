//! The table of settings: what it must say of single ones, and what holds of all.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use writ::domain::policy::{RuleTestOutcome, run_rule_tests};
use writ::ports::library::Library;

use crate::support;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    name: String,
    from: String,
    to: String,
    removed: Removed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Removed {
    Riskier,
    Same,
}

fn library() -> Library {
    Library::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn table() -> BTreeMap<String, Value> {
    let table: Value = serde_yaml::from_str(&library().policies["settings.yaml"]).unwrap();
    serde_json::from_value(table["settings"].clone()).unwrap()
}

/// Each expectation becomes a test of the rules' own, so that the rules' reading of the table is what is tested.
#[test]
fn each_setting_is_riskier_in_the_direction_that_is_expected() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/settings.yaml"))
            .unwrap();
    let expected: Vec<Expectation> = serde_yaml::from_str(&text).unwrap();
    let mut module =
        "package writ.expected_test\n\nimport rego.v1\n\nimport data.writ.lib.table\n\n".to_owned();
    for (index, row) in expected.iter().enumerate() {
        let side = |value: &str| json!([{ "settings": { &row.name: [{"pointer": "", "value": value}] } }]);
        let name = json!(row.name);
        let danger = |sides: Value| format!("table.danger({sides}, {name})");
        let removed = match row.removed {
            Removed::Riskier => ">",
            Removed::Same => "<=",
        };
        module.push_str(&format!(
            "test_{index} if {{\n\t{} > {}\n\t{} {removed} {}\n}}\n\n",
            danger(side(&row.to)),
            danger(side(&row.from)),
            danger(json!([])),
            danger(side(&row.from)),
        ));
    }
    let mut files = library().policies;
    files.retain(|file, _| !file.ends_with("_test.rego"));
    files.insert("expected_test.rego".to_owned(), module);
    let outcomes = run_rule_tests(&files).unwrap();
    let wrong: Vec<_> = outcomes
        .iter()
        .zip(&expected)
        .filter(|(test, _)| test.outcome != RuleTestOutcome::Passed)
        .map(|(test, row)| format!("{row:?}: {:?}", test.outcome))
        .collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(outcomes.len() == expected.len() && expected.len() >= 120);
}

/// Every setting of the service is in the table, with the service's default, in a class that fits its type.
#[test]
fn the_table_agrees_with_the_service() {
    let Some(shared) = support::shared() else {
        support::left_out("the table of settings", "the corpus is not there; set WRIT_SHARED");
        return;
    };
    let text = std::fs::read_to_string(shared.join("corpus/settings.json")).unwrap();
    let facts: Vec<Value> = serde_json::from_str(&text).unwrap();
    let table = table();
    let mut wrong = Vec::new();
    for fact in &facts {
        for name in fact["names"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let Some(row) = table.get(name) else {
                wrong.push(format!("{name} is not in the table"));
                continue;
            };
            let (class, kind) = (row["class"].as_str().unwrap(), fact["type"].as_str().unwrap());
            let fits = match class {
                "on_is_dangerous" | "off_is_dangerous" => kind == "bool",
                "limit" | "more_is_riskier" | "less_is_riskier" => {
                    ["int", "float", "Decimal"].iter().any(|number| kind.contains(number))
                }
                "words" => kind.starts_with("Literal"),
                "time" => kind == "time",
                "map_more_is_riskier" | "map_less_is_riskier" => kind.starts_with("dict"),
                "list_guards" | "list_allows" | "expiry" => kind.contains("str"),
                "identity" | "neutral" => true,
                _ => false,
            };
            if !fits {
                wrong.push(format!("{name} is {class}, its type is {kind}"));
            }
            let default = match &fact["default"] {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                value => Some(value.to_string()),
            };
            if default.is_some() && class != "neutral" && !is_default(&row["default"], &default) {
                wrong.push(format!("{name} has the default {}, the service {default:?}", row["default"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

fn is_default(row: &Value, default: &Option<String>) -> bool {
    row.as_str().map(str::to_owned) == *default
}
