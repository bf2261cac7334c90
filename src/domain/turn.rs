//! Turns: which run may change a repository now, which waits, behind whom and why.
//!
//! Quotas bound how many changes an account, a lane and a repository get in an hour; what one run is about to write, no
//! other run writes meanwhile. A containment waits for no quota and for nobody but a containment of the same target, and
//! for that only moments (so that the second one finds the first one's pull request); it takes the target from whoever
//! holds it, and a run whose target was taken publishes nothing more.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::names::{AccountId, RepositoryName, RunId};

/// How many changes are let through in an hour. Containments do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Those that one account asks for, in all repositories.
    pub actor: u32,
    /// Those of one lane of a repository.
    pub lane: u32,
    /// Those of a repository.
    pub repository: u32,
}

/// What a run waits with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The run.
    pub run: RunId,
    /// The repository that it changes.
    pub repository: RepositoryName,
    /// The lane that it belongs to.
    pub lane: String,
    /// Who asked for it.
    pub actor: AccountId,
    /// The files that it may write, by full path.
    pub targets: BTreeSet<String>,
    /// Whether it is a containment.
    pub containment: bool,
    /// When it came to wait.
    pub since: Timestamp,
}

/// A ticket, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The ticket.
    pub ticket: Ticket,
    /// When it was let through; `None` while it waits.
    pub passed_at: Option<Timestamp>,
    /// Whether it is done with its targets.
    pub left: bool,
}

/// Whether a run may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It is its turn; these runs lose their targets to it.
    Pass {
        /// Runs that are no containments and hold one of its targets.
        taken_from: Vec<RunId>,
    },
    /// Not yet.
    Wait(Wait),
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Its place in the line, from 1.
    pub place: usize,
    /// Why.
    pub why: Why,
    /// When to look again at the latest.
    pub until: Timestamp,
}

/// Why a run waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Why {
    /// Another run writes the same file, or came before it to do so.
    Target {
        /// That run.
        run: RunId,
        /// The file.
        target: String,
    },
    /// The account has had its changes of this hour.
    Actor {
        /// How many there are.
        quota: u32,
    },
    /// The lane has.
    Lane {
        /// How many there are.
        quota: u32,
    },
    /// The repository has.
    Repository {
        /// How many there are.
        quota: u32,
    },
}

impl fmt::Display for Wait {
    /// What is waited for: a sentence without a full stop.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "place {}: ", self.place)?;
        match &self.why {
            Why::Target { run, target } => write!(out, "run `{run}` changes `{target}` first"),
            Why::Actor { quota } => write!(out, "its account has reached its hourly limit of {quota}"),
            Why::Lane { quota } => write!(out, "its lane has reached its hourly limit of {quota}"),
            Why::Repository { quota } => {
                write!(out, "the repository has reached its hourly limit of {quota}")
            }
        }
    }
}

/// What quotas count over.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// How often a run looks whether its target is free; it is also told.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(15);
/// How long a containment lets another one of the same target go first.
const CONTAINMENT_PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// From when on tickets that were let through still matter at `now`.
#[must_use]
pub fn counted_from(now: Timestamp) -> Timestamp {
    now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN)
}

/// Whether it is the turn of `ticket`. `others` are those let through since [`counted_from`] or not done yet, and those
/// that came before it and wait, in the order in which they came.
#[must_use]
pub fn turn(ticket: &Ticket, others: &[Place], quotas: &Quotas, now: Timestamp) -> Turn {
    let line = Line { ticket, others, now };
    if ticket.containment {
        return line.containment();
    }
    let of_repository = |other: &Ticket| other.repository == ticket.repository;
    let waits = line
        .for_target(|_| true)
        .or_else(|| {
            let quota = quotas.actor;
            line.for_quota(quota, Why::Actor { quota }, |other| other.actor == ticket.actor)
        })
        .or_else(|| {
            let quota = quotas.lane;
            line.for_quota(quota, Why::Lane { quota }, |other| {
                of_repository(other) && other.lane == ticket.lane
            })
        })
        .or_else(|| {
            let quota = quotas.repository;
            line.for_quota(quota, Why::Repository { quota }, of_repository)
        });
    waits.map_or(Turn::Pass { taken_from: Vec::new() }, Turn::Wait)
}

/// A ticket among the others.
struct Line<'a> {
    ticket: &'a Ticket,
    others: &'a [Place],
    now: Timestamp,
}

impl Line<'_> {
    fn containment(&self) -> Turn {
        let patience = later(self.ticket.since, CONTAINMENT_PATIENCE);
        if self.now < patience
            && let Some(wait) = self.for_target(|other| other.ticket.containment && other.passed_at.is_some())
        {
            return Turn::Wait(Wait { until: wait.until.min(patience), ..wait });
        }
        let held = |other: &&Place| !other.ticket.containment && other.passed_at.is_some() && !other.left;
        let loses = self.others.iter().filter(held).filter(|other| self.shared(other).is_some());
        Turn::Pass { taken_from: loses.map(|other| other.ticket.run.clone()).collect() }
    }

    /// Why it waits for its targets, as far as the others that `matters` names go.
    fn for_target(&self, matters: impl Fn(&Place) -> bool) -> Option<Wait> {
        let before = self.others.iter().filter(|other| !other.left && matters(other));
        let before: Vec<_> =
            before.filter_map(|other| self.shared(other).map(|target| (other, target))).collect();
        let waiting = before.iter().filter(|(other, _)| other.passed_at.is_none()).count();
        let (first, target) = before.into_iter().next()?;
        let why = Why::Target { run: first.ticket.run.clone(), target };
        Some(Wait { place: waiting + 1, why, until: later(self.now, LOOK_AGAIN) })
    }

    /// Why it waits for its quota: those that `counts` names were let through in the last hour, or are before it.
    fn for_quota(&self, quota: u32, why: Why, counts: impl Fn(&Ticket) -> bool) -> Option<Wait> {
        let counted = self.others.iter().filter(|other| !other.ticket.containment && counts(&other.ticket));
        let mut passed: Vec<Timestamp> = counted.clone().filter_map(|other| other.passed_at).collect();
        passed.retain(|passed| *passed > counted_from(self.now));
        passed.sort();
        let before = counted.filter(|other| other.passed_at.is_none() && !other.left).count();
        let over = (passed.len() + before + 1).checked_sub(quota as usize).filter(|over| *over > 0)?;
        // When so many have fallen out of the hour that there is room for it and for those before it.
        let until = passed.get(over - 1).map_or(later(self.now, WINDOW), |passed| later(*passed, WINDOW));
        Some(Wait { place: before + 1, why, until })
    }

    /// A target that it shares with another one.
    fn shared(&self, other: &Place) -> Option<String> {
        if other.ticket.repository != self.ticket.repository {
            return None;
        }
        self.ticket.targets.intersection(&other.ticket.targets).next().cloned()
    }
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::run_id_of;

    const QUOTAS: Quotas = Quotas { actor: 2, lane: 3, repository: 4 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn ticket(number: u64, actor: u64, target: &str) -> Ticket {
        Ticket {
            run: run_id_of(&number.into()),
            repository: "o/r".parse().unwrap(),
            lane: "actuation".to_owned(),
            actor: AccountId(actor),
            targets: [target.to_owned()].into(),
            containment: false,
            since: at(0),
        }
    }

    fn passed(ticket: Ticket, seconds: i64, left: bool) -> Place {
        Place { ticket, passed_at: Some(at(seconds)), left }
    }

    fn waiting(ticket: Ticket) -> Place {
        Place { ticket, passed_at: None, left: false }
    }

    fn waits(turn: Turn) -> (usize, Why, i64) {
        match turn {
            Turn::Wait(wait) => (wait.place, wait.why, wait.until.as_second() - at(0).as_second()),
            Turn::Pass { .. } => panic!("it passes"),
        }
    }

    #[test]
    fn an_hour_has_so_many_changes_of_one_account() {
        let others = [passed(ticket(1, 7, "a"), -3000, true), passed(ticket(2, 7, "b"), -100, true)];
        let (place, why, until) = waits(turn(&ticket(3, 7, "c"), &others, &QUOTAS, at(0)));
        assert_eq!((place, why, until), (1, Why::Actor { quota: 2 }, 600));
        assert!(matches!(turn(&ticket(3, 8, "c"), &others, &QUOTAS, at(0)), Turn::Pass { .. }));
        assert!(matches!(turn(&ticket(3, 7, "c"), &others, &QUOTAS, at(600)), Turn::Pass { .. }));
    }

    #[test]
    fn who_waits_is_in_a_line() {
        let others = [
            passed(ticket(1, 7, "a"), -3000, true),
            passed(ticket(2, 7, "b"), -100, true),
            waiting(ticket(3, 7, "c")),
        ];
        let (place, _, until) = waits(turn(&ticket(4, 7, "d"), &others, &QUOTAS, at(0)));
        assert_eq!((place, until), (2, 3500), "room for the one before it comes first");
    }

    #[test]
    fn lanes_and_repositories_have_their_own() {
        let mut others: Vec<Place> = (1..=3).map(|n| passed(ticket(n, n, "x"), -10, true)).collect();
        let (_, why, _) = waits(turn(&ticket(9, 9, "c"), &others, &QUOTAS, at(0)));
        assert_eq!(why, Why::Lane { quota: 3 });
        let other_lane = |number| Ticket { lane: "b".to_owned(), ..ticket(number, number, "c") };
        assert!(matches!(turn(&other_lane(9), &others, &QUOTAS, at(0)), Turn::Pass { .. }));
        others.push(passed(other_lane(4), -10, true));
        let (_, why, _) = waits(turn(&other_lane(9), &others, &QUOTAS, at(0)));
        assert_eq!(why, Why::Repository { quota: 4 });
        let elsewhere = Ticket { repository: "o/other".parse().unwrap(), ..ticket(9, 9, "c") };
        assert!(matches!(turn(&elsewhere, &others, &QUOTAS, at(0)), Turn::Pass { .. }));
    }

    #[test]
    fn a_target_is_one_runs_at_a_time() {
        let holder = passed(ticket(1, 1, "a"), 0, false);
        let line = [holder.clone(), waiting(ticket(2, 2, "a"))];
        let (place, why, until) = waits(turn(&ticket(3, 3, "a"), &line, &QUOTAS, at(5)));
        let run = ticket(1, 1, "a").run;
        assert_eq!((place, why, until), (2, Why::Target { run, target: "a".to_owned() }, 20));
        assert!(matches!(turn(&ticket(3, 3, "b"), &line, &QUOTAS, at(5)), Turn::Pass { .. }));
        let left = [Place { left: true, ..holder }];
        assert!(matches!(turn(&ticket(3, 3, "a"), &left, &QUOTAS, at(5)), Turn::Pass { .. }));
    }

    #[test]
    fn a_containment_passes_and_takes_the_target() {
        let quotas = Quotas { actor: 0, lane: 0, repository: 0 };
        let pause = Ticket { containment: true, ..ticket(5, 7, "a") };
        let others = [
            passed(ticket(1, 7, "a"), 0, false),
            passed(ticket(2, 7, "b"), 0, false),
            waiting(ticket(3, 7, "a")),
        ];
        let taken_from = vec![ticket(1, 7, "a").run];
        assert_eq!(turn(&pause, &others, &quotas, at(0)), Turn::Pass { taken_from });
        let (_, why, _) = waits(turn(&ticket(4, 7, "d"), &[], &quotas, at(0)));
        assert_eq!(why, Why::Actor { quota: 0 }, "no quota lets nobody else through");
    }

    #[test]
    fn a_containment_lets_another_one_go_first_but_not_for_long() {
        let pause = |number| Ticket { containment: true, ..ticket(number, number, "a") };
        let others = [passed(pause(1), 0, false)];
        let (place, _, until) = waits(turn(&pause(2), &others, &QUOTAS, at(1)));
        assert_eq!((place, until), (1, 10));
        assert_eq!(turn(&pause(2), &others, &QUOTAS, at(10)), Turn::Pass { taken_from: vec![] });
        let counted = [passed(pause(1), 0, true), passed(pause(2), 0, true), passed(pause(3), 0, true)];
        assert!(
            matches!(turn(&ticket(4, 1, "a"), &counted, &QUOTAS, at(1)), Turn::Pass { .. }),
            "it counts for no quota"
        );
    }
}
