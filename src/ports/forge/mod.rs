//! The forge: comments, pull requests, reviews and check runs. Adapters: `github/` (octocrab), `local/`.

pub mod check;
pub mod conversation;
pub mod github;
pub mod local;
pub mod webhook;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::approval::Review;
use crate::domain::credential::Credential;
use crate::domain::lane::SeenCheck;
use crate::domain::names::{
    AccountId, BranchName, CheckId, CommentId, CommitId, IssueNumber, RepositoryName,
};
use crate::domain::pull::PullState;
use crate::domain::request::Actor;

use self::check::{Check, FoundCheck};

/// What an account may do in a repository, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing.
    None,
    /// Read (and triage).
    Read,
    /// Write (and maintain).
    Write,
    /// Admin.
    Admin,
}

/// A comment as the forge has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// Its author.
    pub author: AccountId,
    /// The body.
    pub body: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed; equal to `created_at` when never.
    pub updated_at: Timestamp,
}

/// A pull request as the forge has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: IssueNumber,
    /// Its address for people.
    pub url: String,
    /// Its title.
    pub title: String,
    /// The commit that its head points to.
    pub head: CommitId,
    /// The branch that it comes from, as its owner named it.
    pub branch: String,
    /// The repository that it comes from; `None` when that is gone.
    pub from: Option<String>,
    /// The branch that it would be merged into.
    pub base: String,
    /// Body as stored.
    pub body: String,
    /// Whether it is open, closed or merged.
    pub state: PullState,
    /// Whether it is a draft.
    pub draft: bool,
    /// Who opened it; the account 0 where that is gone.
    pub author: Actor,
}

/// A pull request to open.
#[derive(Debug, Clone)]
pub struct NewPull {
    /// Head branch, in the same repository.
    pub head: BranchName,
    /// Base branch.
    pub base: BranchName,
    /// Title.
    pub title: String,
    /// Body, at most 65,536 characters.
    pub body: String,
    /// Whether to open it as a draft.
    pub draft: bool,
    /// Labels to set after opening.
    pub labels: Vec<String>,
}

impl Pull {
    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == PullState::Open
    }

    /// Whether its branch is in another repository than `repository`, or gone with it.
    #[must_use]
    pub fn is_from_fork(&self, repository: &RepositoryName) -> bool {
        !self.from.as_ref().is_some_and(|from| from.eq_ignore_ascii_case(repository.as_str()))
    }
}

/// A reaction to a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Seen, being worked on.
    Eyes,
    /// Done.
    Rocket,
    /// Not done.
    Confused,
}

/// Why a call to the forge failed.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The credentials are wrong or lack a right. Repeating does not help.
    #[error("the forge refused: {0}")]
    Forbidden(String),
    /// What was asked for does not exist.
    #[error("the forge has no {0}")]
    NotFound(String),
    /// The request was understood and refused (422).
    #[error("the forge rejected the request: {0}")]
    Rejected(String),
    /// Limits, time-outs, 5xx: worth repeating, not before `retry_after`.
    #[error("the forge is unavailable: {message}")]
    Unavailable {
        /// What happened.
        message: String,
        /// When the forge asked to come back.
        retry_after: Option<std::time::Duration>,
    },
    /// The answer was not what GitHub's API describes.
    #[error("the forge's response cannot be read: {0}")]
    Malformed(String),
}

impl ForgeError {
    /// Whether the forge has understood the request and said no, so that repeating it does not help.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::NotFound(_) | Self::Rejected(_))
    }
}

/// A forge. Every call is safe to repeat: an adapter looks for what exists before it creates it.
#[async_trait]
pub trait Forge: Send + Sync {
    /// What the account may do, asked now (never cached).
    async fn permission(
        &self,
        repository: &RepositoryName,
        login: &str,
    ) -> Result<(AccountId, Permission), ForgeError>;

    /// The comment as it is now; `None` when it was deleted.
    async fn comment(
        &self,
        repository: &RepositoryName,
        comment: CommentId,
    ) -> Result<Option<Comment>, ForgeError>;

    /// Puts a reaction on a comment.
    async fn react(
        &self,
        repository: &RepositoryName,
        comment: CommentId,
        reaction: Reaction,
    ) -> Result<(), ForgeError>;

    /// Creates the one status comment of a run, or updates it in place. `marker` is an HTML comment in `body` that
    /// identifies it; only comments of the bot's own account count.
    async fn put_status(
        &self,
        repository: &RepositoryName,
        issue: IssueNumber,
        marker: &str,
        body: &str,
    ) -> Result<CommentId, ForgeError>;

    /// The pull request (open or closed) whose head is this branch of this very repository.
    async fn find_pull(
        &self,
        repository: &RepositoryName,
        head: &BranchName,
    ) -> Result<Option<Pull>, ForgeError>;

    /// Opens a pull request; returns the one that exists for the head already, if there is one (as after a 422).
    async fn open_pull(&self, repository: &RepositoryName, pull: &NewPull) -> Result<Pull, ForgeError>;

    /// A pull request by its number.
    async fn pull(&self, repository: &RepositoryName, number: IssueNumber) -> Result<Pull, ForgeError>;

    /// Closes a pull request without merging it; one that is closed already is left as it is.
    async fn close_pull(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError>;

    /// The reviews of a pull request, oldest first; those that are not sent yet are left out.
    async fn reviews(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Vec<Review>, ForgeError>;

    /// Takes a pull request out of draft; one that is not a draft is left as it is.
    async fn mark_ready(&self, repository: &RepositoryName, number: IssueNumber) -> Result<(), ForgeError>;

    /// The bot's newest check run of this name on a commit.
    async fn find_check(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Option<FoundCheck>, ForgeError>;

    /// The check runs of this name on a commit that others than the bot made; of those that were run again, the last. In
    /// no order.
    async fn check_runs(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Vec<SeenCheck>, ForgeError>;

    /// Creates the check run, or updates the bot's newest one with its name on its commit. One that already has the same
    /// content is left as it is.
    async fn put_check(&self, repository: &RepositoryName, check: &Check) -> Result<CheckId, ForgeError>;

    /// The credential for git over HTTP, `None` where none is needed.
    async fn git_credential(&self, repository: &RepositoryName) -> Result<Option<Credential>, ForgeError>;
}
