//! A refusal: why a request was not planned, for the person who asked.

use serde::{Deserialize, Serialize};

/// Why a request was not planned: what, where, and what to do about it. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct PlanRefusal {
    /// Reason code, such as `no_variant`, `argument_unknown`, `argo_ignored`.
    pub code: String,
    /// What is wrong, one sentence.
    pub message: String,
    /// The file, field or argument that it is about (`argocd/…/ws/deployment.yaml /spec/replicas`); empty where
    /// it is about the request as a whole.
    pub place: String,
    /// What to do about it, one sentence.
    pub remedy: String,
}

impl PlanRefusal {
    /// A refusal about the request as a whole; add the place with [`PlanRefusal::at`].
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), place: String::new(), remedy: remedy.into() }
    }

    /// The same refusal, about this place.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }
}
