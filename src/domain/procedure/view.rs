//! A view of a tree as a procedure sees it: its objects, their fields, and whether a condition holds.
//!
//! Fields are read from parsed values; what a plan has written takes precedence over the base.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::file::{Condition, ObjectReference, Procedure, Test};
use crate::domain::manifest::{Found, Manifest, Manifests, select};
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::text::quoted;
use crate::domain::tree::{Entry, EntryKind, Snapshot};
use crate::domain::yaml::{Pointer, Reason};

/// A tree, and the files that a plan writes over it.
pub(super) struct View<'a> {
    /// The GitOps path; files of objects are below it.
    pub root: &'a str,
    /// The files of the base.
    pub snapshot: &'a Snapshot,
    /// The cache of parsed files.
    pub manifests: &'a Manifests,
    /// Files that the plan writes, by full path.
    pub written: BTreeMap<String, Arc<Manifest>>,
}

/// A condition that was checked.
pub(super) struct CheckedCondition {
    /// Whether it holds.
    pub holds: bool,
    /// What was wanted and what was found, a sentence without a full stop.
    pub detail: String,
}

/// An object that was found.
pub(super) struct Located {
    /// The full path of its file.
    pub path: String,
    /// The parsed file.
    pub manifest: Arc<Manifest>,
    /// The object's document in the file, from 0.
    pub index: usize,
}

impl Located {
    /// The object's value.
    pub(super) fn value(&self) -> &Value {
        &self.manifest.objects[self.index].value
    }
}

impl View<'_> {
    /// The full repository path of an object's file.
    pub(super) fn path(&self, object: &ObjectReference) -> String {
        format!("{}/{}", self.root, object.file)
    }

    /// The object, `None` where the tree has none.
    ///
    /// # Errors
    /// `object_ambiguous`, `not_a_regular_file`, `unreadable_manifest`.
    pub(super) fn object(&self, object: &ObjectReference) -> Result<Option<Located>, Refusal> {
        let path = self.path(object);
        let manifest = match (self.written.get(&path), self.snapshot.files.get(&path)) {
            (Some(written), _) => written.clone(),
            (None, Some(entry)) => self.read(&path, entry)?,
            (None, None) => return Ok(None),
        };
        let mut indexes = manifest.indexes_of(&object.kind, &object.name);
        let found = (indexes.next(), indexes.next());
        drop(indexes);
        match found {
            (Some(_), Some(_)) => Err(Refusal::new(
                reason::OBJECT_AMBIGUOUS,
                format!("there is more than one {} `{}`", object.kind, object.name),
                "keep only one of them in the file",
            )
            .at(Place::file(path))),
            (index, _) => Ok(index.map(|index| Located { path, manifest, index })),
        }
    }

    fn read(&self, path: &str, entry: &Entry) -> Result<Arc<Manifest>, Refusal> {
        editable(path, entry)?;
        self.manifests.read(entry).map_err(|refusal| {
            Refusal::new(
                reason::UNREADABLE_MANIFEST,
                format!("the file cannot be read as YAML: {}", refusal.message),
                refusal.remedy,
            )
            .at(Place::line(path, refusal.line))
        })
    }

    /// The value of a field, `None` where it or its object is absent.
    ///
    /// # Errors
    /// As [`View::object`]; `selector_matches_several`.
    pub(super) fn field(&self, object: &ObjectReference, at: &Pointer) -> Result<Option<Value>, Refusal> {
        let Some(located) = self.object(object)? else { return Ok(None) };
        match select(located.value(), at) {
            Found::Nothing => Ok(None),
            Found::One(value) => Ok(Some(value.clone())),
            Found::Several => Err(several(&located.path, at)),
        }
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    /// As [`View::field`].
    pub(super) fn observe(
        &self,
        procedure: &Procedure,
        check: &Condition,
    ) -> Result<CheckedCondition, Refusal> {
        let object = procedure.object(&check.object);
        let name = format!("{} `{}`", object.kind, object.name);
        let Some(at) = &check.at else {
            let present = self.object(object)?.is_some();
            let wanted = check.test == Test::Exists;
            let words = if present { "is present" } else { "is absent" };
            let detail = format!("{name} {words} in `{}`", object.file);
            return Ok(CheckedCondition { holds: present == wanted, detail });
        };
        let found = self.field(object, at)?;
        let shown = found.as_ref().map_or("absent".to_owned(), show);
        let place = format!("`{at}` of {name} in `{}`", object.file);
        let holds = check.test.holds(found.as_ref());
        let wanted = if holds { String::new() } else { format!("; it should be {}", check.test) };
        let detail = format!("{place} is {shown}{wanted}");
        Ok(CheckedCondition { holds, detail })
    }
}

/// Refuses what is not a regular file with its own content.
///
/// # Errors
/// `not_a_regular_file`.
pub(super) fn editable(path: &str, entry: &Entry) -> Result<(), Refusal> {
    let problem = match entry.kind {
        EntryKind::Symlink => "a symbolic link",
        EntryKind::Submodule => "a submodule",
        _ if entry.is_lfs_pointer() => "a Git LFS pointer",
        EntryKind::Regular | EntryKind::Executable => return Ok(()),
    };
    Err(Refusal::new(
        reason::NOT_A_REGULAR_FILE,
        format!("the file is {problem}"),
        "replace it with a regular file that contains the manifest",
    )
    .at(Place::file(path)))
}

pub(super) fn several(path: &str, at: &Pointer) -> Refusal {
    Refusal::new(
        Reason::SelectorMany,
        "the field is ambiguous: several items of its list have the same name",
        Reason::SelectorMany.remedy(),
    )
    .at(Place::field_of(path, at))
}

/// A value for sentences.
pub(super) fn show(value: &Value) -> String {
    quoted(&value.to_string(), 80)
}
