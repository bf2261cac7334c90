//! Pages for people: the list of runs, one run, the commands. Rendered here, plain HTML, no script.
//!
//! **Invariants**: templates escape all that they show; a page loads nothing from elsewhere and its policy forbids
//! it; a page shows what the store holds and changes nothing.

mod conversation;
mod diff;
mod markdown;
mod run_view;
mod words;

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::domain::command::table;
use crate::domain::names::{IssueNumber, RunId};
use crate::domain::run::Outcome;
use crate::ports::store::{KeptPull, Pulls, Run, Store, StoreError};

use super::State;

/// How many runs the list shows.
const LISTED: u32 = 100;

/// Nothing but our own style sheet and icon; no script, no frame, no form.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The routes of the pages.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/", get(runs))
        .route("/runs/{run}", get(run))
        .route("/help", get(help))
        .route("/{owner}/{name}/pull/{number}", get(conversation::show))
        .route("/{owner}/{name}/issues/{number}", get(conversation::show))
        .route("/style.css", get(async || asset("text/css; charset=utf-8", include_str!("style.css"))))
        .route("/icon.svg", get(async || asset("image/svg+xml", include_str!("icon.svg"))))
}

async fn runs(Shared(state): Shared<State>) -> Response {
    let store = &state.store;
    let found = async {
        Ok((
            store.commands(LISTED).await?,
            store.pulls(Pulls::Latest(LISTED)).await?,
            store.ledger_size().await?,
        ))
    };
    let (runs, pulls, ledger_size) = match found.await {
        Ok(found) => found,
        Err(error) => return unavailable(&error),
    };
    let context = json!({
        "runs": runs.iter().map(run_view::summary).collect::<Vec<_>>(),
        "pulls": pulls.iter().map(run_view::pull_summary).collect::<Vec<_>>(),
        "limit": LISTED,
        "ledger_size": ledger_size,
        "example": table::TABLE[0].example,
    });
    page(&state, StatusCode::OK, "pages/runs.html", context)
}

async fn run(Shared(state): Shared<State>, Path(id): Path<String>) -> Response {
    let Ok(id) = RunId::try_from(id) else { return missing(&state, "That is not a run id.") };
    let store = &state.store;
    let found = async {
        let Some(run) = store.run(&id).await? else { return Ok(None) };
        let timeline = store.timeline(&id).await?;
        let leaves = store.leaves_of(&id).await?;
        let checkpoint = store.checkpoint().await?;
        let became = became(store.as_ref(), &run).await?;
        Ok(Some((run, timeline, leaves, checkpoint, became)))
    };
    match found.await {
        Ok(Some((run, timeline, leaves, checkpoint, became))) => {
            let mut context = run_view::whole(&run, &timeline, &leaves);
            context["became"] = json!(became.as_ref().map(run_view::pull_summary));
            context["checkpoint"] = json!(checkpoint);
            context["ledger_key"] = json!(state.ledger_key);
            page(&state, StatusCode::OK, "pages/run.html", context)
        }
        Ok(None) => missing(&state, "There is no run with this id."),
        Err(error) => unavailable(&error),
    }
}

/// What became of the pull request that a run proposed.
async fn became(store: &dyn Store, run: &Run) -> Result<Option<KeptPull>, StoreError> {
    let Some(Outcome::Proposed { pull, .. }) = &run.outcome else { return Ok(None) };
    let Some(Ok(repository)) = run.subject.split('#').next().map(str::parse) else { return Ok(None) };
    let found = store.pulls(Pulls::Numbered(&repository, IssueNumber(*pull))).await?;
    Ok(found.into_iter().next())
}

async fn help(Shared(state): Shared<State>) -> Response {
    let commands: Vec<Value> = table::TABLE
        .iter()
        .map(|row| {
            json!({
                "verb": row.verb.as_str(), "usage": row.usage, "summary": row.summary,
                "example": row.example, "needs": row.needs.as_str(),
            })
        })
        .collect();
    let procedures: Vec<Value> = state
        .intake
        .procedures
        .iter()
        .map(|procedure| json!({"name": procedure.name, "arguments": procedure.arguments}))
        .collect();
    let context = json!({"commands": commands, "procedures": procedures});
    page(&state, StatusCode::OK, "pages/help.html", context)
}

fn missing(state: &State, what: &str) -> Response {
    page(state, StatusCode::NOT_FOUND, "pages/missing.html", json!({"what": what}))
}

fn unavailable(error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "a page could not be read from the store");
    (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; try again\n").into_response()
}

fn page(state: &State, status: StatusCode, template: &str, mut context: Value) -> Response {
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

fn asset(kind: &'static str, text: &'static str) -> Response {
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
