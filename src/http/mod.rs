//! Floor 3: HTTP: webhooks, pages, metrics, health.
//!
//! **Invariant**: handlers decide nothing about runs; they verify, hand over to `service`, and say what came of it.

mod operations;
pub mod pages;
pub mod signature;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use tower::limit::GlobalConcurrencyLimitLayer;

use crate::ports::forge::conversation::Conversations;
use crate::ports::render::Renderer;
use crate::ports::store::Store;
use crate::service::accept::Intake;
use crate::service::metrics::Metrics;

use signature::Secrets;

/// Requests that are handled at once; more wait in their sockets, so that memory stays bounded.
const AT_ONCE: usize = 256;

/// What handlers need. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// Takes deliveries.
    pub intake: Arc<Intake>,
    /// Runs and ledger, for pages and readiness.
    pub store: Arc<dyn Store>,
    /// Templates.
    pub renderer: Arc<Renderer>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Active webhook secrets.
    pub secrets: Secrets,
    /// Largest webhook body, bytes.
    pub max_body_bytes: usize,
    /// Issues and pull requests of a forge that has no pages of its own: they are served here.
    pub conversations: Option<Arc<dyn Conversations>>,
    /// The ledger's public key as a note verifier line (`origin+hash+key`), for pages.
    pub ledger_key: String,
}

/// Webhooks and pages.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/webhooks/github", post(webhooks::github))
        .merge(pages::routes())
        .fallback(async || (StatusCode::NOT_FOUND, "no such page\n"))
        .layer(DefaultBodyLimit::max(state.max_body_bytes))
        .layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
        .with_state(state)
}

/// Metrics and health, for a port that only operators reach.
pub fn operations(state: State) -> Router {
    operations::routes().with_state(state)
}
