//! The rules' own tests: `test_…` rules in `*_test.rego` files, as `opa test` knows them.

use std::collections::BTreeMap;

use regorus::{Engine, Value};

use super::engine::{new_engine, placed};
use super::error::PolicyError;
use super::tables;

/// One test and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTest {
    /// File below `policies/`.
    pub file: String,
    /// Line of its definition, from 1.
    pub line: usize,
    /// Its rule, such as `data.writ.no_secrets_test.test_a_literal_password_is_denied`.
    pub rule: String,
    /// Whether it passed.
    pub outcome: RuleTestOutcome,
}

/// The outcome of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleTestOutcome {
    /// It is true.
    Passed,
    /// It is false, or not all of its conditions hold.
    Failed,
    /// It could not be evaluated: why.
    Broken(String),
}

/// Runs the tests of a library's `policies`, in the order of files and lines.
///
/// # Errors
/// - a file does not parse
pub fn run_rule_tests(files: &BTreeMap<String, String>) -> Result<Vec<RuleTest>, PolicyError> {
    let mut engine = new_engine()?;
    tables::add(&mut engine, files)?;
    let mut packages = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| file.ends_with(".rego")) {
        let package = engine
            .add_policy(file.clone(), text.clone())
            .map_err(|error| placed(file, &format!("{error:#}")))?;
        packages.push((file, text, package));
    }
    engine.set_input(Value::new_object());
    let mut tests = Vec::new();
    for (file, text, package) in packages.into_iter().filter(|(file, _, _)| file.ends_with("_test.rego")) {
        for (line, name) in names(text) {
            let rule = format!("{package}.{name}");
            let outcome = run(&mut engine, &rule);
            tests.push(RuleTest { file: file.clone(), line, rule, outcome });
        }
    }
    Ok(tests)
}

/// The tests of a file: rules at the beginning of a line whose names begin with `test_`.
fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
        line.starts_with("test_").then(|| (index + 1, &line[..end]))
    })
}

fn run(engine: &mut Engine, rule: &str) -> RuleTestOutcome {
    match engine.eval_rule(rule.to_owned()) {
        Ok(Value::Bool(true)) => RuleTestOutcome::Passed,
        Ok(_) => RuleTestOutcome::Failed,
        Err(error) => RuleTestOutcome::Broken(placed("", &format!("{error:#}")).message),
    }
}
