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
    let expected = expected();
    let named: Vec<_> = expected.iter().map(|row| (row.name.clone(), row)).collect();
    let wrong: Vec<_> = named
        .iter()
        .zip(outcomes(library().policies, &named))
        .filter(|(_, outcome)| *outcome != RuleTestOutcome::Passed)
        .map(|((_, row), outcome)| format!("{row:?}: {outcome:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(expected.len() >= 120);
}

/// The class of what is compared as a whole, and what is strict.
#[test]
fn each_setting_is_in_the_class_that_is_expected() {
    let wrong: Vec<_> = table().iter().filter_map(|(name, row)| misplaced(&classes(), name, row)).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    let table = table();
    let lost: Vec<_> = classes().into_values().flatten().filter(|name| !table.contains_key(name)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// Whatever is changed in a row of the table, an expectation or an invariant breaks. Every changed row gets a name of its
/// own in one table, so that all are tried in one run.
#[test]
fn each_mutation_of_a_row_is_noticed() {
    let (table, classes, facts) = (table(), classes(), facts());
    let expected = expected();
    let by_name: BTreeMap<&str, &Expectation> = expected.iter().map(|row| (row.name.as_str(), row)).collect();
    let (mut silent, mut changed, mut rows) = (BTreeMap::new(), Vec::new(), serde_json::Map::new());
    for (name, row) in &table {
        for (index, mutant) in mutants(row).into_iter().enumerate() {
            if misplaced(&classes, name, &mutant).is_some() || facts.disagree(name, &mutant) {
                continue;
            }
            let alias = format!("{name}__{index}");
            silent.insert(alias.clone(), format!("{name}: {row} as {mutant}"));
            if let Some(row) = by_name.get(name.as_str()) {
                changed.push((alias.clone(), *row));
            }
            rows.insert(alias, mutant);
        }
    }
    let mut files = library().policies;
    files.insert(
        "settings.yaml".to_owned(),
        json!({ "schema": "writ.settings/v1", "settings": rows }).to_string(),
    );
    for ((alias, _), outcome) in changed.iter().zip(outcomes(files, &changed)) {
        if outcome != RuleTestOutcome::Passed {
            silent.remove(alias);
        }
    }
    let silent: Vec<_> = silent.into_values().collect();
    assert!(silent.is_empty(), "{}:\n{}", silent.len(), silent.join("\n"));
}

/// A row with one thing changed, in each way: another class, other words, another default or none, strict or not.
fn mutants(row: &Value) -> Vec<Value> {
    let with = |key: &str, value: Value| {
        let mut mutant = row.clone();
        mutant[key] = value;
        mutant
    };
    let class = row["class"].as_str().unwrap();
    let other = match class {
        "on_is_dangerous" => "off_is_dangerous",
        "off_is_dangerous" => "on_is_dangerous",
        "more_is_riskier" | "limit" => "less_is_riskier",
        "less_is_riskier" => "more_is_riskier",
        "map_more_is_riskier" => "map_less_is_riskier",
        "map_less_is_riskier" => "map_more_is_riskier",
        "list_guards" => "list_allows",
        "list_allows" => "list_guards",
        "neutral" => "identity",
        _ => "neutral",
    };
    let mut found = vec![with("strict", json!(row["strict"] != json!(true)))];
    let mut moved = with("class", json!(other));
    moved.as_object_mut().unwrap().remove("words");
    found.push(moved);
    if row["default"].is_string() && class != "neutral" {
        found.push(with("default", json!("another")));
    }
    if let Some(words) = row["words"].as_array() {
        found.push(with("words", words.iter().rev().cloned().collect()));
    }
    found
}

fn misplaced(classes: &BTreeMap<String, Vec<String>>, name: &str, row: &Value) -> Option<String> {
    let said = |class: &str| classes[class].iter().any(|one| one == name);
    let class = row["class"].as_str().unwrap();
    if said("strict") != (row["strict"] == json!(true)) {
        return Some(format!("{name} is strict: {}", row["strict"]));
    }
    let whole: Vec<&String> = classes.keys().filter(|class| *class != "strict" && said(class)).collect();
    let is_right = match whole.as_slice() {
        [] => !classes.contains_key(class),
        [expected] => *expected == class,
        _ => false,
    };
    (!is_right).then(|| format!("{name} is {class}, not {whole:?}"))
}

fn expected() -> Vec<Expectation> {
    serde_yaml::from_str(include_str!("settings.yaml")).unwrap()
}

fn classes() -> BTreeMap<String, Vec<String>> {
    serde_yaml::from_str(include_str!("settings_classes.yaml")).unwrap()
}

/// What the rules say of each expectation, of the setting of that name in these files' table.
fn outcomes(
    mut files: BTreeMap<String, String>,
    expected: &[(String, &Expectation)],
) -> Vec<RuleTestOutcome> {
    let mut module =
        "package writ.expected_test\n\nimport rego.v1\n\nimport data.writ.lib.table\n\n".to_owned();
    for (index, (name, row)) in expected.iter().enumerate() {
        let side = |value: &str| json!([{ "settings": { name: [{"pointer": "", "value": value}] } }]);
        let danger = |sides: Value| format!("table.danger({sides}, {})", json!(name));
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
    files.retain(|file, _| ["settings.yaml", "lib/table.rego", "lib/settings.rego"].contains(&file.as_str()));
    files.insert("expected_test.rego".to_owned(), module);
    let outcomes = run_rule_tests(&files).unwrap();
    assert_eq!(outcomes.len(), expected.len());
    outcomes.into_iter().map(|test| test.outcome).collect()
}

/// What the service's code says of its settings; empty where the corpus is not there.
struct FactsOfSettings(Vec<Value>);

fn facts() -> FactsOfSettings {
    let Some(shared) = support::shared() else { return FactsOfSettings(Vec::new()) };
    let text = std::fs::read_to_string(shared.join("corpus/settings.json")).unwrap();
    FactsOfSettings(serde_json::from_str(&text).unwrap())
}

impl FactsOfSettings {
    /// Whether a row's default is another than the service's.
    fn disagree(&self, name: &str, row: &Value) -> bool {
        let fact = self.0.iter().find(|fact| fact["names"].as_array().unwrap().contains(&json!(name)));
        fact.and_then(default_of).is_some_and(|default| row["default"] != json!(default))
    }
}

/// The default of the code as the table writes it; `None` where there is none, or an expression.
fn default_of(fact: &Value) -> Option<String> {
    if let Some(time) = fact["default_expr"].as_str().and_then(|code| code.strip_prefix("time(hour=")) {
        let (hour, minute) = time.trim_end_matches(')').split_once(", minute=").unwrap();
        return Some(format!("{hour:0>2}:{minute:0>2}:00"));
    }
    match &fact["default"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

/// What the target's own guarded objects set is in the table, in both layouts.
#[test]
fn each_setting_of_the_corpus_is_in_a_class() {
    let Some(shared) = support::shared() else {
        support::left_out("the settings of the corpus", "the corpus is not there; set WRIT_SHARED");
        return;
    };
    let table = table();
    let mut unknown = std::collections::BTreeSet::new();
    for layout in ["2026-02-12", "2026-08-22"] {
        let root = shared.join("corpus").join(layout).join(support::corpus::GITOPS_PATH);
        for file in GUARDED {
            let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
            for document in serde_yaml::Deserializer::from_str(&text) {
                names_of(&Value::deserialize(document).unwrap(), &mut unknown);
            }
        }
    }
    assert!(unknown.len() > 250, "{}", unknown.len());
    unknown.retain(|name| !table.contains_key(name));
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The files of the guarded workloads: the service, the forwarder, the analysis, what watches the models.
const GUARDED: [&str; 13] = [
    "autonomy-configmap.yaml",
    "knative-service-sim.yaml",
    "knative-service.yaml",
    "llm-guardrails-exporter.yaml",
    "market-data-archive/configmap.yaml",
    "market-data-archive/flinkdeployment.yaml",
    "scheduler-deployment.yaml",
    "ta-sim/configmap.yaml",
    "ta-sim/flinkdeployment.yaml",
    "ta/configmap.yaml",
    "ta/flinkdeployment.yaml",
    "ws/configmap.yaml",
    "ws/deployment.yaml",
];

fn names_of(node: &Value, found: &mut std::collections::BTreeSet<String>) {
    if node["kind"] == "ConfigMap" {
        found.extend(node["data"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    }
    for variable in node["env"].as_array().into_iter().flatten() {
        found.extend(variable["name"].as_str().map(str::to_owned));
    }
    match node {
        Value::Array(items) => items.iter().for_each(|item| names_of(item, found)),
        Value::Object(entries) => entries.values().for_each(|entry| names_of(entry, found)),
        _ => {}
    }
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
            let default = default_of(fact);
            if default.is_some() && row["default"] != json!(default) {
                wrong.push(format!("{name} has the default {}, the service {default:?}", row["default"]));
            }
            // Names of one setting are one setting.
            let first = fact["names"][0].as_str().unwrap();
            if table.get(first) != Some(row) {
                wrong.push(format!("{name} and {first} are the same setting"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
