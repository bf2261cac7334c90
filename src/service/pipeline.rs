//! The pipeline: what each step needs, which step is performed by whom, and what can go wrong in one.
//!
//! The worker calls [`Pipeline::intent`], keeps it, then [`Pipeline::perform`], and keeps what came of it. Steps
//! look for an effect before they make it, so performing one twice does nothing twice.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::ledger::Record;
use crate::domain::names::{BranchName, RepositoryName, RunId};
use crate::domain::plan::PlanReport;
use crate::domain::request::Request;
use crate::domain::run::{Outcome, Step, StepResult};
use crate::domain::turn::{Quotas, Wait};
use crate::ports::clock::Clock;
use crate::ports::forge::{Forge, ForgeError};
use crate::ports::git::{Credential, Git, GitError};
use crate::ports::render::{RenderError, Renderer};
use crate::ports::store::{KeptPull, Lease, Run, Store, StoreError};

use super::answers::Entry;
use super::asked::Asked;
use super::checks;
use super::look::{Look, LookJob};
use super::notary::{Notary, NotaryError};
use super::planning::{PlanError, Planned, Planner};
use super::recipe::Recipe;
use super::steps;

/// Everything that steps use. One per process.
pub struct Pipeline {
    /// Runs and ledger.
    pub store: Arc<dyn Store>,
    /// Comments and pull requests.
    pub forge: Arc<dyn Forge>,
    /// The repositories that are served.
    pub targets: Vec<Arc<Target>>,
    /// The procedures, as people are told of them.
    pub catalogue: Vec<Entry>,
    /// Templates.
    pub renderer: Arc<Renderer>,
    /// Signs checkpoints, makes inclusion proofs.
    pub notary: Arc<Notary>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Accounts of programs, by login or numeric id: they never confirm and never approve.
    pub agents: Vec<String>,
    /// How many changes an hour has.
    pub quotas: Quotas,
    /// Base of links to run pages, without a final slash.
    pub public_url: Option<String>,
}

/// One repository that is served.
pub struct Target {
    /// `owner/name`.
    pub name: RepositoryName,
    /// The branch that people merge to.
    pub base: BranchName,
    /// Its bare clone.
    pub git: Arc<dyn Git>,
    /// Plans on it.
    pub planner: Arc<Planner>,
}

/// One try of one step.
pub(super) struct Job {
    /// The run as leased.
    pub run: Run,
    /// What was asked, and where.
    pub asked: Asked,
    /// The repository that it is about.
    pub target: Arc<Target>,
    /// Whether an earlier try may have had its effect.
    pub repeated: bool,
    /// What the request is planned by; `None` where the run has none.
    recipe: Option<Recipe>,
}

/// What performing a step came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Performed {
    /// Kept under the step's name in the run's facts.
    pub fact: Value,
    /// Where it leads.
    pub result: StepResult,
    /// To be appended to the ledger with it.
    pub records: Vec<Record>,
    /// What is now known of a pull request, to be kept with it.
    pub pull: Option<KeptPull>,
    /// Runs whose pull requests are over.
    pub over: Vec<RunId>,
}

/// Why a step could not be performed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// Something outside does not answer; the step is tried again.
    #[error("{message}")]
    Busy {
        /// What.
        message: String,
        /// When it asked to come back.
        retry_after: Option<Duration>,
    },
    /// Writ, its settings or its rights are wrong; repeating does not help.
    #[error("{0}")]
    Fault(String),
}

impl Pipeline {
    /// What the step is about to do, to be kept before it is done.
    #[must_use]
    pub fn intent(&self, lease: &Lease) -> Value {
        let report = lease.run.facts.get("plan").and_then(|fact| fact.get("report"));
        let planned = |name: &str| report.and_then(|report| report.get(name)).cloned().unwrap_or_default();
        let seen = lease.run.facts.get("observe").and_then(|fact| fact.get("seen"));
        let observed = |name: &str| seen.and_then(|seen| seen.get(name)).cloned().unwrap_or_default();
        match lease.step {
            Step::Authorize => json!({"ask": "permission, comment"}),
            Step::Turn => json!({"wait_for": "turn"}),
            Step::Plan => json!({"fetch": "base"}),
            Step::Check => json!({"judge": planned("digest")}),
            Step::Record => json!({"record": "change.planned", "digest": planned("digest")}),
            Step::Push => json!({"branch": planned("branch"), "commit": planned("commit")}),
            Step::Propose => json!({"pull_request_for": planned("branch")}),
            Step::Close => json!({"close": "superseded, cancelled"}),
            Step::Report => json!({"status_comment_on": lease.run.subject}),
            Step::Observe => json!({"read": lease.run.subject}),
            Step::Judge => json!({"judge": observed("head")}),
            Step::Conclude => json!({"check_run": checks::POLICY, "on": observed("head")}),
            Step::Approve => {
                json!({"check_run": checks::APPROVAL, "on": observed("head"), "ready": "if all holds"})
            }
        }
    }

    /// Performs the leased step.
    ///
    /// # Errors
    /// - `Busy`: something outside does not answer
    /// - `Fault`: anything that repeating does not mend
    pub async fn perform(&self, lease: Lease) -> Result<Performed, StepError> {
        match lease.step {
            Step::Authorize => steps::authorize::perform(self, &self.job(lease).await?).await,
            Step::Turn => steps::turn::perform(self, &self.job(lease).await?).await,
            Step::Plan => steps::plan::perform(self, &self.job(lease).await?).await,
            Step::Check => steps::check::perform(self, &self.job(lease).await?).await,
            Step::Record => steps::record::perform(&self.job(lease).await?),
            Step::Push => steps::push::perform(self, &self.job(lease).await?).await,
            Step::Propose => steps::propose::perform(self, &self.job(lease).await?).await,
            Step::Close => steps::close::perform(self, &self.job(lease).await?).await,
            Step::Report => steps::report::perform(self, &self.job(lease).await?).await,
            Step::Observe => steps::observe::perform(self, &self.look(lease)?).await,
            Step::Judge => steps::judge::perform(self, &self.look(lease)?).await,
            Step::Conclude => steps::conclude::perform(self, &self.look(lease)?).await,
            Step::Approve => steps::approve::perform(self, &self.look(lease)?).await,
        }
    }

    /// Fetches every served repository once, so that the first command does not wait for the first clone.
    pub async fn warm_up(&self) {
        for target in &self.targets {
            if let Err(error) = self.fetch(target).await {
                tracing::warn!(repository = %target.name, problem = %error, "the first fetch did not succeed");
            }
        }
    }

    async fn fetch(&self, target: &Arc<Target>) -> Result<(), StepError> {
        let (credential, target) = (self.credential(target).await?, Arc::clone(target));
        blocking(move || target.git.fetch(&target.base, credential.as_ref())).await??;
        Ok(())
    }

    async fn job(&self, lease: Lease) -> Result<Job, StepError> {
        let asked: Asked = serde_json::from_value(lease.run.command.clone())
            .map_err(|error| StepError::Fault(format!("reading the stored command: {error}")))?;
        let target = self.target(&asked.place.repository)?;
        let recipe = match &lease.run.request {
            Some(request) => Some(Recipe::of(self.store.as_ref(), &target, request).await?),
            None => None,
        };
        Ok(Job { run: lease.run, asked, target, repeated: lease.earlier_intent.is_some(), recipe })
    }

    fn look(&self, lease: Lease) -> Result<LookJob, StepError> {
        let look = Look::of(&lease.run);
        let look =
            look.ok_or_else(|| StepError::Fault("the stored reconciliation cannot be read".to_owned()))?;
        let target = self.target(&look.repository)?;
        Ok(LookJob { run: lease.run, look, target })
    }

    fn target(&self, repository: &RepositoryName) -> Result<Arc<Target>, StepError> {
        let found = self.targets.iter().find(|target| target.name == *repository).cloned();
        found.ok_or_else(|| StepError::Fault(format!("repository `{repository}` is no longer served")))
    }

    /// The page of a run, if pages can be reached.
    pub(super) fn run_url(&self, run: &Run) -> Option<String> {
        self.public_url.as_ref().map(|base| format!("{base}/runs/{}", run.id))
    }

    /// What git shows to the remote.
    pub(super) async fn credential(&self, target: &Target) -> Result<Option<Credential>, StepError> {
        let pair = self.forge.git_credential(&target.name).await?;
        Ok(pair.map(|(user, secret)| Credential { user, secret }))
    }

    /// A record of this run, now.
    pub(super) fn record(&self, job: &Job, kind: &str, body: Value) -> Record {
        self.record_of(&job.run.id, kind, body)
    }

    /// A record of a run, now.
    pub(super) fn record_of(&self, run: &RunId, kind: &str, body: Value) -> Record {
        Record::new(kind, Some(run.clone()), self.clock.now(), body)
    }
}

/// A fact that an earlier step left in a run.
pub(super) fn fact<T: serde::de::DeserializeOwned>(
    run: &Run,
    step: Step,
    name: &str,
) -> Result<T, StepError> {
    let value = run.facts.get(step.as_str()).and_then(|fact| fact.get(name)).cloned();
    let value =
        value.ok_or_else(|| StepError::Fault(format!("step `{}` left no `{name}`", step.as_str())))?;
    serde_json::from_value(value)
        .map_err(|error| StepError::Fault(format!("reading `{name}` of step `{}`: {error}", step.as_str())))
}

impl Job {
    /// The request; `/actuate` and `/plan` have one.
    pub fn request(&self) -> Result<&Request, StepError> {
        self.run.request.as_ref().ok_or_else(|| StepError::Fault("the run has no request".to_owned()))
    }

    /// What the request is planned by; where there is a request, there is one.
    pub fn recipe(&self) -> Result<Recipe, StepError> {
        self.recipe.clone().ok_or_else(|| StepError::Fault("the run has no request".to_owned()))
    }

    /// A fact that an earlier step left.
    pub fn fact<T: serde::de::DeserializeOwned>(&self, step: Step, name: &str) -> Result<T, StepError> {
        fact(&self.run, step, name)
    }

    /// The plan that was judged and recorded.
    pub fn report(&self) -> Result<PlanReport, StepError> {
        self.fact(Step::Plan, "report")
    }

    /// The plan, made again from the recorded base: it must come out as it was recorded.
    ///
    /// `None` when it comes out otherwise, which takes another library or program than the one that planned.
    pub async fn plan_again(&self) -> Result<Option<Planned>, StepError> {
        let report = self.report()?;
        let (recipe, base) = (self.recipe()?, report.base.clone());
        let again = blocking(move || recipe.plan(&base)).await?;
        match again {
            Ok(planned) if planned.report.digest == report.digest => Ok(Some(planned)),
            Ok(_) | Err(PlanError::Refused(_)) => Ok(None),
            Err(PlanError::Git(error)) => Err(error.into()),
        }
    }
}

impl Performed {
    /// Done; go on.
    pub fn done(fact: Value, records: Vec<Record>) -> Self {
        Self { fact, result: StepResult::Done, records, pull: None, over: Vec::new() }
    }

    /// Done, and the run ends so.
    pub fn ends(outcome: Outcome, fact: Value, records: Vec<Record>) -> Self {
        Self { fact, result: StepResult::Ends(outcome), records, pull: None, over: Vec::new() }
    }

    /// The same, with what is now known of a pull request.
    pub fn keeping(self, pull: KeptPull) -> Self {
        Self { pull: Some(pull), ..self }
    }

    /// Not its turn yet.
    pub fn waits(wait: Wait) -> Self {
        Self { result: StepResult::Waits(wait), ..Self::done(Value::Null, vec![]) }
    }

    /// The same, and the pull requests of these runs are over.
    pub fn ending(self, over: Vec<RunId>) -> Self {
        Self { over, ..self }
    }

    /// The run ends with a refusal.
    pub fn refused(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let outcome =
            Outcome::Refused { code: code.to_owned(), message: message.into(), remedy: remedy.into() };
        Self::ends(outcome, json!({"refused": code}), vec![])
    }
}

/// Runs blocking work (git) off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StepError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StepError::Fault(format!("blocking work ended early: {error}")))
}

/// An error with its causes, as one line for the log.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<ForgeError> for StepError {
    fn from(error: ForgeError) -> Self {
        match error {
            ForgeError::Unavailable { message, retry_after } => Self::Busy { message, retry_after },
            other => Self::Fault(chain(&other)),
        }
    }
}

impl From<GitError> for StepError {
    fn from(error: GitError) -> Self {
        match error {
            GitError::Unreachable(message) => Self::Busy { message, retry_after: None },
            other => Self::Fault(chain(&other)),
        }
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Busy { message: chain(&error), retry_after: None },
            other => Self::Fault(chain(&other)),
        }
    }
}

impl From<NotaryError> for StepError {
    fn from(error: NotaryError) -> Self {
        match error {
            NotaryError::Store(error) => error.into(),
            other => Self::Fault(chain(&other)),
        }
    }
}

impl From<RenderError> for StepError {
    fn from(error: RenderError) -> Self {
        Self::Fault(chain(&error))
    }
}
