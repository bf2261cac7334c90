//! Pull requests as writ stores them: what a reconciliation saw, and what changed since the one before.

use serde::{Deserialize, Serialize};

use super::lane::Reproducibility;
use super::names::{CommitId, IssueNumber, RunId};
use super::request::Actor;

/// The name of the check run that reports the policies' verdict.
pub const POLICY_CHECK: &str = "writ/policy";

/// The name of the check run that says whether another human has approved.
pub const APPROVAL_CHECK: &str = "writ/approval";

/// The names of writ's own check runs: a person may ask for them again.
pub const CHECKS: [&str; 2] = [POLICY_CHECK, APPROVAL_CHECK];

/// The state of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullState {
    /// Open, draft or not.
    Open,
    /// Closed without being merged.
    Closed,
    /// Merged.
    Merged,
}

/// The verdict on a commit, as a check run's conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It may be merged.
    Success,
    /// It must not be merged, or there could be no verdict.
    Failure,
    /// Neither for nor against it.
    Neutral,
}

/// A pull request as one reconciliation saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Its number.
    pub number: IssueNumber,
    /// Its address for people.
    pub url: String,
    /// Its title, at most 300 characters.
    pub title: String,
    /// Its state.
    pub state: PullState,
    /// Whether it is a draft.
    pub draft: bool,
    /// The commit that it proposes.
    pub head: CommitId,
    /// The branch that it comes from. People and forks name branches as they like, so this is text.
    pub branch: String,
    /// Whether that branch is in another repository.
    pub fork: bool,
    /// The branch that it would be merged into.
    pub base: String,
    /// Who opened it.
    pub author: Actor,
    /// The run of writ's own that proposed it.
    pub run: Option<RunId>,
    /// The run that its body names as writ's own bodies do, whoever wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<RunId>,
    /// What its body says about how it can be reproduced.
    #[serde(default)]
    pub told: Reproducibility,
    /// Whether its branch was deleted. Checked only when it is no longer open, and never in a fork.
    pub branch_deleted: bool,
}

impl PullState {
    /// Its name in records, on pages and in replies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Merged => "merged",
        }
    }
}

impl Conclusion {
    /// Its name, which is GitHub's.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Neutral => "neutral",
        }
    }

    /// The conclusion with this name; `None` for those that writ never uses.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Success, Self::Failure, Self::Neutral].into_iter().find(|known| known.as_str() == name)
    }
}

/// The run that a body names in the table of its proof.
#[must_use]
pub fn run_named_in(body: &str) -> Option<RunId> {
    let named = |line: &str| line.trim().strip_prefix("| run | `")?.split_once('`')?.0.parse().ok();
    body.lines().find_map(named)
}

/// What changed between two reconciliations, as kinds of records, in the order in which they are recorded.
#[must_use]
pub fn record_kinds(before: Option<&Observed>, now: &Observed) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    let was = before.map(|before| before.state);
    match (was, now.state) {
        (None, _) => kinds.push("pull.seen"),
        (Some(PullState::Closed | PullState::Merged), PullState::Open) => kinds.push("pull.reopened"),
        (Some(_), _) => {}
    }
    if let Some(before) = before {
        if before.head != now.head {
            kinds.push("pull.pushed");
        }
        if before.base != now.base {
            kinds.push("pull.retargeted");
        }
        match (before.draft, now.draft) {
            (true, false) => kinds.push("pull.ready"),
            (false, true) => kinds.push("pull.drafted"),
            _ => {}
        }
    }
    match now.state {
        PullState::Merged if was != Some(PullState::Merged) => kinds.push("pull.merged"),
        PullState::Closed if was != Some(PullState::Closed) => kinds.push("pull.closed"),
        _ => {}
    }
    if now.branch_deleted && !before.is_some_and(|before| before.branch_deleted) {
        kinds.push("branch.deleted");
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::names::AccountId;

    fn open() -> Observed {
        Observed {
            number: IssueNumber(7),
            url: "https://forge/o/r/pull/7".to_owned(),
            title: "fix(torghut): a thing".to_owned(),
            state: PullState::Open,
            draft: false,
            head: "a".repeat(40).parse().unwrap(),
            branch: "topic".to_owned(),
            fork: false,
            base: "main".to_owned(),
            author: Actor { id: AccountId(5), login: "ada".to_owned() },
            run: None,
            named: None,
            told: Reproducibility::default(),
            branch_deleted: false,
        }
    }

    #[test]
    fn only_what_is_new_is_recorded() {
        assert_eq!(record_kinds(None, &open()), ["pull.seen"]);
        assert!(record_kinds(Some(&open()), &open()).is_empty());
        let titled = Observed { title: "another".to_owned(), ..open() };
        assert!(record_kinds(Some(&open()), &titled).is_empty(), "a title is for people");
        let pushed = Observed { head: "b".repeat(40).parse().unwrap(), draft: true, ..open() };
        assert_eq!(record_kinds(Some(&open()), &pushed), ["pull.pushed", "pull.drafted"]);
        let merged = Observed { state: PullState::Merged, ..open() };
        assert_eq!(record_kinds(Some(&open()), &merged), ["pull.merged"]);
        assert_eq!(record_kinds(None, &merged), ["pull.seen", "pull.merged"]);
        let gone = Observed { branch_deleted: true, ..merged.clone() };
        assert_eq!(record_kinds(Some(&merged), &gone), ["branch.deleted"]);
        assert!(record_kinds(Some(&gone), &gone).is_empty());
        let closed = Observed { state: PullState::Closed, base: "next".to_owned(), ..open() };
        assert_eq!(record_kinds(Some(&open()), &closed), ["pull.retargeted", "pull.closed"]);
        assert_eq!(
            record_kinds(Some(&closed), &Observed { base: "next".to_owned(), ..open() }),
            ["pull.reopened"]
        );
    }

    #[test]
    fn conclusions_have_githubs_names() {
        assert_eq!(Conclusion::named("neutral"), Some(Conclusion::Neutral));
        assert_eq!(Conclusion::named("stale"), None);
    }
}
