//! Every row with its value: flags over variables over the file over defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::ServerSettings;
use super::file::SettingsFile;
use super::source::{SettingsError, Source, Sources};
use super::table::{NotValue, Row, TABLE};
use crate::domain::text::nearest;

/// One setting as it was found: for `writ config check`.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The row.
    pub row: &'static Row,
    /// Its value, `None` where it is not set.
    pub value: Option<String>,
    /// Where it came from.
    pub source: Source,
}

/// Groups that are no fields of [`ServerSettings`]: they become an account and secrets.
const READ_APART: [&str; 2] = ["forge", "webhook"];

/// Every row with its value and source, by key.
pub(super) struct Values(BTreeMap<&'static str, Explained>);

impl Values {
    /// # Errors
    /// - a flag names no setting
    pub(super) fn collect(sources: &Sources<'_>, file: &SettingsFile) -> Result<Self, SettingsError> {
        match unknown_flags(sources).into_iter().next() {
            Some(error) => Err(error),
            None => Ok(Self::of(sources, file)),
        }
    }

    /// The same, whatever else the flags name.
    pub(super) fn of(sources: &Sources<'_>, file: &SettingsFile) -> Self {
        let found = TABLE.iter().map(|row| {
            let flag =
                sources.flags.iter().rev().find(|(key, _)| key == row.key).map(|(_, value)| value.clone());
            let (value, source) = if let Some(value) = flag {
                (Some(value), Source::Flag)
            } else if let Some(value) = (sources.variable)(row.variable) {
                (Some(value), Source::Variable(row.variable))
            } else if let Some(value) = file.values.get(row.key) {
                (Some(value.clone()), Source::File)
            } else {
                (row.default.map(str::to_owned), Source::Default)
            };
            (row.key, Explained { row, value, source })
        });
        Self(found.collect())
    }

    /// What is wrong with each row; with all of them together, where each holds.
    pub(super) fn problems(&self) -> Vec<SettingsError> {
        let Ok(data) = self.needed("data").map(PathBuf::from) else {
            return self.needed("data").err().into_iter().collect();
        };
        let of_server = TABLE.iter().filter(|row| {
            let group = row.key.split_once('.').map_or("", |(group, _)| group);
            !READ_APART.contains(&group)
        });
        let wrong: Vec<SettingsError> = of_server.filter_map(|row| self.value(row, &data).err()).collect();
        match wrong.is_empty() {
            true => self.server().err().into_iter().collect(),
            false => wrong,
        }
    }

    /// All of them, by key.
    pub(super) fn explained(self) -> Vec<Explained> {
        self.0.into_values().collect()
    }

    /// The server's settings, checked.
    ///
    /// # Errors
    /// - a value is missing, out of its range, or not what the field takes
    pub(super) fn server(&self) -> Result<ServerSettings, SettingsError> {
        let data = PathBuf::from(self.needed("data")?);
        let mut tree = Map::new();
        for row in TABLE {
            let (group, name) = row.key.split_once('.').unwrap_or(("", row.key));
            if READ_APART.contains(&group) {
                continue;
            }
            let value = self.value(row, &data)?;
            if group.is_empty() {
                tree.insert(name.to_owned(), value);
            } else {
                tree.entry(group).or_insert_with(|| Value::Object(Map::new()))[name] = value;
            }
        }
        serde_path_to_error::deserialize(Value::Object(tree))
            .map_err(|error| self.wrong(&error.path().to_string(), error.inner().to_string()))
    }

    fn value(&self, row: &Row, data: &Path) -> Result<Value, SettingsError> {
        let text = self.text(row.key);
        row.kind.value(text.as_deref(), data).map_err(|error| self.not_value(row.key, error))
    }

    /// The text of a row, as any source has it.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).and_then(|found| found.value.clone())
    }

    /// The same, where there must be one.
    pub(super) fn needed(&self, key: &str) -> Result<String, SettingsError> {
        self.text(key).filter(|text| !text.is_empty()).ok_or_else(|| self.not_value(key, NotValue::Missing))
    }

    /// The error of a row, with its source.
    pub(super) fn not_value(&self, key: &str, error: NotValue) -> SettingsError {
        match error {
            NotValue::Missing => {
                SettingsError::Missing { key: key.to_owned(), remedy: "give it a value".to_owned() }
            }
            NotValue::Wrong(problem) => self.wrong(key, problem),
        }
    }

    /// A value that cannot be used, with its source.
    pub(super) fn wrong(&self, key: &str, problem: String) -> SettingsError {
        let from = self.0.get(key).map_or(Source::Default, |found| found.source.clone());
        SettingsError::Value { key: key.to_owned(), from, problem }
    }
}

/// Flags that name no setting.
pub(super) fn unknown_flags(sources: &Sources<'_>) -> Vec<SettingsError> {
    let unknown = sources.flags.iter().filter(|(key, _)| !TABLE.iter().any(|row| row.key == key));
    let wrong = |(key, _): &(String, String)| SettingsError::Value {
        key: key.clone(),
        from: Source::Flag,
        problem: match nearest(key, TABLE.iter().map(|row| row.key)) {
            Some(near) => format!("no such setting; did you mean `{near}`?"),
            None => "no such setting".to_owned(),
        },
    };
    unknown.map(wrong).collect()
}
