//! Rego in process: compile once, evaluate with a time limit, fail closed.
//!
//! A policy is a package `writ.<name>` with a METADATA comment (title, description, `custom.codes`) and the sets `deny`
//! and `warn`, as conftest has them, `review` (another person must approve it) and `standing` (what the change did not
//! make). Packages below `writ.lib` are shared; `*_test.rego` are the rules' own tests.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use crate::domain::kustomize::TransformStep;
use crate::domain::manifest::{Found, select};
use crate::domain::yaml::Pointer;

use super::builtins;
use super::error::{Incomplete, PolicyError};
use super::explain::PolicyExplanation;
use super::facts::Facts;
use super::metadata::{self, Policy, SETS};
use super::objects::ValueOrigin;
use super::tables;
use super::verdict::{Finding, Level, Verdict};

/// The compiled rules.
#[derive(Debug, Clone)]
pub struct Policies {
    engine: Engine,
    policies: Vec<Policy>,
}

/// The longest that one evaluation may take: thousands of times what it needs, so it never decides an ordinary one.
const TIME_LIMIT: ExecutionTimerConfig = ExecutionTimerConfig {
    limit: Duration::from_secs(10),
    check_interval: match NonZeroU32::new(1024) {
        Some(interval) => interval,
        None => NonZeroU32::MIN,
    },
};

impl Policies {
    /// Compiles the `.rego` files of a library's `policies` (tests `*_test.rego` aside), with the tables beside them.
    ///
    /// # Errors
    /// - a file does not parse
    /// - a package is not `writ.<name>` or lacks its metadata
    pub fn compile(files: &BTreeMap<String, String>) -> Result<Self, PolicyError> {
        let mut engine = new_engine()?;
        tables::add(&mut engine, files)?;
        let mut policies: Vec<Policy> = Vec::new();
        for (file, text) in rule_files(files) {
            let package = engine
                .add_policy(file.clone(), text.clone())
                .map_err(|error| placed(file, &format!("{error:#}")))?;
            // OK because the module was just added, and the sets are names of rules.
            let declares = |set: &str| engine.has_declared_rule_rooted_at(file, set).unwrap_or(false);
            policies.extend(metadata::read(file, &package, text, declares)?);
        }
        engine
            .add_policy(ALL_SETS.to_owned(), all_sets(&policies))
            .map_err(|error| placed(ALL_SETS, &format!("{error:#}")))?;
        let shared: Vec<&String> = rule_files(files)
            .filter(|(file, _)| policies.iter().all(|policy| policy.file != **file))
            .map(|(_, text)| text)
            .collect();
        for policy in &mut policies {
            let own = files.get(&policy.file);
            let is_silent = |code: &&String| {
                !own.into_iter().chain(shared.iter().copied()).any(|text| metadata::holds(text, code))
            };
            policy.silent = policy.codes.keys().filter(is_silent).cloned().collect();
        }
        // Without an input nothing is found, but everything that only shows at evaluation does: unknown functions,
        // rules that call themselves. It also prepares the engine, which its clones then need not do.
        ask(&mut engine, &policies, Value::new_object())?;
        Ok(Self { engine, policies })
    }

    /// What a reason code means; `None` for one that no policy finds.
    #[must_use]
    pub fn explain(&self, code: &str) -> Option<PolicyExplanation> {
        let policy = self.policies.iter().find(|policy| policy.codes.contains_key(code))?;
        Some(PolicyExplanation::of(policy, code))
    }

    /// All reason codes, by policy.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.policies.iter().flat_map(|policy| policy.codes.keys()).map(String::as_str)
    }

    /// Whether nobody can take back what this code finds: it is denied in the pull request of a lane, which is an agent's.
    #[must_use]
    pub fn is_irreversible(&self, code: &str) -> bool {
        self.policies.iter().any(|policy| policy.irreversible.contains(code))
    }

    /// The verdict on the pull request of a lane, whose author is an agent: what nobody can take back is denied, although
    /// a person could approve it elsewhere.
    #[must_use]
    pub fn of_lane(&self, mut verdict: Verdict) -> Verdict {
        for finding in &mut verdict.results {
            if finding.level == Level::Review && self.is_irreversible(&finding.code) {
                finding.level = Level::Deny;
            }
        }
        verdict.with(Vec::new())
    }

    /// The policies, sorted by file.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The codes that the metadata of some policy files explains.
    #[must_use]
    pub fn codes_of(files: &BTreeMap<String, String>) -> BTreeSet<String> {
        rule_files(files).flat_map(|(_, text)| metadata::codes(text)).collect()
    }

    /// Checks that there are rules, and that some rule can emit each code: those that the metadata explains, and those
    /// of `expected`, which other policies were known to emit. `retired` codes may be missing.
    ///
    /// # Errors
    /// - there is no rule
    /// - no rule can emit a code
    /// - a retired code is emitted, or nobody expects it
    pub fn check_complete(
        &self,
        expected: &BTreeSet<String>,
        retired: &BTreeMap<String, String>,
    ) -> Result<(), Incomplete> {
        if self.policies.is_empty() {
            return Err(Incomplete::NoRules);
        }
        let mut missing = expected.clone();
        missing.extend(self.policies.iter().flat_map(|policy| policy.silent.iter().cloned()));
        for policy in &self.policies {
            let emitted = policy.codes.keys().filter(|code| !policy.silent.contains(*code));
            emitted.for_each(|code| {
                missing.remove(code);
            });
        }
        if let Some(code) = retired.keys().find(|code| !missing.contains(*code)) {
            return Err(Incomplete::NotRetired(code.clone()));
        }
        missing.retain(|code| !retired.contains_key(code));
        if missing.is_empty() { Ok(()) } else { Err(Incomplete::SilentCodes(missing)) }
    }

    /// The settings whose former values rules ask for.
    #[must_use]
    pub fn history_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.policies.iter().flat_map(|policy| &policy.history).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Judges a change.
    ///
    /// An evaluation that fails or takes too long is a denial with code `policy_fault`, never a silent pass.
    #[must_use]
    pub fn evaluate(&self, facts: &Facts) -> Verdict {
        // Compiled modules are shared; a clone holds only the state of one evaluation.
        Verdict::of(match ask(&mut self.engine.clone(), &self.policies, facts.input.clone()) {
            Ok(results) => placed_in(results, &facts.places),
            Err(error) => vec![fault(&error)],
        })
    }
}

/// The files with rules, tests left out.
fn rule_files(files: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    files.iter().filter(|(file, _)| file.ends_with(".rego") && !file.ends_with("_test.rego"))
}

/// What all policies find in an input.
fn ask(engine: &mut Engine, policies: &[Policy], input: Value) -> Result<Vec<Finding>, PolicyError> {
    engine.set_input(input);
    let query = format!("data.{ALL_SETS}");
    let answer = engine.eval_query(query, false).map_err(|error| placed(ALL_SETS, &format!("{error:#}")))?;
    let expressions = answer.result.first().map(|result| &result.expressions);
    let sets = expressions.and_then(|expressions| Some(&expressions.first()?.value));
    let sets = sets.unwrap_or(&Value::Undefined);
    let mut found = Vec::new();
    for (policy, set, level, name) in asked(policies) {
        match &sets[name.as_str()] {
            Value::Set(entries) => {
                for entry in entries.iter() {
                    found.push(finding(policy, level, entry)?);
                }
            }
            other => {
                let message = format!("`{set}` must be a set (`{set} contains …`), it is {other}");
                return Err(PolicyError { file: policy.file.clone(), line: 0, message });
            }
        }
    }
    Ok(found)
}

/// An engine with OPA's functions and the time limit, without rules.
pub(super) fn new_engine() -> Result<Engine, PolicyError> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_execution_timer_config(TIME_LIMIT);
    builtins::add(&mut engine).map_err(|message| placed("", &message))?;
    Ok(engine)
}

/// The package that asks all policies at once, so that what they share is worked out once.
const ALL_SETS: &str = "writ_all";

fn all_sets(policies: &[Policy]) -> String {
    let mut module = format!("package {ALL_SETS}\n\nimport rego.v1\n\n");
    for (policy, set, _, name) in asked(policies) {
        module.push_str(&format!("{name} := data.{}.{set}\n", policy.package));
    }
    module
}

/// Every set of every policy, with its level and its name in [`ALL_SETS`].
fn asked(policies: &[Policy]) -> impl Iterator<Item = (&Policy, &'static str, Level, String)> {
    policies.iter().enumerate().flat_map(|(index, policy)| {
        let sets = SETS.into_iter().filter(|(set, _)| policy.sets.iter().any(|name| name == set));
        sets.map(move |(set, level)| (policy, set, level, format!("{set}_{index}")))
    })
}

/// One entry of a set; every field must be a text and the code one that the metadata explains.
fn finding(policy: &Policy, level: Level, entry: &Value) -> Result<Finding, PolicyError> {
    let wrong = |message: String| PolicyError { file: policy.file.clone(), line: 0, message };
    let text = |field: &str| {
        let value = &entry[field];
        match value.as_string() {
            Ok(text) => Ok(text.to_string()),
            Err(_) => Err(wrong(format!("a finding has no text `{field}`: {entry}"))),
        }
    };
    let code = text("code")?;
    if !policy.codes.contains_key(&code) {
        return Err(wrong(format!("the code `{code}` is not in the metadata's `custom.codes`")));
    }
    Ok(Finding {
        policy: policy.name.clone(),
        code,
        level,
        message: text("msg")?,
        path: text("path")?,
        pointer: text("pointer")?,
        remedy: text("remedy")?,
        place: None,
    })
}

/// How many steps are compared for the places of all findings, at most; what is left keeps the file of its object.
const MOST_COMPARED: usize = 200_000;

/// The findings; one about an altered object names the file that says so: the kustomization or the patch.
fn placed_in(mut findings: Vec<Finding>, places: &[ValueOrigin]) -> Vec<Finding> {
    let mut by_path: HashMap<&str, Vec<&TransformStep>> = HashMap::new();
    for place in places {
        by_path.entry(&place.path).or_default().extend(&place.steps);
    }
    let mut left = MOST_COMPARED;
    for finding in &mut findings {
        let Some(steps) = by_path.get(&*finding.path) else { continue };
        let Ok(pointer) = finding.pointer.parse::<Pointer>() else { continue };
        if pointer.steps.is_empty() {
            continue;
        }
        let mut compared = steps.iter().rev().take(left);
        let says_so = |step: &&&TransformStep| {
            left -= 1;
            let pointer = node_of(&step.after, &pointer);
            select(&step.before, &pointer) != select(&step.after, &pointer)
        };
        if let Some(step) = compared.find(says_so) {
            finding.path.clone_from(&step.said.path);
            finding.place.clone_from(&step.said.pointer);
        }
    }
    findings
}

/// The node that a pointer names; of one into a text, the text.
fn node_of(value: &serde_json::Value, pointer: &Pointer) -> Pointer {
    let mut prefixes = (1..pointer.steps.len()).map(|end| Pointer { steps: pointer.steps[..end].to_vec() });
    let is_text =
        |prefix: &Pointer| matches!(select(value, prefix), Found::One(serde_json::Value::String(_)));
    prefixes.find(is_text).unwrap_or_else(|| pointer.clone())
}

fn fault(error: &PolicyError) -> Finding {
    Finding {
        policy: "policies".to_owned(),
        code: crate::domain::reason::POLICY_FAULT.to_string(),
        level: Level::Deny,
        message: format!("the policies could not be evaluated: {error}"),
        path: String::new(),
        pointer: String::new(),
        remedy: "nothing is published without a verdict; fix the policy file or ask its owner".to_owned(),
        place: None,
    }
}

/// regorus writes a line `--> file:line:column` into its errors.
pub(super) fn placed(file: &str, text: &str) -> PolicyError {
    let place = text.split("--> ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let mut parts = place.rsplitn(3, ':');
    let line = parts.nth(1).and_then(|line| line.trim().parse().ok()).unwrap_or(0);
    let named = parts.next().filter(|named| !named.is_empty()).unwrap_or(file);
    let message = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("error: "))
        .or_else(|| text.lines().find(|line| !line.trim().is_empty()))
        .unwrap_or("does not compile")
        .trim()
        .to_owned();
    PolicyError { file: named.to_owned(), line, message }
}
