//! A tally: how often policies spoke over many changes, by code.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::names::CommitId;

use super::verdict::{Decision, Level, Verdict};

/// How many of its commits a code names.
const MOST_NAMED: usize = 3;

/// What policies said of a row of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many changes were judged.
    pub changes: usize,
    /// How many of them got each decision.
    pub decisions: BTreeMap<&'static str, usize>,
    /// What each code was found in, by code; codes that were never found are left out.
    pub codes: BTreeMap<String, CodeTally>,
}

/// How often one code was found: in how many changes, at each level.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CodeTally {
    /// The policy that finds it.
    pub policy: String,
    /// Changes that it denied.
    pub deny: usize,
    /// Changes for which it asked for a review.
    pub review: usize,
    /// Changes that it warned of.
    pub warn: usize,
    /// The first of these changes, at most three, in the order in which they were judged.
    pub first: Vec<CommitId>,
}

impl Tally {
    /// Adds a verdict. A code that a change has several times counts once at each level; what stood before counts not.
    pub fn add(&mut self, commit: &CommitId, decision: Decision, verdict: &Verdict) {
        self.changes += 1;
        *self.decisions.entry(decision.as_str()).or_default() += 1;
        let mut found: Vec<(&str, &str, Level)> = verdict
            .results
            .iter()
            .map(|finding| (finding.code.as_str(), finding.policy.as_str(), finding.level))
            .collect();
        found.sort_unstable();
        found.dedup_by_key(|(code, _, level)| (*code, *level));
        for (code, policy, level) in found {
            let tally = self.codes.entry(code.to_owned()).or_default();
            policy.clone_into(&mut tally.policy);
            match level {
                Level::Deny => tally.deny += 1,
                Level::Review => tally.review += 1,
                Level::Warn => tally.warn += 1,
                Level::Standing => continue,
            }
            if tally.first.len() < MOST_NAMED && tally.first.last() != Some(commit) {
                tally.first.push(commit.clone());
            }
        }
    }

    /// The codes, those that were found most often first: by denials, reviews, warnings, then by name.
    #[must_use]
    pub fn ranked(&self) -> Vec<(&str, &CodeTally)> {
        let mut ranked: Vec<(&str, &CodeTally)> =
            self.codes.iter().map(|(code, tally)| (code.as_str(), tally)).collect();
        ranked.sort_by_key(|(_, tally)| std::cmp::Reverse((tally.deny, tally.review, tally.warn)));
        ranked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Finding;

    fn finding(code: &str, level: Level, path: &str) -> Finding {
        Finding {
            policy: "p".to_owned(),
            code: code.to_owned(),
            level,
            message: String::new(),
            path: path.to_owned(),
            pointer: String::new(),
            remedy: String::new(),
            place: None,
        }
    }

    #[test]
    fn a_change_counts_once_for_each_code_and_level() {
        let mut tally = Tally::default();
        let commits: Vec<CommitId> =
            (0..5).map(|number| CommitId::try_from(format!("{number:040}")).unwrap()).collect();
        for commit in &commits {
            let findings = vec![
                finding("a", Level::Warn, "x"),
                finding("a", Level::Deny, "x"),
                finding("a", Level::Deny, "y"),
                finding("b", Level::Review, "x"),
                finding("c", Level::Standing, "x"),
            ];
            let verdict = Verdict::of(findings);
            tally.add(commit, verdict.decision, &verdict);
        }
        let a = &tally.codes["a"];
        assert_eq!((a.deny, a.review, a.warn, a.first.as_slice()), (5, 0, 5, &commits[..3]));
        assert_eq!((tally.codes["b"].review, tally.codes.contains_key("c")), (5, false));
        assert_eq!((tally.changes, tally.decisions["deny"]), (5, 5));
        assert_eq!(tally.ranked().iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["a", "b"]);
    }
}
