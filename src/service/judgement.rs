//! A judgement: what judging a pull request's head found, as it is stored and shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::change::Change;
use crate::domain::lane::Validation;
use crate::domain::names::CommitId;
use crate::domain::policy::{Decision, Finding, Verdict};
use crate::domain::pull::Conclusion;

use super::judging::Judged;

/// The most changes, and findings, that are stored.
pub(super) const MOST_STORED: usize = 500;
/// The most characters of a value that are stored.
const LONGEST_VALUE: usize = 1000;

/// What judging found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judgement {
    /// The commit that was judged.
    pub head: CommitId,
    /// The commit that it was compared with.
    pub merge_base: CommitId,
    /// Whether it changes anything below the GitOps path, that kustomizations there refer to, or that is watched.
    pub touched: bool,
    /// The verdict, its findings cut at 500, and those that stand as well.
    pub verdict: Verdict,
    /// How many findings were cut.
    pub findings_left_out: usize,
    /// How many standing findings were cut.
    #[serde(default)]
    pub standing_left_out: usize,
    /// What changes, cut at 500, long values shortened.
    pub changes: Vec<Change>,
    /// How many changes were cut.
    pub changes_left_out: usize,
    /// The check runs of others that must be green on this head: it is a lane's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<Validation>,
    /// When it has to be judged again although nothing changes: a rule begins to decide, a window opens or closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Where findings are in the files of the head: index of the finding, and line from 1.
    pub lines: Vec<(usize, usize)>,
}

impl Judgement {
    /// What is stored of a judged change.
    #[must_use]
    pub fn of(mut judged: Judged, merge_base: CommitId, touched: bool) -> Self {
        // The strongest first: what is cut is what matters least.
        judged.verdict.results.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let findings_left_out = judged.verdict.results.len().saturating_sub(MOST_STORED);
        judged.verdict.results.truncate(MOST_STORED);
        judged.verdict.observed.truncate(MOST_STORED);
        let standing_left_out = judged.verdict.standing.len().saturating_sub(MOST_STORED);
        judged.verdict.standing.truncate(MOST_STORED);
        let lines = judged.lines_of(&judged.verdict.results).into_iter().enumerate();
        let lines = lines.filter_map(|(index, line)| Some((index, line?))).collect();
        let Judged { verdict, mut changes, head, .. } = judged;
        let changes_left_out = changes.len().saturating_sub(MOST_STORED);
        changes.truncate(MOST_STORED);
        for change in &mut changes {
            change.before = change.before.take().map(shortened);
            change.after = change.after.take().map(shortened);
        }
        let head = head.commit;
        Self {
            head,
            merge_base,
            touched,
            verdict,
            findings_left_out,
            standing_left_out,
            changes,
            changes_left_out,
            validations: Vec::new(),
            until: None,
            lines,
        }
    }

    /// The same, for which these check runs of others must be green.
    #[must_use]
    pub fn needing(self, validations: Vec<Validation>) -> Self {
        Self { validations, ..self }
    }

    /// The same, which has to be judged again at a time.
    #[must_use]
    pub fn holding_until(self, until: Option<Timestamp>) -> Self {
        Self { until, ..self }
    }

    /// The same, denied by one more finding, which is on no line.
    #[must_use]
    pub fn denied_by(mut self, finding: Finding) -> Self {
        // At the end: lines are given by the positions of the others.
        self.verdict.results.push(finding);
        self.verdict.decision = Decision::Deny;
        self
    }

    /// What a check run says of it.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        match self.verdict.decision {
            Decision::Deny => Conclusion::Failure,
            Decision::Allow | Decision::Warn | Decision::Review | Decision::NoChange => Conclusion::Success,
        }
    }
}

/// A value as it is stored: a long one is a sentence about it.
fn shortened(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= LONGEST_VALUE {
        return value;
    }
    let beginning: String = text.chars().take(200).collect();
    json!(format!("{beginning}… ({} characters)", text.chars().count()))
}
