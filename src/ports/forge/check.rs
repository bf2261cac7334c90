//! Check runs: verdicts on a commit that its forge shows, and that can be required before a merge.
//!
//! Source: GitHub REST, "Check runs".

use crate::domain::names::{CheckId, CommitId};
use crate::domain::pull::Conclusion;

/// The most characters of a check run's summary, and of its text.
pub const LONGEST_TEXT: usize = 65_535;

/// A check run to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, such as `writ/policy`; a commit has one check run of each name.
    pub name: String,
    /// The commit.
    pub head: CommitId,
    /// Its status.
    pub status: CheckStatus,
    /// One line.
    pub title: String,
    /// Markdown, at most [`LONGEST_TEXT`] characters.
    pub summary: String,
    /// More Markdown, at most [`LONGEST_TEXT`] characters; empty for none.
    pub text: String,
    /// The address of a page with more details.
    pub details_url: Option<String>,
    /// A digest of its content: a check run that already has the same one is left as it is.
    pub digest: String,
    /// Annotations of single lines.
    pub annotations: Vec<Annotation>,
}

/// The status of a check run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// Not completed.
    InProgress,
    /// Completed, with this conclusion.
    Completed(Conclusion),
}

/// An annotation of one line of a file at the check run's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Full repository path.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Its level.
    pub level: AnnotationLevel,
    /// One line.
    pub title: String,
    /// Plain text.
    pub message: String,
}

/// The level of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationLevel {
    /// People should read it.
    Warning,
    /// It is a reason not to merge the change.
    Failure,
}

/// A check run as the forge has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCheck {
    /// Its id.
    pub id: CheckId,
    /// Its status; `None` for one that the bot never sets: queued again by a person, cancelled, timed out.
    pub status: Option<CheckStatus>,
    /// The digest that it was written with.
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
