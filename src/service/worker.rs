//! The worker: leases the step that is due longest, keeps its intent, performs it, keeps what came of it.
//!
//! **Invariants**: an intent is durable before its effect; an outcome and its records are one transaction; a worker
//! whose lease was lost writes nothing; a panic ends one step, not the process. Several workers, in one process or
//! in many, are safe on one store. Where a run goes is decided by `domain::run::next` alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{Notify, watch};
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::domain::ledger::Record;
use crate::domain::run::{Outcome, Position, Step, StepResult, next, retry_seconds};
use crate::ports::clock::Clock;
use crate::ports::store::{Finished, Lease, Store, StoreError};

use super::failpoint::{Failpoint, Moment};
use super::metrics::Metrics;
use super::pipeline::{Performed, Pipeline, StepError};

/// How long an idle worker waits before it looks again: another process may have taken a delivery.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// A step that was begun so often without coming to an end takes the process down with it; it is not tried again.
const MOST_TRIES: u32 = 8;
/// How often a reply is tried: a day of every five minutes. Nobody is left without an answer by an outage.
const MOST_REPLY_TRIES: u32 = 288;
/// Seconds between late tries of a reply.
const REPLY_RETRY: u32 = 300;

/// One worker.
#[derive(Clone)]
pub struct Worker {
    /// Its name in leases: distinct for every worker of every process.
    pub name: String,
    /// Leases and outcomes.
    pub store: Arc<dyn Store>,
    /// Performs the steps.
    pub pipeline: Arc<Pipeline>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Told when there is something to do.
    pub wake: Arc<Notify>,
    /// Counts the steps that came to an end or were put off, for whoever waits for progress.
    pub progress: watch::Sender<u64>,
    /// How long a lease holds without being extended.
    pub lease: Duration,
    /// Where to fail, for tests.
    pub failpoint: Option<Failpoint>,
}

impl Worker {
    /// Works until told to stop; a step that was begun is brought to its end.
    pub async fn work(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.turn().await {
                Ok(true) => {}
                Ok(false) => self.idle(&mut stop).await,
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "the worker cannot use the store");
                    pause(LOOK_AGAIN, &self.wake, &mut stop).await;
                }
            }
        }
    }

    /// Performs one step, if one is due.
    ///
    /// # Errors
    /// - the store is unavailable; nothing is lost, the lease expires
    pub async fn turn(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let Some(lease) = self.store.lease(&self.name, now, now + self.lease).await? else {
            return Ok(false);
        };
        // There may be more: let another worker look while this one is busy.
        self.wake.notify_one();
        let span = info_span!(
            "step", run.id = %lease.run.id, step = lease.step.as_str(), attempt = lease.run.attempts,
            delivery.id = %lease.run.delivery, subject = %lease.run.subject
        );
        let came = self.step(&lease).instrument(span).await;
        self.progress.send_modify(|count| *count += 1);
        match came {
            Err(StoreError::LeaseLost(run)) => {
                self.metrics.step(lease.step.as_str(), "lost", Duration::ZERO);
                warn!(run.id = %run, "the lease was lost; another worker continues the run");
                Ok(true)
            }
            other => other.map(|()| true),
        }
    }

    async fn step(&self, lease: &Lease) -> Result<(), StoreError> {
        let (step, begun) = (lease.step, Instant::now());
        Failpoint::reach(self.failpoint, step, Moment::BeforeIntent);
        self.store.intend(lease, &self.pipeline.intent(lease), self.clock.now()).await?;
        Failpoint::reach(self.failpoint, step, Moment::AfterIntent);
        let came = if lease.run.attempts > MOST_TRIES && !is_patient(step) {
            Err(StepError::Fault(format!(
                "the step was started {} times and never finished",
                lease.run.attempts
            )))
        } else {
            self.perform(lease).await
        };
        Failpoint::reach(self.failpoint, step, Moment::AfterEffect);
        if Failpoint::repeats(self.failpoint, step, lease.run.attempts) {
            let now = self.clock.now();
            return self.store.postpone(lease, "repeated by a failpoint", now, now).await;
        }
        let result = self.settle(lease, came, begun).await;
        Failpoint::reach(self.failpoint, step, Moment::AfterOutcome);
        result
    }

    /// Performs the step in its own task, which catches a panic, and extends the lease meanwhile.
    async fn perform(&self, lease: &Lease) -> Result<Performed, StepError> {
        let pipeline = Arc::clone(&self.pipeline);
        let owned = lease.clone();
        let work = async move { pipeline.perform(owned).await }.in_current_span();
        let mut task = tokio::spawn(work);
        loop {
            match tokio::time::timeout(self.lease / 3, &mut task).await {
                Ok(Ok(came)) => return came,
                Ok(Err(ended)) => return Err(StepError::Fault(format!("the step ended early: {ended}"))),
                Err(_) => {
                    let until = self.clock.now() + self.lease;
                    if let Err(error) = self.store.extend(lease, until).await {
                        warn!(error = &error as &dyn std::error::Error, "the lease could not be extended");
                    }
                }
            }
        }
    }

    /// Keeps what a try came to.
    async fn settle(
        &self,
        lease: &Lease,
        came: Result<Performed, StepError>,
        begun: Instant,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (label, performed) = match came {
            Ok(Performed { result: StepResult::Waits(wait), .. }) => {
                info!(place = wait.place, "the run is waiting for admission");
                self.metrics.step(lease.step.as_str(), "waits", begun.elapsed());
                return self.store.wait(lease, &wait.to_string(), now, wait.until).await;
            }
            Ok(performed) => (if performed.result == StepResult::Done { "done" } else { "ends" }, performed),
            Err(StepError::Busy { message, retry_after }) => match wait_seconds(lease, retry_after) {
                Some(seconds) => {
                    warn!(problem = %message, retry_in_s = seconds, "the step will be retried");
                    self.metrics.step(lease.step.as_str(), "later", begun.elapsed());
                    let due = now + Duration::from_secs(seconds.into());
                    return self.store.postpone(lease, &message, now, due).await;
                }
                None => {
                    error!(problem = %message, "giving up: an external service does not respond");
                    ("failed", given_up(lease))
                }
            },
            Err(StepError::Fault(message)) => {
                error!(problem = %message, "the step failed and will not be retried");
                ("failed", failed(lease))
            }
        };
        self.metrics.step(lease.step.as_str(), label, begun.elapsed());
        self.finish(lease, performed, now, begun).await
    }

    async fn finish(
        &self,
        lease: &Lease,
        performed: Performed,
        now: Timestamp,
        begun: Instant,
    ) -> Result<(), StoreError> {
        let position = next(lease.step, &performed.result);
        let mut records = performed.records;
        let outcome = match performed.result {
            StepResult::Ends(outcome) => {
                records.extend(ending(lease.step, &outcome).map(|kind| {
                    let body = json!({"step": lease.step.as_str(), "outcome": outcome});
                    Record::new(kind, Some(lease.run.id.clone()), now, body)
                }));
                Some(outcome)
            }
            StepResult::Done | StepResult::Waits(_) => None,
        };
        let settled = position == Position::Settled;
        let finished = Finished {
            fact: performed.fact,
            position,
            outcome,
            at: now,
            records,
            pull: performed.pull,
            over: performed.over,
        };
        self.store.finish(lease, &finished).await?;
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(duration_ms, outcome = finished.outcome.as_ref().map(kind), "step done");
        if settled {
            let outcome = lease.run.outcome.as_ref().or(finished.outcome.as_ref()).map_or("none", kind);
            self.metrics.run(outcome);
            info!(outcome, "run finished");
        }
        Ok(())
    }

    async fn idle(&self, stop: &mut watch::Receiver<bool>) {
        let due = self.store.next_due().await.ok().flatten();
        let until_due = due.map_or(LOOK_AGAIN, |due| {
            let left = due.as_millisecond() - self.clock.now().as_millisecond();
            Duration::from_millis(u64::try_from(left).unwrap_or(0).max(5))
        });
        pause(until_due.min(LOOK_AGAIN), &self.wake, stop).await;
    }
}

async fn pause(most: Duration, wake: &Notify, stop: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = wake.notified() => {}
        _ = stop.changed() => {}
        () = tokio::time::sleep(most) => {}
    }
}

/// Whether a step is tried for as long as a day: what has an answer to give, or must not be missed. Those that read what
/// people propose are not among them: a change that takes the process down is not read again and again.
fn is_patient(step: Step) -> bool {
    matches!(step, Step::Report | Step::Observe | Step::Conclude | Step::Approve)
}

/// When a busy step is tried again; `None` when it was tried often enough.
fn wait_seconds(lease: &Lease, asked: Option<Duration>) -> Option<u32> {
    let tries = lease.run.attempts;
    let own = match retry_seconds(tries) {
        Some(seconds) => seconds,
        None if is_patient(lease.step) && tries <= MOST_REPLY_TRIES => REPLY_RETRY,
        None if lease.step == Step::Judge && tries < MOST_TRIES => REPLY_RETRY,
        None => return None,
    };
    // The other side knows best when it will be back; more than an hour is not waiting any more.
    let asked = asked.map_or(0, |asked| u32::try_from(asked.as_secs()).unwrap_or(3600).min(3600));
    Some(own.max(asked))
}

/// The end of a run whose step found something outside unavailable once too often.
fn given_up(lease: &Lease) -> Performed {
    let step = lease.step;
    match step {
        Step::Push | Step::Propose => stuck(step),
        Step::Report | Step::Conclude | Step::Approve => unreported(),
        Step::Close if !is_cancelling(lease) => unclosed(),
        _ => Performed::refused(
            "unavailable",
            "the forge or the repository did not respond to several attempts; nothing was changed",
            if step.is_of_look() { "wait until it responds" } else { "comment the command again later" },
        ),
    }
}

/// The end of a run whose step failed for good. People are not told the fault's text; it is in the log.
fn failed(lease: &Lease) -> Performed {
    match lease.step {
        Step::Push | Step::Propose => stuck(lease.step),
        Step::Report | Step::Conclude | Step::Approve => unreported(),
        Step::Close if !is_cancelling(lease) => unclosed(),
        _ => Performed::refused(
            "fault",
            "writ failed because of a bug or a wrong setting; nothing was changed",
            format!(
                "report delivery `{}` to whoever operates writ; the log has the details",
                lease.run.delivery
            ),
        ),
    }
}

fn stuck(step: Step) -> Performed {
    let what = if step == Step::Push { "the branch was pushed" } else { "the pull request was opened" };
    let message = format!("it is unknown whether {what}; check before you retry");
    Performed::ends(Outcome::Stuck { message }, json!({}), vec![])
}

fn is_cancelling(lease: &Lease) -> bool {
    matches!(lease.run.outcome, Some(Outcome::Cancelled { .. }))
}

/// What the run itself came to stands; that others were not closed for it is said in its reply.
fn unclosed() -> Performed {
    Performed::done(json!({"unclosed": true}), vec![])
}

fn unreported() -> Performed {
    Performed::done(json!({"unreported": true}), vec![])
}

/// The record that the end of a run leaves, where its step leaves none of its own.
fn ending(step: Step, outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Refused { .. } if step.is_of_look() => Some("look.failed"),
        Outcome::Refused { .. } => Some("request.refused"),
        Outcome::Denied => Some("change.denied"),
        Outcome::Void { .. } => Some("request.voided"),
        Outcome::Stuck { .. } => Some("run.stuck"),
        Outcome::NoChange { .. } => Some("change.unneeded"),
        Outcome::Linked { .. } => Some("pull.linked"),
        Outcome::Proposed { .. } | Outcome::Cancelled { .. } | Outcome::Answered | Outcome::Looked { .. } => {
            None
        }
    }
}

/// An outcome's name in logs and metrics.
fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Proposed { .. } => "proposed",
        Outcome::Linked { .. } => "linked",
        Outcome::Cancelled { .. } => "cancelled",
        Outcome::Answered => "answered",
        Outcome::NoChange { .. } => "no_change",
        Outcome::Refused { .. } => "refused",
        Outcome::Denied => "denied",
        Outcome::Void { .. } => "void",
        Outcome::Stuck { .. } => "stuck",
        Outcome::Looked { .. } => "looked",
    }
}
