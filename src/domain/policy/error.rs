//! What is wrong with the files of `policies/`, one by one and as a whole.

use std::collections::BTreeSet;

/// A rule file that cannot be used, or an evaluation that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policies/{file}:{line}: {message}")]
pub struct PolicyError {
    /// File below `policies/`.
    pub file: String,
    /// Line, from 1; 0 where it is about the whole file.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Why policies that compile cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// Every change would be allowed.
    #[error("there is no rule, so every change would be allowed")]
    NoRules,
    /// A rule was lost.
    #[error("no rule can find {}", listed(.0))]
    SilentCodes(BTreeSet<String>),
    /// A code is said to be done without and is not.
    #[error(
        "`{0}` is listed under `retired_codes`, but a rule still finds it, or no embedded policy ever did"
    )]
    NotRetired(String),
}

fn listed(codes: &BTreeSet<String>) -> String {
    codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ")
}
