//! Policies: facts in, verdict out. Rules are Rego files in `policies/`, evaluated in process by regorus.
//!
//! Rules see objects as Argo CD applies them: `effective` builds the kustomizations of both sides, `gather` pairs
//! their objects by identity, `facts` makes the rules' `input` of them (`docs/policies.md` describes it).
//!
//! **Invariants**: an object is on a side once, as it is applied, or where that is not known, as its file states it;
//! what no kustomization lists is judged too, apart from what is applied; what cannot be worked out is in
//! `input.unknown`, never left out.

mod ahead;
mod builtins;
mod circumstances;
mod document;
mod documents;
mod effective;
mod engine;
mod error;
mod explain;
mod facts;
mod files;
mod gather;
mod groups;
mod history;
mod metadata;
mod objects;
mod redaction;
mod rule_tests;
mod settings;
mod size;
mod tables;
mod tally;
mod value;
mod verdict;
mod watched;
#[cfg(test)]
mod work_tests;

pub use circumstances::{
    Circumstances, FROZEN, OUTSIDE_HOURS, ObservedRule, TimedVerdict, Window, may_be_observed,
};
pub use documents::Documents;
pub use engine::Policies;
pub use error::{Incomplete, PolicyError};
pub use explain::PolicyExplanation;
pub use facts::{Declared, Facts, Provenance, Situation};
pub use metadata::{Example, Policy};
pub use redaction::{REDACTED, redact, redact_secrets};
pub use rule_tests::{RuleTest, RuleTestOutcome, run_rule_tests};
pub use tally::{CodeTally, Tally};
pub use verdict::{Decision, Finding, Level, Verdict};
