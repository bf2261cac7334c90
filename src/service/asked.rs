//! What a comment asked, as it is kept with its run and read back by the steps.

use serde::{Deserialize, Serialize};

use crate::domain::names::{CommentId, IssueNumber, IssueReference, RepositoryName, RunId};
use crate::domain::request::Actor;

/// A command that was read, with the place it came from. Serialised into `Run::command`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Where the comment stands.
    pub place: Place,
    /// Who wrote it.
    pub actor: Actor,
    /// SHA-256 of the comment's text, lower-case hex: a comment that reads otherwise later was edited.
    pub comment_sha256: String,
    /// What it asks.
    pub what: What,
}

/// A comment's place on the forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The repository.
    pub repository: RepositoryName,
    /// The issue or pull request.
    pub issue: IssueNumber,
    /// The comment.
    pub comment: CommentId,
    /// Its address.
    pub url: String,
}

/// What is asked. For `actuate` and `plan` the particulars stand in `Run::request`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum What {
    /// Carry a procedure out.
    Actuate,
    /// Say what a procedure would do.
    Plan,
    /// Close the pull request of a run.
    Cancel {
        /// The run.
        run: RunId,
    },
    /// Tell where one run, or each run of this issue, stands.
    Status {
        /// The run.
        run: Option<RunId>,
    },
    /// Explain a procedure or a reason code.
    Explain {
        /// Which.
        subject: String,
    },
    /// List commands and procedures.
    Help,
    /// Meant for writ, but wrong; the outcome says how.
    Mistake {
        /// The line with a second one that points at the place.
        excerpt: String,
        /// «Did you mean».
        suggestion: Option<String>,
    },
}

impl Place {
    /// The issue or pull request, as in `Run::subject`.
    #[must_use]
    pub fn subject(&self) -> IssueReference {
        IssueReference { repository: self.repository.clone(), number: self.issue }
    }
}

impl What {
    /// The verb, for records, pages and replies.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Actuate => "actuate",
            Self::Plan => "plan",
            Self::Cancel { .. } => "cancel",
            Self::Status { .. } => "status",
            Self::Explain { .. } => "explain",
            Self::Help => "help",
            Self::Mistake { .. } => "mistake",
        }
    }
}
