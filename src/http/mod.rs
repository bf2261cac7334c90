//! Floor 3: HTTP: webhooks, pages, metrics, health.
//!
//! **Invariant**: handlers decide nothing about runs; they let a source's adapter authenticate and read a delivery, hand
//! it to `service`, and answer with the result.

mod operations;
pub mod pages;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use tower::limit::GlobalConcurrencyLimitLayer;

use crate::ports::forge::local::LocalForge;
use crate::ports::forge::webhook::Webhook;
use crate::ports::render::Renderer;
use crate::ports::store::Store;
use crate::service::accept::Intake;
use crate::service::metrics::Metrics;

/// Requests that are handled at once; more wait in their sockets, so that memory stays bounded.
const AT_ONCE: usize = 256;

/// What handlers need. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// Accepts deliveries.
    pub intake: Arc<Intake>,
    /// Runs and ledger, for pages and readiness.
    pub store: Arc<dyn Store>,
    /// Templates.
    pub renderer: Arc<Renderer>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The sources that send deliveries.
    pub webhooks: Vec<Arc<dyn Webhook>>,
    /// Largest webhook body, bytes.
    pub max_body_bytes: usize,
    /// The local forge, where it stands in for GitHub: its pages are served too.
    pub local_forge: Option<LocalForge>,
    /// The ledger's public key as a note verifier line (`origin+hash+key`), for pages.
    pub ledger_key: String,
}

/// Webhooks and pages.
pub fn router(state: State) -> Router {
    let mut router = Router::new();
    for webhook in &state.webhooks {
        let source = Arc::clone(webhook);
        let receive = async move |state, headers, body| webhooks::receive(source, state, headers, body).await;
        router = router.route(webhook.path(), post(receive));
    }
    router
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
