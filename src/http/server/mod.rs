//! A listener and its connections, bounded in number, time and memory: accepts, serves HTTP/1.1, closes what dawdles.
//!
//! **Invariants**: accepting never ends before the server does, whatever the system answers; whoever does not finish
//! sending delays nobody else. Axum's own `serve` has neither limits nor time limits.

mod connections;
mod forwarded;
mod heard;
pub mod network;
mod visit;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use tracing::{debug, info, warn};

pub use self::connections::Limits;
pub(in crate::http) use self::visit::Visit;

use crate::service::metrics::Metrics;

use self::connections::{Closed, Connections};
use self::heard::Heard;
use self::network::Network;
use self::visit::{Shared, Stay};

/// How long a tick of [`Limits`] is.
const TICK: Duration = Duration::from_secs(1);
/// How long accepting pauses after an error that closing connections does not mend.
const PAUSE: Duration = Duration::from_millis(100);
/// The largest head of a request, bytes: GitHub's is below 2 KiB.
const HEAD_BYTES: usize = 16 * 1024;

/// What connections of a listener may take, and who counts those that are closed for it.
pub struct Rules {
    /// The listener's name in metrics.
    pub name: &'static str,
    /// Their number, time and memory.
    pub limits: Limits,
    /// The proxies whose word on a client's address counts.
    pub trusted: Vec<Network>,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// Serves a router on a socket until told to stop; requests that have begun are answered then.
pub async fn serve(listener: TcpListener, router: Router, rules: Rules, mut stopped: watch::Receiver<bool>) {
    let Rules { name, limits, trusted, metrics } = rules;
    let shared = Arc::new(Shared::new(Connections::new(limits), trusted));
    let mut tasks = JoinSet::new();
    let mut ticks = tokio::time::interval(TICK);
    let mut told = Closed::default();
    loop {
        let has_room = shared.connections().has_room();
        tokio::select! {
            () = told_to_stop(&mut stopped) => break,
            _ = ticks.tick() => {
                shared.connections().tick();
                let before = told;
                told = tell(&shared, told);
                metrics.closed_connections(name, "overdue", told.overdue - before.overdue);
                metrics.closed_connections(name, "crowded", told.crowded - before.crowded);
            }
            Some(_) = tasks.join_next() => {}
            () = shared.room.notified(), if !has_room => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, peer)) => admit(&shared, &mut tasks, &router, (stream, peer), &stopped),
                Err(error) => recover(&shared, &error).await,
            },
        }
    }
    drop(listener);
    shared.connections().close_waiting();
    while tasks.join_next().await.is_some() {}
}

async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // OK because a sender that is gone means the same as one that said stop.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn admit(
    shared: &Arc<Shared>,
    tasks: &mut JoinSet<()>,
    router: &Router,
    (stream, peer): (TcpStream, SocketAddr),
    stopped: &watch::Receiver<bool>,
) {
    let (visit, stay) = Visit::begin(shared, peer.ip());
    let number = visit.number();
    let task = tasks.spawn(connection(stream, router.clone(), (visit, stay), stopped.clone()));
    shared.connections().serve(number, task);
}

/// After an accept that failed: a descriptor is freed where they have run out, and then the next one is tried.
async fn recover(shared: &Shared, error: &io::Error) {
    // The peer has gone away before it was accepted: https://man7.org/linux/man-pages/man2/accept.2.html
    let is_peers = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if is_peers {
        return;
    }
    let has_closed = shared.connections().make_room();
    warn!(%error, has_closed, "a connection could not be accepted");
    tokio::time::sleep(PAUSE).await;
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    router: Router,
    (visit, _stay): (Visit, Stay),
    mut stopped: watch::Receiver<bool>,
) {
    // OK because it only saves time.
    let _ = stream.set_nodelay(true);
    let answering = visit.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, visit) = (router.clone(), answering.clone());
        async move {
            visit.request(request.headers());
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(visit.clone());
            let answer = router.oneshot(request).await;
            visit.answered();
            answer.map_err(|never: Infallible| match never {})
        }
    });
    let mut builder = http1::Builder::new();
    // The time limits are those of `Connections`: an idle connection may wait longer than a head.
    builder.header_read_timeout(None).max_buf_size(HEAD_BYTES);
    let mut served = pin!(builder.serve_connection(Heard::new(stream, visit), service));
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = told_to_stop(&mut stopped) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        debug!(error = &error as &dyn std::error::Error, "a connection ended early");
    }
}

/// Logs, at most once per tick, that connections were closed.
fn tell(shared: &Shared, told: Closed) -> Closed {
    let (open, closed) = shared.connections().counts();
    if closed.crowded > told.crowded {
        warn!(open, closed = closed.crowded - told.crowded, "too many connections: the oldest were closed");
    }
    if closed.overdue > told.overdue {
        info!(open, closed = closed.overdue - told.overdue, "connections that took too long were closed");
    }
    closed
}
