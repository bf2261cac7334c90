//! Check runs: what stands beside a commit on its forge, and holds its pull request back or lets it through.
//!
//! Source: GitHub REST, «Check runs».

use crate::domain::names::{CheckId, CommitId};
use crate::domain::pull::Conclusion;

/// The most characters of a check run's summary, and of its text.
pub const LONGEST_TEXT: usize = 65_535;

/// A check run as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, such as `writ/policy`; one check run of a name stands on a commit.
    pub name: String,
    /// The commit.
    pub head: CommitId,
    /// How far it is.
    pub status: CheckStatus,
    /// One line.
    pub title: String,
    /// Markdown, at most [`LONGEST_TEXT`] characters.
    pub summary: String,
    /// More Markdown, at most [`LONGEST_TEXT`] characters; empty for none.
    pub text: String,
    /// Where more is to be read.
    pub details_url: Option<String>,
    /// What the check run says, as a digest: one that says the same already is left as it is.
    pub digest: String,
    /// What is said about single lines.
    pub annotations: Vec<Annotation>,
}

/// How far a check run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// Begun.
    InProgress,
    /// Over.
    Completed(Conclusion),
}

/// What is said about one line of a file at the check run's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Full repository path.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// How strong it is.
    pub level: AnnotationLevel,
    /// One line.
    pub title: String,
    /// Plain text.
    pub message: String,
}

/// How strong an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationLevel {
    /// People should read it.
    Warning,
    /// It stands against the change.
    Failure,
}

/// A check run as it stands on the forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCheck {
    /// Its id.
    pub id: CheckId,
    /// How far it is; `None` for what the bot never sets: queued again by a person, cancelled, timed out.
    pub status: Option<CheckStatus>,
    /// The digest that it was given.
    pub digest: String,
}

impl AnnotationLevel {
    /// Its name, which is GitHub's.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

impl CheckStatus {
    /// Its name, which is GitHub's.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed(_) => "completed",
        }
    }

    /// The conclusion, once there is one.
    #[must_use]
    pub fn conclusion(self) -> Option<Conclusion> {
        match self {
            Self::InProgress => None,
            Self::Completed(conclusion) => Some(conclusion),
        }
    }

    /// From the two fields that a forge has for it; `None` for what the bot never sets.
    #[must_use]
    pub fn read(status: &str, conclusion: Option<&str>) -> Option<Self> {
        match (status, conclusion) {
            ("in_progress", _) => Some(Self::InProgress),
            ("completed", Some(name)) => Conclusion::named(name).map(Self::Completed),
            _ => None,
        }
    }
}
