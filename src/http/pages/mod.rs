//! Pages for people: the list of runs, one run.

use axum::Router;

use super::State;

/// The routes of the pages.
pub fn routes() -> Router<State> {
    Router::new()
}
