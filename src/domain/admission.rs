//! Admission: which run may change a repository now, and which waits, behind whom and why.
//!
//! Quotas limit how many commands an account gives in an hour, and how many changes an account, a lane and a repository
//! get; while one run claims a file, no
//! other run writes it. A containment waits for no quota, and for no other run but a containment of the same target, and
//! that only for seconds (so that the second finds the pull request of the first). It takes its targets from the runs
//! that hold them, and a run that has lost a target publishes nothing more.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::names::{AccountId, RepositoryName, RunId};
use super::priority::Rights;

/// How many commands are taken in an hour, and how many changes are admitted. Containments are subject to none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Commands of one account in a repository, whatever their verb; those of an account that may not write get a tenth.
    /// Those beyond it are refused.
    pub commands: u32,
    /// Changes that one account asks for, in all repositories. Those beyond it wait, as with lanes and repositories.
    pub actor: u32,
    /// Changes of one lane of a repository.
    pub lane: u32,
    /// Changes of a repository.
    pub repository: u32,
}

impl Quotas {
    /// How many commands of an account with these rights are taken in an hour.
    #[must_use]
    pub fn commands_with(&self, rights: Rights) -> u32 {
        match rights {
            Rights::Write => self.commands,
            Rights::NoWrite | Rights::Unknown => self.commands.div_ceil(10),
        }
    }
}

/// What a run asks to be admitted with. Its serialised form is stored; the names of its fields stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetClaim {
    /// The run.
    pub run: RunId,
    /// The repository that it changes.
    pub repository: RepositoryName,
    /// The lane that it belongs to.
    pub lane: String,
    /// The account that asked for it.
    pub actor: AccountId,
    /// The files that it may write, by full path.
    pub targets: BTreeSet<String>,
    /// Whether it is a containment.
    pub containment: bool,
    /// When it first asked.
    pub since: Timestamp,
}

/// A claim as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredClaim {
    /// The claim.
    pub claim: TargetClaim,
    /// When it was granted; `None` while it waits.
    pub granted_at: Option<Timestamp>,
    /// Whether its run is done with its targets.
    pub released: bool,
}

/// Whether a run may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may; these runs lose their targets to it.
    Granted {
        /// Runs that are no containments and hold one of its targets.
        taken_from: Vec<RunId>,
    },
    /// Not yet.
    Wait(Wait),
}

/// What a run waits for. Stored with the run and shown in its reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Its place among those that wait, from 1.
    pub place: usize,
    /// Why.
    pub why: WaitReason,
    /// When to ask again at the latest.
    pub until: Timestamp,
}

/// Why a run waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum WaitReason {
    /// Another run holds the same file, or asked for it first.
    Target {
        /// That run.
        run: RunId,
        /// The file.
        target: String,
    },
    /// The account has used its quota of this hour.
    Actor {
        /// The quota.
        quota: u32,
    },
    /// The lane has.
    Lane {
        /// The quota.
        quota: u32,
    },
    /// The repository has.
    Repository {
        /// The quota.
        quota: u32,
    },
    /// A reconciliation waits for the run that its pull request may be of.
    Proposal {
        /// That run.
        run: RunId,
    },
}

impl fmt::Display for Wait {
    /// Place and reason: a sentence without a full stop.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "place {}: ", self.place)?;
        match &self.why {
            WaitReason::Target { run, target } => write!(out, "run `{run}` changes `{target}` first"),
            WaitReason::Actor { quota } => {
                write!(out, "its account has reached its hourly limit of {quota}")
            }
            WaitReason::Lane { quota } => write!(out, "its lane has reached its hourly limit of {quota}"),
            WaitReason::Repository { quota } => {
                write!(out, "the repository has reached its hourly limit of {quota}")
            }
            WaitReason::Proposal { run } => write!(out, "run `{run}` has not recorded its pull request yet"),
        }
    }
}

/// What quotas count over.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// How often a run that waits for a target asks again; it is also woken when the target is released.
const RECHECK: SignedDuration = SignedDuration::from_secs(15);
/// How long a containment lets an earlier one of the same target go first.
const CONTAINMENT_PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// Claims that were granted at or before this time no longer matter at `now`, once they are released.
#[must_use]
pub fn counted_from(now: Timestamp) -> Timestamp {
    now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN)
}

/// Decides on `claim`. `others` are those granted since [`counted_from`] or not released yet, and those that were
/// registered before it and still wait, in the order of their registration.
#[must_use]
pub fn admit(claim: &TargetClaim, others: &[RegisteredClaim], quotas: &Quotas, now: Timestamp) -> Admission {
    let contest = Contest { claim, others, now };
    if claim.containment {
        return contest.containment();
    }
    let of_repository = |other: &TargetClaim| other.repository == claim.repository;
    let waits = contest
        .for_target(|_| true)
        .or_else(|| {
            let quota = quotas.actor;
            contest.for_quota(quota, WaitReason::Actor { quota }, |other| other.actor == claim.actor)
        })
        .or_else(|| {
            let quota = quotas.lane;
            contest.for_quota(quota, WaitReason::Lane { quota }, |other| {
                of_repository(other) && other.lane == claim.lane
            })
        })
        .or_else(|| {
            let quota = quotas.repository;
            contest.for_quota(quota, WaitReason::Repository { quota }, of_repository)
        });
    waits.map_or(Admission::Granted { taken_from: Vec::new() }, Admission::Wait)
}

/// A claim against the others.
struct Contest<'a> {
    claim: &'a TargetClaim,
    others: &'a [RegisteredClaim],
    now: Timestamp,
}

impl Contest<'_> {
    fn containment(&self) -> Admission {
        let patience = later(self.claim.since, CONTAINMENT_PATIENCE);
        if self.now < patience
            && let Some(wait) = self.for_target(|other| other.claim.containment && other.granted_at.is_some())
        {
            return Admission::Wait(Wait { until: wait.until.min(patience), ..wait });
        }
        let held = |other: &&RegisteredClaim| {
            !other.claim.containment && other.granted_at.is_some() && !other.released
        };
        let losers = self.others.iter().filter(held).filter(|other| self.shared_target(other).is_some());
        Admission::Granted { taken_from: losers.map(|other| other.claim.run.clone()).collect() }
    }

    /// Why it waits for its targets, considering only the other claims that `matters` selects.
    fn for_target(&self, matters: impl Fn(&RegisteredClaim) -> bool) -> Option<Wait> {
        let before = self.others.iter().filter(|other| !other.released && matters(other));
        let before: Vec<_> =
            before.filter_map(|other| self.shared_target(other).map(|target| (other, target))).collect();
        let waiting = before.iter().filter(|(other, _)| other.granted_at.is_none()).count();
        let (first, target) = before.into_iter().next()?;
        let why = WaitReason::Target { run: first.claim.run.clone(), target };
        Some(Wait { place: waiting + 1, why, until: later(self.now, RECHECK) })
    }

    /// Why it waits for its quota, which those that `counts` selects have used: granted in the last hour, or before it.
    fn for_quota(&self, quota: u32, why: WaitReason, counts: impl Fn(&TargetClaim) -> bool) -> Option<Wait> {
        let counted = self.others.iter().filter(|other| !other.claim.containment && counts(&other.claim));
        let mut granted: Vec<Timestamp> = counted.clone().filter_map(|other| other.granted_at).collect();
        granted.retain(|granted| *granted > counted_from(self.now));
        granted.sort();
        let before = counted.filter(|other| other.granted_at.is_none() && !other.released).count();
        let over = (granted.len() + before + 1).checked_sub(quota as usize).filter(|over| *over > 0)?;
        // When enough grants are older than an hour to make room for it and for those before it.
        let until = granted.get(over - 1).map_or(later(self.now, WINDOW), |granted| later(*granted, WINDOW));
        Some(Wait { place: before + 1, why, until })
    }

    /// A target that it shares with another claim.
    fn shared_target(&self, other: &RegisteredClaim) -> Option<String> {
        if other.claim.repository != self.claim.repository {
            return None;
        }
        self.claim.targets.intersection(&other.claim.targets).next().cloned()
    }
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::run_id_of;

    const QUOTAS: Quotas = Quotas { commands: 9, actor: 2, lane: 3, repository: 4 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn claim(number: u64, actor: u64, target: &str) -> TargetClaim {
        TargetClaim {
            run: run_id_of(&number.into()),
            repository: "o/r".parse().unwrap(),
            lane: "actuation".to_owned(),
            actor: AccountId(actor),
            targets: [target.to_owned()].into(),
            containment: false,
            since: at(0),
        }
    }

    fn granted(claim: TargetClaim, seconds: i64, released: bool) -> RegisteredClaim {
        RegisteredClaim { claim, granted_at: Some(at(seconds)), released }
    }

    fn waiting(claim: TargetClaim) -> RegisteredClaim {
        RegisteredClaim { claim, granted_at: None, released: false }
    }

    fn waits(admission: Admission) -> (usize, WaitReason, i64) {
        match admission {
            Admission::Wait(wait) => (wait.place, wait.why, wait.until.as_second() - at(0).as_second()),
            Admission::Granted { .. } => panic!("it passes"),
        }
    }

    #[test]
    fn an_hour_has_so_many_changes_of_one_account() {
        let others = [granted(claim(1, 7, "a"), -3000, true), granted(claim(2, 7, "b"), -100, true)];
        let (place, why, until) = waits(admit(&claim(3, 7, "c"), &others, &QUOTAS, at(0)));
        assert_eq!((place, why, until), (1, WaitReason::Actor { quota: 2 }, 600));
        assert!(matches!(admit(&claim(3, 8, "c"), &others, &QUOTAS, at(0)), Admission::Granted { .. }));
        assert!(matches!(admit(&claim(3, 7, "c"), &others, &QUOTAS, at(600)), Admission::Granted { .. }));
    }

    #[test]
    fn who_waits_is_in_a_line() {
        let others = [
            granted(claim(1, 7, "a"), -3000, true),
            granted(claim(2, 7, "b"), -100, true),
            waiting(claim(3, 7, "c")),
        ];
        let (place, _, until) = waits(admit(&claim(4, 7, "d"), &others, &QUOTAS, at(0)));
        assert_eq!((place, until), (2, 3500), "room for the one before it comes first");
    }

    #[test]
    fn lanes_and_repositories_have_their_own() {
        let mut others: Vec<RegisteredClaim> =
            (1..=3).map(|n| granted(claim(n, n, "x"), -10, true)).collect();
        let (_, why, _) = waits(admit(&claim(9, 9, "c"), &others, &QUOTAS, at(0)));
        assert_eq!(why, WaitReason::Lane { quota: 3 });
        let other_lane = |number| TargetClaim { lane: "b".to_owned(), ..claim(number, number, "c") };
        assert!(matches!(admit(&other_lane(9), &others, &QUOTAS, at(0)), Admission::Granted { .. }));
        others.push(granted(other_lane(4), -10, true));
        let (_, why, _) = waits(admit(&other_lane(9), &others, &QUOTAS, at(0)));
        assert_eq!(why, WaitReason::Repository { quota: 4 });
        let elsewhere = TargetClaim { repository: "o/other".parse().unwrap(), ..claim(9, 9, "c") };
        assert!(matches!(admit(&elsewhere, &others, &QUOTAS, at(0)), Admission::Granted { .. }));
    }

    #[test]
    fn a_target_is_one_runs_at_a_time() {
        let holder = granted(claim(1, 1, "a"), 0, false);
        let line = [holder.clone(), waiting(claim(2, 2, "a"))];
        let (place, why, until) = waits(admit(&claim(3, 3, "a"), &line, &QUOTAS, at(5)));
        let run = claim(1, 1, "a").run;
        assert_eq!((place, why, until), (2, WaitReason::Target { run, target: "a".to_owned() }, 20));
        assert!(matches!(admit(&claim(3, 3, "b"), &line, &QUOTAS, at(5)), Admission::Granted { .. }));
        let left = [RegisteredClaim { released: true, ..holder }];
        assert!(matches!(admit(&claim(3, 3, "a"), &left, &QUOTAS, at(5)), Admission::Granted { .. }));
    }

    #[test]
    fn a_containment_passes_and_takes_the_target() {
        let quotas = Quotas { commands: 0, actor: 0, lane: 0, repository: 0 };
        let pause = TargetClaim { containment: true, ..claim(5, 7, "a") };
        let others = [
            granted(claim(1, 7, "a"), 0, false),
            granted(claim(2, 7, "b"), 0, false),
            waiting(claim(3, 7, "a")),
        ];
        let taken_from = vec![claim(1, 7, "a").run];
        assert_eq!(admit(&pause, &others, &quotas, at(0)), Admission::Granted { taken_from });
        let (_, why, _) = waits(admit(&claim(4, 7, "d"), &[], &quotas, at(0)));
        assert_eq!(why, WaitReason::Actor { quota: 0 }, "no quota lets nobody else through");
    }

    #[test]
    fn a_containment_lets_another_one_go_first_but_not_for_long() {
        let pause = |number| TargetClaim { containment: true, ..claim(number, number, "a") };
        let others = [granted(pause(1), 0, false)];
        let (place, _, until) = waits(admit(&pause(2), &others, &QUOTAS, at(1)));
        assert_eq!((place, until), (1, 10));
        assert_eq!(admit(&pause(2), &others, &QUOTAS, at(10)), Admission::Granted { taken_from: vec![] });
        let counted = [granted(pause(1), 0, true), granted(pause(2), 0, true), granted(pause(3), 0, true)];
        assert!(
            matches!(admit(&claim(4, 1, "a"), &counted, &QUOTAS, at(1)), Admission::Granted { .. }),
            "it counts for no quota"
        );
    }
}
