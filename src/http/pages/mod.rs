//! Pages for people: the list of runs, one run, the commands. Rendered here, plain HTML, no script.
//!
//! **Invariants**: templates escape all that they show; a page loads nothing from elsewhere and its policy forbids
//! it; a page shows what the store holds and changes nothing.

mod conversation;
mod diff;
mod markdown;
mod response;
mod run_view;
mod words;

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use crate::domain::command::table;
use crate::domain::names::RunId;
use crate::domain::run::Outcome;
use crate::ports::store::{Pulls, Run, Store, StoreError, StoredPull};

use super::state::State;
use response::{asset, missing, page, unavailable};

/// How many runs the list shows.
const LISTED: u32 = 100;

/// The routes of the pages.
pub(super) fn routes() -> Router<State> {
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
            store.pulls(Pulls::MergedOverDenial).await?,
            store.ledger_size().await?,
        ))
    };
    let (runs, pulls, over, ledger_size) = match found.await {
        Ok(found) => found,
        Err(error) => return unavailable(&error),
    };
    let context = json!({
        "runs": runs.iter().map(run_view::summary).collect::<Vec<_>>(),
        "pulls": pulls.iter().map(run_view::pull_summary).collect::<Vec<_>>(),
        "over": over.iter().filter_map(run_view::over_denial).collect::<Vec<_>>(),
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

/// The state of the pull request that a run proposed.
async fn became(store: &dyn Store, run: &Run) -> Result<Option<StoredPull>, StoreError> {
    let Some(Outcome::Proposed { pull, .. }) = &run.outcome else { return Ok(None) };
    let found = store.pulls(Pulls::Numbered(&run.subject.repository, *pull)).await?;
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
