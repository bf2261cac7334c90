//! Issues and pull requests as a page shows them: for a forge that has no pages of its own.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::check::{Annotation, CheckStatus};
use super::{Comment, ForgeError, Pull, Reaction};
use crate::domain::names::{IssueNumber, RepositoryName};

/// An issue or a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The pull request; `None` for an issue.
    pub pull: Option<ShownPull>,
    /// The check runs of the pull request's head, by name.
    pub checks: Vec<ShownCheck>,
    /// The comments, oldest first.
    pub comments: Vec<ShownComment>,
}

/// A pull request with what a page shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPull {
    /// The pull request as the bot sees it.
    pub pull: Pull,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// A comment with what a page shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownComment {
    /// The comment as the bot sees it.
    pub comment: Comment,
    /// Its author's login.
    pub login: String,
    /// Whether its author is a bot.
    pub bot: bool,
    /// The reactions to it, in the order of [`Reaction`].
    pub reactions: Vec<Reaction>,
}

/// A check run with what a page shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCheck {
    /// Its name.
    pub name: String,
    /// Its status; `None` for one that the bot never sets.
    pub status: Option<CheckStatus>,
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// More Markdown.
    pub text: String,
    /// The address of a page with more details.
    pub details_url: Option<String>,
    /// The annotations of single lines.
    pub annotations: Vec<ShownAnnotation>,
}

/// An annotation as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownAnnotation {
    /// Full repository path.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// `warning` or `failure`.
    pub level: String,
    /// One line.
    pub title: String,
    /// Plain text.
    pub message: String,
}

impl From<&Annotation> for ShownAnnotation {
    fn from(annotation: &Annotation) -> Self {
        Self {
            path: annotation.path.clone(),
            line: annotation.line,
            level: annotation.level.as_str().to_owned(),
            title: annotation.title.clone(),
            message: annotation.message.clone(),
        }
    }
}

/// Where pages of issues and pull requests are read.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// The issue or pull request with this number; `None` where there is nothing to show.
    ///
    /// # Errors
    /// - `NotFound`: the forge does not have the repository
    async fn conversation(
        &self,
        repository: &RepositoryName,
        number: IssueNumber,
    ) -> Result<Option<Conversation>, ForgeError>;
}
