//! A run as pages show it: plain values for the templates, nothing to decide there.

use serde_json::{Value, json};

use crate::domain::change::Change;
use crate::domain::ledger::Record;
use crate::domain::merge::Merge;
use crate::domain::plan::PlanReport;
use crate::domain::policy::Finding;
use crate::domain::request::Origin;
use crate::domain::run::{Outcome, Position, Step};
use crate::ports::store::{Leaf, Run, StepEntry, StoredPull};
use crate::service::facts::{self, JudgeFact, ObserveFact, PlanFact};
use crate::service::reconciliation::Reconciliation;
use crate::service::stored_command::StoredCommand;

use super::markdown::sentence;
use super::{diff, words};

/// The run as one entry of a list.
pub(super) fn summary(run: &Run) -> Value {
    if let Some(reconciliation) = Reconciliation::of(run) {
        return reconciliation_summary(run, &reconciliation);
    }
    let stored = StoredCommand::of(run).ok();
    let verb = stored.as_ref().map_or("?", StoredCommand::verb);
    let what = match &run.request {
        Some(request) => {
            let arguments = request.arguments.iter().map(|(name, value)| format!(" {name}={value}"));
            format!("/{verb} {}{}", request.procedure, arguments.collect::<String>())
        }
        None => format!("/{verb}"),
    };
    json!({
        "id": run.id,
        "what": what,
        "reason": run.request.as_ref().map(|request| &request.reason),
        "actor": stored.as_ref().map_or("somebody", |stored| stored.actor.login.as_str()),
        "subject": run.subject,
        "created_at": words::moment(run.created_at),
        "settled": run.position == Position::Settled,
        "state": words::state(&run.position, run.outcome.as_ref()),
    })
}

fn reconciliation_summary(run: &Run, reconciliation: &Reconciliation) -> Value {
    json!({
        "id": run.id,
        "what": format!("reconcile pull request #{}", reconciliation.pull),
        "reason": null,
        "actor": reconciliation.event,
        "subject": run.subject,
        "created_at": words::moment(run.created_at),
        "settled": run.position == Position::Settled,
        "state": words::state(&run.position, run.outcome.as_ref()),
    })
}

/// A pull request as one entry of a list.
pub(super) fn pull_summary(pull: &StoredPull) -> Value {
    json!({
        "number": pull.seen.number,
        "repository": pull.repository,
        "url": web_address(&pull.seen.url),
        "title": pull.seen.title,
        "author": pull.seen.author.login,
        "state": words::pull_state(pull.seen.state),
        "policy": pull.policy.map(words::conclusion),
        "look": pull.look,
        "run": pull.seen.run,
        "at": words::moment(pull.at),
    })
}

/// A merge over a denial that is neither mended nor acknowledged; `None` for any other.
pub(super) fn over_denial(pull: &StoredPull) -> Option<Value> {
    let Some(Merge::OverDenial(over)) = &pull.merge else { return None };
    Some(json!({
        "pull": pull_summary(pull), "words": sentence(over.fault.as_words()), "run": over.run,
        "at": words::moment(over.at),
        "findings": over.findings.iter().map(finding).collect::<Vec<_>>(),
    }))
}

/// The run with its steps, plan and records; the caller adds the checkpoint.
pub(super) fn whole(run: &Run, timeline: &[StepEntry], leaves: &[Leaf]) -> Value {
    let report = facts::shown::<PlanFact>(run).map(|fact| fact.report);
    let is_proposed = matches!(run.outcome, Some(Outcome::Proposed { .. }));
    json!({
        "run": summary(run),
        "comment_url": comment_url(run),
        "pull": pull(run),
        "judged": judged(run),
        "notice": run.outcome.as_ref().and_then(words::notice),
        "steps": steps_of(run).filter_map(|step| step_line(step, run, timeline)).collect::<Vec<_>>(),
        "plan": report.as_ref().map(plan),
        // Only what was proposed can be undone.
        "undo": report.as_ref().filter(|_| is_proposed).map(|report| &report.rollback),
        "records": leaves.iter().map(record).collect::<Vec<_>>(),
    })
}

/// The steps that such a run goes through.
fn steps_of(run: &Run) -> impl Iterator<Item = Step> {
    let reconciles = Reconciliation::of(run).is_some();
    Step::ALL.into_iter().filter(move |step| step.is_of_reconciliation() == reconciles)
}

/// What a reconciliation found in a pull request's head, and what it saw of it.
fn judged(run: &Run) -> Option<Value> {
    let seen = facts::shown::<ObserveFact>(run)?.seen;
    let judgement = match facts::shown::<JudgeFact>(run) {
        Some(JudgeFact::Finished(judgement)) => Some(judgement),
        Some(JudgeFact::Moved(_)) | None => None,
    };
    Some(json!({
        "title": seen.title, "state": words::pull_state(seen.state), "head": seen.head, "branch": seen.branch,
        "base": seen.base, "fork": seen.fork, "author": seen.author.login, "own_run": seen.run,
        "merge_base": judgement.as_ref().map(|judgement| &judgement.merge_base),
        "touched": judgement.as_ref().map(|judgement| judgement.touched),
        "decision": judgement.as_ref().map(|judgement| words::decision(judgement.verdict.decision)),
        "findings": judgement.iter().flat_map(|judgement| &judgement.verdict.results).map(finding).collect::<Vec<_>>(),
        "standing": judgement.iter().flat_map(|judgement| &judgement.verdict.standing).map(finding).collect::<Vec<_>>(),
        "observed": judgement.iter().flat_map(|judgement| &judgement.verdict.observed).map(finding).collect::<Vec<_>>(),
        "changes": judgement.iter().flat_map(|judgement| &judgement.changes).map(change).collect::<Vec<_>>(),
        "left_out": judgement.as_ref().map_or(0, |judgement| {
            judgement.changes_left_out + judgement.findings_left_out + judgement.standing_left_out
        }),
    }))
}

fn comment_url(run: &Run) -> Option<&str> {
    match &run.request.as_ref()?.origin {
        Origin::Comment { url, .. } => web_address(url),
        Origin::Terminal => None,
    }
}

fn pull(run: &Run) -> Option<Value> {
    match run.outcome.as_ref()? {
        Outcome::Proposed { pull, url } => Some(json!({"number": pull, "url": web_address(url)?})),
        Outcome::Reconciled { pull, .. } => {
            let url = facts::shown::<ObserveFact>(run)?.seen.url;
            Some(json!({"number": pull, "url": web_address(&url)?}))
        }
        _ => None,
    }
}

/// The text if it is an address that a browser opens as a page: no `javascript:`, no `data:`.
fn web_address(text: &str) -> Option<&str> {
    ["https://", "http://", "/"].iter().any(|start| text.starts_with(start)).then_some(text)
}

/// A step's line on the timeline; `None` for one that the run never reached and never will.
fn step_line(step: Step, run: &Run, timeline: &[StepEntry]) -> Option<Value> {
    let tries: Vec<_> = timeline.iter().filter(|entry| entry.step == step).collect();
    let last = tries.last();
    let is_next = run.position == Position::At(step);
    let done = last.is_some_and(|entry| entry.finished_at.is_some()) && !is_next;
    if last.is_none() && !is_next && (run.outcome.is_some() || run.position == Position::Settled) {
        return None;
    }
    let reports = |step: Step| matches!(step, Step::Report | Step::Conclude);
    let ended_here = run.outcome.as_ref().is_some_and(is_bad)
        && done
        && !reports(step)
        && timeline.iter().rfind(|entry| !reports(entry.step)).is_some_and(|entry| entry.step == step);
    let tone = match (done, is_next) {
        (true, _) if ended_here => "stopped",
        (true, _) => "done",
        (false, true) => "now",
        (false, false) => "later",
    };
    let took = last.and_then(|entry| Some(entry.finished_at?.duration_since(entry.started_at).as_millis()));
    let mut timing = took.map(|took| format!("{took} ms"));
    if tries.len() > 1 {
        timing =
            Some(format!("{}{} attempts", timing.map_or(String::new(), |took| took + ", "), tries.len()));
    }
    // Of a step that was done in the end, only the number of attempts is of interest.
    let problem =
        last.filter(|_| is_next).and_then(|entry| Some(format!("Postponed: {}.", entry.problem.as_ref()?)));
    Some(json!({
        "name": step.as_str(),
        "sentence": step.purpose(),
        "state": tone,
        "timing": timing,
        "problem": problem,
    }))
}

/// Whether a run ended without what was asked for.
fn is_bad(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Refused { .. } | Outcome::Denied | Outcome::Void { .. } | Outcome::Stuck { .. } => true,
        Outcome::Proposed { .. }
        | Outcome::Linked { .. }
        | Outcome::Cancelled { .. }
        | Outcome::Answered
        | Outcome::NoChange { .. }
        | Outcome::Reconciled { .. } => false,
    }
}

fn plan(report: &PlanReport) -> Value {
    let files = report.files.iter().map(|file| json!({"path": file.path, "lines": diff::lines(&file.diff)}));
    let effects = report.effects.iter().map(
        |effect| json!({"name": effect.name, "holds": effect.holds, "detail": sentence(&effect.detail)}),
    );
    json!({
        "changes": report.changes.iter().map(change).collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
        "decision": words::decision(report.verdict.decision),
        "findings": report.verdict.results.iter().map(finding).collect::<Vec<_>>(),
        "standing": report.verdict.standing.iter().map(finding).collect::<Vec<_>>(),
        "effects": effects.collect::<Vec<_>>(),
        "warnings": report.warnings.iter().map(|warning| sentence(warning)).collect::<Vec<_>>(),
        "procedure": report.procedure,
        "version": report.version,
        "variant": report.variant,
        "risk": words::risk(report.risk),
        "base": report.base,
        "branch": report.branch,
        "commit": report.commit,
        "digest": report.digest,
    })
}

fn finding(finding: &Finding) -> Value {
    let level = words::level(finding.level);
    json!({
        "level": level.label, "tone": level.tone, "policy": finding.policy, "code": finding.code,
        "message": sentence(&finding.message), "path": finding.path, "pointer": finding.pointer,
        "remedy": sentence(&finding.remedy),
    })
}

fn change(change: &Change) -> Value {
    let object = format!("{} {}", change.document.kind, change.document.name);
    json!({
        "object": if object.trim().is_empty() { change.path.as_str() } else { object.trim() },
        "name": change.pointer,
        "before": change.before.as_ref().map(shown),
        "after": change.after.as_ref().map(shown),
    })
}

/// A value as people read it; a string keeps its quotes, so that `"0"` and `0` differ.
fn shown(value: &Value) -> String {
    value.to_string()
}

fn record(leaf: &Leaf) -> Value {
    let record: Option<Record> = serde_json::from_slice(&leaf.data).ok();
    json!({
        "index": leaf.index,
        "kind": record.as_ref().map_or("unreadable", |record| record.kind.as_str()),
        "at": record.as_ref().map_or(String::new(), |record| words::moment(record.at)),
        "hash": leaf.hash.to_hex(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postponed_step_says_why_until_it_is_done() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let mut run = Run {
            id: "abcdefgh234567ab".parse().unwrap(),
            command: Value::Null,
            request: None,
            subject: "acme/shop#7".parse().unwrap(),
            position: Position::At(Step::Plan),
            outcome: None,
            facts: serde_json::Map::new(),
            attempts: 1,
            created_at: at,
            updated_at: at,
            delivery: "d".to_owned(),
        };
        let entry = StepEntry {
            step: Step::Plan,
            attempt: 1,
            worker: "w".to_owned(),
            started_at: at,
            intent: None,
            finished_at: Some(at),
            problem: Some("the forge does not respond".to_owned()),
            outcome: None,
        };
        let timeline = [entry];
        let line = step_line(Step::Plan, &run, &timeline).unwrap();
        assert_eq!(line["problem"], "Postponed: the forge does not respond.");
        run.position = Position::At(Step::Check);
        assert_eq!(step_line(Step::Plan, &run, &timeline).unwrap()["problem"], Value::Null);
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(web_address("https://example.org/a"), Some("https://example.org/a"));
        assert_eq!(web_address("/pulls/1"), Some("/pulls/1"));
        assert_eq!(web_address("javascript:alert(1)"), None);
        assert_eq!(web_address("data:text/html,x"), None);
    }
}
