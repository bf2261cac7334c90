//! Check: what the policies said decides, and which pull requests are open already; `/plan` ends here.

use serde_json::json;

use crate::domain::command::Command;
use crate::domain::conflict::Relation;
use crate::domain::policy::Decision;
use crate::domain::run::Outcome;
use crate::service::conflicts::{Conflicts, contained};
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::{CheckFact, PlanFact};
use crate::service::job::{Job, Performed};

/// Reads the plan's verdict, then asks whether the same is proposed already, or whether a containment goes first.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    let report = job.report()?;
    let mut fact = CheckFact { decision: report.verdict.decision, contained_by: None };
    // The verdict is that of the step that planned, so its library is that of the planned record.
    let planned = job.fact::<PlanFact>()?.record.body;
    let mut body = json!({"digest": report.digest, "verdict": report.verdict, "library": planned["library"]});
    // Plans of earlier versions name none.
    if let Some(materials) = planned.get("materials") {
        body["materials"] = materials.clone();
    }
    let records = vec![context.record(&job.run.id, "verdict.given", body)];
    match (job.command(), report.verdict.decision) {
        (Some(Command::Plan), _) => return Ok(Performed::ends(Outcome::Answered, &fact, records)),
        (_, Decision::Deny) => return Ok(Performed::ends(Outcome::Denied, &fact, records)),
        (_, Decision::Allow | Decision::Warn | Decision::Review | Decision::NoChange) => {}
    }
    let conflicts = Conflicts::of(context, job).await?;
    let performed = if let Some(same) = conflicts.first(Relation::Same) {
        let outcome =
            Outcome::Linked { pull: same.pull.number, url: same.pull.url.clone(), run: same.run.clone() };
        Performed::ends(outcome, &fact, records)
    } else if let Some(containing) = conflicts.first(Relation::Contains) {
        fact.contained_by = Some(containing.run.clone());
        Performed::ends(contained(&containing.run), &fact, records)
    } else {
        Performed::done(&fact, records)
    };
    Ok(performed.closing(conflicts.closed_runs))
}
