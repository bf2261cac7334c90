//! One worker in the test's hands: step by step, on a clock that is set by hand and a forge that can fail.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use writ::domain::admission::Quotas;
use writ::domain::approval::Review;
use writ::domain::command::KnownProcedure;
use writ::domain::credential::Credential;
use writ::domain::lane::SeenCheck;
use writ::domain::ledger::SignerKey;
use writ::domain::names::{BranchName, CheckId, CommentId, CommitId, IssueNumber, RepositoryName, RunId};
use writ::domain::run::{Outcome, Position, Step};
use writ::ports::child::Children;
use writ::ports::clock::Clock;
use writ::ports::forge::check::{Check, FoundCheck};
use writ::ports::forge::github::webhook;
use writ::ports::forge::local::LocalForge;
use writ::ports::forge::{Comment, Forge, ForgeError, NewPull, Permission, Pull, Reaction};
use writ::ports::git::Repository;
use writ::ports::library::Library;
use writ::ports::render::Renderer;
use writ::ports::store::{LedgerStore as _, Run, RunView as _, SqliteStore, StepQueue as _};
use writ::service::accept::{Intake, Reception};
use writ::service::context::{Context, RunningIn, ServedRepository};
use writ::service::heads::{Greeting, Heads, JudgedRepository};
use writ::service::metrics::Metrics;
use writ::service::notary::Notary;
use writ::service::planning::Planner;
use writ::service::procedure_summary::{ProcedureSummary, summaries};
use writ::service::worker::Worker;

use super::bot::{Home, comment_payload, repository_name};
use super::{manifests, records};

/// The account of a program.
pub const AGENT: &str = "machine";

/// The worker and all that it works with.
pub struct Workbench {
    /// Folders and repository.
    pub home: Home,
    /// The worker; `turn` performs one step.
    pub worker: Worker,
    /// Runs and ledger.
    pub store: SqliteStore,
    /// What people do.
    pub people: LocalForge,
    /// The forge as the worker has it.
    pub forge: Arc<FailingForge>,
    /// The time.
    pub clock: Arc<HandClock>,
    pub intake: Intake,
    issue: IssueNumber,
}

/// A clock that stands still until it is moved.
pub struct HandClock(Mutex<Timestamp>);

/// What a call comes to instead of its answer.
#[derive(Debug, Clone, Copy)]
pub enum Failure {
    /// It never got there.
    Unavailable,
    /// It had its effect, but the answer was lost.
    AnswerLost,
    /// The account lacks a right.
    Forbidden,
    /// The adapter has a bug.
    Panic,
}

/// The local forge, whose next calls of one name can be made to fail.
pub struct FailingForge {
    inner: LocalForge,
    failures: Mutex<VecDeque<(&'static str, Failure)>>,
    calls: Mutex<Vec<&'static str>>,
}

impl HandClock {
    /// Moves it forward.
    pub fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now += time;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Workbench {
    /// A workbench on the small manifests, with `ada`, who may write.
    pub async fn set() -> Self {
        Self::on(Home::seeded()).await
    }

    /// The same on another home.
    pub async fn on(home: Home) -> Self {
        Self::made(home, Quotas { commands: 1000, actor: 100, lane: 100, repository: 100 }).await
    }

    /// The same on the small manifests with quotas that can be reached.
    pub async fn with(quotas: Quotas) -> Self {
        Self::made(Home::seeded(), quotas).await
    }

    async fn made(home: Home, quotas: Quotas) -> Self {
        let data = home.data();
        std::fs::create_dir_all(&data).unwrap();
        let people = LocalForge::open(&data.join("forge.db"), "http://forge", Timestamp::now).await.unwrap();
        let name = repository_name();
        people.host(&name, home.repository.path()).await.unwrap();
        people.grant(&name, "ada", Permission::Write).await.unwrap();
        let issue = people.add_issue(&name, "Orders are being rejected", "").await.unwrap();
        let store = SqliteStore::open(&data.join("writ.db")).await.unwrap();
        let shared: Arc<dyn writ::ports::store::Store> = Arc::new(store.clone());
        let clock = Arc::new(HandClock(Mutex::new("2026-02-12T10:35:00Z".parse().unwrap())));
        let forge = Arc::new(FailingForge {
            inner: people.clone(),
            failures: Mutex::default(),
            calls: Mutex::default(),
        });
        let library = Library::embedded();
        let planner = Planner::compile(&library, manifests::ROOT).unwrap();
        let catalogue = summaries(&planner);
        let served_catalogue = catalogue.clone();
        let lanes = planner.judge().lanes().clone();
        let procedures: Vec<KnownProcedure> = catalogue.iter().map(ProcedureSummary::known).collect();
        let mirror = Repository::mirror(&data.join("mirror.git"), home.repository.path().to_str().unwrap());
        let served = ServedRepository {
            name: name.clone(),
            base: "main".to_owned().try_into().unwrap(),
            git: Arc::new(mirror.unwrap()),
            planner: Arc::new(planner),
            running_in: RunningIn::default(),
        };
        let context = Context {
            store: Arc::clone(&shared),
            forge: Arc::clone(&forge) as Arc<dyn Forge>,
            repositories: vec![Arc::new(served)],
            catalogue,
            heads: Arc::new(heads(&library, &data.join("mirror.git"))),
            renderer: Arc::new(Renderer::compile(&library).unwrap()),
            notary: Arc::new(Notary::new(SignerKey::from_seed("example.com/ledger", [7; 32]).unwrap())),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            agents: vec![AGENT.to_owned()],
            quotas,
            public_url: None,
        };
        let wake = Arc::new(Notify::new());
        let worker = Worker {
            name: "workbench".to_owned(),
            store: Arc::clone(&shared) as Arc<dyn writ::ports::store::StepQueue>,
            context: Arc::new(context),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            metrics: Arc::new(Metrics::default()),
            wake: Arc::clone(&wake),
            progress: watch::channel(0).0,
            lease: Duration::from_secs(30),
            failpoint: None,
        };
        let intake = Intake {
            inbox: Arc::clone(&shared) as Arc<dyn writ::ports::store::Inbox>,
            view: shared,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            repositories: vec![name],
            procedures,
            catalogue: served_catalogue,
            agents: vec![AGENT.to_owned()],
            library: library.digest(),
            lanes: lanes.clone(),
            wake,
        };
        Self { home, worker, store, people, forge, clock, intake, issue }
    }

    /// Restarts on another release: a library that differs in one template, and with it in its digest.
    pub fn upgrade(&mut self) {
        let mut library = Library::embedded();
        library.templates.insert("upgraded.md".to_owned(), "New in this release.".to_owned());
        let context = &self.worker.context;
        let served = &context.repositories[0];
        let planner = Planner::compile(&library, manifests::ROOT).unwrap();
        assert_ne!(planner.judge().library(), served.planner.judge().library());
        let served = ServedRepository {
            name: served.name.clone(),
            base: served.base.clone(),
            git: Arc::clone(&served.git),
            planner: Arc::new(planner),
            running_in: RunningIn::default(),
        };
        self.worker.context = Arc::new(Context {
            store: Arc::clone(&context.store),
            forge: Arc::clone(&context.forge),
            repositories: vec![Arc::new(served)],
            catalogue: context.catalogue.clone(),
            heads: Arc::clone(&context.heads),
            renderer: Arc::clone(&context.renderer),
            notary: Arc::clone(&context.notary),
            clock: Arc::clone(&context.clock),
            agents: context.agents.clone(),
            quotas: context.quotas,
            public_url: context.public_url.clone(),
        });
    }

    /// Ada comments, and the delivery is accepted.
    pub async fn comment(&self, body: &str) -> RunId {
        self.comment_as("ada", body).await
    }

    /// Somebody comments, and the delivery is accepted.
    pub async fn comment_as(&self, login: &str, body: &str) -> RunId {
        self.comment_and_id(login, body).await.1
    }

    /// The same; gives the comment, too.
    pub async fn comment_and_id(&self, login: &str, body: &str) -> (CommentId, RunId) {
        let comment = self.people.add_comment(&repository_name(), self.issue, login, body).await.unwrap();
        let payload = comment_payload(self.issue, login, comment.author, comment.id, body).to_string();
        (comment.id, self.deliver("issue_comment", &payload).await)
    }

    /// An event comes in, and its delivery is accepted.
    pub async fn tell(&self, event: &str, payload: &Value) -> RunId {
        self.deliver(event, &payload.to_string()).await
    }

    async fn deliver(&self, event: &str, payload: &str) -> RunId {
        let id = super::http::unique("delivery");
        let delivery = webhook::read(&id, event, payload.as_bytes()).unwrap();
        match self.intake.accept(&delivery).await.unwrap() {
            Reception::Accepted { run } => run,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Performs steps until the run is at this one.
    pub async fn work_until(&self, run: &RunId, step: Step) {
        while self.run(run).await.position != Position::At(step) {
            assert!(self.worker.turn().await.unwrap(), "the run does not get to `{}`", step.as_str());
        }
    }

    /// Performs steps until nothing is due, and gives the run.
    pub async fn work(&self, run: &RunId) -> Run {
        while self.worker.turn().await.unwrap() {}
        self.run(run).await
    }

    /// Leases the run for 30 seconds, as a worker that does not come back.
    pub async fn fall_asleep_over(&self, run: &RunId) {
        let now = self.clock.now();
        let lease = self.store.lease("asleep", now, now + Duration::from_secs(30)).await.unwrap();
        assert_eq!(lease.expect("a step is due").run.id, *run);
    }

    /// The kinds of a run's records, oldest first.
    pub async fn kinds(&self, run: &RunId) -> Vec<String> {
        records::kinds(&self.store.leaves_of(run).await.unwrap())
    }

    /// The run as it is now.
    pub async fn run(&self, run: &RunId) -> Run {
        self.store.run(run).await.unwrap().expect("the run")
    }

    /// The bot's comments.
    pub async fn replies(&self) -> Vec<String> {
        let comments = self.people.comments(&repository_name(), self.issue).await.unwrap();
        comments.into_iter().filter(|found| found.bot).map(|found| found.comment.body).collect()
    }

    /// How many pull requests there are.
    pub async fn pulls(&self) -> usize {
        self.people.pulls(&repository_name()).await.unwrap().len()
    }

    /// How often this was asked of the forge.
    pub fn calls(&self, call: &str) -> usize {
        self.forge.calls.lock().unwrap().iter().filter(|name| **name == call).count()
    }

    /// Makes the next calls of this name fail, one after the other.
    pub fn fail(&self, call: &'static str, failures: &[Failure]) {
        self.forge.failures.lock().unwrap().extend(failures.iter().map(|failure| (call, *failure)));
    }
}

/// The reason code of a refused run.
pub fn code(run: &Run) -> &str {
    match &run.outcome {
        Some(Outcome::Refused { code, .. }) => code.as_str(),
        other => panic!("not refused: {other:?}"),
    }
}

impl FailingForge {
    /// What the next call of this name shall come to, if it shall fail.
    fn failure(&self, call: &'static str) -> Option<Failure> {
        let mut failures = self.failures.lock().unwrap();
        let at = failures.iter().position(|(name, _)| *name == call)?;
        failures.remove(at).map(|(_, failure)| failure)
    }

    async fn call<T>(
        &self,
        name: &'static str,
        answer: impl Future<Output = Result<T, ForgeError>>,
    ) -> Result<T, ForgeError> {
        self.calls.lock().unwrap().push(name);
        let failure = self.failure(name);
        let unavailable = || ForgeError::Unavailable { message: "made to fail".into(), retry_after: None };
        match failure {
            None => answer.await,
            Some(Failure::Unavailable) => Err(unavailable()),
            Some(Failure::AnswerLost) => answer.await.and(Err(unavailable())),
            Some(Failure::Forbidden) => Err(ForgeError::Forbidden("secret detail".to_owned())),
            Some(Failure::Panic) => panic!("made to panic"),
        }
    }
}

#[async_trait]
impl Forge for FailingForge {
    async fn permission(
        &self,
        repository: &RepositoryName,
        login: &str,
    ) -> Result<(writ::domain::names::AccountId, Permission), ForgeError> {
        self.call("permission", self.inner.permission(repository, login)).await
    }

    async fn comment(
        &self,
        repository: &RepositoryName,
        comment: CommentId,
    ) -> Result<Option<Comment>, ForgeError> {
        self.call("comment", self.inner.comment(repository, comment)).await
    }

    async fn react(
        &self,
        repository: &RepositoryName,
        comment: CommentId,
        reaction: Reaction,
    ) -> Result<(), ForgeError> {
        self.call("react", self.inner.react(repository, comment, reaction)).await
    }

    async fn put_status(
        &self,
        repository: &RepositoryName,
        issue: IssueNumber,
        marker: &str,
        body: &str,
    ) -> Result<CommentId, ForgeError> {
        self.call("put_status", self.inner.put_status(repository, issue, marker, body)).await
    }

    async fn find_pull(
        &self,
        repository: &RepositoryName,
        head: &BranchName,
    ) -> Result<Option<Pull>, ForgeError> {
        self.call("find_pull", self.inner.find_pull(repository, head)).await
    }

    async fn open_pull(&self, repository: &RepositoryName, pull: &NewPull) -> Result<Pull, ForgeError> {
        self.call("open_pull", self.inner.open_pull(repository, pull)).await
    }

    async fn pull(&self, repository: &RepositoryName, number: IssueNumber) -> Result<Pull, ForgeError> {
        self.call("pull", self.inner.pull(repository, number)).await
    }

    async fn close_pull(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        self.call("close_pull", self.inner.close_pull(repository, number)).await
    }

    async fn reviews(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Vec<Review>, ForgeError> {
        self.call("reviews", self.inner.reviews(repository, number)).await
    }

    async fn mark_ready(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        self.call("mark_ready", self.inner.mark_ready(repository, number)).await
    }

    async fn find_check(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Option<FoundCheck>, ForgeError> {
        self.call("find_check", self.inner.find_check(repository, head, name)).await
    }

    async fn check_runs(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Vec<SeenCheck>, ForgeError> {
        self.call("check_runs", self.inner.check_runs(repository, head, name)).await
    }

    async fn put_check(&self, repository: &RepositoryName, check: &Check) -> Result<CheckId, ForgeError> {
        self.call("put_check", self.inner.put_check(repository, check)).await
    }

    async fn git_credential(&self, repository: &RepositoryName) -> Result<Option<Credential>, ForgeError> {
        self.call("git_credential", self.inner.git_credential(repository)).await
    }
}

/// Judging processes with the usual limits, for a repository with the small manifests' path.
pub fn heads(library: &Library, mirror: &Path) -> Heads {
    let greeting = Greeting {
        policies: library.policies.clone(),
        repositories: vec![JudgedRepository {
            name: repository_name(),
            mirror: mirror.to_owned(),
            base: "main".to_owned().try_into().unwrap(),
            gitops_path: manifests::ROOT.to_owned(),
            watch: Vec::new(),
        }],
        cache_bytes: 64 << 20,
    };
    let arguments =
        ["judge-heads", "--memory-mib", "1024", "--cpu-seconds", "20"].map(str::to_owned).to_vec();
    let greeting = serde_json::to_vec(&greeting).unwrap();
    Heads::new(Children::new(
        env!("CARGO_BIN_EXE_writ").into(),
        arguments,
        greeting,
        Duration::from_secs(120),
    ))
}
