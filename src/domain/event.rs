//! Events: what an authenticated delivery says, in no source's own format.
//!
//! Made by the adapter of the source that sent it (`ports::forge::webhook`); `service::accept` decides what follows.

use jiff::Timestamp;

use super::names::{CommitId, IssueNumber, RepositoryName};
use super::reason::Code;
use super::request::{Actor, CommentPlace};

/// A message that arrived and was authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id: the same message redelivered has the same one, and no other message of any source has it. GitHub's is kept
    /// as it is; the adapter of another source puts the source's name before it.
    pub id: String,
    /// The source's name of the event, such as `issue_comment`.
    pub event_name: String,
    /// SHA-256 of the raw body, lower-case hex; the body itself is not kept.
    pub body_sha256: String,
    /// What it says.
    pub content: Event,
}

/// What a delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nothing that writ acts on; the reason code says why.
    Unused(Code),
    /// A person wrote a comment.
    Comment(NewComment),
    /// Something changed at a pull request, or at several.
    Pull(PullEvent),
}

/// A comment that a person just wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// Where it is.
    pub place: CommentPlace,
    /// Its author.
    pub actor: Actor,
    /// Its text.
    pub body: String,
    /// When it was written, whole seconds.
    pub created_at: Timestamp,
    /// Whether an app wrote it on the person's behalf.
    pub through_app: bool,
}

/// Something changed at pull requests. Their state is not part of the event: a reconciliation reads it from the forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullEvent {
    /// Their repository.
    pub repository: RepositoryName,
    /// The event and its action, such as `pull_request.synchronize`.
    pub name: String,
    /// Which pull requests.
    pub pulls: PullSelector,
}

/// The pull requests that an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullSelector {
    /// The one of this number.
    Number(IssueNumber),
    /// Those with this head.
    Head(CommitId),
    /// Those from this branch.
    Branch(String),
    /// Those of lanes with this head, where others' check runs on it were completed.
    Checked {
        /// The head.
        head: CommitId,
        /// The check run; `None` for all of one app.
        name: Option<String>,
        /// The slug of its app, where the source names one.
        app: Option<String>,
    },
}
