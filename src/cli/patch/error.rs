//! Why `writ patch` failed: exit codes and remedies.

use std::path::PathBuf;

use super::operations::NotPatch;
use crate::cli::file::{FileError, named};
use crate::domain::yaml::Refusal;

/// Why a patch was not applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum PatchError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}: {source}", named(.path))]
    NotPatch { path: PathBuf, source: NotPatch },
    #[error("{}: {refusal}", named(.path))]
    Refused { path: PathBuf, refusal: Refusal },
    #[error("standard input cannot be {0}")]
    StandardInput(&'static str),
}

impl PatchError {
    /// The exit code.
    pub(super) fn exit(&self) -> u8 {
        match self {
            Self::File(error) => error.exit(),
            Self::NotPatch { .. } | Self::StandardInput(_) => 2,
            Self::Refused { .. } => 1,
        }
    }

    /// What to do about it.
    pub(super) fn remedy(&self) -> &str {
        match self {
            Self::File(error) => error.remedy(),
            Self::NotPatch { .. } => {
                "write an RFC 6902 patch, such as `[{\"op\": \"replace\", \"path\": \"/a/0\", \"value\": 1}]`"
            }
            Self::Refused { refusal, .. } => &refusal.remedy,
            Self::StandardInput(_) => "give a file",
        }
    }
}

/// An error and its cause, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) if source.is::<std::io::Error>() => format!("{error}: {source}"),
        _ => error.to_string(),
    }
}
