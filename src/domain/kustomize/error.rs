//! Why a kustomization cannot be built; kustomize stops there too, so nothing would be applied.

/// A kustomization that does not build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct KustomizeError {
    /// The file where it went wrong.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl KustomizeError {
    pub(super) fn new(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into() }
    }
}
