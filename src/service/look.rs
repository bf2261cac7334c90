//! A look at a pull request: what brings it, and what its steps have in hand.
//!
//! **Invariants**: looks are level-triggered: an event only says that there is something to see, the steps read the state
//! from the forge. Looks at one pull request stand in one queue, so they never overlap; one that waits there is joined
//! by what happens meanwhile, and begins again, so that no state is missed and a burst of events is one look.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::ledger::Record;
use crate::domain::names::{IssueNumber, RepositoryName};
use crate::domain::reason;
use crate::domain::request::run_id_of;
use crate::domain::run::Step;
use crate::ports::store::{Accepted, Arrival, NewRun, Pulls, Run, Store, StoreError};

use super::accept::{AcceptError, Intake, Reception, sha256_hex};
use super::delivery::Delivery;
use super::happening::{Happening, Spot};
use super::pipeline::{StepError, Target, fact};

/// What is to be looked at, and why. Serialised into `Run::command`, under `look`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The repository.
    pub repository: RepositoryName,
    /// The pull request.
    pub pull: IssueNumber,
    /// The event that brought it, such as `pull_request.opened`.
    pub what: String,
}

/// `Run::command` of a look.
#[derive(Serialize, Deserialize)]
struct Kept {
    look: Look,
}

impl Look {
    /// The look that a run is; `None` for a command's run.
    #[must_use]
    pub fn of(run: &Run) -> Option<Self> {
        Kept::deserialize(&run.command).ok().map(|kept| kept.look)
    }

    /// `owner/name#number`, as in `Run::subject`.
    fn subject(&self) -> String {
        format!("{}#{}", self.repository, self.pull)
    }

    fn run(&self, delivery: &str) -> NewRun {
        let subject = self.subject();
        NewRun {
            id: run_id_of(&json!({
                "door": "pull_request", "repository": self.repository, "pull": self.pull, "delivery": delivery,
            })),
            command: json!({"look": self}),
            request: None,
            queue: Some(subject.clone()),
            subject,
            position: Step::Observe,
            outcome: None,
        }
    }
}

impl Intake {
    /// Keeps a happening in a served repository: one look for each pull request that it is about.
    pub(super) async fn happened(
        &self,
        delivery: &Delivery<'_>,
        happening: Happening,
    ) -> Result<Reception, AcceptError> {
        let Some(repository) = self.served(&happening.repository) else {
            return Ok(Reception::Ignored { reason: reason::REPOSITORY_NOT_SERVED });
        };
        let pulls = self.pulls_at(&repository, &happening.at).await?;
        if pulls.is_empty() {
            return Ok(Reception::Ignored { reason: reason::PULL_REQUEST_NOT_KNOWN });
        }
        let look = |pull| Look { repository: repository.clone(), pull, what: happening.what.clone() };
        let runs: Vec<NewRun> = pulls.into_iter().map(|pull| look(pull).run(delivery.id)).collect();
        let arrival = self.told(delivery, &repository, &happening, runs);
        self.keep(&arrival).await
    }

    /// The pull requests that an event is about. One that names a commit or a branch is about those seen before: each
    /// was opened once, which was told.
    async fn pulls_at(&self, repository: &RepositoryName, at: &Spot) -> Result<Vec<IssueNumber>, StoreError> {
        let which = match at {
            Spot::Pull(number) => return Ok(vec![*number]),
            Spot::Head(head) => Pulls::WithHead(repository, head),
            Spot::Branch(name) => Pulls::FromBranch(repository, name),
        };
        Ok(self.store.pulls(which).await?.iter().map(|pull| pull.seen.number).collect())
    }

    fn told(
        &self,
        delivery: &Delivery<'_>,
        repository: &RepositoryName,
        happening: &Happening,
        runs: Vec<NewRun>,
    ) -> Arrival {
        let now = self.clock.now();
        let body_sha256 = sha256_hex(delivery.body);
        let record = |run: &NewRun| {
            let body = json!({
                "look": run.command["look"], "delivery": delivery.id, "body_sha256": body_sha256,
            });
            Record::new("look.accepted", Some(run.id.clone()), now, body)
        };
        Arrival {
            delivery: delivery.id.to_owned(),
            event: delivery.event.to_owned(),
            // Told again under another id, an event of a pull request has the same body: its time is in it. A wish to check
            // again can come twice in the very same words, and a branch can go twice.
            content_key: matches!(happening.at, Spot::Pull(_))
                .then(|| format!("{repository}#{}:{body_sha256}", happening.what)),
            received_at: now,
            records: runs.iter().map(record).collect(),
            runs,
            body_sha256,
        }
    }

    /// Keeps an arrival, and wakes a worker for it.
    pub(super) async fn keep(&self, arrival: &Arrival) -> Result<Reception, AcceptError> {
        match self.store.accept(arrival).await? {
            Accepted::Kept { run: Some(run) } => {
                self.wake.notify_one();
                Ok(Reception::Accepted { run })
            }
            Accepted::Kept { run: None } => Ok(Reception::Duplicate { run: None }),
            Accepted::Duplicate { run } => Ok(Reception::Duplicate { run }),
        }
    }
}

/// One try of one step of a look.
pub(super) struct LookJob {
    /// The run as leased.
    pub run: Run,
    /// What is looked at.
    pub look: Look,
    /// The repository that it is in.
    pub target: Arc<Target>,
}

impl LookJob {
    /// A fact that an earlier step left.
    pub fn fact<T: serde::de::DeserializeOwned>(&self, step: Step, name: &str) -> Result<T, StepError> {
        fact(&self.run, step, name)
    }

    /// What is kept of the pull request.
    pub async fn kept(&self, store: &dyn Store) -> Result<Option<crate::ports::store::KeptPull>, StepError> {
        let which = Pulls::Numbered(&self.look.repository, self.look.pull);
        Ok(store.pulls(which).await?.into_iter().next())
    }
}
