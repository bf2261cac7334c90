//! Rivals: the open pull requests of earlier runs that have to do with this one's plan, and how one is closed.

use serde_json::{Value, json};

use crate::domain::conflict::{Relation, relation};
use crate::domain::ledger::Record;
use crate::domain::names::{IssueNumber, RunId};
use crate::domain::plan::PlanReport;
use crate::domain::policy::Declared;
use crate::domain::pull::PullState;
use crate::domain::run::{Outcome, Step};
use crate::ports::forge::{ForgeError, Pull};
use crate::ports::store::Run;

use super::pipeline::{self, Job, Pipeline, StepError};

/// A pull request that an earlier run opened.
pub(super) struct Rival {
    /// The run.
    pub run: RunId,
    /// Its pull request, as the forge has it now.
    pub pull: Pull,
    /// How it stands to this run's plan.
    pub relation: Relation,
}

/// What there is.
pub(super) struct Rivals {
    /// Those that have to do with the plan, oldest first, whatever became of them.
    pub found: Vec<Rival>,
    /// Runs whose pull requests are over.
    pub over: Vec<RunId>,
}

impl Rivals {
    /// Asks the store for the runs and the forge for each pull request that matters.
    pub async fn of(pipeline: &Pipeline, job: &Job) -> Result<Self, StepError> {
        let report = job.report()?;
        let declared: Vec<Declared> = job.fact(Step::Plan, "declared")?;
        let mut rivals = Self { found: Vec::new(), over: Vec::new() };
        for run in pipeline.store.proposed(&job.target.name).await? {
            let Some(number) = proposal(&run).filter(|_| run.id != job.run.id) else { continue };
            let open: PlanReport = pipeline::fact(&run, Step::Plan, "report")?;
            let relation = relation(&report, &declared, &open);
            if relation == Relation::Apart {
                continue;
            }
            match pipeline.forge.pull(&job.target.name, number).await {
                Ok(pull) => {
                    if !pull.is_open() {
                        rivals.over.push(run.id.clone());
                    }
                    rivals.found.push(Rival { run: run.id, pull, relation });
                }
                Err(ForgeError::NotFound(_)) => rivals.over.push(run.id),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(rivals)
    }

    /// The first that is open and stands so to the plan.
    pub fn first(&self, relation: Relation) -> Option<&Rival> {
        self.found.iter().find(|rival| rival.relation == relation && rival.pull.is_open())
    }
}

/// The pull request that a run opened.
pub(super) fn proposal(run: &Run) -> Option<IssueNumber> {
    match run.outcome {
        Some(Outcome::Proposed { pull, .. }) => Some(IssueNumber(pull)),
        _ => None,
    }
}

/// Why a pull request is closed: the kind of its record, and what its comment says.
pub(super) struct Closing {
    /// `pull.superseded` or `pull.cancelled`.
    pub kind: &'static str,
    /// What `closed.md` is told beside run and place.
    pub because: Value,
}

/// Comments on a pull request and closes it; gives the record of that, filed under the run that opened it. `None` where
/// it was merged or closed by somebody else before.
///
/// One that is closed already counts as closed by an earlier try of this step, where there was one: its outcome was lost.
pub(super) async fn close(
    pipeline: &Pipeline,
    job: &Job,
    (run, pull): (&RunId, &Pull),
    closing: &Closing,
) -> Result<Option<Record>, StepError> {
    let repository = &job.target.name;
    match pull.state {
        PullState::Open => {
            let marker = format!("<!-- writ:closed-by:{} -->", job.run.id);
            let context = json!({
                "marker": marker,
                "run": job.run.id,
                "asked": job.asked,
                "run_url": pipeline.run_url(&job.run),
                "kind": closing.kind,
                "because": closing.because,
            });
            let body = pipeline.renderer.render("closed.md", context)?;
            pipeline.forge.put_status(repository, pull.number, &marker, &body).await?;
            pipeline.forge.close_pull(repository, pull.number).await?;
        }
        PullState::Closed if job.repeated => {}
        PullState::Closed | PullState::Merged => return Ok(None),
    }
    let body = json!({
        "pull": pull.number,
        "head": pull.head,
        "by": job.run.id,
        "actor": job.asked.actor,
        "because": closing.because,
    });
    Ok(Some(pipeline.record_of(run, closing.kind, body)))
}
