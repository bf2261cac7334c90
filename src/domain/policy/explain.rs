//! What a reason code means, from the metadata of the policy that finds it: one source for `/explain`, for
//! `writ policies explain` and for the pages in `docs/policies/`.

use serde::Serialize;

use super::metadata::Policy;

/// A reason code, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyExplanation {
    /// The code.
    pub code: String,
    /// What it says.
    pub meaning: String,
    /// The policy that finds it.
    pub policy: String,
    /// What the policy is about, a phrase.
    pub title: String,
    /// What it protects and why, as one paragraph.
    pub protects: String,
    /// An edit that the policy finds, where its file has an example.
    pub example: Option<ExampleShown>,
    /// How to go on; empty where the policy does not say.
    #[serde(rename = "go_on")]
    pub remediation: String,
}

/// An example, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExampleShown {
    /// The code that it is found with, which may be another one of the same policy.
    pub code: String,
    /// The file below the GitOps path.
    pub file: String,
    /// The removed and the added lines, as a diff without context.
    pub diff: String,
}

impl PolicyExplanation {
    pub(super) fn of(policy: &Policy, code: &str) -> Self {
        Self {
            code: code.to_owned(),
            meaning: policy.codes.get(code).cloned().unwrap_or_default(),
            policy: policy.name.clone(),
            title: policy.title.clone(),
            protects: policy.description.replace('\n', " "),
            example: policy.example.as_ref().map(|example| ExampleShown {
                code: example.code.clone(),
                file: example.file.clone(),
                diff: example.diff(),
            }),
            remediation: policy.remediation.clone(),
        }
    }
}
