//! `writ policies`: the policies, what any reason code means, the rules' tests, and how often they would have spoken.
//!
//! Exit codes: 0 shown, or all tests passed · 1 no such code, a broken policy file, a failed test · 2 usage.

mod history;

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::domain::policy::{Policies, Policy, PolicyError, RuleTest, RuleTestOutcome, run_rule_tests};
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::text::nearest;
use crate::ports::library::Library;
use crate::ports::render::Renderer;

use super::failure::Failure;
use super::output;
use super::terminal::{ListFormat, Shown, invalid_library, library, planner};

/// What to do with the policies; without a command they are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct PoliciesArguments {
    #[command(subcommand)]
    command: Option<PoliciesCommand>,
    #[command(flatten)]
    shown: Shown,
}

/// More than listing them.
#[derive(Debug, Subcommand)]
enum PoliciesCommand {
    /// Explain a reason code: what it means, what it protects, what to do.
    Explain {
        /// The code, from a finding or an error: `live_transition`, `base_moved`.
        code: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Run the rules' own tests (`*_test.rego`).
    Test(Shown),
    /// Judge each past change of a branch again, and count how often each code is found.
    History(history::HistoryArguments),
}

/// Runs it.
pub(super) fn run(arguments: &PoliciesArguments) -> ExitCode {
    let (form, done) = match &arguments.command {
        None => (arguments.shown.format.into(), list(&arguments.shown)),
        Some(PoliciesCommand::Explain { code, shown }) => (shown.format.into(), explain(code, shown)),
        Some(PoliciesCommand::Test(shown)) => (shown.format.into(), test(shown)),
        Some(PoliciesCommand::History(arguments)) => (arguments.form(), arguments.replay()),
    };
    match done {
        Ok((text, exit)) => output::finish("policies", &text, exit),
        Err(failure) => failure.say("policies", form),
    }
}

fn list(shown: &Shown) -> Result<(String, ExitCode), Failure> {
    let policies = compile(&library(shown.library.as_ref())?)?;
    let text = match shown.format {
        ListFormat::Json => {
            let described: Vec<Value> = policies.policies().iter().map(described).collect();
            format!("{:#}\n", json!({"schema": "writ.policies/v1", "policies": described}))
        }
        ListFormat::Text => policies.policies().iter().map(listed).collect(),
    };
    Ok((text, ExitCode::SUCCESS))
}

fn described(policy: &Policy) -> Value {
    json!({
        "name": policy.name, "file": policy.file, "title": policy.title, "protects": policy.description,
        "codes": policy.codes, "go_on": policy.remediation, "change": policy.change,
    })
}

fn listed(policy: &Policy) -> String {
    let bold = anstyle::Style::new().bold();
    let codes: Vec<&str> = policy.codes.keys().map(String::as_str).collect();
    format!("{bold}{}{bold:#}  {}\n    {}\n", policy.name, policy.title, codes.join(" "))
}

fn explain(code: &str, shown: &Shown) -> Result<(String, ExitCode), Failure> {
    let library = library(shown.library.as_ref())?;
    let planner = planner(&library, None)?;
    let explainer = planner.explainer();
    let Some(explanation) = explainer.explain(code) else {
        let remedy = match nearest(code, explainer.codes()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`writ policies` lists the codes".to_owned(),
        };
        let message = format!("nothing emits a code `{}`", code.escape_debug());
        return Err(Failure::refused(Refusal::new(reason::UNKNOWN_CODE, message, remedy)));
    };
    let text = match shown.format {
        ListFormat::Json => {
            let mut value = json!({"schema": "writ.explanation/v1"});
            if let (Some(fields), Ok(Value::Object(more))) =
                (value.as_object_mut(), serde_json::to_value(&explanation))
            {
                fields.extend(more);
            }
            format!("{value:#}\n")
        }
        ListFormat::Text => Renderer::compile(&library)
            .and_then(|renderer| renderer.render(explanation.template(), &explanation))
            .map_err(|error| {
                Failure::fault(Refusal::new(reason::FAULT, error.to_string(), "correct the template"))
            })?,
    };
    Ok((text, ExitCode::SUCCESS))
}

fn test(shown: &Shown) -> Result<(String, ExitCode), Failure> {
    let tests = run_rule_tests(&library(shown.library.as_ref())?.policies).map_err(wrong_file)?;
    let passed = tests.iter().filter(|test| test.outcome == RuleTestOutcome::Passed).count();
    let failed = tests.len() - passed;
    let text = match shown.format {
        ListFormat::Json => {
            let tests: Vec<Value> = tests.iter().map(test_described).collect();
            let report = json!({
                "schema": "writ.policy-tests/v1", "passed": passed, "failed": failed, "tests": tests,
            });
            format!("{report:#}\n")
        }
        ListFormat::Text => {
            let lines: String = tests.iter().map(test_listed).collect();
            format!("{lines}{passed} passed, {failed} failed\n")
        }
    };
    Ok((text, if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

fn test_described(test: &RuleTest) -> Value {
    let (outcome, detail) = match &test.outcome {
        RuleTestOutcome::Passed => ("passed", None),
        RuleTestOutcome::Failed => ("failed", None),
        RuleTestOutcome::Broken(why) => ("broken", Some(why)),
    };
    json!({"file": test.file, "line": test.line, "rule": test.rule, "outcome": outcome, "detail": detail})
}

fn test_listed(test: &RuleTest) -> String {
    let name = test.rule.strip_prefix("data.writ.").unwrap_or(&test.rule);
    let green = anstyle::AnsiColor::Green.on_default();
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let mut line = match &test.outcome {
        RuleTestOutcome::Passed => format!("{green}ok{green:#}    {name}\n"),
        RuleTestOutcome::Failed | RuleTestOutcome::Broken(_) => {
            format!("{red}FAIL{red:#}  {name}  policies/{}:{}\n", test.file, test.line)
        }
    };
    if let RuleTestOutcome::Broken(why) = &test.outcome {
        // OK because writing to a String cannot fail.
        let _ = writeln!(line, "      {why}");
    }
    line
}

fn compile(library: &Library) -> Result<Policies, Failure> {
    Policies::compile(&library.policies).map_err(wrong_file)
}

fn wrong_file(error: PolicyError) -> Failure {
    invalid_library(error.message, Place::line(format!("policies/{}", error.file), error.line))
}
