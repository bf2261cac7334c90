//! The settings file: strict YAML with the keys of the table, each error with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_path_to_error::Segment;

use super::RepositorySettings;
use super::source::SettingsError;
use super::table::{Kind, Row, TABLE};
use crate::domain::text::nearest;

/// What the file says. Ranges are checked later, with values of other sources.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    /// Values as text, by key.
    pub(super) values: BTreeMap<&'static str, String>,
    /// The repositories, in their order.
    pub(super) repositories: Vec<RepositorySettings>,
}

/// A file that may be wrong in places.
#[derive(Debug)]
pub(super) struct FileProblems {
    /// What could be read of it.
    pub(super) file: SettingsFile,
    /// What is wrong.
    pub(super) errors: Vec<SettingsError>,
    /// The lines that were left out.
    pub(super) hidden: Vec<String>,
    /// Whether the rest of it could be read.
    pub(super) readable: bool,
}

impl Default for FileProblems {
    fn default() -> Self {
        Self { file: SettingsFile::default(), errors: Vec::new(), hidden: Vec::new(), readable: true }
    }
}

/// The one key that is no row of the table.
const REPOSITORIES: &str = "repositories";

impl SettingsFile {
    /// Reads the file; an empty one says nothing.
    ///
    /// # Errors
    /// - it cannot be read, is not YAML, or has an unknown key or a value of the wrong type
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        Self::parse(path, &text_of(path)?).map_err(|(error, _)| error)
    }

    /// Reads the file entry by entry: one that is wrong is left out, and the rest is read.
    pub(super) fn read_all(path: &Path) -> FileProblems {
        let mut found = FileProblems { readable: false, ..FileProblems::default() };
        let mut text = match text_of(path) {
            Ok(text) => text,
            Err(error) => {
                found.errors.push(error);
                return found;
            }
        };
        loop {
            let (error, line) = match Self::parse(path, &text) {
                Ok(file) => return FileProblems { file, readable: true, ..found },
                Err(wrong) => wrong,
            };
            found.errors.push(error);
            let is_yaml = serde_yaml::from_str::<serde_yaml::Value>(&text).is_ok();
            let Some((rest, hidden)) = line.filter(|_| is_yaml).and_then(|line| without_entry(&text, line))
            else {
                return found;
            };
            found.hidden.extend(hidden);
            text = rest;
        }
    }

    /// # Errors
    /// What is wrong, with its line, from 1, as far as it is known.
    fn parse(path: &Path, text: &str) -> Result<Self, (SettingsError, Option<usize>)> {
        let mut file = Self::default();
        if text.trim().is_empty() {
            return Ok(file);
        }
        let mut track = serde_path_to_error::Track::new();
        let yaml = serde_yaml::Deserializer::from_str(text);
        let group = Group { prefix: "", file: &mut file };
        let read = group.deserialize(serde_path_to_error::Deserializer::new(yaml, &mut track));
        read.map_err(|error| {
            let line = error.location().map(|at| at.line());
            (wrong(path, &track.path(), &error), line)
        })?;
        Ok(file)
    }
}

fn text_of(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|source| SettingsError::Read { path: path.to_owned(), source })
}

/// The text without the entry that begins at a line: that line and the deeper ones that follow, which are given, too.
/// `None` where there is nothing to leave out.
fn without_entry(text: &str, line: usize) -> Option<(String, Vec<String>)> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().collect();
    let first = line.checked_sub(1)?;
    let own = lines.get(first).filter(|line| !line.trim().is_empty())?;
    let deeper =
        lines[first + 1..].iter().take_while(|line| line.trim().is_empty() || depth(line) > depth(own));
    let end = first + 1 + deeper.count();
    let hidden = lines[first..end].iter().map(|line| (*line).to_owned()).collect();
    let kept = lines.iter().enumerate().map(|(at, line)| if (first..end).contains(&at) { "" } else { *line });
    Some((kept.collect::<Vec<_>>().join("\n"), hidden))
}

/// An error of the file. It never quotes the file, which may be a key or hold a secret: it says where, and what was
/// expected there; of the file's own words, only names of settings and what is close to one.
fn wrong(path: &Path, at: &serde_path_to_error::Path, error: &serde_yaml::Error) -> SettingsError {
    let line = error.location().map(|at| format!(" line {}, column {}", at.line(), at.column()));
    let place = known_part(at);
    let key = if place.is_empty() { String::new() } else { format!(" at `{place}`") };
    // The library repeats the path and the place, which are in front already.
    let problem = error.to_string();
    let problem = problem.strip_prefix(&format!("{at}: ")).unwrap_or(&problem);
    SettingsError::File {
        path: path.to_owned(),
        place: format!("{}{key}", line.unwrap_or_default()),
        problem: without_content(problem, &place),
    }
}

/// Beginnings of the parser's own sentences, which quote nothing.
const SYNTAX: [&str; 5] = [
    "could not find expected ':'",
    "did not find expected",
    "found a tab character",
    "found character that cannot start any token",
    "mapping values are not allowed",
];

/// The fields of a repository.
const OF_REPOSITORY: [(&str, &str); 17] = [
    ("name", "expected the repository as `owner/name`"),
    ("remote", "expected an address or path as text"),
    ("base", "expected the name of a branch"),
    ("gitops_path", "expected a folder relative to the repository's root"),
    ("observe", "expected a list of rules, each with `rule` and `until`"),
    ("rule", "expected the name of a policy or a reason code"),
    ("until", "expected a time with its offset, such as `2027-01-15T00:00:00Z`"),
    ("notify_issue", "expected the number of an issue"),
    ("calendar", "expected `time_zone`, `hours` and `freezes`"),
    ("time_zone", "expected an IANA name such as `America/New_York`"),
    ("hours", "expected `days`, `from`, `to` and `except`"),
    ("days", "expected a list of mon, tue, wed, thu, fri, sat, sun"),
    ("from", "expected a time such as `09:30`; of a freeze, `2026-12-30T18:00`"),
    ("to", "expected a time such as `16:00`; of a freeze, `2027-01-04T09:00`"),
    ("except", "expected a list of dates such as `2026-12-25`"),
    ("freezes", "expected a list of freezes, each with `name`, `from` and `to`"),
    ("watch", "expected a list of paths relative to the repository's root"),
];

/// The path as far as it consists of names of settings.
fn known_part(at: &serde_path_to_error::Path) -> String {
    let mut known = String::new();
    for segment in at.iter() {
        match segment {
            Segment::Map { key } => {
                let prefix = if known.is_empty() { String::new() } else { format!("{known}.") };
                let is_ours = match prefix.strip_prefix(REPOSITORIES) {
                    Some(_) => OF_REPOSITORY.iter().any(|(name, _)| name == key),
                    None => NamedByKey::find(&prefix, key).is_some(),
                };
                if !is_ours {
                    break;
                }
                known = format!("{prefix}{key}");
            }
            Segment::Seq { index } => known.push_str(&format!("[{index}]")),
            Segment::Enum { .. } | Segment::Unknown => break,
        }
    }
    known
}

/// What is wrong at a place, in words that are ours or the parser's.
fn without_content(problem: &str, place: &str) -> String {
    let first_line = problem.split(" at line ").next().unwrap_or_default();
    if SYNTAX.iter().any(|syntax| problem.starts_with(syntax)) {
        return first_line.to_owned();
    }
    // The parser may have put a path in front.
    let first_line = match first_line.split_once(": ") {
        Some((path, rest)) if !path.contains(' ') => rest,
        _ => first_line,
    };
    // The last such words are the expectation: what the file says is in front of them.
    if let Some((unknown, expected)) =
        first_line.strip_prefix("unknown field `").and_then(|rest| rest.rsplit_once("`, expected "))
    {
        return match is_near_a_name(unknown) {
            true => format!("unknown field `{unknown}`, expected {expected}"),
            false => format!("unknown field, expected {expected}"),
        };
    }
    for kind in ["missing field `", "duplicate field `"] {
        let name = first_line.strip_prefix(kind).and_then(|rest| rest.strip_suffix('`'));
        if name.is_some_and(|name| all_names().any(|known| known == name)) {
            return first_line.to_owned();
        }
    }
    expected_at(place)
}

/// Whether a word is a misspelt name of a setting, or part of one.
fn is_near_a_name(word: &str) -> bool {
    let parts = all_names().flat_map(|name| name.split('_').chain([name]));
    nearest(word, parts).is_some()
}

/// Every name that a file may have.
fn all_names() -> impl Iterator<Item = &'static str> {
    let of_rows = TABLE.iter().flat_map(|row| row.key.split('.'));
    of_rows.chain([REPOSITORIES]).chain(OF_REPOSITORY.into_iter().map(|(name, _)| name))
}

/// What belongs at a place.
fn expected_at(place: &str) -> String {
    if let Some(row) = TABLE.iter().find(|row| row.key == place) {
        return format!("expected {}", row.kind.expected());
    }
    let of_repository = place.strip_prefix(REPOSITORIES).and_then(|rest| rest.split_once("]."));
    // The innermost name: what is in `observe` and `calendar` has names of its own.
    let innermost =
        of_repository.and_then(|(_, names)| names.rsplit(['.', ']']).find(|name| !name.is_empty()));
    let innermost = innermost.map(|name| name.split('[').next().unwrap_or(name));
    if let Some((_, expected)) =
        innermost.and_then(|name| OF_REPOSITORY.iter().find(|(known, _)| *known == name))
    {
        return (*expected).to_owned();
    }
    match place {
        "" => "expected settings as `key: value` in YAML".to_owned(),
        REPOSITORIES => "expected a list of repositories, each with `name` and `remote`".to_owned(),
        in_list if in_list.starts_with(REPOSITORIES) => {
            "expected a repository with `name` and `remote`".to_owned()
        }
        group => format!("expected the settings of `{group}`, as `key: value`"),
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
