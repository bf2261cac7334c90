//! Facts, which are the rules' input: request, changed files, semantic changes, the objects as they are applied.
//!
//! Made from data that is already in memory and handed to the rules as one value (`input`), which is JSON, so it can
//! be given to `opa eval --input` as well.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::budget::Sides;
use crate::domain::change::Change;
use crate::domain::risk::Risk;
use crate::domain::target::TargetProfile;
use crate::domain::tree::{EntryKind, FileWrite, LFS_POINTER_START, Snapshot};

use super::ahead::parsing_ahead;
use super::documents::Documents;
use super::files::{Content, Files, is_manifest};
use super::gather::Gathered;
use super::objects::ValueOrigin;
use super::value;
use super::watched;

/// The origin of a change that writ itself planned; absent when any change is judged (`writ check`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
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
    /// What is known of the target.
    pub target: &'a TargetProfile,
    /// The tree below its GitOps path that is changed.
    pub base: &'a Snapshot,
    /// The semantic changes from base to head.
    pub changes: &'a [Change],
    /// Who asked for what; `None` when any change is judged.
    pub provenance: Option<&'a Provenance>,
}

/// The value that rules get as `input`.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    pub(super) input: regorus::Value,
    /// The origin of the values of altered objects; for findings, not for rules.
    pub(super) places: Vec<ValueOrigin>,
    /// What making them took on each side.
    work: Sides,
}

impl Facts {
    /// The facts about a plan: the base's tree with `writes` over it.
    #[must_use]
    pub fn of_writes(situation: &Situation<'_>, writes: &[FileWrite], documents: &Documents) -> Self {
        let base = Files::of(situation.base, &documents.parsed);
        let head = Files::with_writes(situation.base, writes, &documents.parsed);
        Self::of_sides(situation, &base, &head, documents)
    }

    /// The facts about a change from one tree to another.
    #[must_use]
    pub fn of_trees(situation: &Situation<'_>, head: &Snapshot, documents: &Documents) -> Self {
        let base = Files::of(situation.base, &documents.parsed);
        Self::of_sides(situation, &base, &Files::of(head, &documents.parsed), documents)
    }

    fn of_sides(
        situation: &Situation<'_>,
        base: &Files<'_>,
        head: &Files<'_>,
        documents: &Documents,
    ) -> Self {
        let risk = situation.provenance.map(|asked| asked.risk);
        let gather = || Gathered::of(situation.target, [base, head], risk, &documents.effective);
        let gathered = parsing_ahead([base, head], &documents.parsed, gather);
        let paths: BTreeSet<&str> = base.paths().chain(head.paths()).collect();
        let files = paths.into_iter().filter_map(|path| file_fact(path, base, head));
        let places = gathered.objects.places();
        let input = value::object([
            ("schema", regorus::Value::from("writ.facts/v1")),
            ("gitops_path", regorus::Value::from(situation.target.gitops_path.as_str())),
            ("request", value::of(&situation.provenance)),
            ("changes", value::of(&situation.changes)),
            ("files", regorus::Value::from(files.collect::<Vec<_>>())),
            ("objects", gathered.objects.into_value()),
            ("builds", value::of(&gathered.builds)),
            ("unknown", value::of(&gathered.unknown)),
            ("watched", regorus::Value::new_array()),
            ("history", regorus::Value::Null),
        ]);
        Self { input, places, work: Sides { base: base.work(), head: head.work() } }
    }

    /// The same facts with those about the watched files that differ, as they are on both sides.
    #[must_use]
    pub fn with_watched(
        mut self,
        sides: [&Snapshot; 2],
        target: &TargetProfile,
        documents: &Documents,
    ) -> Self {
        let (watched, work) = watched::facts(sides, &target.gitops_path, documents);
        if let Ok(input) = self.input.as_object_mut() {
            input.insert("watched".into(), watched);
        }
        self.work = Sides { base: self.work.base.and(work.base), head: self.work.head.and(work.head) };
        self
    }

    /// What making the facts took on each side: equal facts take the same, whatever was known before.
    #[must_use]
    pub fn work(&self) -> Sides {
        self.work
    }

    /// The facts as JSON: the input with which `opa eval` gives the same answer.
    ///
    /// # Errors
    /// A value that JSON does not know; facts are made from JSON, so there is none.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.input)
    }

    /// Facts that were written down before, as a test's case or by [`Facts::to_json`].
    #[must_use]
    pub fn from_json(input: Value) -> Self {
        Self { input: input.into(), places: Vec::new(), work: Sides::default() }
    }
}

/// What is said about a file that differs; `None` for one that does not.
fn file_fact(path: &str, base: &Files<'_>, head: &Files<'_>) -> Option<regorus::Value> {
    let (before, after) = (base.content(path), head.content(path));
    let status = match (&before, &after) {
        (Some(before), Some(after)) if before.is(after) => return None,
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let kind = |content: Content<'_>| match content.kind {
        EntryKind::Regular => "regular",
        EntryKind::Executable => "executable",
        EntryKind::Symlink => "symlink",
        EntryKind::Submodule => "submodule",
    };
    let problem = |files: &Files<'_>| match is_manifest(path) {
        true => files.stated(path).and_then(|parsed| parsed.problem.clone()),
        false => None,
    };
    Some(value::of(&json!({
        "path": path,
        "status": status,
        "base_kind": before.map(kind),
        "head_kind": after.map(kind),
        "is_lfs": after.is_some_and(|content| content.bytes.starts_with(LFS_POINTER_START)),
        "base_problem": problem(base),
        "head_problem": problem(head),
    })))
}
