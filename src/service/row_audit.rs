//! Rows against records: whether the runs and pull requests that people are shown are what the ledger says.
//!
//! Compared are a run's command, request, subject, delivery, time of creation, outcome and what its steps left, and of a
//! pull request what was seen and concluded. Not compared, since nothing is recorded of them: how often and when a step
//! was tried and why it was put off, and the place in a queue.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::attested_row::AttestedRow;
use super::facts::{self, ConcludeFact, ObserveFact};
use super::reconciliation::Reconciliation;
use super::stored_command::StoredCommand;
use crate::domain::ledger::{Record, RowFinding};
use crate::domain::names::{CommitId, Subject};
use crate::domain::pull::Conclusion;
use crate::domain::run::Position;
use crate::ports::store::{Leaf, Pulls, Run, StepEntry, Store, StoreError, StoredPull};

/// How many runs are read at a time.
const BATCH: u32 = 200;
/// How often a row is read that differs: a server may have changed it between two reads.
const READS: usize = 3;

/// What was compared.
#[derive(Debug, Default)]
pub struct RowAudit {
    /// Runs.
    pub runs: u64,
    /// Pull requests.
    pub pulls: u64,
    /// Those among them of which an earlier version recorded less.
    pub earlier: u64,
    /// What differs.
    pub findings: Vec<RowFinding>,
    /// What was concluded on which head.
    concluded: BTreeSet<(CommitId, &'static str)>,
}

/// How much of a row the records say.
#[derive(Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    /// An earlier version did not record what steps leave.
    Earlier,
}

impl RowAudit {
    /// Compares all runs, then all pull requests.
    ///
    /// # Errors
    /// - the store cannot be read
    pub async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let mut audit = Self::default();
        let mut after = None;
        loop {
            let runs = store.runs_by_id(after.as_ref(), BATCH).await?;
            let Some(last) = runs.last() else { break };
            after = Some(last.id.clone());
            for run in runs {
                audit.run(store, run).await?;
            }
        }
        for id in store.runs_without_row().await? {
            // Records about a run whose acceptance is not recorded have no row either.
            if store.leaves_of(&id).await?.iter().filter_map(record).any(|record| is_acceptance(&record)) {
                audit.find(
                    format!("run `{id}`"),
                    "its records are in the ledger, but its row is gone".to_owned(),
                );
            }
        }
        for pull in store.pulls(Pulls::Latest(u32::MAX)).await? {
            audit.pull(store, pull).await?;
        }
        Ok(audit)
    }

    async fn run(&mut self, store: &dyn Store, mut run: Run) -> Result<(), StoreError> {
        self.runs += 1;
        let row = format!("run `{}`", run.id);
        let mut reads = 1;
        loop {
            let records: Vec<Record> = store.leaves_of(&run.id).await?.iter().filter_map(record).collect();
            let mut problems = Vec::new();
            let extent = compare_run(&run, &records, &mut problems);
            if run.position == Position::Settled && extent == Extent::Whole {
                compare_timeline(&run, &store.timeline(&run.id).await?, &mut problems);
            }
            if problems.is_empty() || reads == READS {
                self.earlier += u64::from(extent == Extent::Earlier);
                problems.into_iter().for_each(|problem| self.find(row.clone(), problem));
                self.concluded.extend(records.iter().filter_map(concluded));
                return Ok(());
            }
            reads += 1;
            match store.run(&run.id).await? {
                Some(again) => run = again,
                None => return Ok(()),
            }
        }
    }

    async fn pull(&mut self, store: &dyn Store, mut pull: StoredPull) -> Result<(), StoreError> {
        self.pulls += 1;
        let (repository, number) = (pull.repository.clone(), pull.seen.number);
        for read in 1..=READS {
            let run = store.run(&pull.look).await?;
            let Some(problem) = self.compare_pull(&pull, run.as_ref()) else { return Ok(()) };
            if read == READS {
                self.find(format!("pull request {repository}#{number}"), problem);
                return Ok(());
            }
            let again = store.pulls(Pulls::Numbered(&repository, number)).await?;
            match again.into_iter().next() {
                Some(again) => pull = again,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// How the row of a pull request differs from what its last reconciliation left.
    fn compare_pull(&self, pull: &StoredPull, run: Option<&Run>) -> Option<String> {
        let Some(run) = run else { return Some(format!("the run `{}` that read it is gone", pull.look)) };
        let subject = Subject { repository: pull.repository.clone(), number: pull.seen.number };
        if run.subject != subject {
            return Some(format!("the run `{}` that read it is about `{}`", run.id, run.subject));
        }
        // What is under way is compared when it is over.
        if run.position != Position::Settled {
            return None;
        }
        let observed = facts::find::<ObserveFact>(run).ok().flatten()?;
        if observed.seen != pull.seen {
            return Some(format!("it is shown otherwise than run `{}` read it", run.id));
        }
        let own = facts::find::<ConcludeFact>(run).ok().flatten().filter(|fact| fact.head == pull.seen.head);
        let is_recorded = match (own, pull.policy) {
            (Some(fact), shown) => fact.conclusion.filter(|found| *found != Conclusion::Neutral) == shown,
            (None, None) => true,
            (None, Some(shown)) => self.concluded.contains(&(pull.seen.head.clone(), shown.as_str())),
        };
        (!is_recorded).then(|| "the verdict that is shown is not the one that was recorded".to_owned())
    }

    fn find(&mut self, row: String, problem: String) {
        self.findings.push(RowFinding { row, problem });
    }
}

fn compare_run(run: &Run, records: &[Record], problems: &mut Vec<String>) -> Extent {
    compare_acceptance(run, records, problems);
    let attested = records.iter().rev().find_map(AttestedRow::in_record);
    let is_over = run.position == Position::Settled;
    match attested {
        Some(attested) if is_over => {
            compare_row(&AttestedRow::of(run), &attested, problems);
            Extent::Whole
        }
        Some(attested) => {
            if attested.settled {
                problems.push("it is shown as not over, but its records say that it is".to_owned());
            }
            Extent::Whole
        }
        None if is_over => {
            compare_with_earlier(run, records, problems);
            Extent::Earlier
        }
        None => Extent::Whole,
    }
}

/// What was accepted: by every version in the first record of a run.
fn compare_acceptance(run: &Run, records: &[Record], problems: &mut Vec<String>) {
    let Some(accepted) = records.iter().find(|record| is_acceptance(record)) else {
        problems.push("no record says that it was accepted".to_owned());
        return;
    };
    // OK because requests are strings and numbers, which serialise.
    let request = serde_json::to_value(&run.request).unwrap_or_default();
    let look = run.command.get("look").cloned().unwrap_or_default();
    let shown = [
        ("command", run.command.clone()),
        ("request", request),
        ("look", look),
        ("delivery", json!(run.delivery)),
    ];
    for (name, shown) in shown {
        if accepted.body.get(name).is_some_and(|recorded| *recorded != shown) {
            problems.push(format!("its {name} is not the one that was accepted"));
        }
    }
    let subject = StoredCommand::of(run).ok().map(|command| command.place.subject()).or_else(|| {
        Reconciliation::of(run).map(|what| Subject { repository: what.repository, number: what.pull })
    });
    if subject.is_some_and(|subject| subject != run.subject) {
        problems.push("it is shown as of another issue or pull request than its command".to_owned());
    }
    if accepted.at.as_microsecond() != run.created_at.as_microsecond() {
        problems.push(format!("it was accepted at {}, not at {}", accepted.at, run.created_at));
    }
}

fn compare_row(shown: &AttestedRow, attested: &AttestedRow, problems: &mut Vec<String>) {
    if !attested.settled {
        problems.push("it is shown as over, but no record says so".to_owned());
    }
    if shown.outcome != attested.outcome {
        problems.push("its outcome is not the recorded one".to_owned());
    }
    for step in shown.facts.keys().chain(attested.facts.keys()).collect::<BTreeSet<_>>() {
        if shown.facts.get(step) != attested.facts.get(step) {
            problems.push(format!("what its step `{step}` left is not what was recorded"));
        }
    }
}

/// What earlier versions recorded: the plan, and the outcome with the reply.
fn compare_with_earlier(run: &Run, records: &[Record], problems: &mut Vec<String>) {
    let recorded =
        records.iter().rev().find_map(|record| record.body.get("outcome").filter(|it| it.is_object()));
    // OK because outcomes are strings and numbers, which serialise.
    let shown = serde_json::to_value(&run.outcome).unwrap_or_default();
    if recorded.is_some_and(|recorded| *recorded != shown) {
        problems.push("its outcome is not the recorded one".to_owned());
    }
    let planned = records.iter().find(|record| record.kind == "change.planned");
    if let (Some(planned), Some(report)) =
        (planned, run.facts.get("plan").and_then(|plan| plan.get("report")))
    {
        for name in ["digest", "changes", "procedure", "branch", "base"] {
            if planned.body.get(name) != report.get(name) {
                problems.push(format!("the {name} of its plan is not the recorded one"));
            }
        }
    }
}

/// The last entry of each step is what the step left.
fn compare_timeline(run: &Run, timeline: &[StepEntry], problems: &mut Vec<String>) {
    for (step, fact) in &run.facts {
        let last = timeline.iter().rev().find(|entry| entry.step.as_str() == step && entry.outcome.is_some());
        if last.is_none_or(|entry| entry.outcome.as_ref() != Some(fact)) {
            problems.push(format!("its timeline shows another result of step `{step}` than was recorded"));
        }
    }
    let is_known =
        |entry: &&StepEntry| entry.outcome.is_none() || run.facts.contains_key(entry.step.as_str());
    if let Some(extra) = timeline.iter().find(|entry| !is_known(entry)) {
        problems.push(format!("its timeline shows step `{}`, which no record knows", extra.step.as_str()));
    }
}

fn is_acceptance(record: &Record) -> bool {
    matches!(record.kind.as_str(), "request.accepted" | "look.accepted")
}

fn record(leaf: &Leaf) -> Option<Record> {
    // One that cannot be read is a finding of its own.
    Record::from_canonical(&leaf.data).ok()
}

/// The head and the conclusion of a check run's record.
fn concluded(record: &Record) -> Option<(CommitId, &'static str)> {
    if !matches!(record.kind.as_str(), "check.concluded" | "check.failed") {
        return None;
    }
    let text = |name: &str| record.body.get(name).and_then(Value::as_str);
    let conclusion = Conclusion::named(text("conclusion")?)?;
    Some((text("head")?.parse().ok()?, conclusion.as_str()))
}
