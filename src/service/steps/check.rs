//! Check: what the policies said decides; `/plan` ends here.

use serde_json::json;

use crate::domain::policy::Decision;
use crate::domain::run::Outcome;
use crate::service::asked::What;
use crate::service::pipeline::{Job, Performed, Pipeline, StepError};

/// Reads the plan's verdict.
pub fn perform(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    let report = job.report()?;
    let fact = json!({"decision": report.verdict.decision});
    let facts = json!({"digest": report.digest, "verdict": report.verdict});
    let records = vec![pipeline.record(job, "verdict.given", facts)];
    Ok(match (&job.asked.what, report.verdict.decision) {
        (What::Plan, _) => Performed::ends(Outcome::Answered, fact, records),
        (_, Decision::Deny) => Performed::ends(Outcome::Denied, fact, records),
        (_, Decision::Allow | Decision::Warn | Decision::NoChange) => Performed::done(fact, records),
    })
}
