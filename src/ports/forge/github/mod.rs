//! GitHub, or a server that speaks its REST API (GitHub Enterprise Server, an emulator), by octocrab.
//!
//! Octocrab sends the requests and signs the App's JWTs; paths, bodies and the fields that are read are ours.
//! A 404 or an unreadable answer is asked for again before it is believed (`settling`).
//! **Deliberately absent**: repeating anything else (the worker does it, by the error's kind), publishing commits (a git push
//! does it, with this adapter's credential), and any address taken from an answer: pages are counted.

mod answers;
mod api;
mod checks;
mod connection;
mod failure;
mod identity;
mod options;
mod reviews;
mod settling;
pub mod webhook;

use async_trait::async_trait;
use serde_json::{Value, json};

use self::answers::{CheckRun, CollaboratorPermission, IssueComment, Made, PullLabel, PullRequest};
pub use self::api::Github;
use self::connection::Call;
pub use self::options::{Credentials, Options, PUBLIC_API, SetupError, Timeouts};
use super::check::{Check, FoundCheck};
use super::{Comment, Forge, ForgeError, NewPull, Permission, Pull, Reaction};
use crate::domain::approval::Review;
use crate::domain::credential::Credential;
use crate::domain::lane::SeenCheck;
use crate::domain::names::{
    AccountId, BranchName, CheckId, CommentId, CommitId, IssueNumber, RepositoryName,
};

impl Github {
    /// The bot's own comment with this marker: its id and body.
    async fn own_comment(
        &self,
        repository: &RepositoryName,
        issue: IssueNumber,
        marker: &str,
    ) -> Result<Option<(CommentId, String)>, ForgeError> {
        let bot = self.identity.account(repository).await?;
        let path = format!("/repos/{repository}/issues/{issue}/comments?");
        let mut own = None;
        self.list(repository, &path, |comment: IssueComment| {
            let by_bot = comment.user.as_ref().is_some_and(|user| bot.is(user));
            let body = comment.body.unwrap_or_default();
            if by_bot && body.contains(marker) {
                own = Some((CommentId(comment.id), body));
            }
            own.is_some()
        })
        .await?;
        Ok(own)
    }

    /// The bot's own comment with this marker, also where it was made so lately that the list does not show it.
    async fn known_comment(
        &self,
        repository: &RepositoryName,
        issue: IssueNumber,
        marker: &str,
    ) -> Result<Option<(CommentId, String)>, ForgeError> {
        if let Some(own) = self.own_comment(repository, issue, marker).await? {
            return Ok(Some(own));
        }
        let Some(id) = self.own_writes.id_of(&comment_name(repository, issue, marker)) else {
            return Ok(None);
        };
        let path = format!("/repos/{repository}/issues/comments/{id}");
        match self.read::<IssueComment>(repository, &path, "comment").await {
            Ok(comment) => Ok(Some((CommentId(id), comment.body.unwrap_or_default()))),
            Err(ForgeError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a comment, once.
    async fn create_comment(
        &self,
        repository: &RepositoryName,
        issue: IssueNumber,
        marker: &str,
        fields: &Value,
    ) -> Result<CommentId, ForgeError> {
        let path = format!("/repos/{repository}/issues/{issue}/comments");
        let make = || async {
            let answer = self.ask(repository, Call::Post(&path, fields)).await?;
            Ok(CommentId(answer.read::<Made>(&format!("issue {issue}"))?.id))
        };
        let find = || async { Ok(self.own_comment(repository, issue, marker).await?.map(|(id, _)| id)) };
        let made = self.identity.exchange.make(make, find).await?;
        self.own_writes.remember(comment_name(repository, issue, marker), made.0);
        Ok(made)
    }

    /// The pull request whose head is this branch of this repository: the open one, else the newest.
    async fn pull_from(
        &self,
        repository: &RepositoryName,
        head: &BranchName,
    ) -> Result<Option<PullRequest>, ForgeError> {
        // Forks can have an owner and branch of the same names, so `head` narrows and the full name decides.
        let path = format!("/repos/{repository}/pulls?head={}:{head}&state=all&", repository.owner());
        let mut best: Option<PullRequest> = None;
        self.list(repository, &path, |pull: PullRequest| {
            let better = best.as_ref().is_none_or(|best| pull.rank() > best.rank());
            if pull.comes_from(repository, head.as_str()) && better {
                best = Some(pull);
            }
            false
        })
        .await?;
        Ok(best)
    }

    /// Asks for a new pull request; returns the existing one where GitHub says that there is one.
    async fn create_pull(
        &self,
        repository: &RepositoryName,
        pull: &NewPull,
    ) -> Result<PullRequest, ForgeError> {
        let NewPull { head, base, title, body, draft, .. } = pull;
        let path = format!("/repos/{repository}/pulls");
        let fields = json!({ "title": title, "head": head, "base": base, "body": body, "draft": draft });
        let answer = self.ask(repository, Call::Post(&path, &fields)).await?;
        let refused = match answer.read("repository") {
            Err(ForgeError::Rejected(message)) if answer.status == 422 => message,
            other => return other,
        };
        match self.pull_from(repository, head).await? {
            Some(pull) => Ok(pull),
            // The list can lag behind the refusal.
            None if refused.contains("already exists") => {
                Err(ForgeError::Unavailable { message: refused, retry_after: None })
            }
            None => Err(ForgeError::Rejected(refused)),
        }
    }

    /// Adds the labels that the pull request does not bear yet.
    async fn add_labels(
        &self,
        repository: &RepositoryName,
        pull: &PullRequest,
        labels: &[String],
    ) -> Result<(), ForgeError> {
        let missing = pull.missing_labels(labels);
        if missing.is_empty() {
            return Ok(());
        }
        let path = format!("/repos/{repository}/issues/{}/labels", pull.number());
        let fields = json!({ "labels": missing });
        // GitHub adds only what is not there.
        self.write::<Vec<PullLabel>>(repository, Call::Post(&path, &fields), "pull request").await?;
        Ok(())
    }
}

#[async_trait]
impl Forge for Github {
    async fn permission(
        &self,
        repository: &RepositoryName,
        login: &str,
    ) -> Result<(AccountId, Permission), ForgeError> {
        let what = format!("account `{}`", login.escape_default());
        let Some(login) = login_segment(login) else { return Err(ForgeError::NotFound(what)) };
        let path = format!("/repos/{repository}/collaborators/{login}/permission");
        self.read::<CollaboratorPermission>(repository, &path, &what).await?.read()
    }

    async fn comment(
        &self,
        repository: &RepositoryName,
        comment: CommentId,
    ) -> Result<Option<Comment>, ForgeError> {
        let path = format!("/repos/{repository}/issues/comments/{comment}");
        match self.read::<IssueComment>(repository, &path, "comment").await {
            Ok(comment) => comment.read().map(Some),
            // A 404 means that the comment was deleted only if the repository is still visible.
            Err(ForgeError::NotFound(_)) => {
                let path = format!("/repos/{repository}");
                match self.read::<Made>(repository, &path, "repository").await {
                    Ok(_) => Ok(None),
                    Err(ForgeError::NotFound(_)) => {
                        Err(ForgeError::Forbidden(format!("`{repository}` is not visible (any more)")))
                    }
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn react(
        &self,
        repository: &RepositoryName,
        comment: CommentId,
        reaction: Reaction,
    ) -> Result<(), ForgeError> {
        let content = match reaction {
            Reaction::Eyes => "eyes",
            Reaction::Rocket => "rocket",
            Reaction::Confused => "confused",
        };
        // GitHub answers 200 instead of 201 when the reaction is there already.
        let path = format!("/repos/{repository}/issues/comments/{comment}/reactions");
        let fields = json!({ "content": content });
        self.write::<Made>(repository, Call::Post(&path, &fields), "comment").await?;
        Ok(())
    }

    async fn put_status(
        &self,
        repository: &RepositoryName,
        issue: IssueNumber,
        marker: &str,
        body: &str,
    ) -> Result<CommentId, ForgeError> {
        let fields = json!({ "body": body });
        match self.known_comment(repository, issue, marker).await? {
            Some((id, current)) if current == body => return Ok(id),
            Some((id, _)) => {
                let path = format!("/repos/{repository}/issues/comments/{id}");
                match self.write::<Made>(repository, Call::Patch(&path, &fields), "comment").await {
                    // Somebody deleted it since it was listed: a new one takes its place.
                    Err(ForgeError::NotFound(_)) => {}
                    edited => return edited.map(|_| id),
                }
            }
            None => {}
        }
        self.create_comment(repository, issue, marker, &fields).await
    }

    async fn find_pull(
        &self,
        repository: &RepositoryName,
        head: &BranchName,
    ) -> Result<Option<Pull>, ForgeError> {
        Ok(self.pull_from(repository, head).await?.map(PullRequest::read))
    }

    async fn open_pull(&self, repository: &RepositoryName, pull: &NewPull) -> Result<Pull, ForgeError> {
        let opened = match self.pull_from(repository, &pull.head).await? {
            Some(found) => found,
            None => {
                let make = || self.create_pull(repository, pull);
                let find = || self.pull_from(repository, &pull.head);
                self.identity.exchange.make(make, find).await?
            }
        };
        self.add_labels(repository, &opened, &pull.labels).await?;
        Ok(opened.read())
    }

    async fn pull(&self, repository: &RepositoryName, number: IssueNumber) -> Result<Pull, ForgeError> {
        let (path, what) = (format!("/repos/{repository}/pulls/{number}"), format!("pull request {number}"));
        Ok(self.read::<PullRequest>(repository, &path, &what).await?.read())
    }

    async fn find_check(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Option<FoundCheck>, ForgeError> {
        let found = self.identity.exchange.settle(|| self.newest_check(repository, head, name)).await?;
        Ok(found.map(CheckRun::read))
    }

    async fn check_runs(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Vec<SeenCheck>, ForgeError> {
        self.foreign_checks(repository, head, name).await
    }

    async fn put_check(&self, repository: &RepositoryName, check: &Check) -> Result<CheckId, ForgeError> {
        self.identity.exchange.settle(|| self.sync_check(repository, check)).await?
    }

    async fn close_pull(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        let path = format!("/repos/{repository}/pulls/{number}");
        let fields = json!({ "state": "closed" });
        let what = format!("pull request {number}");
        let closed: PullRequest = self.write(repository, Call::Patch(&path, &fields), &what).await?;
        if closed.read().is_open() {
            return Err(ForgeError::Malformed(format!("{what} is open after it was closed")));
        }
        Ok(())
    }

    async fn reviews(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Vec<Review>, ForgeError> {
        self.sent_reviews(repository, number).await
    }

    async fn mark_ready(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError> {
        self.identity.exchange.settle(|| self.leave_draft(repository, number)).await
    }

    async fn git_credential(&self, repository: &RepositoryName) -> Result<Option<Credential>, ForgeError> {
        let secret = self.identity.secret(repository).await?;
        Ok(Some(Credential { user: "x-access-token".to_owned(), secret }))
    }
}

/// The name under which a comment of the bot's is remembered.
fn comment_name(repository: &RepositoryName, issue: IssueNumber, marker: &str) -> String {
    format!("{repository}#{issue} {marker}")
}

/// The login as a path segment; `None` when no account can be called so. Bots' logins end in `[bot]`.
fn login_segment(login: &str) -> Option<String> {
    let plain = login.strip_suffix("[bot]").unwrap_or(login);
    let fits = (1..=100).contains(&plain.len());
    let letters = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (fits && letters).then(|| login.replace('[', "%5B").replace(']', "%5D"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_cannot_leave_their_path_segment() {
        assert_eq!(login_segment("ada-l"), Some("ada-l".to_owned()));
        assert_eq!(login_segment("writ[bot]"), Some("writ%5Bbot%5D".to_owned()));
        for wrong in ["", "..", "a/b", "a?b", "a%2fb", "ä", "a\nb", "[bot]", "a[b]"] {
            assert_eq!(login_segment(wrong), None, "{wrong}");
        }
    }
}
