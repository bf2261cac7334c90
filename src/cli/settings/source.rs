//! Where settings come from, and what a mistake in them is answered with.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::domain::reason::{self, Code};
use crate::domain::refusal::{Place, Refusal};

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
    /// A variable that is none of ours.
    Environment,
    /// `--set`.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File => out.write_str("file"),
            Self::Variable(name) => write!(out, "${name}"),
            Self::Environment => out.write_str("the environment"),
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
        /// The path of the file.
        path: PathBuf,
        /// Why it could not be read.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a settings file.
    #[error("`{path}`{place}: {problem}")]
    File {
        /// The path of the settings file.
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
        /// How to set it.
        remedy: String,
    },
}

impl SettingsError {
    /// The code, the place and what to do.
    pub(in crate::cli) fn told(&self) -> (Code, Place, String) {
        let check = "`writ config check` lists the settings";
        match self {
            SettingsError::Read { path, .. } => (
                reason::SETTINGS_UNREADABLE,
                Place::file(path.display().to_string()),
                "check the path and its permissions".to_owned(),
            ),
            SettingsError::File { path, .. } => (
                reason::SETTINGS_INVALID,
                Place::file(path.display().to_string()),
                format!("correct the file at this place; {check}"),
            ),
            SettingsError::Value { key, from, .. } => (
                reason::SETTING_INVALID,
                Place::Setting(key.clone()),
                format!("correct the value that is given by {from}; {check}"),
            ),
            SettingsError::Missing { key, remedy } => {
                (reason::SETTING_MISSING, Place::Setting(key.clone()), remedy.clone())
            }
        }
    }
}

impl From<SettingsError> for Refusal {
    fn from(error: SettingsError) -> Self {
        let (code, place, remedy) = error.told();
        Self::because(code, error, remedy).at(place)
    }
}
