//! The policies' verdict on facts, with the history that rules ask for read from git.
//!
//! Rules ask only about changes of a few settings, so an ordinary change reads no history at all.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::names::CommitId;
use crate::domain::policy::{Facts, Finding, Verdict};
use crate::ports::git::{Git, GitError};

use super::planning::Planner;

/// A verdict as records of the ledger hold it: the decision, and each finding by code and place. The sentences are the
/// policies', which may word them better later.
pub(super) fn recorded(verdict: &Verdict) -> Value {
    let finding = |finding: &Finding| {
        json!({"policy": finding.policy, "code": finding.code, "level": finding.level,
        "path": finding.path, "pointer": finding.pointer})
    };
    let findings: Vec<Value> = verdict.results.iter().map(finding).collect();
    json!({"decision": verdict.decision, "findings": findings})
}

impl Planner {
    /// Judges facts about a change of `base`.
    ///
    /// # Errors
    /// - `UnknownRevision`, `Odb`: the history of a file that rules ask for cannot be read
    pub(super) fn verdict(&self, git: &dyn Git, base: &CommitId, facts: Facts) -> Result<Verdict, GitError> {
        let mut known = BTreeMap::new();
        for path in facts.wants_history() {
            let history = git.file_history(base, &path)?;
            // Half a history would call a value new that is not.
            if history.is_whole {
                known.insert(path, history.contents);
            }
        }
        Ok(self.policies.evaluate(&facts.with_history(&known)))
    }
}
