//! Merges: whether a pull request was merged although it had to be denied or approved first, and what became of that.
//!
//! The program cannot prevent such a merge where the repository does not require its check runs. **Invariants**: it is
//! judged by the head that was merged; it stands until what was found is gone from the branch, or until another human
//! with write access approves exactly that head afterwards; neither is assumed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::approval::{Approval, Approver};
use super::names::{CommitId, RunId};
use super::policy::{Finding, Level, Verdict};

/// How the merge of a pull request is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Merge {
    /// That is not known yet.
    Assessing {
        /// The reconciliation that saw it open last.
        look: RunId,
    },
    /// Nothing was against it.
    Regular,
    /// It had to be denied, or nobody had approved it.
    OverDenial(OverDenial),
    /// The same, and it is settled.
    Settled {
        /// What it was.
        was: OverDenial,
        /// How it was settled.
        by: Settlement,
    },
}

/// A merge over a denial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverDenial {
    /// The commit that was merged.
    pub head: CommitId,
    /// The commit that it was compared with.
    pub merge_base: CommitId,
    /// What was against it.
    pub fault: MergeFault,
    /// The findings, at most 20.
    pub findings: Vec<Finding>,
    /// The reconciliation that found it.
    pub run: RunId,
    /// When it was found.
    pub at: Timestamp,
}

/// What was against a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeFault {
    /// `writ/policy` denied it.
    Denied,
    /// It needed the approval of another human, and had none.
    Unapproved,
    /// It could not be judged, or was merged before that.
    Unjudged,
}

/// How a merge over a denial was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Settlement {
    /// Nothing of what was found is in the branch any more.
    Mended {
        /// The tip of the branch.
        at: CommitId,
    },
    /// Others approved the merged head afterwards.
    Acknowledged {
        /// Their reviews.
        by: Vec<Approver>,
    },
}

/// The most findings that are stored with a merge.
const MOST_FINDINGS: usize = 20;

impl MergeFault {
    /// What was against merging a head with this verdict; `None` where nothing was.
    #[must_use]
    pub fn of(verdict: &Verdict, approval: &Approval) -> Option<Self> {
        if verdict.denies() {
            Some(Self::Denied)
        } else if approval.is_satisfied() {
            None
        } else {
            Some(Self::Unapproved)
        }
    }

    /// A phrase that completes "it was merged …".
    #[must_use]
    pub fn as_words(self) -> &'static str {
        match self {
            Self::Denied => "although `writ/policy` denied it",
            Self::Unapproved => "without the approval that it needed",
            Self::Unjudged => "without a verdict of `writ/policy`",
        }
    }
}

/// The findings of a verdict that a merge went over, the strongest first, at most 20.
#[must_use]
pub fn overridden(verdict: &Verdict) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        verdict.results.iter().filter(|finding| finding.level >= Level::Review).cloned().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings.truncate(MOST_FINDINGS);
    findings
}

impl OverDenial {
    /// Whether nothing of what was found is found any more by a verdict on the same base and the branch as it is now.
    /// What no finding tells, such as a missing approval alone, is never gone by itself.
    #[must_use]
    pub fn is_mended_by(&self, now: &Verdict) -> bool {
        let is_same = |one: &Finding, other: &Finding| {
            (&one.policy, &one.code, &one.path, &one.pointer)
                == (&other.policy, &other.code, &other.path, &other.pointer)
        };
        let is_gone = |finding: &Finding| !now.results.iter().any(|other| is_same(finding, other));
        // What a lane may not do is no matter of content.
        let is_content = |finding: &Finding| !finding.policy.starts_with("lane-");
        !self.findings.is_empty()
            && self.findings.iter().all(|finding| is_content(finding) && is_gone(finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &str, level: Level) -> Finding {
        Finding {
            policy: "a-policy".to_owned(),
            code: code.to_owned(),
            level,
            message: "a thing".to_owned(),
            path: "a.yaml".to_owned(),
            pointer: "/a".to_owned(),
            remedy: "nothing".to_owned(),
            place: None,
        }
    }

    fn over(findings: Vec<Finding>) -> OverDenial {
        let commit = |letter: &str| letter.repeat(40).parse::<CommitId>().unwrap();
        OverDenial {
            head: commit("a"),
            merge_base: commit("b"),
            fault: MergeFault::Denied,
            findings,
            run: "abcdefghijklmnop".parse().unwrap(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_denial_or_a_missing_approval_is_a_fault() {
        let denied = Verdict::of(vec![finding("x", Level::Deny)]);
        let review = Verdict::of(vec![finding("x", Level::Review)]);
        let given = Approval::Given { by: vec![] };
        assert_eq!(
            MergeFault::of(&denied, &given),
            Some(MergeFault::Denied),
            "approval does not outweigh it"
        );
        assert_eq!(MergeFault::of(&review, &Approval::Missing), Some(MergeFault::Unapproved));
        assert_eq!(MergeFault::of(&review, &given), None);
        assert_eq!(MergeFault::of(&Verdict::of(vec![]), &Approval::NotNeeded), None);
        assert_eq!(MergeFault::of(&Verdict::of(vec![]), &Approval::Diverged), Some(MergeFault::Unapproved));
    }

    #[test]
    fn it_is_mended_when_every_finding_is_gone() {
        let both = over(vec![finding("x", Level::Deny), finding("y", Level::Review)]);
        let now = |findings: Vec<Finding>| Verdict::of(findings);
        assert!(both.is_mended_by(&now(vec![])));
        assert!(both.is_mended_by(&now(vec![finding("z", Level::Deny)])), "another one is no part of it");
        assert!(!both.is_mended_by(&now(vec![finding("y", Level::Review)])));
        assert!(!both.is_mended_by(&now(vec![finding("x", Level::Warn)])), "milder is not gone");
        let lane = Finding { policy: "lane-paths".to_owned(), ..finding("foreign_path", Level::Deny) };
        assert!(!over(vec![lane]).is_mended_by(&now(vec![])), "whose it was is no matter of content");
        assert!(!over(vec![]).is_mended_by(&now(vec![])), "a missing approval is not mended by nothing");
    }

    #[test]
    fn it_is_stored_as_before() {
        let stored = serde_json::to_value(Merge::OverDenial(over(vec![]))).unwrap();
        assert_eq!(stored["state"], "over_denial");
        assert_eq!(serde_json::from_value::<Merge>(stored).unwrap(), Merge::OverDenial(over(vec![])));
        let settled = Merge::Settled {
            was: over(vec![]),
            by: Settlement::Mended { at: "c".repeat(40).parse().unwrap() },
        };
        let stored = serde_json::to_value(&settled).unwrap();
        assert_eq!((&stored["state"], &stored["by"]["how"]), (&"settled".into(), &"mended".into()));
        assert_eq!(serde_json::from_value::<Merge>(stored).unwrap(), settled);
    }
}
