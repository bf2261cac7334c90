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
        // After the end is decided, only a cancellation can still be refused: everything else has been published.
        _ if lease.run.outcome.is_some() && !is_cancelling(&lease.run) => {
            Some(Performed::done(NoFact::Nothing {}, vec![]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::names::IssueNumber;
    use crate::domain::priority::Priority;
    use crate::domain::run::{Position, StepResult};

    fn lease(step: Step, outcome: Option<Outcome>) -> Lease {
        let run = Run {
            id: "abcdefgh234567ab".parse().unwrap(),
            command: serde_json::Value::Null,
            request: None,
            subject: "acme/shop#7".parse().unwrap(),
            position: Position::At(step),
            outcome,
            facts: serde_json::Map::new(),
            attempts: 1,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            delivery: "d".to_owned(),
        };
        Lease { run, step, priority: Priority::Command, fence: 1, earlier_intent: None }
    }

    /// Whatever step fails then: a reply that nothing was changed would be false.
    #[test]
    fn an_end_that_was_decided_is_not_replaced_by_a_refusal() {
        let url = String::new();
        for step in Step::ALL.into_iter().filter(|step| !matches!(step, Step::Push | Step::Propose)) {
            let proposed = Outcome::Proposed { pull: IssueNumber(7), url: url.clone() };
            for performed in
                [given_up(&lease(step, Some(proposed.clone()))), failed(&lease(step, Some(proposed)))]
            {
                assert_eq!(performed.result, StepResult::Done, "{step:?}");
            }
        }
    }

    #[test]
    fn a_cancellation_that_fails_is_refused() {
        let run = "abcdefgh234567ac".parse().unwrap();
        let cancelled = Outcome::Cancelled { pull: IssueNumber(7), url: String::new(), run };
        let performed = failed(&lease(Step::Close, Some(cancelled)));
        assert!(matches!(performed.result, StepResult::Ends(Outcome::Refused { .. })), "{performed:?}");
    }
}
