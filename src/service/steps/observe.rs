//! Observe: the pull request as the forge has it now, stored with what changed since the last reconciliation.
//!
//! The event that caused the reconciliation is only a hint; replayed and late ones end here with nothing new to record.

use std::sync::Arc;

use serde_json::json;

use crate::domain::lane::Reproducibility;
use crate::domain::merge::Merge;
use crate::domain::names::{BranchName, RepositoryName, RunId};
use crate::domain::pull::{Observed, PullState, record_kinds, run_named_in};
use crate::domain::reason;
use crate::domain::run::Outcome;
use crate::ports::forge::{ForgeError, Pull};
use crate::ports::store::StoredPull;
use crate::service::context::Context;
use crate::service::error::{StepError, blocking};
use crate::service::facts::{self, ObserveFact, PlanFact};
use crate::service::job::{Performed, ReconciliationJob};

/// The most characters of a title that are stored.
const LONGEST_TITLE: usize = 300;

/// Reads the pull request and records its state. The reconciliation goes on where it is open against the served
/// branch, or where its merge is still to be judged or settled.
pub(super) async fn perform(context: &Context, job: &ReconciliationJob) -> Result<Performed, StepError> {
    let pull = match context.forge.pull(&job.reconciliation.repository, job.reconciliation.pull).await {
        Ok(pull) => pull,
        Err(ForgeError::NotFound(what)) => {
            let message = format!("the forge has no {what}");
            return Ok(Performed::refused(
                reason::PULL_REQUEST_UNKNOWN,
                message,
                "nothing: it no longer exists",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let before = job.stored_pull(context.store.as_ref()).await?;
    let seen = seen(context, job, pull).await?;
    let kinds = record_kinds(before.as_ref().map(|before| &before.seen), &seen);
    // What happens to writ's own pull request belongs to the run that proposed it.
    let subject_run = seen.run.as_ref().unwrap_or(&job.run.id);
    let body = json!({
        "pull": seen.number, "url": seen.url, "state": seen.state, "head": seen.head, "branch": seen.branch,
        "base": seen.base, "draft": seen.draft, "fork": seen.fork, "author": seen.author, "look": job.run.id,
    });
    let records = kinds.iter().map(|kind| context.record(subject_run, kind, body.clone())).collect();
    let is_served = seen.base == job.repository.base.as_str();
    let merge = before.as_ref().and_then(|before| match (before.seen.state, seen.state) {
        (PullState::Open, PullState::Merged) if is_served => {
            Some(Merge::Assessing { look: before.look.clone() })
        }
        _ => before.merge.clone(),
    });
    let is_assessed = matches!(merge, Some(Merge::Assessing { .. } | Merge::OverDenial(_)));
    let same_head = before.filter(|before| before.seen.head == seen.head);
    let is_open = seen.state == PullState::Open;
    let stored = StoredPull {
        repository: job.reconciliation.repository.clone(),
        seen: seen.clone(),
        policy: same_head.as_ref().and_then(|before| before.policy),
        look: job.run.id.clone(),
        at: context.clock.now(),
        // What it waits for, it is asked again at the end.
        recheck: same_head.and_then(|before| before.recheck).filter(|_| is_open),
        merge,
    };
    let closed_run = if seen.state == PullState::Open { None } else { seen.run.clone() };
    let happened = kinds.into_iter().map(str::to_owned).collect();
    let fact = ObserveFact { seen, happened };
    let seen = &fact.seen;
    let performed = if (seen.state == PullState::Open && is_served) || is_assessed {
        Performed::done(&fact, records)
    } else {
        let outcome = Outcome::Reconciled { pull: seen.number, state: seen.state, conclusion: None };
        Performed::ends(outcome, &fact, records)
    };
    Ok(performed.storing(stored).closing(closed_run.into_iter().collect()))
}

async fn seen(context: &Context, job: &ReconciliationJob, pull: Pull) -> Result<Observed, StepError> {
    let fork = pull.is_from_fork(&job.reconciliation.repository);
    let run =
        if fork { None } else { own_run(context, &job.reconciliation.repository, &pull.branch).await? };
    let branch_deleted = !fork && !pull.is_open() && is_gone(context, job, &pull.branch).await?;
    Ok(Observed {
        number: pull.number,
        url: pull.url,
        title: pull.title.chars().take(LONGEST_TITLE).collect(),
        state: pull.state,
        draft: pull.draft,
        head: pull.head,
        branch: pull.branch,
        fork,
        base: pull.base,
        author: pull.author,
        run,
        named: run_named_in(&pull.body),
        told: Reproducibility::of(&pull.body),
        branch_deleted,
    })
}

/// The run whose branch this is. Its name ends with the run's id; that the run planned it makes it so.
async fn own_run(
    context: &Context,
    repository: &RepositoryName,
    branch: &str,
) -> Result<Option<RunId>, StepError> {
    let Some(Ok(id)) = branch.rsplit('-').next().map(str::parse::<RunId>) else { return Ok(None) };
    let run = context.store.run(&id).await?;
    let run = run.filter(|run| run.subject.repository == *repository);
    let planned = run.and_then(|run| facts::shown::<PlanFact>(&run));
    Ok(planned.filter(|plan| plan.report.branch.as_str() == branch).map(|_| id))
}

/// Whether the branch of a closed or merged pull request is gone. One whose name git would not take from us counts as
/// there.
async fn is_gone(context: &Context, job: &ReconciliationJob, branch: &str) -> Result<bool, StepError> {
    let Ok(branch) = branch.parse::<BranchName>() else { return Ok(false) };
    let credential = context.credential(&job.repository).await?;
    let repository = Arc::clone(&job.repository);
    let tip = blocking(move || repository.git.remote_tip(&branch, credential.as_ref())).await??;
    Ok(tip.is_none())
}
