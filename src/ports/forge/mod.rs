//! The forge: where comments stand and pull requests are opened. Adapters: `github/` (octocrab), `local/`.

pub mod github;
pub mod local;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::names::{AccountId, BranchName, CommentId, CommitId, IssueNumber, RepositoryName};

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
    /// When it was made.
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
    /// The commit that its head points to.
    pub head: CommitId,
    /// Body as stored.
    pub body: String,
    /// Whether it is open.
    pub open: bool,
    /// Whether it is a draft.
    pub draft: bool,
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

/// A quick sign on a comment.
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
    /// There is no such thing.
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
    #[error("the forge gave an answer that cannot be read: {0}")]
    Malformed(String),
}

/// A forge. Every call is safe to repeat: what exists is looked for before it is made.
#[async_trait]
pub trait Forge: Send + Sync {
    /// What the account may do, asked now (never cached).
    async fn permission(
        &self,
        repository: &RepositoryName,
        login: &str,
    ) -> Result<(AccountId, Permission), ForgeError>;

    /// The comment as it stands now; `None` when it was deleted.
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

    /// The one status comment of a run: makes it, or updates it in place. `marker` is an HTML comment that stands
    /// in `body` and identifies it; only comments of the bot's own account count.
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

    /// Opens a pull request; one that exists for the head already is given back instead (a 422 means: look again).
    async fn open_pull(&self, repository: &RepositoryName, pull: &NewPull) -> Result<Pull, ForgeError>;

    /// User and secret for git over HTTP, `None` where none is needed.
    async fn git_credential(
        &self,
        repository: &RepositoryName,
    ) -> Result<Option<(String, String)>, ForgeError>;
}
