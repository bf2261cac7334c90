//! Policies: facts in, verdict out. Rules are Rego files in `policies/`, evaluated in process by regorus.
//!
//! Rules see objects as Argo CD applies them: `effective` builds the kustomizations of both sides, `gather` pairs what they
//! come to by identity, `facts` hands it on as `input`, whose shape `docs/policies.md` tells. **Invariants**: an object is on
//! a side once, as it is applied, or where that is not known, as its file states it; what no kustomization lists is
//! judged too, apart from what is applied; what cannot be worked out is in `input.unknown`, never left out.

mod builtins;
mod documents;
mod effective;
mod engine;
mod explain;
mod facts;
mod files;
mod gather;
mod history;
mod metadata;
mod objects;
mod rule_tests;
mod settings;
mod value;

pub use documents::Documents;
pub use engine::{Policies, PolicyError};
pub use explain::Explanation;
pub use facts::{Asked, Declared, Facts, Situation};
pub use metadata::{Example, Policy};
pub use rule_tests::{RuleTest, RuleTestOutcome, run_rule_tests};

use serde::{Deserialize, Serialize};

/// What the policies say about one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The strongest of the results; `no_change` when there was nothing to judge.
    pub decision: Decision,
    /// One entry per finding, sorted by policy, code, path, pointer.
    pub results: Vec<Finding>,
}

impl Verdict {
    /// The verdict that findings come to: the strongest of them decides.
    #[must_use]
    pub fn of(mut results: Vec<Finding>) -> Self {
        results.sort();
        results.dedup();
        let decision = match results.iter().map(|finding| finding.level).max() {
            None => Decision::Allow,
            Some(Level::Warn) => Decision::Warn,
            Some(Level::Deny) => Decision::Deny,
        };
        Self { decision, results }
    }

    /// This verdict with more findings.
    #[must_use]
    pub fn with(mut self, more: Vec<Finding>) -> Self {
        self.results.extend(more);
        Self::of(self.results)
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
            Self::Deny => "deny",
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
    /// `warn` or `deny`.
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
    /// People should read it.
    Warn,
    /// Must not be published.
    Deny,
}
