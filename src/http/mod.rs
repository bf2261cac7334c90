//! Floor 3: HTTP: webhooks, pages, metrics and health, each for a listener of its own.
//!
//! **Invariant**: handlers decide nothing about runs; they let a source's adapter authenticate and read a delivery, hand
//! it to `service`, and answer with the result.

mod operations;
mod pages;
pub mod server;
mod state;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use tower::limit::GlobalConcurrencyLimitLayer;

pub use state::State;

/// Pages that are made at once; more wait in their sockets, so that memory stays bounded.
const AT_ONCE: usize = 32;

/// Webhooks alone, for the port that the public reaches: every other path is a 404.
pub fn webhooks(state: State) -> Router {
    let mut router = Router::new();
    for webhook in &state.webhooks {
        let source = Arc::clone(webhook);
        let receive =
            async move |state, visit, request| webhooks::receive(source, state, visit, request).await;
        router = router.route(webhook.path(), post(receive));
    }
    router.fallback(async || (StatusCode::NOT_FOUND, "not found\n")).with_state(state)
}

/// Pages, for a port that only people reach who may read everything: nobody has to sign in.
pub fn pages(state: State) -> Router {
    pages::routes()
        .fallback(async || (StatusCode::NOT_FOUND, "no such page\n"))
        .layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
        .with_state(state)
}

/// Metrics and health, for a port that only operators reach.
pub fn operations(state: State) -> Router {
    operations::routes().with_state(state)
}
