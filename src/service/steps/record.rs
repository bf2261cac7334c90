//! Record: `change.planned` goes into the ledger, in the transaction that ends this step, before anything is published.

use crate::service::error::StepError;
use crate::service::facts::{PlanFact, RecordFact};
use crate::service::job::{Job, Performed};

/// Hands the planned record over; its leaf's hash is in the commit's trailers already.
pub(super) fn perform(job: &Job) -> Result<Performed, StepError> {
    let PlanFact { record, list, .. } = job.fact()?;
    let fact = RecordFact { leaf: record.leaf().to_hex() };
    Ok(Performed::done(&fact, list.into_iter().chain([record]).collect()))
}
