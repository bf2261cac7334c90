//! Check: what the policies said decides, and which pull requests are open already; `/plan` ends here.

use serde_json::json;

use crate::domain::ledger::Record;
use crate::domain::policy::Decision;
use crate::domain::rival::Relation;
use crate::domain::run::{Outcome, Step};
use crate::service::asked::What;
use crate::service::pipeline::{Job, Performed, Pipeline, StepError};
use crate::service::rivals::Rivals;

use super::close::contained;

/// Reads the plan's verdict, then looks whether the same is proposed already, or whether a containment stands against it.
pub async fn perform(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    let report = job.report()?;
    let mut fact = json!({"decision": report.verdict.decision});
    // The verdict is that of the step that planned, so its library is that of the planned record.
    let planned: Record = job.fact(Step::Plan, "record")?;
    let facts = json!({
        "digest": report.digest, "verdict": report.verdict, "library": planned.body["library"],
    });
    let records = vec![pipeline.record(job, "verdict.given", facts)];
    match (&job.asked.what, report.verdict.decision) {
        (What::Plan, _) => return Ok(Performed::ends(Outcome::Answered, fact, records)),
        (_, Decision::Deny) => return Ok(Performed::ends(Outcome::Denied, fact, records)),
        (_, Decision::Allow | Decision::Warn | Decision::NoChange) => {}
    }
    let rivals = Rivals::of(pipeline, job).await?;
    let performed = if let Some(same) = rivals.first(Relation::Same) {
        let outcome =
            Outcome::Linked { pull: same.pull.number.0, url: same.pull.url.clone(), run: same.run.clone() };
        Performed::ends(outcome, fact, records)
    } else if let Some(containing) = rivals.first(Relation::Contains) {
        fact["contained_by"] = json!(containing.run);
        Performed::ends(contained(&containing.run), fact, records)
    } else {
        Performed::done(fact, records)
    };
    Ok(performed.ending(rivals.over))
}
