//! `writ.check/v1`: a verdict with its lines, and what changes by name.

use serde::Serialize;

use crate::domain::change::Change;
use crate::domain::names::CommitId;
use crate::domain::policy::{Decision, Finding};
use crate::service::judging::{Judge, Judged};

/// The result of checking a change.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    schema: &'static str,
    /// Where the manifests are.
    pub path: String,
    /// The digest of the library that was judged by.
    pub library: String,
    /// The commit that was compared with.
    pub base: CommitId,
    /// The commit that was judged.
    pub head: CommitId,
    /// The verdict.
    pub verdict: LocatedVerdict,
    /// What changes below the path, by file, object and name.
    pub changes: Vec<Change>,
}

/// A verdict whose findings have their lines.
#[derive(Debug, Serialize)]
pub(super) struct LocatedVerdict {
    /// The strongest of the results; `no_change` where nothing that is judged differs.
    pub decision: Decision,
    /// The findings: denials first, then by policy, code, path.
    pub results: Vec<Placed>,
    /// What the policies find on both sides: it decides nothing.
    pub standing: Vec<Placed>,
}

/// A finding with its line.
#[derive(Debug, Serialize)]
pub(super) struct Placed {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Line of `path` at the head, from 1; `None` where the finding is about no file, or about one that is gone.
    pub line: Option<usize>,
}

impl Report {
    /// The report of a judgement.
    pub(super) fn of(judged: &Judged, base: &CommitId, judge: &Judge) -> Self {
        let decision = match judged.verdict.decision {
            Decision::Allow if judged.changes.is_empty() && judged.watched.is_empty() => Decision::NoChange,
            decision => decision,
        };
        let placed = |findings: &[Finding]| -> Vec<Placed> {
            let lines = judged.lines_of(findings);
            findings.iter().cloned().zip(lines).map(|(finding, line)| Placed { finding, line }).collect()
        };
        let mut results = placed(&judged.verdict.results);
        // Stable: what is denied first, else as the verdict has them.
        results.sort_by_key(|placed| std::cmp::Reverse(placed.finding.level));
        Self {
            schema: "writ.check/v1",
            path: judge.target().gitops_path.clone(),
            library: judge.library().to_owned(),
            base: base.clone(),
            head: judged.head.commit.clone(),
            verdict: LocatedVerdict { decision, results, standing: placed(&judged.verdict.standing) },
            changes: judged.changes.clone(),
        }
    }
}
