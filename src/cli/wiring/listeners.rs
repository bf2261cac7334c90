//! The three listeners, each with what it serves and its limits.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cli::settings::ServerSettings;
use crate::http::server::{Limits, Rules, serve};
use crate::http::{self, State};

/// File descriptors for everything but connections: the database's files, git's pipes, packs, the forge.
const RESERVED: usize = 64;
/// The most descriptors that are asked for.
const MOST_DESCRIPTORS: u64 = 1 << 16;
/// Bytes of unauthenticated bodies that are kept at the same time.
const UNPROVEN_BYTES: usize = 64 << 20;
/// Connections to the pages, and to metrics and health.
const FEW: usize = 64;
/// Seconds for the head of a request; between requests (more than proxies keep connections, which else lose requests
/// that they send just then); for a body and its answer, whose own limits are shorter.
const SECONDS: (u64, u64, u64) = (10, 90, 60);

/// The open sockets of the server.
pub(super) struct Listeners {
    webhooks: TcpListener,
    pages: TcpListener,
    operations: TcpListener,
}

/// Where they listen.
#[derive(Clone, Copy)]
pub(super) struct Addresses {
    /// Webhooks.
    pub(super) webhooks: SocketAddr,
    /// Pages.
    pub(super) pages: SocketAddr,
    /// Metrics and health.
    pub(super) operations: SocketAddr,
}

impl Listeners {
    pub(super) async fn bind(settings: &ServerSettings) -> anyhow::Result<Self> {
        Ok(Self {
            webhooks: listen(settings.listen).await?,
            pages: listen(settings.pages).await?,
            operations: listen(settings.operations).await?,
        })
    }

    pub(super) fn addresses(&self) -> anyhow::Result<Addresses> {
        Ok(Addresses {
            webhooks: self.webhooks.local_addr()?,
            pages: self.pages.local_addr()?,
            operations: self.operations.local_addr()?,
        })
    }

    /// Serves webhooks, pages, and metrics and health, each on its own socket and nowhere else.
    pub(super) fn serve(
        self,
        tasks: &mut JoinSet<()>,
        settings: &ServerSettings,
        state: &State,
        stopped: &watch::Receiver<bool>,
    ) {
        let spare = raise_descriptors().saturating_sub(RESERVED);
        let webhooks = settings.connections.total.min(spare / 2).max(8);
        if webhooks < settings.connections.total {
            tracing::warn!(
                connections = webhooks,
                "fewer connections than `connections.total`: the limit of file descriptors is low (`ulimit -n`)"
            );
        }
        let by_client = settings.connections.by_client;
        let few = FEW.min(spare / 8).max(4);
        let rules =
            |name, limits| Rules { name, limits, trusted: Vec::new(), metrics: Arc::clone(&state.metrics) };
        let of_webhooks = Rules {
            trusted: settings.trusted_proxies.clone(),
            ..rules("webhooks", limits(webhooks, by_client))
        };
        let (of_pages, of_operations) =
            (rules("pages", limits(few, few)), rules("operations", limits(few, few)));
        tasks.spawn(serve(self.webhooks, http::webhooks(state.clone()), of_webhooks, stopped.clone()));
        tasks.spawn(serve(self.pages, http::pages(state.clone()), of_pages, stopped.clone()));
        tasks.spawn(serve(self.operations, http::operations(state.clone()), of_operations, stopped.clone()));
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on `{address}`"))
}

fn limits(total: usize, by_client: usize) -> Limits {
    let (head, idle, request) = SECONDS;
    Limits { total, by_client, unproven_bytes: UNPROVEN_BYTES, head, idle, request }
}

/// Raises the limit of file descriptors as far as it may be; gives what it is then.
fn raise_descriptors() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(MOST_DESCRIPTORS).min(MOST_DESCRIPTORS);
    let enough = current.is_none_or(|current| current >= wanted);
    let raised = enough || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok();
    let limit = if raised { current.unwrap_or(wanted).max(wanted) } else { current.unwrap_or(wanted) };
    usize::try_from(limit).unwrap_or(usize::MAX)
}
