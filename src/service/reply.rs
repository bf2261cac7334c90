//! Replies: the one status comment of a run, first «working», then its end, in place.
//!
//! The comment is found again by its marker. What is said stands in `templates/working.md` and
//! `templates/reply.md`; this file only gathers what they say it from.

use serde::Serialize;
use serde_json::Value;
use tracing::warn;

use crate::domain::names::RunId;
use crate::domain::procedure::PlanRefusal;
use crate::domain::run::{Outcome, Step};
use crate::domain::turn::Wait;
use crate::ports::store::Run;

use super::answers;
use super::asked::{Asked, What};
use super::pipeline::{Job, Performed, Pipeline, StepError};

/// The most characters that GitHub takes in a comment.
const LONGEST: usize = 65_536;

/// The HTML comment by which a run's status comment is found again.
#[must_use]
pub fn marker(run: &RunId) -> String {
    format!("<!-- writ:run:{run} -->")
}

/// A planner's refusal as the end of a run.
pub(super) fn refused(refusal: PlanRefusal) -> Performed {
    let message = if refusal.place.is_empty() {
        refusal.message
    } else {
        format!("{} (at `{}`)", refusal.message, refusal.place)
    };
    Performed::refused(&refusal.code, message, refusal.remedy)
}

/// Says that the run is being worked on. Best effort: the terminal reply does not depend on it.
pub(super) async fn put_working(pipeline: &Pipeline, job: &Job) {
    put(pipeline, job, None).await;
}

/// Says that the run is waiting for admission, where in the line, and why. Best effort, too.
pub(super) async fn put_waiting(pipeline: &Pipeline, job: &Job, wait: &Wait) {
    put(pipeline, job, Some(wait)).await;
}

async fn put(pipeline: &Pipeline, job: &Job, wait: Option<&Wait>) {
    let mut context = context(pipeline, job);
    context.wait = wait.map(Waiting::of);
    let rendered = pipeline.renderer.render("working.md", &context);
    let body = match rendered {
        Ok(body) => body,
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "the status comment could not be rendered");
            return;
        }
    };
    let place = &job.asked.place;
    let put = pipeline.forge.put_status(&place.repository, place.issue, &marker(&job.run.id), &body).await;
    if let Err(error) = put {
        warn!(error = &error as &dyn std::error::Error, "the status comment could not be posted");
    }
}

/// The terminal reply's text.
pub(super) async fn terminal(pipeline: &Pipeline, job: &Job, outcome: &Outcome) -> Result<String, StepError> {
    let mut context = context(pipeline, job);
    context.outcome = Some(outcome);
    if matches!(outcome, Outcome::Answered) {
        context.answer = answers::answer(pipeline, job).await?;
    }
    let text = pipeline.renderer.render("reply.md", &context)?;
    if text.chars().count() <= LONGEST {
        return Ok(text);
    }
    context.plan = None;
    context.answer = Some("The answer is too long for a comment; see the run's page.".to_owned());
    Ok(pipeline.renderer.render("reply.md", &context)?)
}

/// What the templates see.
#[derive(Serialize)]
struct Context<'a> {
    marker: String,
    run: &'a RunId,
    delivery: &'a str,
    verb: &'static str,
    asked: &'a Asked,
    request: Option<&'a crate::domain::request::Request>,
    outcome: Option<&'a Outcome>,
    wait: Option<Waiting<'a>>,
    /// Pull requests that were closed for this run.
    superseded: Option<&'a Value>,
    /// Whether it cannot be known that all of them were.
    unclosed: bool,
    plan: Option<&'a Value>,
    pushed: Option<&'a Value>,
    proposed: Option<&'a Value>,
    checks: Vec<Check>,
    answer: Option<String>,
    excerpt: Option<&'a str>,
    suggestion: Option<&'a str>,
    run_url: Option<String>,
}

/// What a run waits for, in words.
#[derive(Serialize)]
struct Waiting<'a> {
    #[serde(flatten)]
    wait: &'a Wait,
    /// When there is room, to the second.
    at: String,
}

impl<'a> Waiting<'a> {
    fn of(wait: &'a Wait) -> Self {
        Self { wait, at: wait.until.strftime("%H:%M:%S UTC").to_string() }
    }
}

/// One thing that was checked, and what was found.
#[derive(Serialize)]
struct Check {
    what: &'static str,
    found: String,
}

fn context<'a>(pipeline: &Pipeline, job: &'a Job) -> Context<'a> {
    let run = &job.run;
    let (excerpt, suggestion) = match &job.asked.what {
        What::Mistake { excerpt, suggestion } => (Some(excerpt.as_str()), suggestion.as_deref()),
        _ => (None, None),
    };
    Context {
        marker: marker(&run.id),
        run: &run.id,
        delivery: &run.delivery,
        verb: job.asked.what.verb(),
        asked: &job.asked,
        request: run.request.as_ref(),
        outcome: None,
        wait: None,
        superseded: fact(run, Step::Close).and_then(|fact| fact.get("superseded")),
        unclosed: fact(run, Step::Close).is_some_and(|fact| fact.get("unclosed").is_some()),
        plan: fact(run, Step::Plan).and_then(|fact| fact.get("report")),
        pushed: fact(run, Step::Push),
        proposed: fact(run, Step::Propose),
        // The other commands ask for nothing that needs a check beyond the right to ask.
        checks: if run.request.is_some() { checks(run) } else { Vec::new() },
        answer: None,
        excerpt: excerpt.filter(|excerpt| !excerpt.is_empty()),
        suggestion,
        run_url: pipeline.run_url(run),
    }
}

fn fact(run: &Run, step: Step) -> Option<&Value> {
    run.facts.get(step.as_str())
}

/// What the steps found, in words; only of steps that came to an end.
fn checks(run: &Run) -> Vec<Check> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
    let mut checks = Vec::new();
    if let Some(permission) = fact(run, Step::Authorize).and_then(|fact| fact.get("permission")) {
        checks.push(Check { what: "permission", found: text(Some(permission)) });
        checks.push(Check { what: "comment", found: "unedited".to_owned() });
    }
    let Some(report) = fact(run, Step::Plan).and_then(|fact| fact.get("report")) else { return checks };
    let short: String = text(report.get("base")).chars().take(12).collect();
    checks.push(Check { what: "base", found: short });
    if let Some(effects) = report.get("effects").and_then(Value::as_array) {
        let held = effects.iter().filter(|effect| effect.get("holds") == Some(&Value::Bool(true))).count();
        checks.push(Check { what: "effects", found: format!("{held} of {} hold", effects.len()) });
    }
    let verdict = report.get("verdict");
    let found =
        verdict.and_then(|verdict| verdict.get("results")).and_then(Value::as_array).map_or(0, Vec::len);
    let decision = text(verdict.and_then(|verdict| verdict.get("decision")));
    checks.push(Check {
        what: "policies",
        found: format!("{decision}, {found} finding{}", if found == 1 { "" } else { "s" }),
    });
    checks
}
