//! An issue or pull request of the local forge: what GitHub would show, for people without GitHub.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::domain::names::{IssueNumber, RepositoryName};
use crate::domain::pull::{Conclusion, PullState};
use crate::ports::forge::Reaction;
use crate::ports::forge::check::CheckStatus;
use crate::ports::forge::conversation::{Conversation, ShownCheck, ShownComment, ShownPull};

use super::response::{missing, page};
use super::{markdown, words};
use crate::http::state::State;

/// The page of one issue or pull request; 404 where the bot serves another forge.
pub(super) async fn show(
    Shared(state): Shared<State>,
    Path((owner, name, number)): Path<(String, String, u64)>,
) -> Response {
    let repository = RepositoryName::try_from(format!("{owner}/{name}"));
    let (Some(conversations), Ok(repository)) = (&state.conversations, repository) else {
        return missing(&state, "There is no such page.");
    };
    let number = IssueNumber(number);
    match conversations.conversation(&repository, number).await {
        Ok(Some(found)) => {
            let context = context(&repository, number, &found);
            page(&state, StatusCode::OK, "pages/conversation.html", context)
        }
        Ok(None) => missing(&state, "There is no issue or pull request with this number."),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the local forge could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the forge does not answer; try again\n").into_response()
        }
    }
}

fn context(repository: &RepositoryName, number: IssueNumber, found: &Conversation) -> Value {
    json!({
        "repository": repository,
        "number": number,
        "pull": found.pull.as_ref().map(proposal),
        "checks": found.checks.iter().map(check).collect::<Vec<_>>(),
        "comments": found.comments.iter().map(comment).collect::<Vec<_>>(),
    })
}

fn proposal(pull: &ShownPull) -> Value {
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

fn check(check: &ShownCheck) -> Value {
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

fn comment(comment: &ShownComment) -> Value {
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
