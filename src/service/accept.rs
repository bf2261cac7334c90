//! Acceptance: from a delivery whose signature held to one durable transaction: delivery, run, first record.
//!
//! **Invariants**: a command's run is made by a person's new comment in a served repository and nothing else; a comment
//! makes at most one run, however often it is delivered; a command that cannot be read makes a run too, one that starts
//! at its report, so that every command gets its one reply. What happens at pull requests makes looks (`look.rs`).
//! Deliveries that make no run are counted and not kept.

use std::sync::Arc;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use crate::domain::command::{self, Ask, Command, KnownProcedure, Mistake, Reading};
use crate::domain::ledger::Record;
use crate::domain::names::{RepositoryName, RunId};
use crate::domain::request::{Origin, Request, comment_run};
use crate::domain::run::{Outcome, Step};
use crate::ports::clock::Clock;
use crate::ports::store::{Arrival, NewRun, Store, StoreError};

use super::asked::{Asked, What};
use super::delivery::{Content, Delivery, DeliveryError, NewComment};

/// Takes deliveries. One per process.
pub struct Intake {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// When they arrived.
    pub clock: Arc<dyn Clock>,
    /// The repositories that are served.
    pub repositories: Vec<RepositoryName>,
    /// The procedures that may be asked for.
    pub procedures: Vec<KnownProcedure>,
    /// Told when there is something to do.
    pub wake: Arc<Notify>,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reception {
    /// Kept; the run will be worked on.
    Accepted {
        /// The run.
        run: RunId,
    },
    /// Kept before; nothing was done.
    Duplicate {
        /// The run that the earlier one made.
        run: Option<RunId>,
    },
    /// Nothing for writ; not kept.
    Ignored {
        /// Why, as a reason code.
        reason: &'static str,
    },
}

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Its body is wrong; sending it again does not help.
    #[error("reading the delivery")]
    Unreadable(#[from] DeliveryError),
    /// It could not be kept; it must be sent again.
    #[error("storing the delivery")]
    Store(#[from] StoreError),
}

impl Intake {
    /// Takes one delivery. When this returns `Accepted`, the run survives a crash.
    ///
    /// # Errors
    /// - `Unreadable`: the body is not what GitHub sends
    /// - `Store`: the database is unavailable; nothing was kept
    pub async fn accept(&self, delivery: &Delivery<'_>) -> Result<Reception, AcceptError> {
        let mut comment = match delivery.content()? {
            Content::Nothing(reason) => return Ok(Reception::Ignored { reason }),
            Content::Happening(happening) => return self.happened(delivery, happening).await,
            Content::Comment(comment) => comment,
        };
        let Some(served) = self.served(&comment.place.repository) else {
            return Ok(Reception::Ignored { reason: "repository_not_served" });
        };
        comment.place.repository = served;
        let Some(run) = self.run(&comment) else {
            return Ok(Reception::Ignored { reason: "not_a_command" });
        };
        self.keep(&self.arrival(delivery, &comment, run)).await
    }

    /// The repository under the name that the settings give it: GitHub's names do not differ by case.
    pub(super) fn served(&self, name: &RepositoryName) -> Option<RepositoryName> {
        let mut all = self.repositories.iter();
        all.find(|served| served.as_str().eq_ignore_ascii_case(name.as_str())).cloned()
    }

    fn run(&self, comment: &NewComment) -> Option<NewRun> {
        match command::read(&comment.body, &self.procedures) {
            Reading::NotACommand => None,
            Reading::Mistake(mistake) => Some(mistaken(comment, mistake)),
            Reading::Command(_) if comment.through_app => Some(through_app(comment)),
            Reading::Command(command) => Some(commanded(comment, command)),
        }
    }

    fn arrival(&self, delivery: &Delivery<'_>, comment: &NewComment, run: NewRun) -> Arrival {
        let now = self.clock.now();
        let body_sha256 = sha256_hex(delivery.body);
        let place = &comment.place;
        let record = json!({
            "command": run.command,
            "request": run.request,
            "delivery": delivery.id,
            "body_sha256": body_sha256,
        });
        Arrival {
            delivery: delivery.id.to_owned(),
            event: delivery.event.to_owned(),
            content_key: Some(format!("{}#comment:{}:created", place.repository, place.comment)),
            body_sha256,
            received_at: now,
            records: vec![Record::new("request.accepted", Some(run.id.clone()), now, record)],
            runs: vec![run],
        }
    }
}

/// SHA-256 as lower-case hexadecimal.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

fn commanded(comment: &NewComment, command: Command) -> NewRun {
    match command {
        Command::Actuate(ask) => new_run(comment, What::Actuate, Some(request(comment, ask)), None),
        Command::Plan(ask) => new_run(comment, What::Plan, Some(request(comment, ask)), None),
        Command::Cancel { run } => new_run(comment, What::Cancel { run }, None, None),
        Command::Status { run } => new_run(comment, What::Status { run }, None, None),
        Command::Explain { subject } => new_run(comment, What::Explain { subject }, None, None),
        Command::Help => new_run(comment, What::Help, None, None),
    }
}

fn mistaken(comment: &NewComment, mistake: Mistake) -> NewRun {
    let what = What::Mistake { excerpt: mistake.excerpt, suggestion: mistake.suggestion };
    let outcome = Outcome::Refused {
        code: mistake.code.to_owned(),
        message: format!("line {}, column {}: {}", mistake.line, mistake.column, mistake.message),
        remedy: mistake.remedy,
    };
    new_run(comment, what, None, Some(outcome))
}

fn through_app(comment: &NewComment) -> NewRun {
    let outcome = Outcome::Refused {
        code: "through_an_app".to_owned(),
        message: "the comment was posted by an app on the author's behalf".to_owned(),
        remedy: "type the command yourself; programs may not run commands".to_owned(),
    };
    let what = What::Mistake { excerpt: String::new(), suggestion: None };
    new_run(comment, what, None, Some(outcome))
}

fn new_run(comment: &NewComment, what: What, request: Option<Request>, outcome: Option<Outcome>) -> NewRun {
    let asked = Asked {
        place: comment.place.clone(),
        actor: comment.actor.clone(),
        comment_sha256: sha256_hex(comment.body.as_bytes()),
        what,
    };
    NewRun {
        id: comment_run(&comment.place.repository, comment.place.comment),
        // OK because `Asked` is strings and numbers.
        command: serde_json::to_value(&asked).unwrap_or_default(),
        request,
        subject: comment.place.subject(),
        position: if outcome.is_some() { Step::Report } else { Step::Authorize },
        outcome,
        queue: None,
    }
}

fn request(comment: &NewComment, ask: Ask) -> Request {
    let place = &comment.place;
    Request {
        procedure: ask.procedure,
        arguments: ask.arguments,
        reason: ask.reason,
        confirmation: ask.confirmation,
        actor: comment.actor.clone(),
        origin: Origin::Comment {
            repository: place.repository.clone(),
            issue: place.issue,
            comment: place.comment,
            url: place.url.clone(),
        },
        requested_at: comment.created_at,
    }
}
