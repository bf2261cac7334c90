//! Withdrawal: what a run published before it ended otherwise is looked for, taken back, and recorded.
//!
//! A step may have had its effect without being able to note it, and be asked afterwards whether it may: the comment was
//! edited meanwhile, its author demoted, the target taken by a containment. **Invariant**: a run that ends so leaves no
//! branch and no open pull request behind, or says what it leaves.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::ledger::Record;
use crate::domain::names::CommitId;
use crate::domain::plan::PlanReport;
use crate::domain::pull::PullState;
use crate::domain::run::Outcome;
use crate::ports::forge::Pull;
use crate::ports::git::{BranchDeletion, GitError};

use super::conflicts::{Closing, close, contained};
use super::context::Context;
use super::error::{StepError, blocking};
use super::facts::{self, NoFact, ProposeFact, PushFact, Withdrawn};
use super::job::{Job, Performed};
use super::standing::Standing;

/// Why a run may not go on: how it ends, and the containment that goes first, where there is one.
pub(super) struct Stop {
    outcome: Outcome,
    fact: NoFact,
    closing: Closing,
}

impl Stop {
    /// Asks for the comment, its author's permission and the target's owner, now. `None` where the run may go on.
    pub(super) async fn of(context: &Context, job: &Job) -> Result<Option<Self>, StepError> {
        if let Standing::Ended(outcome) = Standing::of(context, &job.stored).await? {
            let because = json!({"outcome": outcome});
            let closing = Closing { kind: "pull.withdrawn", because };
            return Ok(Some(Self { outcome, fact: NoFact::Nothing {}, closing }));
        }
        let Some(by) = context.store.taken_by(&job.run.id).await? else { return Ok(None) };
        let closing = Closing { kind: "pull.superseded", because: json!({"run": by, "pull": Value::Null}) };
        Ok(Some(Self { outcome: contained(&by), fact: NoFact::Contained { contained_by: by }, closing }))
    }

    /// Ends the run, after what it has published is taken back.
    pub(super) async fn end(self, context: &Context, job: &Job) -> Result<Performed, StepError> {
        let report = job.report()?;
        let mut records = Vec::new();
        let pull = context.forge.find_pull(&job.repository.name, &report.branch).await?;
        if let Some(pull) = &pull {
            records.extend(unnoted_pull(context, job, pull));
            records.extend(close(context, job, (&job.run.id, pull), &self.closing).await?);
        }
        let merged = pull.as_ref().is_some_and(|pull| pull.state == PullState::Merged);
        let branch = if merged { Branch::NotFound } else { Branch::delete(context, job, &report).await? };
        if !matches!(branch, Branch::NotFound) {
            records.splice(0..0, unnoted_branch(context, job, &report));
        }
        if matches!(branch, Branch::Deleted) {
            let body = json!({"branch": report.branch, "commit": report.commit});
            records.push(context.record(&job.run.id, "branch.deleted", body));
        }
        let was_pushed = facts::shown::<PushFact>(&job.run).is_some();
        if pull.is_none() && matches!(branch, Branch::NotFound) && !was_pushed {
            return Ok(Performed::ends(self.outcome, self.fact, records));
        }
        let withdrawn = Withdrawn {
            branch: report.branch,
            pull: pull.as_ref().map(|pull| pull.number),
            merged,
            left: match branch {
                Branch::Left(why) => Some(why),
                Branch::Deleted | Branch::NotFound => None,
            },
        };
        Ok(Performed::ends(self.outcome, NoFact::Withdrawn { withdrawn }, records))
    }
}

/// What became of the run's branch.
enum Branch {
    /// It is not there.
    NotFound,
    /// It pointed to the planned commit and is deleted.
    Deleted,
    /// It could not be deleted, for this reason.
    Left(String),
}

impl Branch {
    async fn delete(context: &Context, job: &Job, report: &PlanReport) -> Result<Self, StepError> {
        let Some(commit) = report.commit.clone() else { return Ok(Self::NotFound) };
        let credential = context.credential(&job.repository).await?;
        let (repository, branch) = (Arc::clone(&job.repository), report.branch.clone());
        let deletion =
            blocking(move || repository.git.delete_branch(&branch, &commit, credential.as_ref())).await?;
        match deletion {
            Ok(BranchDeletion::Deleted) => Ok(Self::Deleted),
            Ok(BranchDeletion::NotFound) => Ok(Self::NotFound),
            Ok(BranchDeletion::Moved { found }) => Ok(Self::Left(format!("it now points to `{found}`"))),
            Err(GitError::Rejected { reason, .. } | GitError::Refused(reason)) => Ok(Self::Left(reason)),
            Err(error) => Err(error.into()),
        }
    }
}

/// `branch.pushed`, where the run could not note it.
fn unnoted_branch(context: &Context, job: &Job, report: &PlanReport) -> Option<Record> {
    let commit = report.commit.clone().filter(|_| facts::shown::<PushFact>(&job.run).is_none())?;
    Some(pushed(context, job, report, commit).1)
}

/// The fact and the record of a branch that is there.
pub(super) fn pushed(
    context: &Context,
    job: &Job,
    report: &PlanReport,
    commit: CommitId,
) -> (PushFact, Record) {
    let fact = PushFact { branch: report.branch.clone(), commit, base: report.base.clone() };
    let record = context.record(&job.run.id, "branch.pushed", json!(fact));
    (fact, record)
}

/// `pull.proposed`, where the run could not note it.
fn unnoted_pull(context: &Context, job: &Job, pull: &Pull) -> Option<Record> {
    let noted = facts::shown::<ProposeFact>(&job.run).is_some();
    (!noted).then(|| proposed(context, job, pull).1)
}

/// The fact and the record of a pull request that is there.
pub(super) fn proposed(context: &Context, job: &Job, pull: &Pull) -> (ProposeFact, Record) {
    let fact =
        ProposeFact { pull: pull.number, url: pull.url.clone(), head: pull.head.clone(), draft: pull.draft };
    let record = context.record(&job.run.id, "pull.proposed", json!(fact));
    (fact, record)
}
