//! Replies: the one status comment of a run, first "working", what holds it up, then its end, in place.
//!
//! The comment is found again by its marker. What is said is in `templates/working.md` and `templates/reply.md`; this
//! file only gathers what they say it from.

use jiff::Timestamp;
use serde::Serialize;
use tracing::warn;

use crate::domain::admission::Wait;
use crate::domain::names::{BranchName, IssueNumber, RunId};
use crate::domain::plan::PlanReport;
use crate::domain::procedure::HandLayout;
use crate::domain::reason;
use crate::domain::request::Request;
use crate::domain::run::Outcome;
use crate::ports::forge::Reaction;

use super::answers;
use super::context::Context;
use super::error::StepError;
use super::facts::{self, AuthorizeFact, CloseFact, PlanFact, ProposeFact, PushFact, Withdrawn};
use super::job::Job;
use super::stored_command::StoredCommand;

/// The most characters that GitHub takes in a comment.
const LONGEST: usize = 65_536;

/// A try that failed because something outside did not respond, and the next one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retry {
    /// What is wrong, in words for people.
    pub cause: &'static str,
    /// When it failed; for the comment, when the step first did.
    pub since: Timestamp,
    /// When the next try is.
    pub next: Timestamp,
}

/// The HTML comment by which a run's status comment is found again.
#[must_use]
pub fn marker(run: &RunId) -> String {
    format!("<!-- writ:run:{run} -->")
}

/// Puts a reaction on the comment; a sign that fails is no reason to fail.
pub(super) async fn react(context: &Context, job: &Job, reaction: Reaction) {
    let place = &job.stored.place;
    if let Err(error) = context.forge.react(&place.repository, place.comment, reaction).await {
        warn!(error = &error as &dyn std::error::Error, "the reaction could not be added to the comment");
    }
}

/// Says that the run is being worked on. Best effort: the terminal reply does not depend on it.
pub(super) async fn put_working(context: &Context, job: &Job) {
    put(context, job, values(context, job)).await;
}

/// Says that the run is waiting for admission, where in the line, and why. Best effort, too.
pub(super) async fn put_waiting(context: &Context, job: &Job, wait: &Wait) {
    let values = ReplyValues { wait: Some(Waiting::of(wait)), ..values(context, job) };
    put(context, job, values).await;
}

/// Says that a step will be tried again, and for a containment what a person can do meanwhile. Best effort, too.
pub(super) async fn put_retrying(context: &Context, job: &Job, retry: &Retry) {
    let values =
        ReplyValues { retry: Some(Retrying::of(retry)), by_hand: ByHand::of(job), ..values(context, job) };
    put(context, job, values).await;
}

async fn put(context: &Context, job: &Job, values: ReplyValues<'_>) {
    let rendered = context.renderer.render("working.md", &values);
    let body = match rendered {
        Ok(body) => body,
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "the status comment could not be rendered");
            return;
        }
    };
    let place = &job.stored.place;
    let put = context.forge.put_status(&place.repository, place.issue, &marker(&job.run.id), &body).await;
    if let Err(error) = put {
        warn!(error = &error as &dyn std::error::Error, "the status comment could not be posted");
    }
}

/// The terminal reply's text.
pub(super) async fn terminal(context: &Context, job: &Job, outcome: &Outcome) -> Result<String, StepError> {
    let mut values = values(context, job);
    values.outcome = Some(outcome);
    if let Outcome::Refused { code, .. } = outcome
        && [reason::UNAVAILABLE, reason::FAULT].contains(code)
    {
        values.by_hand = ByHand::of(job);
    }
    if matches!(outcome, Outcome::Answered) {
        values.answer = answers::answer(context, job).await?;
    }
    let text = context.renderer.render("reply.md", &values)?;
    if text.chars().count() <= LONGEST {
        return Ok(text);
    }
    values.plan = None;
    values.answer = Some("The answer is too long for a comment; see the run's page.".to_owned());
    Ok(context.renderer.render("reply.md", &values)?)
}

/// What the templates see.
#[derive(Serialize)]
struct ReplyValues<'a> {
    marker: String,
    run: &'a RunId,
    delivery: &'a str,
    verb: &'static str,
    asked: &'a StoredCommand,
    request: Option<&'a Request>,
    outcome: Option<&'a Outcome>,
    wait: Option<Waiting<'a>>,
    /// The failed try of a step that is tried again.
    retry: Option<Retrying>,
    /// For a containment that is held up or was not carried out.
    by_hand: Option<ByHand<'a>>,
    /// What was published and taken back.
    withdrawn: Option<Withdrawn>,
    /// Pull requests that were closed for this run.
    superseded: Option<Vec<IssueNumber>>,
    /// Whether it cannot be known that all of them were.
    unclosed: bool,
    plan: Option<PlanReport>,
    pushed: Option<PushFact>,
    proposed: Option<ProposeFact>,
    checks: Vec<Checked>,
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
        Self { wait, at: time_of_day(wait.until) }
    }
}

/// A retry, in words.
#[derive(Serialize)]
struct Retrying {
    cause: &'static str,
    since: String,
    next: String,
}

impl Retrying {
    fn of(retry: &Retry) -> Self {
        Self { cause: retry.cause, since: time_of_day(retry.since), next: time_of_day(retry.next) }
    }
}

/// What a person can do in place of a containment.
#[derive(Serialize)]
struct ByHand<'a> {
    base: &'a BranchName,
    layouts: Vec<HandLayout>,
}

impl<'a> ByHand<'a> {
    /// `None` where the command is no containment, or ended already.
    fn of(job: &'a Job) -> Option<Self> {
        if !job.is_containment() || matches!(job.run.outcome, Some(Outcome::Proposed { .. })) {
            return None;
        }
        let layouts = job.by_hand();
        (!layouts.is_empty()).then_some(Self { base: &job.repository.base, layouts })
    }
}

fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}

/// One thing that was checked, and what was found.
#[derive(Serialize)]
struct Checked {
    what: &'static str,
    found: String,
}

fn values<'a>(context: &Context, job: &'a Job) -> ReplyValues<'a> {
    let run = &job.run;
    let invalid = job.stored.invalid();
    let authorized = facts::shown::<AuthorizeFact>(run);
    let plan = facts::shown::<PlanFact>(run).map(|fact| fact.report);
    let (superseded, unclosed) = match facts::shown::<CloseFact>(run) {
        Some(CloseFact::Superseded(pulls)) => (Some(pulls), false),
        Some(CloseFact::Unclosed(_)) => (None, true),
        Some(CloseFact::Cancelled(_) | CloseFact::GaveWayTo(_)) | None => (None, false),
    };
    ReplyValues {
        marker: marker(&run.id),
        run: &run.id,
        delivery: &run.delivery,
        verb: job.stored.verb(),
        asked: &job.stored,
        request: run.request.as_ref(),
        outcome: None,
        wait: None,
        retry: None,
        by_hand: None,
        withdrawn: facts::withdrawn(run),
        superseded,
        unclosed,
        pushed: facts::shown(run),
        proposed: facts::shown(run),
        // The other commands ask for nothing that needs a check beyond the right to ask.
        checks: if run.request.is_some() { checked(authorized.as_ref(), plan.as_ref()) } else { Vec::new() },
        plan,
        answer: None,
        excerpt: invalid.map(|invalid| invalid.excerpt.as_str()).filter(|excerpt| !excerpt.is_empty()),
        suggestion: invalid.and_then(|invalid| invalid.suggestion.as_deref()),
        run_url: context.run_url(&run.id),
    }
}

/// What the steps found, in words; only of steps that ended.
fn checked(authorized: Option<&AuthorizeFact>, plan: Option<&PlanReport>) -> Vec<Checked> {
    let mut checked = Vec::new();
    if let Some(authorized) = authorized {
        checked.push(Checked { what: "permission", found: authorized.permission.clone() });
        checked.push(Checked { what: "comment", found: "unedited".to_owned() });
    }
    let Some(plan) = plan else { return checked };
    checked.push(Checked { what: "base", found: plan.base.as_str().chars().take(12).collect() });
    let held = plan.effects.iter().filter(|effect| effect.holds).count();
    checked.push(Checked { what: "effects", found: format!("{held} of {} hold", plan.effects.len()) });
    let (decision, findings) = (plan.verdict.decision.as_str(), plan.verdict.results.len());
    checked.push(Checked { what: "policies", found: format!("{decision}, {findings} findings") });
    checked
}
