//! A run: one request's way through the steps, or one reconciliation of a pull request, and the legal moves.
//!
//! The machine is pure: `service::worker` performs a step and asks [`next`] where that leads.

use serde::{Deserialize, Serialize};

use super::admission::Wait;
use super::names::{IssueNumber, RunId};
use super::pull::{Conclusion, PullState};
use super::reason::Code;

/// The steps of a run, in order: those of a command, then those of a reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Acknowledge with a reaction; ask the forge for the actor's permission; read the comment again.
    Authorize,
    /// Wait for a turn: quotas, and one run at a time on a target.
    Turn,
    /// Fetch the base and plan on it.
    Plan,
    /// Judge the plan by the policies, and compare it with the pull requests that are open.
    Check,
    /// Write `change.planned` into the ledger, before anything is published.
    Record,
    /// Build the commit and push the branch.
    Push,
    /// Open the pull request.
    Propose,
    /// Close the pull requests that must not be merged any more: superseded, cancelled.
    Close,
    /// Put the one terminal reply under the request.
    Report,
    /// Read the pull request again and store its state.
    Observe,
    /// Judge its head against its base by the policies and lanes.
    Judge,
    /// Write the verdict onto its head commit, as a check run.
    Conclude,
    /// Say whether another human has approved it, as a check run, and take it out of draft when all holds.
    Approve,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 13] = [
        Self::Authorize,
        Self::Turn,
        Self::Plan,
        Self::Check,
        Self::Record,
        Self::Push,
        Self::Propose,
        Self::Close,
        Self::Report,
        Self::Observe,
        Self::Judge,
        Self::Conclude,
        Self::Approve,
    ];

    /// Whether this is a step of a reconciliation, not of a command.
    #[must_use]
    pub fn is_of_reconciliation(self) -> bool {
        matches!(self, Self::Observe | Self::Judge | Self::Conclude | Self::Approve)
    }

    /// The step's name in the database, in logs and on pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Turn => "turn",
            Self::Plan => "plan",
            Self::Check => "check",
            Self::Record => "record",
            Self::Push => "push",
            Self::Propose => "propose",
            Self::Close => "close",
            Self::Report => "report",
            Self::Observe => "observe",
            Self::Judge => "judge",
            Self::Conclude => "conclude",
            Self::Approve => "approve",
        }
    }

    /// What the step does, for people; it completes "this step …".
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Authorize => "checks the author's permission and re-reads the comment",
            Self::Turn => "waits for admission: quotas, and one run at a time per file",
            Self::Plan => "reads the base from git and computes the edit",
            Self::Check => "evaluates the policies and finds open pull requests that change the same fields",
            Self::Record => "records the plan in the ledger before anything is published",
            Self::Push => "creates the commit and pushes its branch",
            Self::Propose => "opens the pull request",
            Self::Close => "closes conflicting pull requests",
            Self::Report => "replies to the comment",
            Self::Observe => "reads the pull request from the forge",
            Self::Judge => "evaluates the policies on its head",
            Self::Conclude => "publishes the check run `writ/policy`",
            Self::Approve => "evaluates its approvals and publishes the check run `writ/approval`",
        }
    }
}

/// How a run ends. Decided by one step, said by `Report` or `Conclude`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A pull request is open.
    Proposed {
        /// Its number.
        pull: IssueNumber,
        /// Its address.
        url: String,
    },
    /// A pull request that does the same is open already; nothing new was opened.
    Linked {
        /// Its number.
        pull: IssueNumber,
        /// Its address.
        url: String,
        /// The run that opened it.
        run: RunId,
    },
    /// The pull request of a run is closed, as was asked.
    Cancelled {
        /// Its number.
        pull: IssueNumber,
        /// Its address.
        url: String,
        /// The run that opened it.
        run: RunId,
    },
    /// `/plan`, `/help`, `/status`, `/explain`: answered, nothing changed.
    Answered,
    /// Nothing to do: the target is in the wanted state already.
    NoChange {
        /// The state that was found.
        state: String,
    },
    /// Not done, for a reason that the requester can act on.
    Refused {
        /// Reason code, such as `permission_missing`, `confirmation_wrong`, `no_variant`.
        code: Code,
        /// What is wrong, one sentence, for people.
        message: String,
        /// What to do about it.
        remedy: String,
    },
    /// Denied by a policy.
    Denied,
    /// The request was edited or deleted before it was carried out.
    Void {
        /// What happened to it.
        message: String,
    },
    /// It cannot be known whether an effect happened; a person must look.
    Stuck {
        /// What to look at.
        message: String,
    },
    /// A pull request was reconciled. Serialised as `looked`.
    #[serde(rename = "looked")]
    Reconciled {
        /// Its number.
        pull: IssueNumber,
        /// Its state.
        state: PullState,
        /// How its head was judged; `None` where there was nothing to judge.
        conclusion: Option<Conclusion>,
    },
}

/// The result of performing a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepResult {
    /// Done; go on.
    Done,
    /// Done, and it decides how the run ends; what is left is to say so.
    Ends(Outcome),
    /// Not its turn yet; the same step is tried again.
    Waits(Wait),
}

/// The position of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// This step is next.
    At(Step),
    /// Nothing is left to do.
    Settled,
}

/// The legal moves: the position of a run after `step` gave `result`.
#[must_use]
pub fn next(step: Step, result: &StepResult) -> Position {
    match (step, result) {
        (step, StepResult::Waits(_)) => Position::At(step),
        (Step::Report | Step::Approve, StepResult::Done | StepResult::Ends(_)) => Position::Settled,
        (Step::Observe, StepResult::Ends(_)) => Position::Settled,
        (Step::Judge, StepResult::Ends(_)) => Position::At(Step::Conclude),
        (Step::Conclude, StepResult::Done | StepResult::Ends(_)) => Position::At(Step::Approve),
        (Step::Close, StepResult::Done | StepResult::Ends(_)) => Position::At(Step::Report),
        // These may mean that a pull request has to be closed; the others change nothing.
        (
            _,
            StepResult::Ends(Outcome::Proposed { .. } | Outcome::NoChange { .. } | Outcome::Cancelled { .. }),
        ) => Position::At(Step::Close),
        (_, StepResult::Ends(_)) => Position::At(Step::Report),
        (Step::Authorize, StepResult::Done) => Position::At(Step::Turn),
        (Step::Turn, StepResult::Done) => Position::At(Step::Plan),
        (Step::Plan, StepResult::Done) => Position::At(Step::Check),
        (Step::Check, StepResult::Done) => Position::At(Step::Record),
        (Step::Record, StepResult::Done) => Position::At(Step::Push),
        (Step::Push, StepResult::Done) => Position::At(Step::Propose),
        (Step::Propose, StepResult::Done) => Position::At(Step::Close),
        (Step::Observe, StepResult::Done) => Position::At(Step::Judge),
        (Step::Judge, StepResult::Done) => Position::At(Step::Conclude),
    }
}

/// Where a pending reconciliation goes when an event of its pull request arrives: back to the first step, so that it
/// sees the new state. `None` for the steps of a command: no event is merged into one.
#[must_use]
pub fn requeue(waiting: Step) -> Option<Step> {
    waiting.is_of_reconciliation().then_some(Step::Observe)
}

/// For how long something outside is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// Of a containment until its pull request is open: an hour of at most 30 seconds each. It was accepted, so an outage
    /// does not end it while it may still matter.
    Hour,
    /// Of other commands: 15 minutes, at growing intervals of at most two minutes.
    QuarterHour,
    /// Of judging a head: four tries at growing intervals, then three more of five minutes each.
    Judging,
    /// Of what has an answer to give, or must not be missed: a day of at most five minutes each.
    Day,
}

impl Persistence {
    /// Seconds to wait before a step is tried again after `attempt` tries (from 1) found something outside unavailable;
    /// `None` when it was tried often enough. The first four source: the orchestration guard's class `transient`.
    #[must_use]
    pub fn retry_seconds(self, attempt: u32) -> Option<u32> {
        let (longest, most) = match self {
            Self::Hour => (30, 121),
            Self::QuarterHour => (120, 10),
            Self::Judging => (300, 7),
            Self::Day => (300, 288),
        };
        let growing = match attempt {
            0 | 1 => 15,
            2 => 30,
            3 => 60,
            4 => 120,
            _ => longest,
        };
        (attempt <= most).then_some(growing.min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_containment_is_tried_for_an_hour_and_other_commands_for_a_quarter() {
        let waits = |persistence: Persistence| -> Vec<u32> {
            (1..).map_while(|attempt| persistence.retry_seconds(attempt)).collect()
        };
        let hour = waits(Persistence::Hour);
        assert!(hour.iter().sum::<u32>() >= 3600 && hour.iter().all(|seconds| *seconds <= 30), "{hour:?}");
        assert_eq!(waits(Persistence::QuarterHour), [15, 30, 60, 120, 120, 120, 120, 120, 120, 120]);
        assert_eq!(waits(Persistence::Judging), [15, 30, 60, 120, 300, 300, 300]);
        assert!(waits(Persistence::Day).iter().sum::<u32>() > 23 * 3600);
    }
}
