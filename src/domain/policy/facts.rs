//! What the rules look at: the request, both sides of every changed file, the semantic changes.
//!
//! Made from data that is already in memory and handed to the rules as one value (`input`), which is JSON, so it can
//! be given to `opa eval --input` as well. Only what a rule needs is in it: the objects of changed files, and of
//! files that name a guarded setting.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::change::Change;
use crate::domain::names::BlobId;
use crate::domain::plan::Risk;
use crate::domain::tree::{Entry, EntryKind, FileWrite, Snapshot};

use super::documents::{Documents, Parsed};
use super::objects::Objects;
use super::value;

/// Who asked for a change that writ itself plans; absent when any change is judged (`writ check`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Procedure name.
    pub procedure: String,
    /// The procedure's risk class.
    pub risk: Risk,
    /// The login of the requester.
    pub actor: String,
    /// The nodes that the procedure's operations name, resolved; every change must be at or below one of them.
    pub declared: Vec<Declared>,
}

/// One node that a procedure means to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// Full repository path.
    pub path: String,
    /// `kind` of the object, empty where the document has none.
    pub kind: String,
    /// `metadata.name` of the object, empty where the document has none.
    pub name: String,
    /// Pointer in the form of `Change::pointer`.
    pub pointer: String,
}

/// A change to judge, but for its head.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Where the manifests stand, no slash at either end.
    pub gitops_path: &'a str,
    /// The tree below it that is changed.
    pub base: &'a Snapshot,
    /// The semantic changes from base to head.
    pub changes: &'a [Change],
    /// Who asked for what; `None` when any change is judged.
    pub asked: Option<&'a Asked>,
}

/// What the rules look at: the value that they get as `input`.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts(pub(super) regorus::Value);

impl Facts {
    /// The facts about a plan: the base's tree with `writes` over it.
    #[must_use]
    pub fn of_writes(situation: &Situation<'_>, writes: &[FileWrite], documents: &Documents) -> Self {
        let mut files: BTreeMap<&str, Sides<'_>> = situation
            .base
            .files
            .iter()
            .map(|(path, entry)| (path.as_str(), Sides::unchanged(entry)))
            .collect();
        for write in writes {
            let sides = files.entry(&write.path).or_insert(Sides { base: None, head: None });
            let kind = sides.base.map_or(EntryKind::Regular, |entry| entry.kind);
            sides.head = Some(Content { kind, bytes: &write.bytes, blob: None });
        }
        gather(situation, &files, documents)
    }

    /// The facts about a change from one tree to another.
    #[must_use]
    pub fn of_trees(situation: &Situation<'_>, head: &Snapshot, documents: &Documents) -> Self {
        let mut files: BTreeMap<&str, Sides<'_>> = BTreeMap::new();
        for (path, entry) in &situation.base.files {
            files.insert(path, Sides { base: Some(entry), head: None });
        }
        for (path, entry) in &head.files {
            files.entry(path).or_insert(Sides { base: None, head: None }).head = Some(Content::of(entry));
        }
        gather(situation, &files, documents)
    }

    /// The facts as JSON: the input with which `opa eval` gives the same answer.
    ///
    /// # Errors
    /// A value that JSON does not know; facts are made from JSON, so there is none.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.0)
    }

    /// Facts that were written down before, as a test's case or by [`Facts::to_json`].
    #[must_use]
    pub fn from_json(input: Value) -> Self {
        Self(input.into())
    }
}

/// Both sides of a file.
#[derive(Clone, Copy)]
struct Sides<'a> {
    base: Option<&'a Entry>,
    head: Option<Content<'a>>,
}

/// The head's side of a file: an entry, or what a plan writes.
#[derive(Clone, Copy)]
struct Content<'a> {
    kind: EntryKind,
    bytes: &'a [u8],
    blob: Option<&'a BlobId>,
}

impl<'a> Content<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self { kind: entry.kind, bytes: &entry.bytes, blob: Some(&entry.blob) }
    }

    fn parse(&self, documents: &Documents) -> Arc<Parsed> {
        match self.blob {
            Some(blob) => documents.of_blob(blob, self.bytes),
            None => Arc::new(Parsed::of(self.bytes)),
        }
    }
}

impl<'a> Sides<'a> {
    fn unchanged(entry: &'a Entry) -> Self {
        Self { base: Some(entry), head: Some(Content::of(entry)) }
    }

    fn differ(&self) -> bool {
        match (self.base, self.head) {
            (Some(base), Some(head)) => {
                base.kind != head.kind || (Some(&base.blob) != head.blob && base.bytes[..] != *head.bytes)
            }
            _ => true,
        }
    }
}

/// Names that make a file worth looking at although it is not changed: rules compare other files with it, or report
/// its standing posture.
const GUARDED: [&str; 4] = ["TRADING_", "TA_GROUP_ID", "ALPACA_TRADE_STREAM_URL", "SHARD_COUNT"];

fn is_guarded(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| GUARDED.iter().any(|name| text.contains(name)))
}

fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json", "/Kustomization"].iter().any(|end| path.ends_with(end))
}

fn gather(situation: &Situation<'_>, files: &BTreeMap<&str, Sides<'_>>, documents: &Documents) -> Facts {
    let mut objects = Objects::new(situation.gitops_path);
    let mut changed = Vec::new();
    for (path, sides) in files {
        let differ = sides.differ();
        let parsed_base = || sides.base.map(|entry| documents.of_blob(&entry.blob, &entry.bytes));
        let parsed_head = || sides.head.map(|content| content.parse(documents));
        if differ {
            let (base, head) = match is_manifest(path) {
                true => (parsed_base(), parsed_head()),
                false => (None, None),
            };
            changed.push(file_fact(path, sides, base.as_deref(), head.as_deref()));
            objects.add(path, base.as_deref(), head.as_deref(), true);
        } else if is_manifest(path) && sides.base.is_some_and(|entry| is_guarded(&entry.bytes)) {
            let base = parsed_base();
            objects.add(path, base.as_deref(), base.as_deref(), false);
        }
    }
    Facts(value::object([
        ("schema", regorus::Value::from("writ.facts/v1")),
        ("gitops_path", regorus::Value::from(situation.gitops_path)),
        ("request", value::of(&situation.asked)),
        ("changes", value::of(&situation.changes)),
        ("files", regorus::Value::from(changed)),
        ("objects", objects.into_value()),
    ]))
}

fn file_fact(path: &str, sides: &Sides<'_>, base: Option<&Parsed>, head: Option<&Parsed>) -> regorus::Value {
    let kind = |kind: EntryKind| match kind {
        EntryKind::Regular => "regular",
        EntryKind::Executable => "executable",
        EntryKind::Symlink => "symlink",
        EntryKind::Submodule => "submodule",
    };
    let status = match (sides.base, sides.head) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let is_lfs =
        sides.head.is_some_and(|head| head.bytes.starts_with(b"version https://git-lfs.github.com/spec/"));
    value::of(&json!({
        "path": path,
        "status": status,
        "base_kind": sides.base.map(|entry| kind(entry.kind)),
        "head_kind": sides.head.map(|content| kind(content.kind)),
        "is_lfs": is_lfs,
        "base_problem": base.and_then(|parsed| parsed.problem.as_deref()),
        "head_problem": head.and_then(|parsed| parsed.problem.as_deref()),
    }))
}
