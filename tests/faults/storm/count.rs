//! What became of everything that was sent: read from the database, the forge and the ledger when all is over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use writ::domain::names::RunId;
use writ::domain::priority::IN_FLIGHT;
use writ::domain::run::{Outcome, Position, Step};
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::local::BOT_LOGIN;
use writ::ports::store::{LedgerStore as _, Run, RunView as _, SqliteStore, StepEntry};

use super::people::{Kind, People, Sent};
use super::server::{Disk, WORKERS};
use crate::support::bot::repository_name;
use crate::support::records;

/// Of how many pull requests at most the body is verified.
const PROVED: usize = 50;

/// The figures, and what was found wrong.
#[derive(Default)]
pub(super) struct Counted {
    /// Distinct deliveries, by kind.
    pub sent: BTreeMap<Kind, usize>,
    /// Runs of commands that were accepted, and how they ended.
    pub commands: usize,
    pub reconciliations: usize,
    pub replied: usize,
    pub withheld: usize,
    pub outcomes: BTreeMap<&'static str, usize>,
    pub heads: usize,
    pub heads_judged: usize,
    pub records: usize,
    pub pulls: usize,
    pub pauses: usize,
    pub pauses_proposed: usize,
    /// From the answer to the pull request, in milliseconds, sorted.
    pub pause_millis: Vec<i64>,
    pub in_flight: usize,
    pub lower_steps: usize,
    pub lost: usize,
    pub doubled: usize,
    pub refused: usize,
    pub unanswered: usize,
    pub kills: usize,
    pub full_disks: usize,
    pub can_fill_disk: bool,
    pub slow_connections: usize,
    /// What is lost, doubled or too early, and whatever else should not be.
    pub problems: Vec<String>,
}

/// One run as it is left behind.
struct Left {
    run: Run,
    timeline: Vec<StepEntry>,
}

pub(super) async fn all(people: &People, disk: &Disk) -> Counted {
    let store = people.store().await;
    let mut counted = Counted {
        refused: people.refused,
        unanswered: people.unanswered,
        kills: people.kills,
        full_disks: people.full_disks,
        can_fill_disk: disk.is_mounted(),
        slow_connections: people.slow_connections,
        problems: people.problems.clone(),
        ..Counted::default()
    };
    let mut left = BTreeMap::new();
    for run in store.runs(u32::MAX).await.unwrap() {
        let timeline = store.timeline(&run.id).await.unwrap();
        left.insert(run.id.clone(), Left { run, timeline });
    }
    deliveries(&mut counted, people, &left);
    replies(&mut counted, people, &store, &left).await;
    published(&mut counted, people).await;
    heads(&mut counted, people).await;
    let pauses: Vec<_> = people.taken.iter().filter(|sent| sent.delivery.kind == Kind::Pause).collect();
    for pause in &pauses {
        precedence(&mut counted, pause, &pauses, &left);
    }
    counted.pause_millis.sort_unstable();
    counted
}

impl Counted {
    fn lose(&mut self, what: String) {
        self.lost += 1;
        self.problems.push(format!("lost: {what}"));
    }

    fn double(&mut self, what: String) {
        self.doubled += 1;
        self.problems.push(format!("doubled: {what}"));
    }
}

/// What was answered is there and over.
fn deliveries(counted: &mut Counted, people: &People, left: &BTreeMap<RunId, Left>) {
    for sent in &people.taken {
        *counted.sent.entry(sent.delivery.kind).or_default() += 1;
        let found = sent.run.as_ref().and_then(|run| left.get(run));
        match (sent.delivery.kind, found) {
            (Kind::Talk, None) if sent.run.is_none() => {}
            (Kind::Talk, _) => counted.double(format!("{}: a run for what is no command", sent.delivery.id)),
            (Kind::Repeated, _) => {}
            (_, None) => counted.lose(format!("{}: no run {:?}", sent.delivery.id, sent.run)),
            (_, Some(left)) if left.run.position != Position::Settled => {
                counted.lose(format!("{}: {} is at {:?}", sent.delivery.id, left.run.id, left.run.position));
            }
            _ => {}
        }
    }
}

/// Each command has one reply, or the reaction in its place.
async fn replies(counted: &mut Counted, people: &People, store: &SqliteStore, left: &BTreeMap<RunId, Left>) {
    let mut kinds: BTreeMap<(RunId, String), usize> = BTreeMap::new();
    loop {
        let leaves = store.leaves(counted.records as u64, 1000).await.unwrap();
        if leaves.is_empty() {
            break;
        }
        counted.records += leaves.len();
        for record in leaves.iter().map(records::read) {
            if let Some(run) = record["run"].as_str() {
                let kind = record["kind"].as_str().unwrap().to_owned();
                *kinds.entry((run.to_owned().try_into().unwrap(), kind)).or_default() += 1;
            }
        }
    }
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    for issue in &people.issues {
        for text in people.stage.said_on(*issue).await {
            let marker = text.split("<!-- writ:run:").nth(1).and_then(|rest| rest.split(' ').next());
            *shown.entry(marker.unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    for (id, left) in left {
        *counted.outcomes.entry(name(left.run.outcome.as_ref())).or_default() += 1;
        if matches!(left.run.outcome, Some(Outcome::Reconciled { .. }))
            || kinds.contains_key(&(id.clone(), "look.accepted".to_owned()))
        {
            counted.reconciliations += 1;
            continue;
        }
        counted.commands += 1;
        let recorded = |kind: &str| kinds.get(&(id.clone(), kind.to_owned())).copied().unwrap_or(0);
        let (posted, withheld) = (recorded("reply.posted"), recorded("reply.withheld"));
        let comments = shown.get(id.as_str()).copied().unwrap_or(0);
        counted.replied += usize::from(comments > 0);
        counted.withheld += withheld;
        if posted + withheld == 0 || comments + withheld == 0 {
            counted.lose(format!("{id}: no reply; {:?}", left.run.outcome));
        }
        if posted + withheld > 1 || comments + withheld > 1 {
            counted.double(format!("{id}: {comments} replies, {posted} recorded, {withheld} withheld"));
        }
        for kind in ["request.accepted", "branch.pushed", "pull.proposed"] {
            if recorded(kind) > 1 {
                counted.double(format!("{id}: {} records `{kind}`", recorded(kind)));
            }
        }
    }
}

/// Each run has at most one branch and one pull request.
async fn published(counted: &mut Counted, people: &People) {
    let pulls: Vec<String> =
        people.stage.pulls().await.iter().map(|pull| pull.pull.branch.to_string()).collect();
    counted.pulls = pulls.len() - people.pulls.len();
    for (what, branches) in [("pull requests", pulls), ("branches", people.stage.branches())] {
        let mut of_run: BTreeMap<String, usize> = BTreeMap::new();
        for branch in branches {
            *of_run.entry(branch.rsplit(['-', '/']).next().unwrap().to_owned()).or_default() += 1;
        }
        for (run, count) in of_run.into_iter().filter(|(run, count)| run.len() > 8 && *count > 1) {
            counted.double(format!("{run}: {count} {what}"));
        }
    }
}

/// The newest head of each stranger's pull request is judged, once.
async fn heads(counted: &mut Counted, people: &People) {
    for pull in &people.pulls {
        counted.heads += 1;
        let checks = people.stage.forge.checks(&repository_name(), &pull.head).await.unwrap();
        let policy: Vec<_> = checks.iter().filter(|check| check.name == "writ/policy").collect();
        match policy[..] {
            [check] if matches!(check.status, Some(CheckStatus::Completed(_))) => counted.heads_judged += 1,
            _ => counted.lose(format!("pull request {}: head {} has {policy:?}", pull.number, pull.head)),
        }
    }
}

/// No step of lower priority was begun between a pause's acceptance and its pull request, but for those in flight.
fn precedence(counted: &mut Counted, pause: &Sent, pauses: &[&Sent], left: &BTreeMap<RunId, Left>) {
    let Some(own) = pause.run.as_ref().and_then(|run| left.get(run)) else { return };
    counted.pauses += 1;
    let holds: Vec<_> =
        own.timeline.iter().filter(|entry| !matches!(entry.step, Step::Close | Step::Report)).collect();
    let Some(open) = holds.last().and_then(|entry| entry.finished_at) else { return };
    if matches!(own.run.outcome, Some(Outcome::Proposed { .. })) {
        counted.pauses_proposed += 1;
        counted.pause_millis.push((open.as_millisecond() - own.run.created_at.as_millisecond()).max(0));
    }
    let waited = waiting(&holds);
    let is_pause = |run: &RunId| pauses.iter().any(|pause| pause.run.as_ref() == Some(run));
    let mut in_flight = 0;
    for (id, other) in left.iter().filter(|(id, _)| !is_pause(id)) {
        for entry in &other.timeline {
            let at = entry.started_at;
            if at <= own.run.created_at
                || at >= open
                || waited.iter().any(|(from, to)| *from <= at && at < *to)
            {
                continue;
            }
            // The acceptance has its time before it is committed: until it is answered, each worker may begin one step.
            if at < pause.at && in_flight < WORKERS {
                in_flight += 1;
                continue;
            }
            counted.lower_steps += 1;
            counted.problems.push(format!(
                "too early: `{}` of {id} at {at}; the pause {} was accepted at {}, answered at {}, open at {open}",
                entry.step.as_str(),
                own.run.id,
                own.run.created_at,
                pause.at,
            ));
        }
    }
    counted.in_flight += in_flight;
}

/// When a run waited for something outside: between two tries, and in a step that took long.
fn waiting(holds: &[&StepEntry]) -> Vec<(Timestamp, Timestamp)> {
    let postponed = holds.windows(2).filter(|pair| pair[0].problem.is_some());
    let between = postponed.filter_map(|pair| Some((pair[0].finished_at?, pair[1].started_at)));
    let long = holds.iter().filter_map(|entry| Some((entry.started_at + IN_FLIGHT, entry.finished_at?)));
    between.chain(long.filter(|(from, to)| from < to)).collect()
}

/// The ledger is sound, continues the checkpoint that was kept, and proves the pull requests.
pub(super) async fn audit(people: &People) {
    let (data, stage) = (people.stage.home.data(), &people.stage);
    let [database, signer, newest] =
        ["writ.db", "ledger.key", "ledger.checkpoint"].map(|name| data.join(name));
    let [verifier, body] = ["ledger.vkey", "body.md"].map(|name| stage.home.repository.beside(name));
    let made = stage.writ(&["audit", "key", "--signing-key", signer.to_str().unwrap()]).await;
    std::fs::write(&verifier, made).unwrap();
    let key = ["--key", verifier.to_str().unwrap()];
    let mut arguments = vec!["audit", "verify", "--database", database.to_str().unwrap(), key[0], key[1]];
    let kept = people.kept_checkpoint();
    for checkpoint in [&kept, &newest] {
        arguments.extend(["--checkpoint", checkpoint.to_str().unwrap()]);
    }
    stage.writ(&arguments).await;
    let pulls = stage.pulls().await;
    let own: Vec<_> = pulls.iter().filter(|pull| pull.pull.author.login == BOT_LOGIN).collect();
    for pull in own.iter().step_by(own.len() / PROVED + 1) {
        std::fs::write(&body, &pull.pull.body).unwrap();
        stage.writ(&["audit", "verify-pr", "--body", body.to_str().unwrap(), key[0], key[1]]).await;
    }
}

fn name(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Proposed { .. }) => "proposed",
        Some(Outcome::Linked { .. }) => "linked",
        Some(Outcome::Cancelled { .. }) => "cancelled",
        Some(Outcome::Answered) => "answered",
        Some(Outcome::NoChange { .. }) => "no change",
        Some(Outcome::Refused { .. }) => "refused",
        Some(Outcome::Denied) => "denied",
        Some(Outcome::Void { .. }) => "void",
        Some(Outcome::Stuck { .. }) => "stuck",
        Some(Outcome::Reconciled { .. }) => "reconciled",
        None => "none",
    }
}
