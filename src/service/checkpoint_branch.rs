//! The branch of checkpoints: one file on a branch of a served repository, where other people's rights protect it.
//!
//! It is the checkpoint that counts where several processes share a database: each compares the ledger with it before it
//! adds to it. A branch that the ledger does not continue ends the signing; a remote that does not answer does not.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::context::ServedRepository;
use super::error::{StepError, blocking};
use super::resumption::{self, ResumptionError};
use super::sealing::Sealing;
use crate::domain::ledger::{Checkpoint, KeptCheckpoint};
use crate::domain::names::{BranchName, CommitId};
use crate::domain::text::error_chain;
use crate::ports::clock::Clock;
use crate::ports::forge::Forge;
use crate::ports::git::{Credential, FileCommit, GitError};

/// The one file on the branch.
const FILE: &str = "checkpoint";
/// How often the branch is moved at most.
const PERIOD: Duration = Duration::from_secs(300);

/// The branch, and who moves it.
#[derive(Clone)]
pub struct CheckpointBranch {
    /// Its name.
    pub branch: BranchName,
    /// Its repository.
    pub repository: Arc<ServedRepository>,
    /// Gives the credential of the remote.
    pub forge: Arc<dyn Forge>,
    /// What is signed, and by whom.
    pub sealing: Sealing,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why the branch was not moved.
#[derive(Debug, thiserror::Error)]
pub enum BranchError {
    /// The remote does not answer, or does not allow it.
    #[error("the branch of checkpoints")]
    Remote(#[from] StepError),
    /// The ledger does not continue what is on it.
    #[error(transparent)]
    Ledger(#[from] ResumptionError),
}

/// What is on the branch.
struct Found {
    tip: CommitId,
    kept: KeptCheckpoint,
}

impl CheckpointBranch {
    /// The checkpoint on the branch; `None` where there is no such branch.
    ///
    /// # Errors
    /// - the remote does not answer
    pub async fn read(&self) -> Result<Option<KeptCheckpoint>, StepError> {
        Ok(self.find().await?.map(|found| found.kept))
    }

    /// Moves the branch to the newest checkpoint, unless it has it already. Another process that was quicker is no error.
    ///
    /// # Errors
    /// - `Ledger`: the ledger does not continue what is on the branch; nothing more is signed
    /// - `Remote`
    pub async fn publish(&self) -> Result<(), BranchError> {
        let found = self.find().await?;
        let Sealing { notary, ledger } = &self.sealing;
        if let Some(found) = &found
            && let Err(error) = resumption::compare(notary, ledger.as_ref(), &found.kept).await
        {
            if let ResumptionError::Refused(refusal) = &error {
                notary.halt(refusal.to_string()).await;
            }
            return Err(error.into());
        }
        let newest = ledger.checkpoint().await.map_err(ResumptionError::from)?;
        let Some(newest) = newest.filter(|note| found.as_ref().is_none_or(|found| found.kept.note != *note))
        else {
            return Ok(());
        };
        let size = Checkpoint::parse_unverified(&newest).map_or(0, |checkpoint| checkpoint.size);
        let file = FileCommit {
            parent: found.map(|found| found.tip),
            name: FILE,
            bytes: newest.into_bytes(),
            message: format!("ledger: checkpoint of {size} leaves"),
            at: self.clock.now(),
        };
        let credential = self.credential().await?;
        let (repository, branch) = (Arc::clone(&self.repository), self.branch.clone());
        let moved = blocking(move || {
            let commit = repository.git.commit_file(&file)?;
            repository.git.advance(&branch, file.parent.as_ref(), &commit, credential.as_ref())
        });
        if !moved.await?.map_err(StepError::from)? {
            tracing::info!(branch = %self.branch, "another process has moved the branch of checkpoints");
        }
        Ok(())
    }

    /// Moves the branch now and then until told to stop; [`CheckpointBranch::publish`] does it a last time.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => self.try_publish().await,
                _ = stop.changed() => {}
            }
        }
    }

    /// The same, where that it fails is only to be told.
    pub async fn try_publish(&self) {
        if let Err(error) = self.publish().await {
            let problem = error_chain(&error);
            tracing::error!(branch = %self.branch, problem, "the branch of checkpoints was not moved");
        }
    }

    async fn find(&self) -> Result<Option<Found>, StepError> {
        let credential = self.credential().await?;
        let (repository, branch) = (Arc::clone(&self.repository), self.branch.clone());
        let read = blocking(move || -> Result<Option<Found>, GitError> {
            if repository.git.remote_tip(&branch, credential.as_ref())?.is_none() {
                return Ok(None);
            }
            let tip = repository.git.fetch(&branch, credential.as_ref())?;
            let files = repository.git.snapshot(&tip, FILE)?.files;
            let note = files.get(FILE).and_then(|entry| entry.text()).unwrap_or_default().to_owned();
            let kept = KeptCheckpoint { place: format!("branch `{branch}` of `{}`", repository.name), note };
            Ok(Some(Found { tip, kept }))
        });
        read.await?.map_err(StepError::from)
    }

    async fn credential(&self) -> Result<Option<Credential>, StepError> {
        Ok(self.forge.git_credential(&self.repository.name).await?)
    }
}
