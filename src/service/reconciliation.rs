//! Reconciliations: a pull request read anew and judged, because of an event.
//!
//! **Invariants**: they are level-triggered: an event only says that something changed, the steps read the state from
//! the forge. Those of one pull request share a queue, so they never overlap; an event that arrives while one is pending
//! there is merged into it, and it starts over, so that no state is missed and a burst of events is one reconciliation.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::names::{IssueNumber, RepositoryName, Subject};
use crate::domain::priority::Work;
use crate::domain::request::run_id_of;
use crate::domain::run::Step;
use crate::ports::store::{NewRun, Run};

/// What is reconciled, and why. Serialised into `Run::command`, under `look`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// The repository.
    pub repository: RepositoryName,
    /// The pull request.
    pub pull: IssueNumber,
    /// The event that caused it, such as `pull_request.opened`.
    #[serde(rename = "what")]
    pub event: String,
}

/// `Run::command` of a reconciliation.
#[derive(Serialize, Deserialize)]
struct StoredReconciliation {
    look: Reconciliation,
}

impl Reconciliation {
    /// The reconciliation that a run is; `None` for a command's run.
    #[must_use]
    pub fn of(run: &Run) -> Option<Self> {
        StoredReconciliation::deserialize(&run.command).ok().map(|stored| stored.look)
    }

    /// The run of it that a delivery with this id and body causes.
    pub(super) fn new_run(&self, delivery: &str, body_sha256: &str) -> NewRun {
        let subject = Subject { repository: self.repository.clone(), number: self.pull };
        NewRun {
            id: run_id_of(&json!({
                "door": "pull_request", "repository": self.repository, "pull": self.pull, "delivery": delivery,
                "body": body_sha256,
            })),
            command: json!({"look": self}),
            request: None,
            queue: Some(subject.to_string()),
            subject,
            position: Step::Observe,
            outcome: None,
            work: Work::Reconciliation,
            actor: None,
        }
    }
}
