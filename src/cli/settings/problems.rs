//! Everything that is wrong with the settings, at once: for `writ config check`.
//!
//! A server stops at the first mistake; whoever writes settings wants all of them. What only follows from a mistake that
//! is named already is left out.

use super::file::{FileProblems, SettingsFile};
use super::load::{failpoint, forge, repository_problems, separate, webhook_secrets};
use super::source::{SettingsError, Source, Sources};
use super::table::{SECRETS, TABLE};
use super::values::{Values, unknown_flags};
use crate::domain::text::nearest;

/// Variables that are read and name no setting.
const OTHERS: [&str; 4] = ["WRIT_FILE", "WRIT_FAILPOINT", "WRIT_LOG", "WRIT_LOG_FORMAT"];

/// The beginnings of what Kubernetes puts into the environment for a service called `writ`.
const OF_KUBERNETES: [&str; 2] = ["WRIT_SERVICE_", "WRIT_PORT"];

/// What was found in settings that may not hold.
#[derive(Debug, Default)]
pub struct Problems {
    /// What is wrong.
    pub errors: Vec<SettingsError>,
    /// Variables that are called `WRIT_…` and that nobody reads, although none has a similar name.
    pub unread: Vec<String>,
}

/// Everything that is wrong. `variables` are the names of all variables that there are.
#[must_use]
pub fn problems(sources: &Sources<'_>, variables: &[String]) -> Problems {
    let FileProblems { file, mut errors, hidden, readable } =
        sources.file.map(SettingsFile::read_all).unwrap_or_default();
    errors.extend(unknown_flags(sources));
    let mut found = Problems { errors, unread: Vec::new() };
    for name in variables {
        found.read_name(name);
    }
    let values = Values::of(sources, &file);
    let mut later = values.problems();
    // Addresses that cannot be read are named already.
    later.extend(values.server().ok().and_then(|server| separate(&values, &server).err()));
    later.extend(webhook_secrets(&values, sources).err());
    later.extend(forge(&values, sources).err());
    // Where one of them was left out, the others would be counted wrongly.
    if !found.errors.iter().any(|error| error.to_string().contains("at `repositories")) {
        later.extend(repository_problems(file.repositories).1);
    }
    later.extend(failpoint(sources).err());
    // Something is missing that stands where the file could not be read.
    let follows = |error: &SettingsError| match error {
        SettingsError::Missing { key, .. } => {
            let group = key.split('.').next().unwrap_or(key);
            !readable || hidden.iter().any(|line| line.contains(group))
        }
        _ => false,
    };
    found.errors.extend(later.into_iter().filter(|error| !follows(error)));
    found
}

impl Problems {
    fn read_name(&mut self, name: &str) {
        let known = || {
            let rows = TABLE.iter().map(|row| row.variable);
            rows.chain(SECRETS.iter().map(|(variable, _)| *variable)).chain(OTHERS)
        };
        if !name.starts_with("WRIT_")
            || known().any(|known| known == name)
            || OF_KUBERNETES.iter().any(|start| name.starts_with(start))
        {
            return;
        }
        match nearest(name, known()) {
            Some(near) => self.errors.push(SettingsError::Value {
                key: name.to_owned(),
                from: Source::Environment,
                problem: format!("there is no such variable; did you mean `{near}`?"),
            }),
            None => self.unread.push(name.to_owned()),
        }
    }
}
