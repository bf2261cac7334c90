//! An issue or pull request of the local forge: what GitHub would show, for people without GitHub.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::domain::names::{IssueNumber, RepositoryName};
use crate::domain::pull::{Conclusion, PullState};
use crate::ports::forge::check::CheckStatus;
use crate::ports::forge::local::{LocalCheck, LocalComment, LocalForge, LocalPull};
use crate::ports::forge::{ForgeError, Reaction};

use super::super::State;
use super::{markdown, missing, page, words};

/// The page of one issue or pull request; 404 where the bot serves another forge.
pub async fn show(
    Shared(state): Shared<State>,
    Path((owner, name, number)): Path<(String, String, u64)>,
) -> Response {
    let repository = RepositoryName::try_from(format!("{owner}/{name}"));
    let (Some(forge), Ok(repository)) = (&state.local_forge, repository) else {
        return missing(&state, "There is no such page.");
    };
    match read(forge, &repository, IssueNumber(number)).await {
        Ok(Some(context)) => page(&state, StatusCode::OK, "pages/conversation.html", context),
        Ok(None) => missing(&state, "There is no issue or pull request with this number."),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the local forge could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the forge does not answer; try again\n").into_response()
        }
    }
}

async fn read(
    forge: &LocalForge,
    repository: &RepositoryName,
    number: IssueNumber,
) -> Result<Option<Value>, ForgeError> {
    let pulls = forge.pulls(repository).await?;
    let pull = pulls.iter().find(|pull| pull.pull.number == number);
    let comments = forge.comments(repository, number).await?;
    let checks = match pull {
        Some(pull) => forge.checks(repository, &pull.pull.head).await?,
        None => Vec::new(),
    };
    if pull.is_none() && comments.is_empty() {
        return Ok(None);
    }
    Ok(Some(json!({
        "repository": repository,
        "number": number,
        "pull": pull.map(proposal),
        "checks": checks.iter().map(check).collect::<Vec<_>>(),
        "comments": comments.iter().map(comment).collect::<Vec<_>>(),
    })))
}

fn proposal(pull: &LocalPull) -> Value {
    let state = match (pull.pull.state, pull.pull.draft) {
        (PullState::Open, true) => words::Label { label: "draft: needs approval", tone: "care" },
        (state, _) => words::pull_state(state),
    };
    json!({
        "title": pull.pull.title, "label": state.label, "tone": state.tone, "head": pull.pull.branch,
        "base": pull.pull.base, "commit": pull.pull.head, "labels": pull.labels, "created_at": words::moment(pull.created_at),
        "body": markdown::to_html(&pull.pull.body),
    })
}

fn check(check: &LocalCheck) -> Value {
    let (label, tone) = match check.status {
        None => ("queued", "calm"),
        Some(CheckStatus::InProgress) => ("in progress", "care"),
        Some(CheckStatus::Completed(Conclusion::Success)) => ("success", "good"),
        Some(CheckStatus::Completed(Conclusion::Failure)) => ("failure", "bad"),
        Some(CheckStatus::Completed(Conclusion::Neutral)) => ("neutral", "calm"),
    };
    json!({
        "name": check.name, "label": label, "tone": tone, "title": check.title,
        "details": check.details_url, "summary": markdown::to_html(&check.summary),
        "text": markdown::to_html(&check.text), "lines": check.annotations,
    })
}

fn comment(comment: &LocalComment) -> Value {
    let reactions = comment.reactions.iter().map(|reaction| match reaction {
        Reaction::Eyes => "seen",
        Reaction::Rocket => "done",
        Reaction::Confused => "not done",
    });
    json!({
        "login": comment.login, "bot": comment.bot, "at": words::moment(comment.comment.created_at),
        "anchor": comment.comment.id, "body": markdown::to_html(&comment.comment.body),
        "reactions": reactions.collect::<Vec<_>>(),
    })
}
