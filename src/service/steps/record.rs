//! Record: `change.planned` goes into the ledger, in the transaction that ends this step, before anything is published.

use serde_json::json;

use crate::domain::ledger::Record;
use crate::domain::run::Step;
use crate::service::pipeline::{Job, Performed, StepError};

/// Hands the planned record over; its leaf's hash stands in the commit's trailers already.
pub fn perform(job: &Job) -> Result<Performed, StepError> {
    let record: Record = job.fact(Step::Plan, "record")?;
    Ok(Performed::done(json!({"leaf": record.leaf().to_hex()}), vec![record]))
}
