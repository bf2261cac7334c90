//! Conclude: the check run on the pull request's head, found before it is made, brought to what was found.

use serde_json::json;

use crate::domain::names::CheckId;
use crate::domain::pull::{Conclusion, Observed};
use crate::domain::run::{Outcome, Step};
use crate::ports::forge::ForgeError;
use crate::ports::forge::check::Check;
use crate::service::checks::{self, Finished, Saying, Setting};
use crate::service::look::LookJob;
use crate::service::pipeline::{Performed, Pipeline, StepError};

/// Writes the check run. What could not be judged gets one too, that fails: a required check must not hang.
pub async fn perform(pipeline: &Pipeline, job: &LookJob) -> Result<Performed, StepError> {
    let seen: Observed = job.fact(Step::Observe, "seen")?;
    let finished: Option<Finished> = job.fact(Step::Judge, "finished").ok();
    let saying = match (&job.run.outcome, &finished) {
        (Some(refused), _) => Saying::Refused(refused),
        (None, Some(finished)) => Saying::Judged(finished),
        (None, None) => Saying::Moved,
    };
    let url = pipeline.run_url(&job.run);
    let setting =
        Setting { seen: &seen, gitops_path: job.target.planner.gitops_path(), details_url: url.as_deref() };
    let check = checks::check(&pipeline.renderer, setting, saying)?;
    let conclusion = check.status.conclusion();
    let put = match pipeline.forge.put_check(&job.look.repository, &check).await {
        Ok(id) => Ok(id),
        Err(error @ (ForgeError::Forbidden(_) | ForgeError::NotFound(_) | ForgeError::Rejected(_))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the check run cannot be published");
            Err(error.to_string())
        }
        Err(error) => return Err(error.into()),
    };
    let performed = concluded(pipeline, job, &check, put);
    let kept = job.kept(pipeline.store.as_ref()).await?.filter(|kept| kept.seen.head == seen.head);
    let judged = conclusion.filter(|conclusion| *conclusion != Conclusion::Neutral);
    Ok(match kept {
        Some(mut kept) => {
            kept.policy = judged;
            performed.keeping(kept)
        }
        None => performed,
    })
}

fn concluded(pipeline: &Pipeline, job: &LookJob, check: &Check, put: Result<CheckId, String>) -> Performed {
    let conclusion = check.status.conclusion();
    let mut told = json!({
        "name": check.name, "head": check.head, "conclusion": conclusion, "title": check.title,
        "digest": check.digest,
    });
    let kind = match put {
        Ok(id) => {
            told["check"] = json!(id);
            "check.concluded"
        }
        Err(problem) => {
            told["problem"] = json!(problem);
            "check.failed"
        }
    };
    let records = vec![pipeline.record_of(&job.run.id, kind, told.clone())];
    if job.run.outcome.is_some() {
        return Performed::done(told, records);
    }
    let outcome =
        Outcome::Looked { pull: job.look.pull.0, state: crate::domain::pull::PullState::Open, conclusion };
    Performed::ends(outcome, told, records)
}
