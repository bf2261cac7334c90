//! Why a step could not be performed, and whether trying again can help.

use std::time::Duration;

use crate::domain::ledger::RecordError;
use crate::domain::text::error_chain;
use crate::ports::forge::ForgeError;
use crate::ports::git::GitError;
use crate::ports::render::RenderError;
use crate::ports::store::StoreError;

use super::notary::NotaryError;

/// Why a step could not be performed. [`StepError::outage`] says whether it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The forge.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The repository.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger could not be signed, or does not prove a record.
    #[error(transparent)]
    Notary(#[from] NotaryError),
    /// A template.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The command of the run cannot be read.
    #[error("reading the stored command")]
    Command(#[source] serde_json::Error),
    /// What an earlier step left cannot be read.
    #[error("reading what step `{step}` left")]
    Fact {
        /// The step.
        step: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A record of the ledger cannot be read.
    #[error("reading leaf {index}")]
    Leaf {
        /// The leaf.
        index: u64,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The work panicked.
    #[error("the work ended early")]
    EndedEarly(#[from] tokio::task::JoinError),
    /// The repository lags behind what the forge says; it is tried again.
    #[error("{0}")]
    Lagging(String),
    /// Something that must hold does not: writ, its settings or its rights are wrong.
    #[error("{0}")]
    Fault(String),
}

/// Something outside does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What, for the log: it may name addresses.
    pub message: String,
    /// The same in words for people: for the run's comment and its page.
    pub cause: &'static str,
    /// When it asked to come back.
    pub retry_after: Option<Duration>,
    /// Whose it is.
    pub side: Side,
}

/// Whose an outage is: that decides for how long a step is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The forge's or the remote's.
    Outside,
    /// This machine's: its database, its disk, its file descriptors, its git command. Nobody is refused because of it.
    Machine,
}

impl StepError {
    /// What does not answer, where that is why; the step is then tried again. `None` where repeating does not help.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        let (message, cause) = match self {
            Self::Forge(ForgeError::Unavailable { message, retry_after }) => {
                let cause = match retry_after {
                    Some(_) => "the forge accepts no requests for a while",
                    None => "the forge does not respond",
                };
                return Some(Outage {
                    message: message.clone(),
                    cause,
                    retry_after: *retry_after,
                    side: Side::Outside,
                });
            }
            Self::Git(GitError::Unreachable(message)) => {
                (message.clone(), "the git repository does not respond")
            }
            Self::Lagging(message) => {
                (message.clone(), "the git repository does not have the commit of the pull request yet")
            }
            Self::Git(error @ (GitError::Command(_) | GitError::System(_))) => {
                return Some(machine(error, "writ cannot run git on its machine"));
            }
            Self::Store(error @ StoreError::Unavailable(_))
            | Self::Notary(NotaryError::Store(error @ StoreError::Unavailable(_))) => {
                return Some(machine(error, "the database does not respond"));
            }
            // What is in front of the forge (a proxy, a page of its own) answered in its place.
            Self::Forge(error @ ForgeError::Malformed(_)) => {
                (error.to_string(), "the forge's answers cannot be read")
            }
            _ => return None,
        };
        Some(Outage { message, cause, retry_after: None, side: Side::Outside })
    }
}

fn machine(error: &(dyn std::error::Error + 'static), cause: &'static str) -> Outage {
    Outage { message: error_chain(error), cause, retry_after: None, side: Side::Machine }
}

/// Runs blocking work (git) off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StepError> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_answer_is_tried_again() {
        let busy =
            ForgeError::Unavailable { message: "502".to_owned(), retry_after: Some(Duration::from_secs(7)) };
        let outage = StepError::from(busy).outage().unwrap();
        assert_eq!((outage.message.as_str(), outage.retry_after), ("502", Some(Duration::from_secs(7))));
        let gone = StepError::from(GitError::Unreachable("https://git.example: no route".to_owned()));
        assert_eq!(gone.outage().unwrap().cause, "the git repository does not respond", "no address");
        assert!(StepError::from(GitError::Unreachable("no route".to_owned())).outage().is_some());
        assert!(StepError::from(ForgeError::Malformed("a page".to_owned())).outage().is_some());
        assert!(StepError::from(ForgeError::Forbidden("no right".to_owned())).outage().is_none());
        assert!(StepError::Fault("no commit".to_owned()).outage().is_none());
        let full = || std::io::Error::from_raw_os_error(24);
        for error in [
            StepError::from(GitError::Command(full())),
            StepError::from(GitError::System(Box::new(full()))),
            StepError::from(StoreError::Unavailable(Box::new(full()))),
        ] {
            assert_eq!(error.outage().map(|outage| outage.side), Some(Side::Machine), "{error}");
        }
        assert!(StepError::from(StoreError::Replaced("writ.db".into())).outage().is_none());
    }

    #[test]
    fn an_error_keeps_its_causes() {
        let source = serde_json::from_str::<u64>("x").unwrap_err();
        let error = StepError::Fact { step: "plan", source };
        assert_eq!(error_chain(&error), "reading what step `plan` left: expected value at line 1 column 1");
    }
}
