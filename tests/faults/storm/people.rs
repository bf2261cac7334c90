//! What people do in the storm, and the deliveries that tell of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use writ::domain::names::{CommentId, CommitId, IssueNumber, RunId};
use writ::domain::run::{Outcome, Position};
use writ::ports::forge::Permission;
use writ::ports::forge::local::Fork;
use writ::ports::store::{RunView as _, SqliteStore, StepQueue as _};

use super::random::Random;
use crate::cases::hostile;
use crate::support::bot::{comment_payload, repository_name, signed};
use crate::support::manifests::{ROOT, SCHEDULER};
use crate::support::process::Stage;
use crate::support::pulls::{new_pull, pull_payload, scheduler};

/// Between two reads of what is waited for.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long a pause may take through faults; tries are up to two minutes apart.
const PATIENCE: Duration = Duration::from_secs(300);
/// Deliveries that are under way at a time.
const AT_ONCE: usize = 16;
/// Pull requests of strangers; after that, they get new heads.
const PULLS: usize = 8;

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const RESTART: &str = "/actuate restart-ws reason=\"feed is stale\" confirm=ACTUATE_TORGHUT";

/// What people without rights say.
const NONSENSE: [&str; 12] = [
    "/actuate nonsense",
    PAUSE,
    RESTART,
    "/actuate resume-trading reason=\"broker is back\" confirm=ACTUATE_TORGHUT",
    "/actuate",
    "/cancel abcdefgh234567ab",
    "/rollback abcdefgh234567ab reason=\"too early\" confirm=ACTUATE_TORGHUT",
    "/help",
    "/status",
    "/explain pause-trading",
    "/plan restart-ws",
    "/actuate pause-trading reason=\"broker rejects orders\"",
];
/// What is no command.
const TALK: [&str; 3] = ["Thanks!", "```\n/help\n```", "> /actuate pause-trading\n\nI would not."];
/// What ada says beside her pauses.
const WORK: [&str; 5] = [RESTART, "/status", "/plan pause-trading", "/actuate pause-tradin", "/help"];

/// What a delivery tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Ada's pause.
    Pause,
    /// Another command of somebody who may write.
    Work,
    /// A command of somebody who may not.
    Nonsense,
    /// A comment that is no command.
    Talk,
    /// An event of a pull request.
    Event,
    /// What was answered before.
    Repeated,
}

/// One delivery.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub id: String,
    pub kind: Kind,
    event: &'static str,
    body: Vec<u8>,
    tries: usize,
}

/// A delivery after a try to send it.
pub(super) struct Sent {
    pub delivery: Delivery,
    /// `None` where the server went away.
    status: Option<u16>,
    pub run: Option<RunId>,
    pub at: Timestamp,
}

/// How a pause is undone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Undoing {
    /// Ada cancels it.
    Cancel,
    /// Somebody closes the pull request.
    Close,
    /// It is merged, and undone by a commit.
    Merge,
}

impl Undoing {
    pub(super) const ALL: [Self; 3] = [Self::Cancel, Self::Close, Self::Merge];
}

/// A stranger's pull request.
pub(super) struct ForkPull {
    pub number: IssueNumber,
    pub head: CommitId,
}

/// The people, and all that they have done.
pub(super) struct People {
    pub stage: Stage,
    random: Random,
    hostile: Vec<Vec<(String, String)>>,
    count: usize,
    issue: IssueNumber,
    pub issues: Vec<IssueNumber>,
    pub pulls: Vec<ForkPull>,
    /// Deliveries that have no 2xx answer yet.
    pub pending: Vec<Delivery>,
    /// Those that have.
    pub taken: Vec<Sent>,
    pub kills: usize,
    pub full_disks: usize,
    pub slow_connections: usize,
    pub refused: usize,
    pub unanswered: usize,
    pub problems: Vec<String>,
}

impl People {
    pub(super) async fn come(stage: Stage, random: Random) -> Self {
        let name = repository_name();
        stage.forge.grant(&name, "rex", Permission::Read).await.unwrap();
        let issue = stage.forge.add_issue(&name, "Orders are being rejected", "").await.unwrap();
        Self {
            stage,
            random,
            hostile: hostile::trees(),
            count: 0,
            issue,
            issues: vec![issue],
            pulls: Vec::new(),
            pending: Vec::new(),
            taken: Vec::new(),
            kills: 0,
            full_disks: 0,
            slow_connections: 0,
            refused: 0,
            unanswered: 0,
            problems: Vec::new(),
        }
    }

    /// A kept checkpoint, which no later history may contradict.
    pub(super) fn keep_checkpoint(&self) {
        std::fs::copy(self.stage.home.data().join("ledger.checkpoint"), self.kept_checkpoint()).unwrap();
    }

    pub(super) fn kept_checkpoint(&self) -> std::path::PathBuf {
        self.stage.home.repository.beside("kept.checkpoint")
    }

    pub(super) async fn new_issue(&mut self) {
        let added = self.stage.forge.add_issue(&repository_name(), "Orders are being rejected", "").await;
        self.issue = added.unwrap();
        self.issues.push(self.issue);
    }

    /// Somebody comments.
    pub(super) async fn say(&mut self, login: &str, text: &str) -> CommentId {
        let kind = match (login, text) {
            (_, text) if TALK.contains(&text) => Kind::Talk,
            ("ada", PAUSE) => Kind::Pause,
            ("ada", _) => Kind::Work,
            _ => Kind::Nonsense,
        };
        let said = self.stage.forge.add_comment(&repository_name(), self.issue, login, text).await.unwrap();
        let payload = comment_payload(self.issue, login, said.author, said.id, text);
        self.deliver_later(kind, &payload);
        said.id
    }

    fn deliver_later(&mut self, kind: Kind, payload: &Value) {
        self.count += 1;
        let id = format!("delivery-{}", self.count);
        let event = if kind == Kind::Event { "pull_request" } else { "issue_comment" };
        self.pending.push(Delivery { id, kind, event, body: payload.to_string().into_bytes(), tries: 0 });
    }

    /// A crowd says something; ada is among it.
    pub(super) async fn gather(&mut self, size: u64) {
        for _ in 0..size {
            match self.random.below(10) {
                0 => {
                    let text = WORK[self.random.index(WORK.len())];
                    self.say("ada", text).await;
                }
                1 => {
                    let text = TALK[self.random.index(TALK.len())];
                    self.say("wes", text).await;
                }
                other => {
                    let login = match self.random.below(5) {
                        0 => "rex".to_owned(),
                        _ => format!("crowd-{}", self.random.below(200)),
                    };
                    let text = NONSENSE[self.random.index(NONSENSE.len())];
                    let comment = self.say(&login, text).await;
                    if other == 2 {
                        self.stage.forge.delete_comment(comment).await.unwrap();
                    }
                }
            }
        }
    }

    /// Strangers open pull requests, or push to them.
    pub(super) async fn events(&mut self, count: u64) {
        for _ in 0..count {
            let files = self.proposed_files();
            let files: Vec<_> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
            let repository = &self.stage.home.repository;
            repository.git(&["branch", "--force", "scratch", "main"]);
            let head = repository.commit("scratch", &files);
            repository.git(&["branch", "-D", "scratch"]);
            let name = repository_name();
            let (action, number) = if self.pulls.len() < PULLS {
                let fork = Fork { repository: "wes/lab".to_owned(), head: head.clone() };
                let pull = new_pull(&format!("change-{}", self.pulls.len()));
                let number = self.stage.forge.propose(&name, "wes", &pull, Some(&fork)).await.unwrap();
                self.pulls.push(ForkPull { number, head });
                ("opened", number)
            } else {
                let index = self.random.index(self.pulls.len());
                let number = self.pulls[index].number;
                self.stage.forge.push_to_fork(&name, number, &head).await.unwrap();
                self.pulls[index].head = head;
                ("synchronize", number)
            };
            self.deliver_later(Kind::Event, &pull_payload(action, number, self.count));
        }
    }

    fn proposed_files(&mut self) -> Vec<(String, String)> {
        self.count += 1;
        // So that no two heads are one commit.
        let note = ("NOTE".to_owned(), format!("{}\n", self.count));
        let mut files = match self.random.below(4) {
            0 => vec![(scheduler(), SCHEDULER.replace("replicas: 1", "replicas: 0"))],
            1 => vec![(scheduler(), SCHEDULER.replace("spec:", "spec: {"))],
            2 => {
                let index = self.random.index(self.hostile.len());
                let files = self.hostile[index].iter();
                files.map(|(path, text)| (format!("{ROOT}/{path}"), text.clone())).collect()
            }
            _ => vec![],
        };
        files.push(note);
        files
    }

    /// Ada asks for a pause, sometimes twice.
    pub(super) async fn pause(&mut self) {
        for _ in 0..=self.random.below(4) / 3 {
            self.say("ada", PAUSE).await;
        }
    }

    pub(super) fn shuffle(&mut self) {
        self.random.shuffle(&mut self.pending);
    }

    /// Some deliveries come again, under their old ids or new ones.
    pub(super) fn repeat(&mut self, count: usize) {
        for _ in 0..count {
            let index = self.random.index(self.taken.len());
            let mut delivery = Delivery { kind: Kind::Repeated, ..self.taken[index].delivery.clone() };
            if self.random.below(2) == 0 {
                self.count += 1;
                delivery.id = format!("delivery-{}", self.count);
            }
            self.pending.push(delivery);
        }
    }

    /// Notes what was answered; the rest is to be sent again.
    pub(super) fn take_answers(&mut self, sent: Vec<Sent>) {
        for mut sent in sent {
            match sent.status {
                Some(200 | 202) => {
                    self.taken.push(sent);
                    continue;
                }
                Some(503) => self.refused += 1,
                Some(other) => self.problems.push(format!("{}: status {other}", sent.delivery.id)),
                None => self.unanswered += 1,
            }
            sent.delivery.tries += 1;
            self.pending.push(sent.delivery);
        }
    }

    /// Waits for the newest pause, and undoes it; what is to be delivered of that is pending then.
    pub(super) async fn undo_the_pause(&mut self, how: Undoing) {
        let paused = self.taken.iter().rev().find(|sent| sent.delivery.kind == Kind::Pause);
        let run = paused.and_then(|sent| sent.run.clone()).expect("a pause creates a run");
        let (outcome, opener) = match self.outcome(&run).await {
            Some(Outcome::Proposed { pull, .. }) => (pull, run),
            Some(Outcome::Linked { pull, run, .. }) => (pull, run),
            other => {
                self.problems.push(format!("the pause {run} ended as {other:?}"));
                return;
            }
        };
        let (name, forge) = (repository_name(), &self.stage.forge);
        match how {
            Undoing::Cancel => {
                self.say("ada", &format!("/cancel {opener}")).await;
                return;
            }
            Undoing::Close => forge.close(&name, outcome).await.unwrap(),
            Undoing::Merge => {
                forge.set_draft(&name, outcome, false).await.unwrap();
                forge.merge(&name, outcome).await.unwrap();
                self.stage.home.repository.commit("main", &[(&scheduler(), SCHEDULER)]);
            }
        }
        self.count += 1;
        self.deliver_later(Kind::Event, &pull_payload("closed", outcome, self.count));
    }

    /// Waits for a run's end; `None` where it does not come.
    async fn outcome(&self, run: &RunId) -> Option<Outcome> {
        let ended = async {
            loop {
                let found = self.store().await.run(run).await.unwrap();
                if let Some(found) = found.filter(|found| found.position == Position::Settled) {
                    return found.outcome;
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.ok().flatten()
    }

    /// Waits until the newest delivered run is over.
    pub(super) async fn last_is_over(&self) {
        if let Some(run) = self.taken.last().and_then(|sent| sent.run.clone()) {
            self.outcome(&run).await;
        }
    }

    /// Waits until nothing is left to do.
    pub(super) async fn settled(&self) {
        while self.store().await.next_due().await.unwrap().is_some() {
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Waits until nothing is left to do; `false` when no run comes to its end for so long.
    pub(super) async fn all_are_over(&self, longest: Duration) -> bool {
        let (mut fewest, mut since) = (i64::MAX, Instant::now());
        loop {
            let open = self.unfinished().await;
            if open == 0 {
                return true;
            }
            if open < fewest {
                (fewest, since) = (open, Instant::now());
            } else if since.elapsed() > longest {
                return false;
            }
            tokio::time::sleep(INTERVAL * 10).await;
        }
    }

    async fn unfinished(&self) -> i64 {
        let file = self.stage.home.data().join("writ.db");
        let mut database =
            SqliteConnectOptions::new().filename(file).read_only(true).connect().await.unwrap();
        let count = "SELECT count(*) FROM runs WHERE due_at IS NOT NULL";
        sqlx::query_scalar(count).fetch_one(&mut database).await.unwrap()
    }

    pub(super) async fn store(&self) -> SqliteStore {
        SqliteStore::open_to_read(&self.stage.home.data().join("writ.db")).await.unwrap()
    }
}

/// Sends deliveries, in this order, several at a time.
pub(super) async fn send(address: SocketAddr, batch: Vec<Delivery>) -> Vec<Sent> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut sent = Vec::new();
    for delivery in batch {
        let permit = Arc::clone(&room).acquire_owned().await.unwrap();
        let request = signed(delivery.body.clone())
            .header("x-github-delivery", &delivery.id)
            .header("x-github-event", delivery.event);
        tasks.spawn(async move {
            // A task of its own: an answer that breaks off is none.
            let answer = tokio::spawn(request.try_send(address)).await.ok().flatten();
            drop(permit);
            let run = answer.as_ref().and_then(|answer| {
                let said: Value = serde_json::from_str(&answer.text).ok()?;
                said["run"].as_str()?.to_owned().try_into().ok()
            });
            Sent { delivery, status: answer.map(|answer| answer.status), run, at: Timestamp::now() }
        });
    }
    while let Some(done) = tasks.join_next().await {
        sent.push(done.unwrap());
    }
    sent
}
