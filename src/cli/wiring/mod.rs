//! Wiring: from settings to a running server, in this process. `writ serve`, `writ demo` and tests start it here.

mod environment;
mod judging;
pub(crate) mod key;
mod listeners;
mod private;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

pub use self::environment::git_environment;

use self::listeners::{Addresses, Listeners};
use super::settings::{ForgeAccount, ForgeSettings, LedgerSettings, RepositorySettings, Settings};
use crate::domain::ledger::KeptCheckpoint;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::text::error_chain;
use crate::http::State;
use crate::ports::checkpoint_file::CheckpointFile;
use crate::ports::clock::{Clock, SystemClock, system_time};
use crate::ports::forge::Forge;
use crate::ports::forge::conversation::Conversations;
use crate::ports::forge::github::webhook::GithubWebhook;
use crate::ports::forge::github::{Credentials, Github, Options, Timeouts};
use crate::ports::forge::local::LocalForge;
use crate::ports::git::{Interrupt, Repository};
use crate::ports::library::Library;
use crate::ports::render::Renderer;
use crate::ports::store::{
    Inbox, LedgerStore, LibraryStore as _, RunView, SqliteStore, StepQueue, Store, StoreError,
};
use crate::service::accept::Intake;
use crate::service::checkpoint_branch::CheckpointBranch;
use crate::service::context::{Context, RunningIn, ServedRepository};
use crate::service::health::Health;
use crate::service::metrics::Metrics;
use crate::service::notary::Notary;
use crate::service::planning::Planner;
use crate::service::procedure_summary::{ProcedureSummary, summaries};
use crate::service::resumption::{self, ResumptionError};
use crate::service::sealing::Sealing;
use crate::service::worker::Worker;

/// How long a stop waits for the last checkpoint.
const LAST_SEAL: Duration = Duration::from_secs(5);

/// How long a stop waits for the branch of checkpoints.
const LAST_PUSH: Duration = Duration::from_secs(10);
/// How long a start waits for the branch of checkpoints.
const READING_BRANCH: Duration = Duration::from_secs(10);

/// A server that runs. Dropping it ends it without draining; [`Running::stop`] drains.
pub struct Running {
    /// Where webhooks are taken.
    pub address: SocketAddr,
    /// Where pages are served.
    pub pages: SocketAddr,
    /// Where metrics and health are served.
    pub operations: SocketAddr,
    /// Runs and ledger, as the server has them.
    pub store: Arc<dyn Store>,
    /// The forge, where it is the local one: people act on it through this.
    pub local_forge: Option<LocalForge>,
    /// The key that verifies the ledger, as a C2SP vkey.
    pub verifier: String,
    /// Counts finished steps: changes whenever a run has moved.
    pub progress: watch::Receiver<u64>,
    /// Why the server cannot go on, once that is so.
    failure: oneshot::Receiver<StoreError>,
    /// How long `stop` waits.
    patience: Duration,
    /// Ends the git commands that still run.
    interrupt: Interrupt,
    first_fetch: JoinHandle<()>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    sealing: Sealing,
    branch: Option<CheckpointBranch>,
    database: SqliteStore,
}

impl Running {
    /// Waits until the server cannot go on, and gives why: its database file is gone. Nothing is stored any more then, so
    /// there is nothing to drain.
    pub async fn failure(&mut self) -> StoreError {
        match (&mut self.failure).await {
            Ok(error) => error,
            Err(_) => std::future::pending().await,
        }
    }

    /// Stops accepting deliveries and waits for steps in progress, at most for the settings' `shutdown_seconds`. What is
    /// left is done at the next start.
    pub async fn stop(mut self) {
        // OK because a server without tasks has nobody to tell.
        let _ = self.stop.send(true);
        let ending = ENDING.min(self.patience / 2);
        let last_push = if self.branch.is_some() { LAST_PUSH.min(self.patience / 4) } else { Duration::ZERO };
        let patience = self.patience.saturating_sub(ending + last_push);
        if tokio::time::timeout(patience, drained(&mut self.tasks)).await.is_err() {
            tracing::warn!("stopped with steps in progress; they resume at the next start");
        }
        self.seal().await;
        if let Some(branch) = &self.branch
            && tokio::time::timeout(last_push, branch.try_publish()).await.is_err()
        {
            tracing::error!("the branch of checkpoints was not moved: the remote did not answer in time");
        }
        // Blocking work cannot be aborted: it ends by itself, or with the command that it waits for.
        self.interrupt.interrupt();
        let ended = async {
            drained(&mut self.tasks).await;
            // OK because a first fetch that panicked has ended, too.
            let _ = (&mut self.first_fetch).await;
        };
        // OK because what is still running after that is aborted.
        let _ = tokio::time::timeout(ending, ended).await;
        self.tasks.abort_all();
        self.seal().await;
        self.database.close().await;
    }

    /// Signs what is not signed yet.
    async fn seal(&self) {
        match tokio::time::timeout(LAST_SEAL, self.sealing.seal()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(problem = %error_chain(&error), "the last records are not signed");
            }
            Err(_) => tracing::error!("the last records are not signed: the database did not answer in time"),
        }
    }
}

/// How much of a stop is for ending commands that still run.
const ENDING: Duration = Duration::from_secs(3);

async fn drained(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

/// Opens what the settings name, starts the workers and listens. Port 0 takes any free port.
///
/// # Errors
/// - a file, folder, address or key of the settings cannot be used
/// - a procedure, policy or template of the library is wrong
pub async fn start(settings: Settings) -> anyhow::Result<Running> {
    private::folder(&settings.server.data)
        .with_context(|| format!("creating folder `{}`", settings.server.data.display()))?;
    let library =
        settings.server.library.as_deref().map_or_else(|| Ok(Library::embedded()), Library::read)?;
    super::library::log(&library);
    let renderer = Arc::new(Renderer::compile(&library)?);
    private::database(&settings.server.database)
        .with_context(|| format!("opening database `{}`", settings.server.database.display()))?;
    let database = SqliteStore::open(&settings.server.database)
        .await
        .with_context(|| format!("opening database `{}`", settings.server.database.display()))?;
    // Before anything is decided with it: decisions can then be made again.
    database.keep_library(&library.digest(), &library.texts()).await?;
    let store: Arc<dyn Store> = Arc::new(database.clone());
    let listeners = Listeners::bind(&settings.server).await?;
    let Addresses { webhooks: address, pages, operations } = listeners.addresses()?;
    let (forge, local_forge) = forge(&settings, pages).await?;
    let interrupt = Interrupt::default();
    let repositories =
        settings.repositories.iter().map(|repository| served(&settings, &library, repository, &interrupt));
    let repositories = repositories.collect::<anyhow::Result<Vec<_>>>()?;
    // The library is one for all repositories, and so are its procedures.
    let catalogue = repositories.first().map(|served| summaries(&served.planner)).unwrap_or_default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let notary = Arc::new(notary(&settings.server.ledger, store.as_ref()).await?);
    let sealing = Sealing { notary: Arc::clone(&notary), ledger: Arc::clone(&store) as Arc<dyn LedgerStore> };
    let named = settings.server.ledger.checkpoint_branch.clone().zip(repositories.first());
    let branch = named.map(|(branch, repository)| CheckpointBranch {
        branch,
        repository: Arc::clone(repository),
        forge: Arc::clone(&forge),
        sealing: sealing.clone(),
        clock: Arc::clone(&clock),
    });
    let elsewhere = on_branch(branch.as_ref()).await;
    resume(&sealing, &elsewhere, clock.now()).await.context("the ledger is not signed")?;
    let (metrics, wake) = (Arc::new(Metrics::default()), Arc::new(Notify::new()));
    let intake = Intake {
        inbox: Arc::clone(&store) as Arc<dyn Inbox>,
        view: Arc::clone(&store) as Arc<dyn RunView>,
        clock: Arc::clone(&clock),
        repositories: settings.repositories.iter().map(|repository| repository.name.clone()).collect(),
        procedures: catalogue.iter().map(ProcedureSummary::known).collect(),
        catalogue: catalogue.clone(),
        agents: settings.server.agents.clone(),
        library: library.digest(),
        lanes: repositories.first().map(|served| served.planner.judge().lanes().clone()).unwrap_or_default(),
        wake: Arc::clone(&wake),
    };
    let intake = Arc::new(intake);
    let verifier = notary.verifier();
    let state = State {
        intake: Arc::clone(&intake),
        store: Arc::clone(&store),
        health: Arc::new(Health::of(
            Arc::new(database.clone()),
            Arc::clone(&notary),
            git_environment(),
            Arc::clone(&clock),
        )),
        renderer: Arc::clone(&renderer),
        metrics: Arc::clone(&metrics),
        webhooks: vec![Arc::new(GithubWebhook::new(settings.secrets.clone()))],
        max_body_bytes: settings.server.max_body_bytes,
        ledger_key: verifier.clone(),
        conversations: local_forge.clone().map(|forge| Arc::new(forge) as Arc<dyn Conversations>),
    };
    let context = Arc::new(Context {
        store: Arc::clone(&store),
        forge,
        heads: Arc::new(judging::heads(&settings, &library, &repositories)?.counted_by(Arc::clone(&metrics))),
        repositories,
        catalogue,
        renderer,
        notary,
        clock: Arc::clone(&clock),
        agents: settings.server.agents.clone(),
        quotas: settings.server.quotas,
        public_url: settings.server.public_url.clone(),
    });
    let (progress, moved) = watch::channel(0);
    let worker = Worker {
        name: String::new(),
        store: Arc::clone(&store) as Arc<dyn StepQueue>,
        context: Arc::clone(&context),
        clock,
        metrics,
        wake,
        progress,
        lease: Duration::from_secs(settings.server.lease_seconds.into()),
        failpoint: settings.failpoint,
    };
    let (stop, stopped) = watch::channel(false);
    // Not waited for: a command that comes first fetches for itself.
    let first_fetch = tokio::spawn(async move { context.warm_up().await });
    let mut tasks = JoinSet::new();
    listeners.serve(&mut tasks, &settings.server, &state, &stopped);
    tasks.spawn(sealing.clone().run(stopped.clone()));
    tasks.spawn(intake.keep_sweeping(stopped.clone()));
    if let Some(branch) = branch.clone() {
        tasks.spawn(branch.run(stopped.clone()));
    }
    for number in 1..=settings.server.workers {
        // OK to name a worker after process and start: leases are fenced by number, names are for people.
        let name = format!("{}/{number}/{}", std::process::id(), system_time().as_millisecond());
        tasks.spawn(Worker { name, ..worker.clone() }.work(stopped.clone()));
    }
    let (fail, failure) = oneshot::channel();
    tasks.spawn(watch_file(database.clone(), fail, stopped));
    let patience = Duration::from_secs(settings.server.shutdown_seconds.into());
    Ok(Running {
        address,
        pages,
        operations,
        store,
        local_forge,
        verifier,
        progress: moved,
        failure,
        patience,
        interrupt,
        first_fetch,
        stop,
        tasks,
        sealing,
        branch,
        database,
    })
}

/// The ledger's notary. A key is made for an empty ledger only: one that is lost is not replaced silently.
async fn notary(settings: &LedgerSettings, ledger: &dyn LedgerStore) -> anyhow::Result<Notary> {
    let path = &settings.key_file;
    let key = match key::read(path, &settings.origin)? {
        Some(key) => key,
        None if ledger.ledger_size().await? == 0 => key::read_or_make(path, &settings.origin)?,
        None => {
            let problem = format!("there is no key in `{}`, but the ledger has records", path.display());
            let remedy =
                "put the key back; only if it is lost, `writ audit adopt --reason TEXT` makes a new one";
            return Err(resumption_error(Refusal::new(reason::LEDGER_KEY_NEW, problem, remedy)));
        }
    };
    Ok(Notary::new(key).keeping(CheckpointFile::at(settings.checkpoint_file())))
}

/// The checkpoint on the branch. A remote that does not answer holds up no start: the branch is compared before it is
/// moved.
async fn on_branch(branch: Option<&CheckpointBranch>) -> Vec<KeptCheckpoint> {
    let Some(branch) = branch else { return Vec::new() };
    let problem = match tokio::time::timeout(READING_BRANCH, branch.read()).await {
        Ok(Ok(kept)) => return kept.into_iter().collect(),
        Ok(Err(error)) => error_chain(&error),
        Err(_) => format!("no answer within {} s", READING_BRANCH.as_secs()),
    };
    tracing::warn!(branch = %branch.branch, problem, "the branch of checkpoints is compared later");
    Vec::new()
}

async fn resume(sealing: &Sealing, elsewhere: &[KeptCheckpoint], now: Timestamp) -> anyhow::Result<()> {
    resumption::resume(&sealing.notary, sealing.ledger.as_ref(), elsewhere, now).await.map_err(|error| {
        match error {
            ResumptionError::Refused(refusal) => resumption_error(refusal),
            ResumptionError::Store(error) => error.into(),
        }
    })
}

/// A refusal on one line, with code and remedy: what ends the server is read in a log.
fn resumption_error(refusal: Refusal) -> anyhow::Error {
    let Refusal { code, remedy, .. } = &refusal;
    anyhow::anyhow!("{refusal} [{code}]; {remedy}")
}

/// Looks every second whether the database file is still there, and tells when it is not.
async fn watch_file(
    database: SqliteStore,
    fail: oneshot::Sender<StoreError>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        if let Err(error @ StoreError::Replaced(_)) = database.check_file() {
            // OK because who does not wait for it does not want to know.
            let _ = fail.send(error);
            return;
        }
    }
}

async fn forge(
    settings: &Settings,
    pages: SocketAddr,
) -> anyhow::Result<(Arc<dyn Forge>, Option<LocalForge>)> {
    match &settings.forge {
        ForgeSettings::GitHub { base_url, account } => {
            let credentials = match account {
                ForgeAccount::App { id, key } => Credentials::App { id: *id, private_key: key.clone() },
                ForgeAccount::Token(token) => Credentials::Token(token.clone()),
            };
            let timeouts = Timeouts::default();
            let options = Options { base_url: base_url.clone(), credentials, timeouts, now: system_time };
            Ok((Arc::new(Github::new(&options)?), None))
        }
        ForgeSettings::Local => {
            let url = settings.server.public_url.clone().unwrap_or_else(|| format!("http://{pages}"));
            let file = settings.server.data.join("forge.db");
            private::database(&file).with_context(|| format!("opening `{}`", file.display()))?;
            let local = LocalForge::open(&file, &url, system_time).await?;
            for repository in &settings.repositories {
                local.host(&repository.name, Path::new(&repository.remote)).await?;
            }
            Ok((Arc::new(local.clone()), Some(local)))
        }
    }
}

fn served(
    settings: &Settings,
    library: &Library,
    repository: &RepositorySettings,
    interrupt: &Interrupt,
) -> anyhow::Result<Arc<ServedRepository>> {
    let name = &repository.name;
    let git = Repository::mirror(&judging::mirror(&settings.server.data, name), &repository.remote)
        .with_context(|| format!("opening the mirror of `{name}`"))?
        .with_environment(git_environment())
        .with_interrupt(interrupt.clone());
    let room = judging::cache_bytes(settings) / settings.repositories.len().max(1);
    let mut planner = Planner::compile(library, repository.gitops_path.as_deref())?
        .with_cache(room)
        .with_pages_at(settings.server.public_url.clone());
    for observed in &repository.observe {
        let is_known = planner.judge().knows_rule(&observed.rule);
        anyhow::ensure!(
            is_known,
            "`observe` of `{name}` names no policy and no code: `{}` [{}]; `writ policies` lists them",
            observed.rule.escape_debug(),
            reason::SETTING_INVALID
        );
    }
    if let Some(watch) = repository.watched()? {
        planner = planner.watching(watch);
    }
    Ok(Arc::new(ServedRepository {
        name: name.clone(),
        base: repository.base.clone(),
        git: Arc::new(git),
        planner: Arc::new(planner),
        running_in: RunningIn {
            observe: repository.observe.clone(),
            calendar: repository.calendar.clone(),
            notify_issue: repository.notify_issue,
        },
    }))
}
