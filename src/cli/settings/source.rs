//! Where settings come from, and what a mistake in them is answered with.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where settings come from.
pub struct Sources<'a> {
    /// The settings file, if one is used.
    pub file: Option<&'a Path>,
    /// `--set KEY=VALUE`, in order.
    pub flags: &'a [(String, String)],
    /// The environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said.
    Default,
    /// The settings file.
    File,
    /// An environment variable.
    Variable(&'static str),
    /// `--set`.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File => out.write_str("file"),
            Self::Variable(name) => write!(out, "${name}"),
            Self::Flag => out.write_str("--set"),
        }
    }
}

/// Why the settings do not hold.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file could not be read.
    #[error("reading `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a settings file.
    #[error("`{path}`{place}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// ` line 3, column 5, at `forge``, as far as known.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// A value cannot be used.
    #[error("`{key}` (from {from}): {problem}")]
    Value {
        /// The setting's key.
        key: String,
        /// Where the value came from.
        from: Source,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Something that is needed is not there.
    #[error("`{key}` is missing: {remedy}")]
    Missing {
        /// The setting's key.
        key: String,
        /// What to do.
        remedy: String,
    },
}
