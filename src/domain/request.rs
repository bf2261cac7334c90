//! What is asked, whatever the source: procedure, arguments, actor, reason, confirmation, origin.
//!
//! A request's identity decides its run id (`Request::run`), so asking the same thing again is the same run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::names::{AccountId, CommentId, IssueNumber, RepositoryName, RunId, Subject};

/// A request to carry out one procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The procedure's name, as in `patches/<name>.yaml`.
    pub procedure: String,
    /// Arguments by name, as typed; the procedure gives them their types.
    pub arguments: BTreeMap<String, String>,
    /// The reason, in one line.
    pub reason: String,
    /// The confirmation phrase that was typed, if any.
    pub confirmation: Option<String>,
    /// Who asks.
    pub actor: Actor,
    /// Where it was asked.
    pub origin: Origin,
    /// When it was asked (the comment's creation, `--at`); seconds, UTC.
    pub requested_at: Timestamp,
}

/// Who asks: an account on the forge, or whoever sits at the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The numeric account id; 0 at the terminal.
    pub id: AccountId,
    /// The login at the time of asking, for people to read.
    pub login: String,
}

/// Where a comment is on its forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentPlace {
    /// The repository.
    pub repository: RepositoryName,
    /// The issue or pull request.
    pub issue: IssueNumber,
    /// The comment.
    pub comment: CommentId,
    /// Its address.
    pub url: String,
}

impl CommentPlace {
    /// The issue or pull request.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject { repository: self.repository.clone(), number: self.issue }
    }
}

/// The source of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "door", rename_all = "snake_case")]
pub enum Origin {
    /// A comment on an issue or pull request.
    Comment {
        /// The repository of the comment.
        repository: RepositoryName,
        /// The issue or pull request that it is on.
        issue: IssueNumber,
        /// The comment.
        comment: CommentId,
        /// Its address, for links.
        url: String,
    },
    /// `writ plan`, `writ apply`.
    Terminal,
}

impl Request {
    /// The lane that the request belongs to: people's commands are all of one.
    #[must_use]
    pub fn lane(&self) -> &'static str {
        match self.origin {
            Origin::Comment { .. } | Origin::Terminal => "actuation",
        }
    }

    /// The run id: base32 of SHA-256 over the canonical identity, so the same request is the same run everywhere.
    ///
    /// A comment is identified by its repository and id (an edited comment is the same run, and is refused
    /// elsewhere); a terminal request by all that it says.
    #[must_use]
    pub fn run(&self) -> RunId {
        let identity = match &self.origin {
            Origin::Comment { repository, comment, .. } => return comment_run(repository, *comment),
            Origin::Terminal => serde_json::json!({
                "door": "terminal",
                "procedure": self.procedure,
                "arguments": self.arguments,
                "reason": self.reason,
                "actor": self.actor.login,
                "at": self.requested_at.to_string(),
            }),
        };
        run_id_of(&identity)
    }
}

/// The run id of a comment, whatever it asks.
#[must_use]
pub fn comment_run(repository: &RepositoryName, comment: CommentId) -> RunId {
    run_id_of(&serde_json::json!({"door": "comment", "repository": repository, "comment": comment}))
}

/// The run id of any identity: 16 characters of base32 over SHA-256 of its canonical JSON.
#[must_use]
pub fn run_id_of(identity: &serde_json::Value) -> RunId {
    let canonical = serde_json_canonicalizer::to_vec(identity).unwrap_or_default();
    let digest = Sha256::digest(&canonical);
    let mut text = data_encoding::BASE32_NOPAD.encode(&digest).to_ascii_lowercase();
    text.truncate(16);
    RunId::try_from(text).unwrap_or_else(|error| unreachable!("base32 gives a run id: {error}"))
}
