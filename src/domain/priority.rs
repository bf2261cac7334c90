//! Priority: which step is performed first where several are due, so that a containment is never behind a crowd.
//!
//! **The rule.** From the acceptance of a containment on, no step of lower priority is started until its pull request is
//! open or its end is decided. While it waits for something outside, or for an earlier containment of the same file, its
//! step is not due: the others go on, and it is first again when it is due. So it is with a step of it that takes more
//! than [`IN_FLIGHT`]. The steps in flight at its acceptance, at most one for each worker, finish.
//!
//! At acceptance only the command, the library and the account's earlier commands are known; whether the account may
//! command is asked in the first step. So a containment of an account that is not known here goes first too, but only
//! [`UNCHECKED`] of them at a time, and behind those of accounts that may write. Once the answer is there it counts for
//! all that the account has waiting: it rises, or goes to the end. A crowd of n accounts that nobody knows delays the
//! first pause of one more such account by n first steps, and that of a known account by none.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How many containments of an account whose rights are not known go before other work, at a time and in a repository.
pub const UNCHECKED: usize = 1;
/// How long a step of a containment holds up others. One that takes longer waits for something outside.
pub const IN_FLIGHT: SignedDuration = SignedDuration::from_secs(60);
/// How long it counts that an account may not write.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// What a run is about, as far as its priority goes. Stored with the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Carries out a containment.
    Containment,
    /// Any other command that needs write permission, and a comment that was meant as a command.
    Command,
    /// Reads a pull request anew.
    Reconciliation,
    /// Answers a question that anyone who reads may ask, or tells a program that it may not command.
    Answer,
}

/// What is known of an account's rights in a repository, without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Nothing, or it is too old.
    Unknown,
    /// It may write.
    Write,
    /// It may not write.
    NoWrite,
}

/// The priority of a run's next step, highest first. Stored as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A containment of an account that may write.
    Containment,
    /// A containment of an account whose rights are not known.
    UncheckedContainment,
    /// A command of an account that may write.
    Command,
    /// A reconciliation.
    Reconciliation,
    /// An answer, and every other command of an account whose rights are not known.
    Answer,
    /// A command of an account that lacks the right to give it.
    Last,
}

impl Work {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Containment, Self::Command, Self::Reconciliation, Self::Answer];

    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Containment => "containment",
            Self::Command => "command",
            Self::Reconciliation => "reconciliation",
            Self::Answer => "answer",
        }
    }
}

impl Rights {
    /// What an answer of the forge that is from `checked_at` is worth at `now`. That an account may write counts until
    /// the forge says otherwise; that it may not is forgotten after 24 hours.
    #[must_use]
    pub fn remembered(may_write: bool, checked_at: Timestamp, now: Timestamp) -> Self {
        match may_write {
            true => Self::Write,
            false if checked_at > forgotten_from(now) => Self::NoWrite,
            false => Self::Unknown,
        }
    }
}

impl Priority {
    /// All of them, highest first.
    pub const ALL: [Self; 6] = [
        Self::Containment,
        Self::UncheckedContainment,
        Self::Command,
        Self::Reconciliation,
        Self::Answer,
        Self::Last,
    ];

    /// The priority of work for an account with these rights, of which `unchecked` containments go before other work
    /// already.
    #[must_use]
    pub fn of(work: Work, rights: Rights, unchecked: usize) -> Self {
        match (work, rights) {
            (Work::Reconciliation, _) => Self::Reconciliation,
            (Work::Answer, _) => Self::Answer,
            (Work::Containment, Rights::Write) => Self::Containment,
            (Work::Command, Rights::Write) => Self::Command,
            (Work::Containment, Rights::Unknown) if unchecked < UNCHECKED => Self::UncheckedContainment,
            (Work::Containment | Work::Command, Rights::Unknown) => Self::Answer,
            (Work::Containment | Work::Command, Rights::NoWrite) => Self::Last,
        }
    }

    /// Whether lower priorities wait for it until its pull request is open.
    #[must_use]
    pub fn is_containment(self) -> bool {
        self <= Self::UncheckedContainment
    }
}

/// What is older than this at `now`, an answer that an account may not write or a refusal that was replied to, no longer
/// counts.
#[must_use]
pub fn forgotten_from(now: Timestamp) -> Timestamp {
    now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_containment_is_before_all_else_and_a_stranger_behind_it() {
        let mut order: Vec<Priority> = [
            (Work::Containment, Rights::Write),
            (Work::Containment, Rights::Unknown),
            (Work::Command, Rights::Write),
            (Work::Reconciliation, Rights::Unknown),
            (Work::Answer, Rights::Write),
            (Work::Containment, Rights::NoWrite),
        ]
        .into_iter()
        .map(|(work, rights)| Priority::of(work, rights, 0))
        .collect();
        assert_eq!(order, Priority::ALL);
        order.retain(|priority| priority.is_containment());
        assert_eq!(order, [Priority::Containment, Priority::UncheckedContainment]);
    }

    #[test]
    fn an_account_that_nobody_knows_gets_one_containment_before_the_others() {
        assert_eq!(Priority::of(Work::Containment, Rights::Unknown, UNCHECKED), Priority::Answer);
        assert_eq!(Priority::of(Work::Containment, Rights::Write, 100), Priority::Containment);
    }

    #[test]
    fn that_an_account_may_not_write_is_forgotten_after_a_day() {
        let checked: Timestamp = "2026-02-12T10:00:00Z".parse().unwrap();
        let hours = |hours| checked + SignedDuration::from_hours(hours);
        assert_eq!(Rights::remembered(false, checked, hours(23)), Rights::NoWrite);
        assert_eq!(Rights::remembered(false, checked, hours(24)), Rights::Unknown);
        assert_eq!(Rights::remembered(true, checked, hours(1000)), Rights::Write);
    }
}
