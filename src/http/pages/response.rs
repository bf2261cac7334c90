//! Responses: a template as a page, with the headers that keep it from loading anything from elsewhere.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::http::state::State;
use crate::ports::store::StoreError;

/// Nothing but our own style sheet and icon; no script, no frame, no form.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// A page that says that there is none.
pub(super) fn missing(state: &State, what: &str) -> Response {
    page(state, StatusCode::NOT_FOUND, "pages/missing.html", json!({"what": what}))
}

/// The answer where the database does not answer.
pub(super) fn unavailable(error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "a page could not be read from the store");
    (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; try again\n").into_response()
}

/// A page from a template.
pub(super) fn page(state: &State, status: StatusCode, template: &str, mut context: Value) -> Response {
    context["version"] = json!(env!("CARGO_PKG_VERSION"));
    match state.renderer.render(template, context) {
        Ok(html) => (status, safe_headers("text/html; charset=utf-8", "no-store"), html).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "this page could not be rendered; the server's log has the reason\n",
            )
                .into_response()
        }
    }
}

/// A file that pages load.
pub(super) fn asset(kind: &'static str, text: &'static str) -> Response {
    (safe_headers(kind, "public, max-age=300"), text).into_response()
}

fn safe_headers(kind: &'static str, cache: &'static str) -> [(HeaderName, &'static str); 5] {
    [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ]
}
