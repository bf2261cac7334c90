//! Observe: the pull request as the forge has it now, kept with what happened since the last look.
//!
//! The payload that brought the look is only a hint; replayed and late ones end here with nothing new to tell.

use std::sync::Arc;

use serde_json::json;

use crate::domain::lane::Reproducibility;
use crate::domain::names::{BranchName, RepositoryName, RunId};
use crate::domain::plan::PlanReport;
use crate::domain::pull::{Observed, PullState, happened};
use crate::domain::run::Outcome;
use crate::ports::forge::{ForgeError, Pull};
use crate::ports::store::KeptPull;
use crate::service::look::LookJob;
use crate::service::pipeline::{Performed, Pipeline, StepError, blocking};

/// The most characters of a title that are kept.
const LONGEST_TITLE: usize = 300;

/// Reads the pull request and tells what became of it. A look at one that is open against the served branch goes on.
pub async fn perform(pipeline: &Pipeline, job: &LookJob) -> Result<Performed, StepError> {
    let pull = match pipeline.forge.pull(&job.look.repository, job.look.pull).await {
        Ok(pull) => pull,
        Err(ForgeError::NotFound(what)) => {
            let message = format!("the forge has no {what}");
            return Ok(Performed::refused("pull_request_unknown", message, "nothing: it no longer exists"));
        }
        Err(error) => return Err(error.into()),
    };
    let before = job.kept(pipeline.store.as_ref()).await?;
    let seen = seen(pipeline, job, pull).await?;
    let kinds = happened(before.as_ref().map(|before| &before.seen), &seen);
    // What becomes of writ's own pull request belongs to the run that proposed it.
    let told_of = seen.run.as_ref().unwrap_or(&job.run.id);
    let told = json!({
        "pull": seen.number, "url": seen.url, "state": seen.state, "head": seen.head, "branch": seen.branch,
        "base": seen.base, "draft": seen.draft, "fork": seen.fork, "author": seen.author, "look": job.run.id,
    });
    let records = kinds.iter().map(|kind| pipeline.record_of(told_of, kind, told.clone())).collect();
    let policy = before.filter(|before| before.seen.head == seen.head).and_then(|before| before.policy);
    let kept = KeptPull {
        repository: job.look.repository.clone(),
        seen: seen.clone(),
        policy,
        look: job.run.id.clone(),
        at: pipeline.clock.now(),
    };
    let over = if seen.state == PullState::Open { None } else { seen.run.clone() };
    let fact = json!({"seen": seen, "happened": kinds});
    let performed = if seen.state == PullState::Open && seen.base == job.target.base.as_str() {
        Performed::done(fact, records)
    } else {
        let outcome = Outcome::Looked { pull: seen.number.0, state: seen.state, conclusion: None };
        Performed::ends(outcome, fact, records)
    };
    Ok(performed.keeping(kept).ending(over.into_iter().collect()))
}

async fn seen(pipeline: &Pipeline, job: &LookJob, pull: Pull) -> Result<Observed, StepError> {
    let fork = pull.is_from_fork(&job.look.repository);
    let run = if fork { None } else { own_run(pipeline, &job.look.repository, &pull.branch).await? };
    let branch_deleted = !fork && !pull.is_open() && is_gone(pipeline, job, &pull.branch).await?;
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
        told: Reproducibility::of(&pull.body),
        branch_deleted,
    })
}

/// The run whose branch this is. Its name ends with the run's id; that the run planned it makes it so.
async fn own_run(
    pipeline: &Pipeline,
    repository: &RepositoryName,
    branch: &str,
) -> Result<Option<RunId>, StepError> {
    let Some(Ok(id)) = branch.rsplit('-').next().map(str::parse::<RunId>) else { return Ok(None) };
    let run = pipeline.store.run(&id).await?;
    let planned = run.filter(|run| run.subject.starts_with(&format!("{repository}#"))).and_then(|run| {
        let report = run.facts.get("plan")?.get("report")?.clone();
        serde_json::from_value::<PlanReport>(report).ok()
    });
    Ok(planned.filter(|report| report.branch.as_str() == branch).map(|_| id))
}

/// Whether the branch of a pull request that is over is gone. One whose name git would not take from us counts as there.
async fn is_gone(pipeline: &Pipeline, job: &LookJob, branch: &str) -> Result<bool, StepError> {
    let Ok(branch) = branch.parse::<BranchName>() else { return Ok(false) };
    let credential = pipeline.credential(&job.target).await?;
    let target = Arc::clone(&job.target);
    let tip = blocking(move || target.git.remote_tip(&branch, credential.as_ref())).await??;
    Ok(tip.is_none())
}
