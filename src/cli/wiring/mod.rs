//! Wiring: from settings to a running server, in this process. `writ serve`, `writ demo` and tests start it here.

mod environment;
mod key;
mod private;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

pub use self::environment::git_environment;
use super::settings::{ForgeAccount, ForgeSettings, RepositorySettings, ServerSettings, Settings};
use crate::http::{self, State};
use crate::ports::clock::{Clock, SystemClock, system_time};
use crate::ports::forge::Forge;
use crate::ports::forge::conversation::Conversations;
use crate::ports::forge::github::webhook::GithubWebhook;
use crate::ports::forge::github::{Credentials, Github, Options, Timeouts};
use crate::ports::forge::local::LocalForge;
use crate::ports::git::Repository;
use crate::ports::library::Library;
use crate::ports::render::Renderer;
use crate::ports::store::{Inbox, LibraryStore as _, RunView, SqliteStore, StepQueue, Store};
use crate::service::accept::Intake;
use crate::service::context::{Context, ServedRepository};
use crate::service::metrics::Metrics;
use crate::service::notary::Notary;
use crate::service::planning::Planner;
use crate::service::procedure_summary::{ProcedureSummary, summaries};
use crate::service::worker::Worker;

/// A server that runs. Dropping it ends it without draining; [`Running::stop`] drains.
pub struct Running {
    /// Where webhooks and pages are served.
    pub address: SocketAddr,
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
    /// How long `stop` waits.
    patience: Duration,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    database: SqliteStore,
}

impl Running {
    /// Stops accepting deliveries and waits for steps in progress, at most for the settings' `shutdown_seconds`. What is
    /// left is done at the next start.
    pub async fn stop(mut self) {
        // OK because a server without tasks has nobody to tell.
        let _ = self.stop.send(true);
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.patience, drained).await.is_err() {
            tracing::warn!("stopped with steps in progress; they resume at the next start");
            self.tasks.abort_all();
        }
        self.database.close().await;
    }
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
    let notary = Arc::new(Notary::new(key::read_or_make(&settings.server.ledger)?));
    private::database(&settings.server.database)
        .with_context(|| format!("opening database `{}`", settings.server.database.display()))?;
    let database = SqliteStore::open(&settings.server.database)
        .await
        .with_context(|| format!("opening database `{}`", settings.server.database.display()))?;
    // Before anything is decided with it: decisions can then be made again.
    database.keep_library(&library.digest(), &library.texts()).await?;
    let store: Arc<dyn Store> = Arc::new(database.clone());
    let listener = listen(settings.server.listen).await?;
    let address = listener.local_addr()?;
    let (forge, local_forge) = forge(&settings, address).await?;
    let repositories =
        settings.repositories.iter().map(|repository| served(&settings.server, &library, repository));
    let repositories = repositories.collect::<anyhow::Result<Vec<_>>>()?;
    // The library is one for all repositories, and so are its procedures.
    let catalogue = repositories.first().map(|served| summaries(&served.planner)).unwrap_or_default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (metrics, wake) = (Arc::new(Metrics::default()), Arc::new(Notify::new()));
    let intake = Intake {
        inbox: Arc::clone(&store) as Arc<dyn Inbox>,
        view: Arc::clone(&store) as Arc<dyn RunView>,
        clock: Arc::clone(&clock),
        repositories: settings.repositories.iter().map(|repository| repository.name.clone()).collect(),
        procedures: catalogue.iter().map(ProcedureSummary::known).collect(),
        library: library.digest(),
        wake: Arc::clone(&wake),
    };
    let verifier = notary.verifier();
    let state = State {
        intake: Arc::new(intake),
        store: Arc::clone(&store),
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
    tokio::spawn(async move { context.warm_up().await });
    let mut tasks = JoinSet::new();
    let operations = serve(&mut tasks, listener, settings.server.operations, state, &stopped).await?;
    for number in 1..=settings.server.workers {
        // OK to name a worker after process and start: leases are fenced by number, names are for people.
        let name = format!("{}/{number}/{}", std::process::id(), system_time().as_millisecond());
        tasks.spawn(Worker { name, ..worker.clone() }.work(stopped.clone()));
    }
    let patience = Duration::from_secs(settings.server.shutdown_seconds.into());
    Ok(Running {
        address,
        operations,
        store,
        local_forge,
        verifier,
        progress: moved,
        patience,
        stop,
        tasks,
        database,
    })
}

/// Serves webhooks and pages on the listener, and metrics and health there too or on their own address.
async fn serve(
    tasks: &mut JoinSet<()>,
    listener: TcpListener,
    operations: SocketAddr,
    state: State,
    stopped: &watch::Receiver<bool>,
) -> anyhow::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let mut public = http::router(state.clone());
    let private = http::operations(state);
    let mut at = address;
    // Port 0 means "any free one" for both, so it never means the same.
    if operations == address && operations.port() != 0 {
        public = public.merge(private);
    } else {
        let listener = listen(operations).await?;
        at = listener.local_addr()?;
        tasks.spawn(until_stopped(listener, private, stopped.clone()));
    }
    tasks.spawn(until_stopped(listener, public, stopped.clone()));
    Ok(at)
}

async fn until_stopped(listener: TcpListener, router: axum::Router, mut stopped: watch::Receiver<bool>) {
    let signal = async move {
        // OK because a sender that is gone means the same as one that said stop.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(signal).await {
        tracing::error!(error = &error as &dyn std::error::Error, "serving ended");
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on `{address}`"))
}

async fn forge(
    settings: &Settings,
    address: SocketAddr,
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
            let url = settings.server.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
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
    server: &ServerSettings,
    library: &Library,
    repository: &RepositorySettings,
) -> anyhow::Result<Arc<ServedRepository>> {
    let name = &repository.name;
    let folder = server.data.join("mirrors").join(name.owner()).join(format!("{}.git", name.name()));
    let git = Repository::mirror(&folder, &repository.remote)
        .with_context(|| format!("opening the mirror of `{name}`"))?
        .with_environment(git_environment());
    let planner = Planner::compile(library, repository.gitops_path.as_deref())?
        .with_pages_at(server.public_url.clone());
    Ok(Arc::new(ServedRepository {
        name: name.clone(),
        base: repository.base.clone(),
        git: Arc::new(git),
        planner: Arc::new(planner),
    }))
}
