//! The rules' own tests, their metadata, and a second opinion: the Open Policy Agent on the same files and inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use writ::domain::policy::{Facts, Finding, Incomplete, Level, Policies, RuleTestOutcome, run_rule_tests};
use writ::ports::library::Library;

use super::policies::{all_cases, edited_by_example, facts, judge, policies, real_facts, tree};
use super::replayed;
use crate::support;

fn library() -> Library {
    Library::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_rules_own_tests_pass() {
    let tests = run_rule_tests(&library().policies).unwrap();
    let failed: Vec<_> = tests.iter().filter(|test| test.outcome != RuleTestOutcome::Passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let tested: BTreeSet<&str> = tests.iter().map(|test| test.file.trim_end_matches("_test.rego")).collect();
    for policy in policies().policies() {
        assert!(tested.contains(policy.file.trim_end_matches(".rego")), "{} has no test", policy.file);
    }
}

#[test]
fn a_test_that_fails_or_breaks_is_reported() {
    let text = "package writ.x_test\n\nimport rego.v1\n\ntest_true if 1 == 1\n\ntest_false if 1 == 2\n\n\
                test_broken if to_number(\"x\") == 1\n";
    let files = BTreeMap::from([("x_test.rego".to_owned(), text.to_owned())]);
    let tests = run_rule_tests(&files).unwrap();
    let found: Vec<_> = tests.iter().map(|test| (test.line, &test.outcome)).collect();
    assert_eq!(found[..2], [(5, &RuleTestOutcome::Passed), (7, &RuleTestOutcome::Failed)]);
    assert!(matches!(found[2], (9, RuleTestOutcome::Broken(_))), "{found:?}");
    let broken = BTreeMap::from([("x_test.rego".to_owned(), "package writ.x_test\n\nnot rego\n".to_owned())]);
    assert_eq!(run_rule_tests(&broken).unwrap_err().file, "x_test.rego");
}

/// What a policy says of itself holds: its example is found, its page is there, no code is another policy's.
#[test]
fn examples_are_found_as_they_say() {
    let mut codes = BTreeMap::new();
    for policy in policies().policies() {
        for code in policy.codes.keys() {
            assert_eq!(codes.insert(code.clone(), &policy.name), None, "{code} is found by two policies");
        }
        assert!(!policy.remediation.is_empty() && !policy.change.is_empty(), "{}", policy.name);
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/policies/{}.md", policy.name));
        assert!(page.is_file(), "{} has no page", policy.name);
        let Some(example) = &policy.example else { continue };
        let verdict = judge(policies(), &tree(), &edited_by_example(example), None);
        let is_it = |found: &&Finding| found.code == example.code && found.policy == policy.name;
        assert!(verdict.results.iter().any(|found| is_it(&found)), "{}: {:#?}", policy.name, verdict.results);
    }
    for code in codes.keys() {
        assert_eq!(policies().explain(code).unwrap().code, *code);
    }
    assert_eq!(policies().explain("no_such_code"), None);
}

/// A code that no case finds may be one that nothing finds.
#[test]
fn each_code_is_found_by_a_case() {
    let mut found = BTreeSet::new();
    for (_, case) in all_cases() {
        let verdict = policies().evaluate(&facts(&case));
        let all = verdict.results.into_iter().chain(verdict.standing);
        found.extend(all.map(|finding| finding.code));
    }
    let missing: Vec<_> = policies().codes().filter(|code| !found.contains(*code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Every case, every real commit and every test of the rules comes to the same in OPA, finding by finding.
#[test]
fn opa_comes_to_the_same() {
    let mut inputs = Vec::new();
    for (name, case) in all_cases() {
        inputs.push((name, facts(&case)));
    }
    let Some(real) = real_facts("policies in OPA, on the corpus") else { return };
    inputs.extend(real);
    if !agrees(&inputs) {
        return;
    }
    let tests = run_rule_tests(&library().policies).unwrap();
    let rules: Vec<&str> = tests.iter().map(|test| test.rule.trim_start_matches("data.")).collect();
    let Some(answers) = opa(&[json!({})], &rules) else { return };
    for (test, answer) in tests.iter().zip(&answers[0]) {
        assert_eq!(test.outcome == RuleTestOutcome::Passed, *answer == json!(true), "{}", test.rule);
    }
}

/// The same of an adversary's changes and of the target's history: in CI what had to be stopped or is disputed and every
/// tenth other commit, all of it with `WRIT_TESTS_TIMES`.
#[test]
fn opa_comes_to_the_same_on_what_others_made() {
    let mut some = Vec::new();
    let mut others = replayed::facts_of_changes().chain(replayed::facts_of_history());
    loop {
        some.extend(others.by_ref().take(40));
        if some.is_empty() || !agrees(&some) {
            return;
        }
        some.clear();
    }
}

/// Asserts that regorus and OPA find the same in each input; false, and said so, where OPA is not installed.
fn agrees(inputs: &[(String, Facts)]) -> bool {
    let sets: Vec<(String, Level)> = policies()
        .policies()
        .iter()
        .flat_map(|policy| {
            let sets = [
                ("deny", Level::Deny),
                ("review", Level::Review),
                ("warn", Level::Warn),
                ("standing", Level::Standing),
            ];
            sets.map(|(set, level)| (format!("{}.{set}", policy.package), level))
        })
        .collect();
    let names: Vec<&str> = sets.iter().map(|(set, _)| set.as_str()).collect();
    let values: Vec<Value> = inputs.iter().map(|(_, facts)| facts.to_json().unwrap()).collect();
    let Some(answers) = opa(&values, &names) else { return false };
    let mut apart = Vec::new();
    for (((name, _), value), answer) in inputs.iter().zip(&values).zip(&answers) {
        // As they are in the input: writ exchanges the paths of altered objects afterwards.
        let ours = policies().evaluate(&Facts::from_json(value.clone()));
        let ours: BTreeSet<Row> = ours.results.iter().chain(&ours.standing).map(row).collect();
        let theirs: BTreeSet<Row> =
            sets.iter().zip(answer).flat_map(|((_, level), set)| rows_of(*level, set)).collect();
        if ours != theirs {
            let (here, there): (Vec<_>, Vec<_>) =
                (ours.difference(&theirs).collect(), theirs.difference(&ours).collect());
            apart.push(format!("{name}: only regorus: {here:#?}\nonly OPA: {there:#?}"));
        }
    }
    assert!(apart.is_empty(), "{} of {}:\n{}", apart.len(), inputs.len(), apart.join("\n"));
    true
}

/// A library without rules would allow everything, and one that lost a rule a part of it.
#[test]
fn policies_that_lost_a_rule_are_incomplete() {
    let files = library().policies;
    let (expected, retired) = (Policies::codes_of(&files), BTreeMap::new());
    assert_eq!(policies().check_complete(&expected, &retired), Ok(()));
    let none = Policies::compile(&BTreeMap::new()).unwrap();
    assert_eq!(none.check_complete(&BTreeSet::new(), &retired), Err(Incomplete::NoRules));
    let mut fewer = files.clone();
    fewer.remove("no_secrets.rego");
    fewer.remove("no_secrets_test.rego");
    let Err(Incomplete::SilentCodes(lost)) =
        Policies::compile(&fewer).unwrap().check_complete(&expected, &retired)
    else {
        panic!("a rule is missing");
    };
    assert!(lost.len() == 6 && lost.contains("private_key"), "{lost:?}");
    let retired = lost.into_iter().map(|code| (code, "not ours".to_owned())).collect();
    assert_eq!(Policies::compile(&fewer).unwrap().check_complete(&expected, &retired), Ok(()));
    assert!(matches!(policies().check_complete(&expected, &retired), Err(Incomplete::NotRetired(_))));
}

type Row = (String, String, String, String, String, String);

fn row(finding: &Finding) -> Row {
    let Finding { code, level, message, path, pointer, remedy, .. } = finding;
    (code.clone(), format!("{level:?}"), message.clone(), path.clone(), pointer.clone(), remedy.clone())
}

fn rows_of(level: Level, set: &Value) -> Vec<Row> {
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let of = |entry: &Value| {
        let [code, message, path, pointer, remedy] =
            ["code", "msg", "path", "pointer", "remedy"].map(|field| text(entry, field));
        (code, format!("{level:?}"), message, path, pointer, remedy)
    };
    set.as_array().into_iter().flatten().map(of).collect()
}

/// What each query is on each input, in OPA; `None`, and said so, where it is not installed.
fn opa(inputs: &[Value], queries: &[&str]) -> Option<Vec<Vec<Value>>> {
    let python = support::peers().join(".venv/bin/python");
    if !python.is_file() {
        support::left_out("policies in OPA", "the Python packages of tests/peers are not installed");
        return None;
    }
    let mut modules = library().policies;
    let table: Value = serde_yaml::from_str(&modules["settings.yaml"]).unwrap();
    modules.retain(|file, _| file.ends_with(".rego"));
    // The table is `data.settings`, whatever brings it there.
    let rows = table["settings"].as_object().unwrap().iter().map(|(name, row)| format!("{name} := {row}\n"));
    modules.insert("settings.rego".to_owned(), format!("package settings\n\n{}", rows.collect::<String>()));
    let asked = json!({"modules": modules, "inputs": inputs, "queries": queries});
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/opa.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let asked = serde_json::to_vec(&asked).unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&asked));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
