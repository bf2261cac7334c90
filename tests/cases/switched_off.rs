//! Each rule is switched off once, and a case must notice: a rule that no case misses may as well be gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use writ::domain::policy::{Facts, Finding, Policies, RuleTestOutcome, run_rule_tests};
use writ::ports::library::Library;

use super::policies::{all_cases, facts, policies, real_facts};

/// What a policy finds in some facts, as one set.
fn found_by(policies: &Policies, policy: &str, facts: &Facts) -> BTreeSet<String> {
    let verdict = policies.evaluate(facts);
    let all = verdict.results.iter().chain(&verdict.standing);
    all.filter(|finding| finding.policy == policy).map(text).collect()
}

fn text(finding: &Finding) -> String {
    let Finding { code, level, message, path, pointer, .. } = finding;
    format!("{code} {level:?} {message} {path} {pointer}")
}

#[test]
fn each_rule_is_missed_by_a_case() {
    let files = Library::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap().policies;
    let mut inputs: Vec<Facts> = all_cases().iter().map(|(_, case)| facts(case)).collect();
    inputs.extend(real_facts("rules that are switched off").into_iter().flatten().map(|(_, facts)| facts));
    // The cases of each policy, with what it finds in them.
    let mut cases: BTreeMap<&str, Vec<(&Facts, BTreeSet<String>)>> = BTreeMap::new();
    for facts in &inputs {
        let verdict = policies().evaluate(facts);
        for policy in policies().policies() {
            let all = verdict.results.iter().chain(&verdict.standing);
            let found: BTreeSet<String> =
                all.filter(|finding| finding.policy == policy.name).map(text).collect();
            if !found.is_empty() {
                cases.entry(&policy.name).or_default().push((facts, found));
            }
        }
    }
    let mut unmissed = Vec::new();
    for policy in policies().policies() {
        for (line, switched) in switched_off(&files[&policy.file]) {
            let mut fewer_files = needed(&files, &policy.file);
            fewer_files.insert(policy.file.clone(), switched);
            let fewer = Policies::compile(&fewer_files).unwrap();
            let is_missed = cases.get(policy.name.as_str()).is_some_and(|cases| {
                cases.iter().any(|(facts, found)| found_by(&fewer, &policy.name, facts) != *found)
            });
            if !is_missed && !fails_its_tests(&files, fewer_files) {
                unmissed.push(format!("policies/{}:{line}", policy.file));
            }
        }
    }
    assert!(unmissed.is_empty(), "{}:\n{}", unmissed.len(), unmissed.join("\n"));
}

/// Whether one of the rules' own tests fails on these files.
fn fails_its_tests(files: &BTreeMap<String, String>, mut fewer: BTreeMap<String, String>) -> bool {
    let tests: Vec<String> = fewer.keys().map(|name| name.replace(".rego", "_test.rego")).collect();
    let given = "lib/given_test.rego".to_owned();
    for name in tests.into_iter().chain([given]) {
        if let Some(text) = files.get(&name) {
            fewer.insert(name, text.clone());
        }
    }
    run_rule_tests(&fewer).unwrap().iter().any(|test| test.outcome != RuleTestOutcome::Passed)
}

/// The text with each of its rules switched off, and the line of that rule.
fn switched_off(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| {
        ["deny", "review", "warn", "standing"].iter().any(|set| line.starts_with(&format!("{set} contains ")))
    };
    let rules = lines.iter().enumerate().filter(|(_, line)| is_rule(line) && line.ends_with('{'));
    rules
        .map(|(index, _)| {
            let mut off = lines.clone();
            off.insert(index + 1, "\tfalse");
            (index + 1, off.join("\n"))
        })
        .collect()
}

/// A policy's file with what it imports, and the tables.
fn needed(files: &BTreeMap<String, String>, file: &str) -> BTreeMap<String, String> {
    let mut needed: BTreeMap<String, String> = files
        .iter()
        .filter(|(name, _)| {
            (name.starts_with("lib/") || name.ends_with(".yaml")) && !name.ends_with("_test.rego")
        })
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    let mut open = vec![file.to_owned()];
    while let Some(name) = open.pop() {
        for line in files[&name].lines() {
            let Some(package) = line.strip_prefix("import data.writ.") else { continue };
            let imported = format!("{package}.rego");
            if files.contains_key(&imported) && !needed.contains_key(&imported) {
                open.push(imported);
            }
        }
        needed.insert(name.clone(), files[&name].clone());
    }
    needed
}
