//! Health: whether deliveries can be stored, and what holds up the work.
//!
//! Not ready means that deliveries cannot be stored: then a load balancer should send none. Everything else that is wrong
//! is told, and deliveries are accepted all the same: nobody sends them again later.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::domain::text::error_chain;
use crate::ports::clock::Clock;
use crate::ports::git::{self, Environment};
use crate::ports::store::{Inbox, RunView};

use super::notary::Notary;

/// How long a report is given again: asking costs a write and a process.
const FRESH: SignedDuration = SignedDuration::from_secs(1);
/// How long the probe of the database may take.
const PROBED_WITHIN: Duration = Duration::from_secs(5);
/// How many postponed steps a report names.
const NAMED: u32 = 20;

/// Examines the process and what it depends on.
pub struct Health {
    inbox: Arc<dyn Inbox>,
    view: Arc<dyn RunView>,
    notary: Arc<Notary>,
    git: Environment,
    clock: Arc<dyn Clock>,
    /// The last report, and when it was made. Locked while one is made, so that many who ask cost one.
    last: Mutex<Option<(Timestamp, Report)>>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether a delivery can be stored.
    pub is_ready: bool,
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
}

impl Health {
    /// Examines a database, whoever signs its ledger, and the git command as this environment has it.
    pub fn of<S: Inbox + RunView + 'static>(
        store: Arc<S>,
        notary: Arc<Notary>,
        git: Environment,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (inbox, view) = (Arc::clone(&store) as Arc<dyn Inbox>, store as Arc<dyn RunView>);
        Self { inbox, view, notary, git, clock, last: Mutex::new(None) }
    }

    /// What is wrong now, or was a second ago.
    pub async fn report(&self) -> Report {
        let mut last = self.last.lock().await;
        let now = self.clock.now();
        if let Some((at, report)) = &*last
            && now.duration_since(*at).abs() < FRESH
        {
            return report.clone();
        }
        let report = self.examine().await;
        *last = Some((now, report.clone()));
        report
    }

    async fn examine(&self) -> Report {
        let problem = match tokio::time::timeout(PROBED_WITHIN, self.inbox.probe()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error_chain(&error)),
            Err(_) => Some(format!("no answer within {} s", PROBED_WITHIN.as_secs())),
        };
        let is_ready = problem.is_none();
        let mut problems: Vec<String> =
            problem.map(|problem| format!("the database cannot be written: {problem}")).into_iter().collect();
        problems.extend(self.notary.refusal().map(|why| format!("the ledger is not signed any more: {why}")));
        let environment = self.git.clone();
        let git = tokio::task::spawn_blocking(move || git::check_command(&environment)).await;
        if let Ok(Err(error)) = git {
            problems.push(error_chain(&error));
        }
        match self.view.postponed(NAMED).await {
            Ok(postponed) => problems.extend(postponed.iter().map(|step| {
                let at = step.step.as_str();
                format!("run `{}`: step `{at}` will be retried at {}: {}", step.run, step.due, step.problem)
            })),
            Err(error) => problems.push(format!("the database cannot be read: {}", error_chain(&error))),
        }
        Report { is_ready, problems }
    }
}
