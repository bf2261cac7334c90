//! The worker: leases the step that comes first, stores its intent, performs it, stores the result.
//!
//! **Invariants**: an intent is durable before its effect; an outcome and its records are one transaction; a worker
//! whose lease was lost writes nothing; a panic ends one step, not the process. Several workers, in one process or
//! in many, are safe on one store. Where a run goes is decided by `domain::run::next` alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{Notify, watch};
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::domain::run::{Persistence, Position, Step, StepResult, next};
use crate::domain::text::error_chain;
use crate::ports::clock::Clock;
use crate::ports::store::{Finished, Lease, StepQueue, StoreError};

use super::attested_row::AttestedRow;
use super::context::Context;
use super::ending;
use super::error::{Side, StepError};
use super::failpoint::{Failpoint, Moment};
use super::job::Performed;
use super::metrics::Metrics;
use super::reply::Retry;
use super::retry;
use super::steps;

/// How long an idle worker waits before it asks again: another process may have accepted a delivery.
const IDLE: Duration = Duration::from_secs(2);
/// A step that was begun so often without coming to an end takes the process down with it; it is not tried again.
const MOST_TRIES: u32 = 8;
/// How long a step waits that this machine held up: a full disk, no descriptors, no git.
const MACHINE_RETRY: Duration = Duration::from_secs(4);

/// One worker.
#[derive(Clone)]
pub struct Worker {
    /// Its name in leases: distinct for every worker of every process.
    pub name: String,
    /// Leases and outcomes.
    pub store: Arc<dyn StepQueue>,
    /// What the steps use.
    pub context: Arc<Context>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Told when there is something to do.
    pub wake: Arc<Notify>,
    /// Counts the steps that ended or were put off, for whoever waits for progress.
    pub progress: watch::Sender<u64>,
    /// How long a lease holds without being extended.
    pub lease: Duration,
    /// Where to fail, for tests.
    pub failpoint: Option<Failpoint>,
}

impl Worker {
    /// Works until told to stop; a step that was begun is finished.
    pub async fn work(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.turn().await {
                Ok(true) => {}
                Ok(false) => self.idle(&mut stop).await,
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "the worker cannot use the store");
                    pause(IDLE, &self.wake, &mut stop).await;
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
        // There may be more: let another worker ask while this one is busy.
        self.wake.notify_one();
        let span = info_span!(
            "step", run.id = %lease.run.id, step = lease.step.as_str(), attempt = lease.run.attempts,
            delivery.id = %lease.run.delivery, subject = %lease.run.subject
        );
        let result = self.step(&lease).instrument(span).await;
        self.progress.send_modify(|count| *count += 1);
        match result {
            Err(error @ StoreError::Unavailable(_)) => {
                self.release_later(lease);
                Err(error)
            }
            Err(StoreError::LeaseLost(run)) => {
                self.metrics.step(lease.step.as_str(), "lost", Duration::ZERO);
                warn!(run.id = %run, "the lease was lost; another worker continues the run");
                Ok(true)
            }
            other => other.map(|()| true),
        }
    }

    /// How often a step was begun before and never came to an end; not asked while it cannot be too often.
    async fn unfinished_tries(&self, lease: &Lease) -> Result<u32, StoreError> {
        if lease.run.attempts <= MOST_TRIES || is_patient(lease.step) {
            return Ok(0);
        }
        let timeline = self.context.store.timeline(&lease.run.id).await?;
        let unfinished: BTreeSet<u32> = timeline
            .iter()
            .filter(|entry| entry.step == lease.step && entry.finished_at.is_none())
            .map(|entry| entry.attempt)
            .filter(|attempt| *attempt != lease.run.attempts)
            .collect();
        Ok(u32::try_from(unfinished.len()).unwrap_or(u32::MAX))
    }

    /// Releases a lease whose result could not be stored, as soon as the database takes it: the step then goes on at once
    /// and not at the end of the lease.
    fn release_later(&self, lease: Lease) {
        let (store, clock, most) = (Arc::clone(&self.store), Arc::clone(&self.clock), self.lease);
        tokio::spawn(async move {
            let release = async {
                loop {
                    tokio::time::sleep(MACHINE_RETRY / 2).await;
                    let now = clock.now();
                    let released = store.wait(&lease, "the database was unavailable", now, now).await;
                    if !matches!(released, Err(StoreError::Unavailable(_))) {
                        return;
                    }
                }
            };
            // OK because the lease ends then by itself.
            let _ = tokio::time::timeout(most, release).await;
        });
    }

    #[expect(clippy::disallowed_methods, reason = "measures how long a step took, for the metrics")]
    async fn step(&self, lease: &Lease) -> Result<(), StoreError> {
        let (step, begun) = (lease.step, Instant::now());
        Failpoint::reach(self.failpoint, step, Moment::BeforeIntent);
        self.store.record_intent(lease, &steps::intent(lease), self.clock.now()).await?;
        Failpoint::reach(self.failpoint, step, Moment::AfterIntent);
        let performed = match self.unfinished_tries(lease).await? {
            tries if tries >= MOST_TRIES => {
                Err(StepError::Fault(format!("the step was started {tries} times and never finished")))
            }
            _ => self.perform(lease).await,
        };
        Failpoint::reach(self.failpoint, step, Moment::AfterEffect);
        if Failpoint::repeats(self.failpoint, step, lease.run.attempts) {
            let now = self.clock.now();
            return self.store.postpone(lease, "repeated by a failpoint", now, now).await;
        }
        let result = self.settle(lease, performed, begun).await;
        Failpoint::reach(self.failpoint, step, Moment::AfterOutcome);
        result
    }

    /// Performs the step in its own task, which catches a panic, and extends the lease meanwhile.
    async fn perform(&self, lease: &Lease) -> Result<Performed, StepError> {
        let context = Arc::clone(&self.context);
        let owned = lease.clone();
        let work = async move { steps::perform(&context, owned).await }.in_current_span();
        let mut task = tokio::spawn(work);
        loop {
            match tokio::time::timeout(self.lease / 3, &mut task).await {
                Ok(Ok(performed)) => return performed,
                Ok(Err(ended)) => return Err(ended.into()),
                Err(_) => {
                    let until = self.clock.now() + self.lease;
                    if let Err(error) = self.store.extend(lease, until).await {
                        warn!(error = &error as &dyn std::error::Error, "the lease could not be extended");
                    }
                }
            }
        }
    }

    /// Stores the result of a try.
    async fn settle(
        &self,
        lease: &Lease,
        performed: Result<Performed, StepError>,
        begun: Instant,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (label, performed) = match performed {
            Ok(Performed { result: StepResult::Waits(wait), .. }) => {
                info!(place = wait.place, "the run is waiting for admission");
                self.metrics.step(lease.step.as_str(), "waits", begun.elapsed());
                return self.store.wait(lease, &wait.to_string(), now, wait.until).await;
            }
            Ok(performed) => (if performed.result == StepResult::Done { "done" } else { "ends" }, performed),
            Err(error) => match error.outage() {
                Some(outage) if outage.side == Side::Machine => {
                    warn!(problem = %outage.message, "this machine holds up the step; it will be retried");
                    self.metrics.step(lease.step.as_str(), "later", begun.elapsed());
                    // It does not count as a try: nobody is refused for what operators have to mend.
                    let due = now + MACHINE_RETRY;
                    retry::tell(&self.context, lease, Retry { cause: outage.cause, since: now, next: due })
                        .await;
                    return self.store.wait(lease, outage.cause, now, due).await;
                }
                Some(outage) => match wait_seconds(lease, outage.retry_after) {
                    Some(seconds) => {
                        warn!(problem = %outage.message, retry_in_s = seconds, "the step will be retried");
                        self.metrics.step(lease.step.as_str(), "later", begun.elapsed());
                        let due = now + Duration::from_secs(seconds.into());
                        let retry = Retry { cause: outage.cause, since: now, next: due };
                        // Said while the lease is held: a later try cannot be overtaken.
                        retry::tell(&self.context, lease, retry).await;
                        return self.store.postpone(lease, outage.cause, now, due).await;
                    }
                    None => {
                        error!(problem = %outage.message, "giving up: an external service does not respond");
                        ("failed", ending::given_up(lease))
                    }
                },
                None => {
                    error!(problem = %error_chain(&error), "the step failed and will not be retried");
                    ("failed", ending::failed(lease))
                }
            },
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
                records.extend(ending::record_kind(lease.step, &outcome).map(|kind| {
                    let body = json!({"step": lease.step.as_str(), "outcome": outcome});
                    self.context.record(&lease.run.id, kind, body)
                }));
                Some(outcome)
            }
            StepResult::Done | StepResult::Waits(_) => None,
        };
        let settled = position == Position::Settled;
        let fact = performed.fact.into_json();
        let mut facts = lease.run.facts.clone();
        facts.insert(lease.step.as_str().to_owned(), fact.clone());
        let row = AttestedRow::new(&facts, outcome.as_ref().or(lease.run.outcome.as_ref()), settled);
        // Pages show the row, so the end of every run is recorded.
        if !row.attest(&lease.run.id, &mut records) && settled {
            let body = json!({"row": row.to_json()});
            records.push(self.context.record(&lease.run.id, "run.settled", body));
        }
        let finished = Finished {
            fact,
            position,
            outcome,
            at: now,
            records,
            pull: performed.pull,
            closed_runs: performed.closed_runs,
        };
        self.store.finish(lease, &finished).await?;
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(duration_ms, outcome = finished.outcome.as_ref().map(ending::name), "step done");
        if settled {
            let outcome =
                lease.run.outcome.as_ref().or(finished.outcome.as_ref()).map_or("none", ending::name);
            self.metrics.run(outcome);
            info!(outcome, "run finished");
        }
        Ok(())
    }

    async fn idle(&self, stop: &mut watch::Receiver<bool>) {
        let due = self.store.next_due().await.ok().flatten();
        let until_due = due.map_or(IDLE, |due| {
            let left = due.as_millisecond() - self.clock.now().as_millisecond();
            Duration::from_millis(u64::try_from(left).unwrap_or(0).max(5))
        });
        pause(until_due.min(IDLE), &self.wake, stop).await;
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

/// For how long a step waits for something outside.
fn persistence(lease: &Lease) -> Persistence {
    match lease.step {
        Step::Judge => Persistence::Judging,
        step if is_patient(step) => Persistence::Day,
        _ if lease.priority.is_containment() => Persistence::Hour,
        _ => Persistence::QuarterHour,
    }
}

/// When a step is tried again that something outside did not answer; `None` when it was tried often enough.
fn wait_seconds(lease: &Lease, asked: Option<Duration>) -> Option<u32> {
    let own = persistence(lease).retry_seconds(lease.run.attempts)?;
    // The other side knows best when it will be back; more than an hour is not waiting any more.
    let asked = asked.map_or(0, |asked| u32::try_from(asked.as_secs()).unwrap_or(3600).min(3600));
    Some(own.max(asked))
}
