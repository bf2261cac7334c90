//! Acceptance: from an authenticated delivery to one durable transaction: delivery, runs, first records.
//!
//! **Invariants**: a command's run is created by a person's new comment in a served repository and by nothing else; a
//! comment creates at most one run, however often it is delivered; an invalid command creates a run too, one that starts
//! at its report, so that every command gets its one reply. An event of pull requests schedules a reconciliation of each.
//! Deliveries that create no run are counted and not stored. What a run is about is decided here from the command and the
//! library alone; `domain::priority` says what follows.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::domain::approval::is_agent;
use crate::domain::command::table::Needs;
use crate::domain::command::{self, Ask, Command, KnownProcedure, Mistake, ParsedCommand, Reading};
use crate::domain::digest::sha256_hex;
use crate::domain::event::{Delivery, Event, NewComment, PullEvent, PullSelector};
use crate::domain::lane::Lanes;
use crate::domain::ledger::Record;
use crate::domain::names::{IssueNumber, RepositoryName, RunId};
use crate::domain::priority::Work;
use crate::domain::procedure::{ROLLBACK, RUN_ARGUMENT};
use crate::domain::reason::{self, Code};
use crate::domain::request::{Origin, Request, comment_run};
use crate::domain::run::{Outcome, Step};
use crate::ports::clock::Clock;
use crate::ports::store::{Accepted, Arrival, Inbox, NewRun, Pulls, RunView, StoreError};

use super::procedure_summary::ProcedureSummary;
use super::reconciliation::Reconciliation;
use super::stored_command::{CommandContent, InvalidCommand, StoredCommand};

/// Accepts deliveries. One per process.
pub struct Intake {
    /// Where they are stored.
    pub inbox: Arc<dyn Inbox>,
    /// Which pull requests are known.
    pub view: Arc<dyn RunView>,
    /// When they arrived.
    pub clock: Arc<dyn Clock>,
    /// The repositories that are served.
    pub repositories: Vec<RepositoryName>,
    /// The procedures that may be asked for.
    pub procedures: Vec<KnownProcedure>,
    /// The same, with what they are for.
    pub catalogue: Vec<ProcedureSummary>,
    /// Accounts of programs, by login or numeric id: what they may not command has no priority.
    pub agents: Vec<String>,
    /// The digest of the library, which every record names.
    pub library: String,
    /// The lanes, whose table names the check runs of others that matter.
    pub lanes: Lanes,
    /// Told when there is something to do.
    pub wake: Arc<Notify>,
}

/// What causes a reconciliation.
struct Cause<'a> {
    event: &'a str,
    delivery: &'a str,
    body_sha256: &'a str,
    content_key: Option<String>,
}

/// The event of a reconciliation that nothing but time causes, and the beginning of its delivery's id.
const SWEEP: &str = "sweep";
/// How often it is asked what is due.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// The outcome of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reception {
    /// Stored; the run will be worked on.
    Accepted {
        /// The run.
        run: RunId,
    },
    /// Stored before; nothing was done.
    Duplicate {
        /// The run that the earlier one created.
        run: Option<RunId>,
    },
    /// Nothing for writ; not stored.
    Ignored {
        /// Why, as a reason code.
        reason: Code,
    },
}

impl Intake {
    /// Accepts one delivery. When this returns `Accepted`, the run survives a crash.
    ///
    /// # Errors
    /// - the database is unavailable; nothing was stored, and it must be sent again
    pub async fn accept(&self, delivery: &Delivery) -> Result<Reception, StoreError> {
        match &delivery.content {
            Event::Unused(reason) => Ok(Reception::Ignored { reason: reason.clone() }),
            Event::Comment(comment) => self.accept_comment(delivery, comment).await,
            Event::Pull(event) => self.accept_pull_event(delivery, event).await,
        }
    }

    async fn accept_comment(
        &self,
        delivery: &Delivery,
        comment: &NewComment,
    ) -> Result<Reception, StoreError> {
        let Some(served) = self.served(&comment.place.repository) else {
            return Ok(Reception::Ignored { reason: reason::REPOSITORY_NOT_SERVED });
        };
        let mut comment = comment.clone();
        comment.place.repository = served;
        let Some(run) = self.run(&comment).await? else {
            return Ok(Reception::Ignored { reason: reason::NOT_A_COMMAND });
        };
        let place = &comment.place;
        let body = json!({
            "command": run.command,
            "request": run.request,
            "delivery": delivery.id,
            "body_sha256": delivery.body_sha256,
            "library": self.library,
        });
        let now = self.clock.now();
        let record = Record::new("request.accepted", Some(run.id.clone()), now, body);
        self.store_arrival(Arrival {
            delivery: delivery.id.clone(),
            event: delivery.event_name.clone(),
            content_key: Some(format!("{}#comment:{}:created", place.repository, place.comment)),
            body_sha256: delivery.body_sha256.clone(),
            received_at: now,
            records: vec![record],
            runs: vec![run],
        })
        .await
    }

    /// Schedules a reconciliation of each pull request that the event is about.
    async fn accept_pull_event(
        &self,
        delivery: &Delivery,
        event: &PullEvent,
    ) -> Result<Reception, StoreError> {
        let Some(repository) = self.served(&event.repository) else {
            return Ok(Reception::Ignored { reason: reason::REPOSITORY_NOT_SERVED });
        };
        if let PullSelector::Checked { name: Some(name), app, .. } = &event.pulls
            && !self.lanes.names_validation(name, app.as_deref())
        {
            return Ok(Reception::Ignored { reason: reason::CHECK_NOT_NAMED });
        }
        let pulls = self.selected(&repository, &event.pulls).await?;
        if pulls.is_empty() {
            return Ok(Reception::Ignored { reason: reason::PULL_REQUEST_NOT_KNOWN });
        }
        let cause = Cause {
            event: &event.name,
            delivery: &delivery.id,
            body_sha256: &delivery.body_sha256,
            // Redelivered under another id, an event of one pull request has the same body: its time is in it. A wish to
            // check again can come twice in the very same words, and a branch can be deleted twice.
            content_key: matches!(event.pulls, PullSelector::Number(_))
                .then(|| format!("{repository}#{}:{}", event.name, delivery.body_sha256)),
        };
        self.schedule(&repository, &pulls, &delivery.event_name, cause).await
    }

    /// Schedules a reconciliation of each pull request, in one transaction.
    async fn schedule(
        &self,
        repository: &RepositoryName,
        pulls: &[IssueNumber],
        event_name: &str,
        cause: Cause<'_>,
    ) -> Result<Reception, StoreError> {
        let now = self.clock.now();
        let Cause { event, delivery, body_sha256, content_key } = cause;
        let (mut runs, mut records) = (Vec::new(), Vec::new());
        for pull in pulls {
            let reconciliation =
                Reconciliation { repository: repository.clone(), pull: *pull, event: event.to_owned() };
            let run = reconciliation.new_run(delivery, body_sha256);
            let body = json!({
                "look": reconciliation,
                "delivery": delivery,
                "body_sha256": body_sha256,
                "library": self.library,
            });
            records.push(Record::new("look.accepted", Some(run.id.clone()), now, body));
            runs.push(run);
        }
        self.store_arrival(Arrival {
            delivery: delivery.to_owned(),
            event: event_name.to_owned(),
            content_key,
            body_sha256: body_sha256.to_owned(),
            received_at: now,
            records,
            runs,
        })
        .await
    }

    /// Schedules a reconciliation of each pull request that is due without an event: others' check runs whose events may
    /// be lost, dates that pass. Gives how many are new.
    ///
    /// # Errors
    /// - the database is unavailable; they remain due
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let mut scheduled = 0;
        for pull in self.view.pulls(Pulls::Due(self.clock.now())).await? {
            let Some(due) = pull.recheck.map(|recheck| recheck.at) else { continue };
            if self.served(&pull.repository).is_none() {
                continue;
            }
            // It is due once, so a second sweep is a duplicate.
            let delivery =
                format!("{SWEEP}:{}#{}:{}", pull.repository, pull.seen.number, due.as_microsecond());
            let body_sha256 = sha256_hex(delivery.as_bytes());
            let cause =
                Cause { event: SWEEP, delivery: &delivery, body_sha256: &body_sha256, content_key: None };
            let reception = self.schedule(&pull.repository, &[pull.seen.number], SWEEP, cause).await?;
            scheduled += usize::from(matches!(reception, Reception::Accepted { .. }));
        }
        Ok(scheduled)
    }

    /// Sweeps until told to stop.
    pub async fn keep_sweeping(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.sweep().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "what is due cannot be read");
            }
            tokio::select! {
                _ = stop.changed() => {}
                () = tokio::time::sleep(SWEEP_INTERVAL) => {}
            }
        }
    }

    /// The pull requests that an event is about. One that names a commit or a branch is about those seen before: each
    /// was opened once, and that was an event too.
    async fn selected(
        &self,
        repository: &RepositoryName,
        pulls: &PullSelector,
    ) -> Result<Vec<IssueNumber>, StoreError> {
        let which = match pulls {
            PullSelector::Number(number) => return Ok(vec![*number]),
            PullSelector::Head(head) => Pulls::WithHead(repository, head),
            PullSelector::Branch(name) => Pulls::FromBranch(repository, name),
            PullSelector::Checked { head, .. } => {
                let found = self.view.pulls(Pulls::WithHead(repository, head)).await?;
                let of_lanes = found.iter().filter(|pull| self.lanes.of_branch(&pull.seen.branch).is_some());
                return Ok(of_lanes.map(|pull| pull.seen.number).collect());
            }
        };
        Ok(self.view.pulls(which).await?.iter().map(|pull| pull.seen.number).collect())
    }

    /// The repository under the name that the settings give it: names on a forge do not differ by case.
    fn served(&self, name: &RepositoryName) -> Option<RepositoryName> {
        let mut all = self.repositories.iter();
        all.find(|served| served.as_str().eq_ignore_ascii_case(name.as_str())).cloned()
    }

    async fn run(&self, comment: &NewComment) -> Result<Option<NewRun>, StoreError> {
        Ok(match command::read(&comment.body, &self.procedures) {
            Reading::NotACommand => None,
            Reading::Mistake(mistake) => Some(mistaken(comment, mistake)),
            Reading::Command(_) if comment.through_app => Some(through_app(comment)),
            Reading::Command(parsed) => {
                let work = self.work(comment, &parsed).await?;
                Some(NewRun { work, ..commanded(comment, parsed) })
            }
        })
    }

    /// What a command is about. A rollback is a containment where the undone run's procedure names one as its inverse.
    async fn work(&self, comment: &NewComment, parsed: &ParsedCommand) -> Result<Work, StoreError> {
        let ask = match (&parsed.command, &parsed.ask) {
            (Command::Actuate, _) if is_agent(&comment.actor, &self.agents) => return Ok(Work::Answer),
            (Command::Actuate, Some(ask)) => ask,
            (command, _) if command.needs() == Needs::Read => return Ok(Work::Answer),
            _ => return Ok(Work::Command),
        };
        let procedure = match ask.arguments.get(RUN_ARGUMENT).map(|typed| typed.parse::<RunId>()) {
            Some(Ok(undone)) if ask.procedure == ROLLBACK => {
                let request = self.view.run(&undone).await?.and_then(|run| run.request);
                request.and_then(|request| self.summary(&request.procedure)?.inverse())
            }
            _ => Some(ask.procedure.clone()),
        };
        let summary = procedure.and_then(|name| self.summary(&name));
        Ok(match summary {
            Some(summary) if summary.is_containment() => Work::Containment,
            _ => Work::Command,
        })
    }

    fn summary(&self, procedure: &str) -> Option<&ProcedureSummary> {
        self.catalogue.iter().find(|summary| summary.name == procedure)
    }

    /// Stores an arrival, and wakes a worker for it.
    async fn store_arrival(&self, arrival: Arrival) -> Result<Reception, StoreError> {
        match self.inbox.accept(&arrival).await? {
            Accepted::Stored { run: Some(run) } => {
                self.wake.notify_one();
                Ok(Reception::Accepted { run })
            }
            Accepted::Stored { run: None } => Ok(Reception::Duplicate { run: None }),
            Accepted::Duplicate { run } => Ok(Reception::Duplicate { run }),
        }
    }
}

fn commanded(comment: &NewComment, parsed: ParsedCommand) -> NewRun {
    let request = parsed.ask.map(|ask| request(comment, ask));
    let command = stored(comment, CommandContent::Valid(parsed.command));
    NewRun { request, ..new_run(comment, command, Step::Authorize) }
}

fn mistaken(comment: &NewComment, mistake: Mistake) -> NewRun {
    let invalid = InvalidCommand { excerpt: mistake.excerpt, suggestion: mistake.suggestion };
    let outcome = Outcome::Refused {
        message: format!("{}: {}", mistake.refusal.place, mistake.refusal.message),
        code: mistake.refusal.code,
        remedy: mistake.refusal.remedy,
    };
    refused(comment, invalid, outcome)
}

fn through_app(comment: &NewComment) -> NewRun {
    let outcome = Outcome::Refused {
        code: reason::THROUGH_AN_APP,
        message: "the comment was posted by an app on the author's behalf".to_owned(),
        remedy: "type the command yourself; programs may not run commands".to_owned(),
    };
    let invalid = InvalidCommand { excerpt: String::new(), suggestion: None };
    NewRun { work: Work::Answer, ..refused(comment, invalid, outcome) }
}

/// A run that has nothing left to do but reply.
fn refused(comment: &NewComment, invalid: InvalidCommand, outcome: Outcome) -> NewRun {
    let command = stored(comment, CommandContent::Invalid(invalid));
    NewRun { outcome: Some(outcome), ..new_run(comment, command, Step::Report) }
}

fn new_run(comment: &NewComment, command: Value, position: Step) -> NewRun {
    NewRun {
        id: comment_run(&comment.place.repository, comment.place.comment),
        command,
        request: None,
        subject: comment.place.subject(),
        position,
        outcome: None,
        queue: None,
        work: Work::Command,
        actor: Some(comment.actor.id),
    }
}

fn stored(comment: &NewComment, content: CommandContent) -> Value {
    let command = StoredCommand {
        place: comment.place.clone(),
        actor: comment.actor.clone(),
        comment_sha256: sha256_hex(comment.body.as_bytes()),
        content,
    };
    // OK because it is strings and numbers.
    serde_json::to_value(&command).unwrap_or_default()
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
