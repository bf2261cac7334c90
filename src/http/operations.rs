//! `/metrics`, `/healthz` (the process answers) and `/readyz` (deliveries can be stored; what holds up the work).

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::state::State;
use crate::service::health::Report;

/// The routes of the operations port.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/metrics", get(metrics)).route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn metrics(Shared(state): Shared<State>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.text())
}

async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(Shared(state): Shared<State>) -> Response {
    let Report { is_ready, problems } = state.health.report().await;
    let (status, title) = match (is_ready, problems.is_empty()) {
        (true, true) => return "ready\n".into_response(),
        (true, false) => (StatusCode::OK, "ready, with problems"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    if !is_ready {
        tracing::warn!(problems = problems.join("; "), "not ready: deliveries cannot be stored");
    }
    let lines: String = problems.iter().map(|problem| format!("- {}\n", one_line(problem))).collect();
    (status, format!("{title}:\n{lines}")).into_response()
}

/// A message without line breaks and control characters: parts of it may be somebody else's words.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
