//! The settings file: strict YAML with the keys of the table, each error with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::RepositorySettings;
use super::source::SettingsError;
use super::table::{Kind, Row, TABLE};

/// What the file says. Ranges are checked later, with values of other sources.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    /// Values as text, by key.
    pub(super) values: BTreeMap<&'static str, String>,
    /// The repositories, in their order.
    pub(super) repositories: Vec<RepositorySettings>,
}

/// The one key that is no row of the table.
const REPOSITORIES: &str = "repositories";

impl SettingsFile {
    /// Reads the file; an empty one says nothing.
    ///
    /// # Errors
    /// - it cannot be read, is not YAML, or has an unknown key or a value of the wrong type
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = read_text(path)?;
        let mut file = Self::default();
        if text.trim().is_empty() {
            return Ok(file);
        }
        let mut track = serde_path_to_error::Track::new();
        let yaml = serde_yaml::Deserializer::from_str(&text);
        let group = Group { prefix: "", file: &mut file };
        let read = group.deserialize(serde_path_to_error::Deserializer::new(yaml, &mut track));
        read.map_err(|error| wrong(path, &track.path().to_string(), &error))?;
        Ok(file)
    }
}

/// The text of a file that the settings name.
pub(super) fn read_text(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|source| SettingsError::Read { path: path.to_owned(), source })
}

fn wrong(path: &Path, at: &str, error: &serde_yaml::Error) -> SettingsError {
    let line = error.location().map(|at| format!(" line {}, column {}", at.line(), at.column()));
    let key = if at == "." { String::new() } else { format!(" at `{at}`") };
    // The library repeats the path and the place, which are in front already.
    let problem = error.to_string();
    let problem = problem.strip_prefix(&format!("{at}: ")).unwrap_or(&problem);
    let problem = problem.split(" at line ").next().unwrap_or(problem).to_owned();
    SettingsError::File {
        path: path.to_owned(),
        place: format!("{}{key}", line.unwrap_or_default()),
        problem,
    }
}

/// The keys that begin with a prefix: all of the file, or those of one group, such as `forge.`.
struct Group<'f> {
    prefix: &'static str,
    file: &'f mut SettingsFile,
}

/// What a key in a group names.
#[derive(Debug, Clone, Copy)]
enum NamedByKey {
    Row(&'static Row),
    /// A group below, by its prefix.
    Group(&'static str),
    Repositories,
}

impl NamedByKey {
    /// What a name in a group names.
    fn find(prefix: &str, name: &str) -> Option<Self> {
        let key = format!("{prefix}{name}");
        let below = format!("{key}.");
        let row = TABLE.iter().find(|row| row.key == key).map(Self::Row);
        let group =
            || TABLE.iter().find(|row| row.key.starts_with(&below)).map(|row| &row.key[..below.len()]);
        let repositories = (key == REPOSITORIES).then_some(Self::Repositories);
        row.or_else(|| group().map(Self::Group)).or(repositories)
    }
}

/// The names in a group, in the table's order.
fn names(prefix: &str) -> Vec<&'static str> {
    let below = TABLE.iter().filter_map(|row| row.key.strip_prefix(prefix));
    let mut names: Vec<&str> = below.filter_map(|key| key.split('.').next()).collect();
    names.dedup();
    names.extend(prefix.is_empty().then_some(REPOSITORIES));
    names
}

impl<'de> DeserializeSeed<'de> for Group<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, file: D) -> Result<(), D::Error> {
        file.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Group<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.strip_suffix('.') {
            Some(group) => write!(out, "the settings of `{group}`"),
            None => out.write_str("settings"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some((name, named)) = map.next_key_seed(GroupKey { prefix: self.prefix })? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            match named {
                NamedByKey::Row(row) => {
                    if let Some(value) = map.next_value_seed(Cell(row.kind))? {
                        self.file.values.insert(row.key, value);
                    }
                }
                NamedByKey::Group(prefix) => map.next_value_seed(Group { prefix, file: &mut *self.file })?,
                NamedByKey::Repositories => self.file.repositories = map.next_value()?,
            }
        }
        Ok(())
    }
}

/// One key of a group. Unknown ones are refused while the key is read, so that the error has its line.
struct GroupKey {
    prefix: &'static str,
}

impl<'de> DeserializeSeed<'de> for GroupKey {
    type Value = (String, NamedByKey);

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_identifier(self)
    }
}

impl Visitor<'_> for GroupKey {
    type Value = (String, NamedByKey);

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a setting's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if let Some(named) = NamedByKey::find(self.prefix, name) {
            return Ok((name.to_owned(), named));
        }
        let known: Vec<String> = names(self.prefix).iter().map(|known| format!("`{known}`")).collect();
        let expected = match known.as_slice() {
            [one] => one.clone(),
            [one, other] => format!("{one} or {other}"),
            several => format!("one of {}", several.join(", ")),
        };
        Err(E::custom(format!("unknown field `{name}`, expected {expected}")))
    }
}

/// The value of one row.
struct Cell(Kind);

impl<'de> DeserializeSeed<'de> for Cell {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, file: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(file)
    }
}
