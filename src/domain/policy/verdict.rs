//! Verdicts: what the policies say about one change, finding by finding.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the policies say about one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The strongest of the results; `no_change` when there was nothing to judge.
    pub decision: Decision,
    /// One entry per finding, sorted by policy, code, path, pointer.
    pub results: Vec<Finding>,
    /// What the policies find on both sides of the change, sorted in the same way. It decides nothing. Verdicts of earlier
    /// versions have it among their results.
    #[serde(default)]
    pub standing: Vec<Finding>,
    /// What would deny it, or need review, by rules that only observe for now. It decides nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Finding>,
}

impl Verdict {
    /// The verdict that follows from findings: the strongest of them decides, and standing ones are kept apart.
    #[must_use]
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort();
        findings.dedup();
        let (standing, results): (Vec<Finding>, Vec<Finding>) =
            findings.into_iter().partition(|finding| finding.level == Level::Standing);
        let strongest = results.iter().map(|finding| finding.level).max();
        let decision = strongest.map_or(Decision::Allow, Decision::from);
        Self { decision, results, standing, observed: Vec::new() }
    }

    /// The verdict on a change that changes nothing.
    #[must_use]
    pub fn no_change() -> Self {
        Self { decision: Decision::NoChange, results: Vec::new(), standing: Vec::new(), observed: Vec::new() }
    }

    /// This verdict with more findings.
    #[must_use]
    pub fn with(mut self, more: Vec<Finding>) -> Self {
        self.results.append(&mut self.standing);
        self.results.extend(more);
        Self { observed: self.observed, ..Self::of(self.results) }
    }

    /// Whether a finding denies it.
    #[must_use]
    pub fn denies(&self) -> bool {
        self.decision == Decision::Deny
    }

    /// Whether a finding needs the approval of another person, also of what is denied anyway.
    #[must_use]
    pub fn needs_review(&self) -> bool {
        self.results.iter().any(|finding| finding.level == Level::Review)
    }

    /// What another person must approve: the messages of its findings of that level, each once.
    #[must_use]
    pub fn subjects_of_review(&self) -> Vec<&str> {
        let mut subjects: Vec<&str> = Vec::new();
        for finding in self.results.iter().filter(|finding| finding.level == Level::Review) {
            if !subjects.contains(&finding.message.as_str()) {
                subjects.push(&finding.message);
            }
        }
        subjects
    }

    /// The verdict as records of the ledger hold it: the decision, and each finding by code and place. The sentences
    /// are the policies', which may word them better later.
    #[must_use]
    pub fn recorded(&self) -> Value {
        let finding = |finding: &Finding| {
            json!({"policy": finding.policy, "code": finding.code, "level": finding.level,
            "path": finding.path, "pointer": finding.pointer})
        };
        let findings: Vec<Value> = self.results.iter().map(finding).collect();
        let mut recorded = json!({"decision": self.decision, "findings": findings});
        if !self.observed.is_empty() {
            recorded["observed"] = self.observed.iter().map(finding).collect();
        }
        recorded
    }
}

/// The decision of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing to judge.
    NoChange,
    /// Nothing found.
    Allow,
    /// Something people should read.
    Warn,
    /// Another person must approve it.
    Review,
    /// Must not be published.
    Deny,
}

impl Decision {
    /// Its name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoChange => "no_change",
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Review => "review",
            Self::Deny => "deny",
        }
    }
}

impl From<Level> for Decision {
    /// The decision on a change of whose findings none is stronger.
    fn from(level: Level) -> Self {
        match level {
            Level::Standing => Self::Allow,
            Level::Warn => Self::Warn,
            Level::Review => Self::Review,
            Level::Deny => Self::Deny,
        }
    }
}

/// One finding of one policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The policy, such as `single-forwarder`.
    pub policy: String,
    /// The reason code, such as `forwarder_replicas`.
    pub code: String,
    /// How strong it is.
    pub level: Level,
    /// What is wrong, one sentence.
    pub message: String,
    /// Full repository path, empty where the finding is about no single file.
    pub path: String,
    /// Pointer in the form of `Change::pointer`, empty where it is about a whole file.
    pub pointer: String,
    /// What to do about it.
    pub remedy: String,
    /// Where in `path` it is said, where that is not at `pointer`: in a kustomization, `/replicas/0`.
    #[serde(skip)]
    pub place: Option<String>,
}

/// How strong a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It stood before the change, which does not make it worse.
    Standing,
    /// People should read it.
    Warn,
    /// Another person must approve it.
    Review,
    /// Must not be published.
    Deny,
}
