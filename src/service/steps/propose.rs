//! Propose: the pull request, found before it is made, with the record's inclusion proof in its body.

use serde_json::json;

use crate::domain::ledger::Record;
use crate::domain::run::{Outcome, Step};
use crate::ports::forge::Pull;
use crate::service::pipeline::{Job, Performed, Pipeline, StepError};
use crate::service::proposal::{self, Evidence};

/// Finds or opens the pull request. Also when it is there already it goes through `open_pull`, which looks first and
/// adds what an earlier, broken try left out: the labels keep others from merging it by themselves.
pub async fn perform(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    let report = job.report()?;
    let repository = &job.target.name;
    let Some(planned) = job.plan_again().await? else {
        return match pipeline.forge.find_pull(repository, &report.branch).await? {
            Some(pull) => Ok(proposed(pipeline, job, &pull)),
            None => {
                Err(StepError::Fault("planning again produced a plan other than the pushed one".to_owned()))
            }
        };
    };
    let record: Record = job.fact(Step::Plan, "record")?;
    let proof = pipeline.notary.prove(pipeline.store.as_ref(), &job.run.id, &record).await?;
    let run_url = pipeline.run_url(&job.run);
    let evidence = Evidence { request: job.request()?, proof: Some(&proof), run_url: run_url.as_deref() };
    let new = proposal::propose(&pipeline.renderer, &planned, &job.target.base, evidence)?;
    let pull = pipeline.forge.open_pull(repository, &new).await?;
    Ok(proposed(pipeline, job, &pull))
}

fn proposed(pipeline: &Pipeline, job: &Job, pull: &Pull) -> Performed {
    let fact = json!({"pull": pull.number, "url": pull.url, "head": pull.head, "draft": pull.draft});
    let record = pipeline.record(job, "pull.proposed", fact.clone());
    let outcome = Outcome::Proposed { pull: pull.number.0, url: pull.url.clone() };
    Performed::ends(outcome, fact, vec![record])
}
