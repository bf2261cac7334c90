//! Reviews on GitHub, and the one thing that REST cannot do: taking a pull request out of draft.
//!
//! Sources: GitHub REST, "Pull request reviews"; GitHub GraphQL, `markPullRequestReadyForReview`.

use serde::Deserialize;
use serde_json::json;

use super::answers::{Account, PullRequest};
use super::api::Github;
use super::connection::Call;
use crate::domain::approval::{Opinion, Review};
use crate::domain::names::{AccountId, CommitId, IssueNumber, RepositoryName};
use crate::domain::request::Actor;
use crate::ports::forge::ForgeError;

/// `pull-request-review`.
#[derive(Debug, Deserialize)]
struct PullRequestReview {
    id: u64,
    /// Null when the account is gone.
    user: Option<Reviewer>,
    state: String,
    /// Null when the commit is gone.
    commit_id: Option<CommitId>,
}

#[derive(Debug, Deserialize)]
struct Reviewer {
    #[serde(flatten)]
    account: Account,
    #[serde(rename = "type")]
    kind: String,
}

impl PullRequestReview {
    /// In the port's types; `None` for one that its author has not sent yet.
    fn read(self) -> Result<Option<Review>, ForgeError> {
        let opinion = match self.state.as_str() {
            "APPROVED" => Opinion::Approved,
            "CHANGES_REQUESTED" => Opinion::ChangesRequested,
            "DISMISSED" => Opinion::Dismissed,
            "COMMENTED" => Opinion::Commented,
            "PENDING" => return Ok(None),
            other => return Err(ForgeError::Malformed(format!("a review with the state `{other}`"))),
        };
        let human = self.user.as_ref().is_some_and(|user| user.kind == "User");
        let reviewer = self.user.map_or(Actor { id: AccountId(0), login: "ghost".to_owned() }, |user| {
            Actor { id: AccountId(user.account.id), login: user.account.login }
        });
        Ok(Some(Review { id: self.id, reviewer, human, opinion, commit: self.commit_id }))
    }
}

/// The answer of a GraphQL mutation: only whether it succeeded.
#[derive(Debug, Deserialize)]
struct Mutated {
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default, rename = "type")]
    kind: String,
    message: String,
}

impl Github {
    /// The reviews of a pull request that were sent, oldest first.
    pub(super) async fn sent_reviews(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Vec<Review>, ForgeError> {
        let path = format!("/repos/{repository}/pulls/{number}/reviews?");
        let mut reviews = Vec::new();
        self.list(repository, &path, |review: PullRequestReview| {
            reviews.push(review.read());
            false
        })
        .await?;
        reviews.into_iter().filter_map(Result::transpose).collect()
    }

    /// Takes a pull request out of draft, if it is one.
    pub(super) async fn leave_draft(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<(), ForgeError> {
        let what = format!("pull request {number}");
        let path = format!("/repos/{repository}/pulls/{number}");
        let pull: PullRequest = self.ask(repository, Call::Get(&path)).await?.read(&what)?;
        let Some(id) = pull.draft_id()? else { return Ok(()) };
        let mutation = json!({
            "query": "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) \
                      { pullRequest { isDraft } } }",
            "variables": {"id": id},
        });
        let answer = self.ask(repository, Call::Graph(&mutation)).await?;
        // GraphQL answers 200 even where it did nothing.
        match answer.read::<Mutated>(&what)?.errors.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(match problem.kind.as_str() {
                "FORBIDDEN" | "INSUFFICIENT_SCOPES" => ForgeError::Forbidden(problem.message),
                "NOT_FOUND" => ForgeError::NotFound(what),
                "RATE_LIMITED" => ForgeError::Unavailable { message: problem.message, retry_after: None },
                _ => ForgeError::Rejected(problem.message),
            }),
        }
    }
}
