//! Conflicts: the open pull requests of earlier runs that write what this one's plan writes, and how one is closed.

use serde_json::{Value, json};

use crate::domain::conflict::{Relation, relation};
use crate::domain::ledger::Record;
use crate::domain::names::{IssueNumber, RunId};
use crate::domain::pull::PullState;
use crate::domain::reason;
use crate::domain::run::Outcome;
use crate::ports::forge::{ForgeError, Pull};
use crate::ports::store::Run;

use super::context::Context;
use super::error::StepError;
use super::facts::{self, PlanFact};
use super::job::Job;

/// A pull request that an earlier run opened.
pub(super) struct Conflict {
    /// The run.
    pub run: RunId,
    /// Its pull request, as the forge has it now.
    pub pull: Pull,
    /// How it relates to this run's plan.
    pub relation: Relation,
}

/// The conflicts of one plan.
pub(super) struct Conflicts {
    /// The pull requests, oldest first, open or not.
    pub found: Vec<Conflict>,
    /// Runs whose pull requests are closed or merged.
    pub closed_runs: Vec<RunId>,
}

impl Conflicts {
    /// Asks the store for the runs and the forge for each pull request that matters.
    pub(super) async fn of(context: &Context, job: &Job) -> Result<Self, StepError> {
        let plan: PlanFact = job.fact()?;
        let mut conflicts = Self { found: Vec::new(), closed_runs: Vec::new() };
        for run in context.store.proposed(&job.repository.name).await? {
            let Some(number) = proposal(&run).filter(|_| run.id != job.run.id) else { continue };
            let open: PlanFact = facts::require(&run)?;
            let relation = relation(&plan.report, &plan.declared, &open.report);
            if relation == Relation::Apart {
                continue;
            }
            match context.forge.pull(&job.repository.name, number).await {
                Ok(pull) => {
                    if !pull.is_open() {
                        conflicts.closed_runs.push(run.id.clone());
                    }
                    conflicts.found.push(Conflict { run: run.id, pull, relation });
                }
                Err(ForgeError::NotFound(_)) => conflicts.closed_runs.push(run.id),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(conflicts)
    }

    /// The first open one that relates so to the plan.
    pub(super) fn first(&self, relation: Relation) -> Option<&Conflict> {
        self.found.iter().find(|conflict| conflict.relation == relation && conflict.pull.is_open())
    }
}

/// The end of a run that writes what a containment contains.
pub(super) fn contained(by: &RunId) -> Outcome {
    Outcome::Refused {
        code: reason::CONTAINED,
        message: format!("run `{by}` is a containment of the same file and takes precedence"),
        remedy: "merge or close its pull request; then comment the command again if it is still wanted"
            .to_owned(),
    }
}

/// The pull request that a run opened.
pub(super) fn proposal(run: &Run) -> Option<IssueNumber> {
    match run.outcome {
        Some(Outcome::Proposed { pull, .. }) => Some(pull),
        _ => None,
    }
}

/// Why a pull request is closed: the kind of its record, and what its comment says.
pub(super) struct Closing {
    /// `pull.superseded` or `pull.cancelled`.
    pub kind: &'static str,
    /// What `closed.md` gets beside run and place.
    pub because: Value,
}

/// Comments on a pull request and closes it; gives the record of that, filed under the run that opened it. `None` where
/// it was merged or closed by somebody else before.
///
/// One that is closed already counts as closed by an earlier try of this step, where there was one: its outcome was lost.
pub(super) async fn close(
    context: &Context,
    job: &Job,
    (run, pull): (&RunId, &Pull),
    closing: &Closing,
) -> Result<Option<Record>, StepError> {
    let repository = &job.repository.name;
    match pull.state {
        PullState::Open => {
            let marker = format!("<!-- writ:closed-by:{} -->", job.run.id);
            let values = json!({
                "marker": marker,
                "run": job.run.id,
                "asked": job.stored,
                "run_url": context.run_url(&job.run.id),
                "kind": closing.kind,
                "because": closing.because,
            });
            let body = context.renderer.render("closed.md", values)?;
            context.forge.put_status(repository, pull.number, &marker, &body).await?;
            context.forge.close_pull(repository, pull.number).await?;
        }
        PullState::Closed if job.repeated => {}
        PullState::Closed | PullState::Merged => return Ok(None),
    }
    let body = json!({
        "pull": pull.number,
        "head": pull.head,
        "by": job.run.id,
        "actor": job.stored.actor,
        "because": closing.because,
    });
    Ok(Some(context.record(run, closing.kind, body)))
}
