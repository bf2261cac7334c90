//! How runs end: after a step that could not be performed, in the ledger, in logs and metrics.

use crate::domain::reason;
use crate::domain::run::{Outcome, Step};
use crate::ports::store::{Lease, Run};

use super::facts::{CloseFact, NoFact};
use super::job::Performed;

/// The end of a run whose step found something outside unavailable once too often.
pub(super) fn given_up(lease: &Lease) -> Performed {
    unperformed(lease).unwrap_or_else(|| {
        Performed::refused(
            reason::UNAVAILABLE,
            "the forge or the repository did not respond to several attempts; nothing was changed",
            if lease.step.is_of_reconciliation() {
                "wait until it responds"
            } else {
                "comment the command again later"
            },
        )
    })
}

/// The end of a run whose step failed for good. The fault's text is not shown to people; it is in the log.
pub(super) fn failed(lease: &Lease) -> Performed {
    unperformed(lease).unwrap_or_else(|| {
        Performed::refused(
            reason::FAULT,
            "writ failed because of a bug or a wrong setting; nothing was changed",
            format!(
                "report delivery `{}` to whoever operates writ; the log has the details",
                lease.run.delivery
            ),
        )
    })
}

/// What an unperformed step comes to where a refusal would be wrong: something may have been published, or only telling
/// of it is left.
fn unperformed(lease: &Lease) -> Option<Performed> {
    match lease.step {
        Step::Push => Some(stuck("the branch was pushed")),
        Step::Propose => Some(stuck("the pull request was opened")),
        Step::Report | Step::Conclude | Step::Approve => {
            Some(Performed::done(NoFact::Unreported { unreported: true }, vec![]))
        }
        // The run keeps its own outcome; its reply says that others were not closed for it.
        Step::Close if !is_cancelling(&lease.run) => {
            Some(Performed::done(&CloseFact::Unclosed(true), vec![]))
        }
        _ => None,
    }
}

fn stuck(what: &str) -> Performed {
    let message = format!("it is unknown whether {what}; check before you retry");
    Performed::ends(Outcome::Stuck { message }, NoFact::Nothing {}, vec![])
}

fn is_cancelling(run: &Run) -> bool {
    matches!(run.outcome, Some(Outcome::Cancelled { .. }))
}

/// The record that the end of a run leaves, where its step leaves none of its own.
pub(super) fn record_kind(step: Step, outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Refused { .. } if step.is_of_reconciliation() => Some("look.failed"),
        Outcome::Refused { .. } => Some("request.refused"),
        Outcome::Denied => Some("change.denied"),
        Outcome::Void { .. } => Some("request.voided"),
        Outcome::Stuck { .. } => Some("run.stuck"),
        Outcome::NoChange { .. } => Some("change.unneeded"),
        Outcome::Linked { .. } => Some("pull.linked"),
        Outcome::Proposed { .. }
        | Outcome::Cancelled { .. }
        | Outcome::Answered
        | Outcome::Reconciled { .. } => None,
    }
}

/// An outcome's name in logs and metrics.
pub(super) fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Proposed { .. } => "proposed",
        Outcome::Linked { .. } => "linked",
        Outcome::Cancelled { .. } => "cancelled",
        Outcome::Answered => "answered",
        Outcome::NoChange { .. } => "no_change",
        Outcome::Refused { .. } => "refused",
        Outcome::Denied => "denied",
        Outcome::Void { .. } => "void",
        Outcome::Stuck { .. } => "stuck",
        Outcome::Reconciled { .. } => "looked",
    }
}
