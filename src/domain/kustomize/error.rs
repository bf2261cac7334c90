//! Why a kustomization cannot be built; kustomize stops there too, so nothing would be applied.

use crate::domain::budget::Exceeded;

/// A kustomization that does not build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct KustomizeError {
    /// The file where it went wrong.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The budget that building it exceeds, where that is what is wrong.
    pub budget: Option<Exceeded>,
}

impl KustomizeError {
    pub(super) fn new(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into(), budget: None }
    }

    /// The same, of this file where none is named.
    pub(super) fn within(mut self, path: &str) -> Self {
        if self.path.is_empty() {
            path.clone_into(&mut self.path);
        }
        self
    }
}

impl From<Exceeded> for KustomizeError {
    fn from(exceeded: Exceeded) -> Self {
        Self { path: String::new(), message: exceeded.to_string(), budget: Some(exceeded) }
    }
}
