//! The context of the steps: everything outside that they use, and the repositories that are served. One per process.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::admission::Quotas;
use crate::domain::calendar::Calendar;
use crate::domain::ledger::Record;
use crate::domain::names::{BranchName, IssueNumber, RepositoryName, RunId};
use crate::domain::policy::{Circumstances, ObservedRule};
use crate::ports::clock::Clock;
use crate::ports::forge::Forge;
use crate::ports::git::{Credential, Git};
use crate::ports::render::Renderer;
use crate::ports::store::Store;

use super::error::{StepError, blocking};
use super::heads::Heads;
use super::notary::Notary;
use super::planning::Planner;
use super::procedure_summary::ProcedureSummary;

/// Everything that steps use.
pub struct Context {
    /// Runs and ledger.
    pub store: Arc<dyn Store>,
    /// Comments and pull requests.
    pub forge: Arc<dyn Forge>,
    /// The repositories that are served.
    pub repositories: Vec<Arc<ServedRepository>>,
    /// The procedures, as they are shown to people.
    pub catalogue: Vec<ProcedureSummary>,
    /// Judges heads that others pushed.
    pub heads: Arc<Heads>,
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
pub struct ServedRepository {
    /// `owner/name`.
    pub name: RepositoryName,
    /// The branch that people merge to.
    pub base: BranchName,
    /// Its bare clone.
    pub git: Arc<dyn Git>,
    /// Plans on it.
    pub planner: Arc<Planner>,
    /// How it is run in.
    pub running_in: RunningIn,
}

/// How writ is run in at a repository: what only observes for now, and when restoring needs a human.
#[derive(Debug, Clone, Default)]
pub struct RunningIn {
    /// The rules that observe, each until a time.
    pub observe: Vec<ObservedRule>,
    /// Freezes and the hours of the market.
    pub calendar: Option<Calendar>,
    /// The issue that is told of merges over a denial, beside the pull request itself.
    pub notify_issue: Option<IssueNumber>,
}

impl RunningIn {
    /// What bears upon a verdict that is given at a time.
    #[must_use]
    pub fn circumstances(&self, at: Timestamp) -> Circumstances {
        let window = self.calendar.as_ref().and_then(|calendar| calendar.window(at));
        Circumstances { at, observe: self.observe.clone(), window }
    }
}

impl Context {
    /// Fetches every served repository once, so that the first command does not wait for the first clone.
    pub async fn warm_up(&self) {
        for repository in &self.repositories {
            if let Err(error) = self.first_fetch(repository).await {
                let problem = crate::domain::text::error_chain(&error);
                tracing::warn!(repository = %repository.name, %problem, "the first fetch did not succeed");
            }
        }
    }

    /// Fetches, and warns where the folder that is judged has no manifests: then every check of it fails.
    async fn first_fetch(&self, repository: &Arc<ServedRepository>) -> Result<(), StepError> {
        self.fetch(repository).await?;
        let here = Arc::clone(repository);
        let read = move || {
            let base = here.git.resolve(&format!("refs/heads/{}", here.base))?;
            here.git.snapshot(&base, here.planner.gitops_path())
        };
        let (name, path) = (&repository.name, repository.planner.gitops_path());
        match blocking(read).await? {
            Ok(found) if !found.has_manifests() => tracing::warn!(
                repository = %name, gitops_path = path,
                "`gitops_path` has no manifests: checks fail until it is corrected"
            ),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn fetch(&self, repository: &Arc<ServedRepository>) -> Result<(), StepError> {
        let (credential, repository) = (self.credential(repository).await?, Arc::clone(repository));
        blocking(move || repository.git.fetch(&repository.base, credential.as_ref())).await??;
        Ok(())
    }

    /// The served repository of this name.
    pub(super) fn repository(&self, name: &RepositoryName) -> Result<Arc<ServedRepository>, StepError> {
        let found = self.repositories.iter().find(|repository| repository.name == *name).cloned();
        found.ok_or_else(|| StepError::Fault(format!("repository `{name}` is not served any more")))
    }

    /// The page of a run, if pages can be reached.
    pub(super) fn run_url(&self, run: &RunId) -> Option<String> {
        self.public_url.as_ref().map(|base| format!("{base}/runs/{run}"))
    }

    /// What git shows to the remote.
    pub(super) async fn credential(
        &self,
        repository: &ServedRepository,
    ) -> Result<Option<Credential>, StepError> {
        Ok(self.forge.git_credential(&repository.name).await?)
    }

    /// A record of a run, now. It names the library in use, unless it already names that of its plan.
    pub(super) fn record(&self, run: &RunId, kind: &str, mut body: Value) -> Record {
        if let (Some(fields), Some(served)) = (body.as_object_mut(), self.repositories.first()) {
            fields.entry("library").or_insert_with(|| Value::from(served.planner.judge().library()));
        }
        Record::new(kind, Some(run.clone()), self.clock.now(), body)
    }
}
