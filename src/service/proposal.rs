//! The proposal: a plan as a pull request: title, body, labels, draft or not.
//!
//! **Invariant**: the body's text is the one that the plan's record has the digest of; only record and proof are added.

use crate::domain::ledger::insert;
use crate::domain::names::BranchName;
use crate::ports::forge::NewPull;

use super::planning::Planned;

/// Labels of every pull request that writ opens; the second keeps the target's merge workflow away.
pub const LABELS: [&str; 2] = ["actuation", "do-not-automerge"];

/// The pull request for a plan against `base`; `proof` is the two blocks with the plan's record and its inclusion proof.
/// The body has at most [`LONGEST_BODY`](super::body::LONGEST_BODY) characters.
#[must_use]
pub fn propose(planned: &Planned, base: &BranchName, proof: &str) -> NewPull {
    NewPull {
        head: planned.plan.branch.clone(),
        base: base.clone(),
        title: planned.plan.title.clone(),
        body: insert(&planned.text, proof),
        draft: planned.report.needs_approval(),
        labels: LABELS.map(str::to_owned).to_vec(),
    }
}
