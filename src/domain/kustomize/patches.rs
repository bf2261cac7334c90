//! Patches: which objects each of them is for, and their application.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::budget::{Resource, weight};
use crate::domain::values;

use super::built::{Reach, Unknown};
use super::error::KustomizeError;
use super::file::File;
use super::merge::{Merged, merge};
use super::object::{Object, Said, text};
use super::operations::{self, OperationError};
use super::paths::join;
use super::pattern::Patterns;
use super::selector::Selector;
use super::source::Tree;

/// The patches of one kustomization.
pub(super) struct Patching<'a, 't> {
    pub file: &'a File,
    pub folder: &'a str,
    pub tree: Tree<'t>,
    pub used: &'a mut BTreeSet<String>,
    pub patterns: &'a mut Patterns,
}

/// A patch and its place: a file of its own, or the kustomization.
struct Given {
    said: Said,
    patch: Patch,
}

/// A part of an object and its place.
#[derive(Clone, Copy)]
struct Part<'p> {
    said: &'p Said,
    value: &'p Value,
}

/// What a patch says, after it was read.
enum Patch {
    /// Parts of objects.
    Strategic(Vec<Value>),
    /// Operations of RFC 6902.
    Operations(json_patch::Patch),
}

impl Patching<'_, '_> {
    /// `patchesStrategicMerge`: paths, or patches themselves.
    pub(super) fn strategic(&mut self, objects: &mut Vec<Object>) -> Result<Vec<Unknown>, KustomizeError> {
        let mut unknown = Vec::new();
        for (index, entry) in self.file.texts("patchesStrategicMerge")?.into_iter().enumerate() {
            let place = format!("/patchesStrategicMerge/{index}");
            let is_inline = entry.contains('\n');
            let (said, values) = if is_inline { self.inline(&place, entry)? } else { self.read(entry)? };
            for value in &values {
                unknown.extend(self.by_identity(Part { said: &said, value }, objects)?);
            }
        }
        Ok(unknown)
    }

    /// `patches`: of either kind, with or without a target.
    pub(super) fn any(&mut self, objects: &mut Vec<Object>) -> Result<Vec<Unknown>, KustomizeError> {
        let mut unknown = Vec::new();
        for (index, entry) in self.file.list("patches")?.iter().enumerate() {
            let given = self.patch(&format!("/patches/{index}"), entry)?;
            match (&given.patch, has_target(entry)) {
                (_, true) => unknown.extend(self.by_target(&given, entry, objects)?),
                (Patch::Strategic(parts), false) => {
                    for value in parts {
                        unknown.extend(self.by_identity(Part { said: &given.said, value }, objects)?);
                    }
                }
                (Patch::Operations(_), false) => {
                    return Err(self.file.wrong("a JSON patch needs a `target`"));
                }
            }
        }
        Ok(unknown)
    }

    /// `patchesJson6902`: operations with a target.
    pub(super) fn json(&mut self, objects: &mut Vec<Object>) -> Result<Vec<Unknown>, KustomizeError> {
        let mut unknown = Vec::new();
        for (index, entry) in self.file.list("patchesJson6902")?.iter().enumerate() {
            if !has_target(entry) {
                return Err(self.file.wrong("an entry of `patchesJson6902` has no `target`"));
            }
            let given = self.patch(&format!("/patchesJson6902/{index}"), entry)?;
            unknown.extend(self.by_target(&given, entry, objects)?);
        }
        Ok(unknown)
    }

    fn patch(&mut self, place: &str, entry: &Value) -> Result<Given, KustomizeError> {
        let (path, inline) = (text(entry, "/path"), text(entry, "/patch"));
        let (said, values) = match (path.is_empty(), inline.is_empty()) {
            (true, false) => self.inline(&format!("{place}/patch"), &inline)?,
            (false, true) => self.read(&path)?,
            _ => return Err(self.file.wrong("a patch needs either `path` or `patch`")),
        };
        let patch = match values.as_slice() {
            [operations @ Value::Array(_)] => serde_json::from_value(operations.clone())
                .map(Patch::Operations)
                .map_err(|error| self.file.wrong(format!("a JSON patch: {error}")))?,
            values if values.iter().all(Value::is_object) => Patch::Strategic(values.to_vec()),
            _ => {
                return Err(self
                    .file
                    .wrong("a patch is neither a strategic merge patch nor a list of operations"));
            }
        };
        Ok(Given { said, patch })
    }

    fn inline(&self, place: &str, patch: &str) -> Result<(Said, Vec<Value>), KustomizeError> {
        let values = self.documents(patch.as_bytes());
        let values = values.map_err(|message| self.file.wrong(format!("an inline patch: {message}")))?;
        Ok((self.file.said(place), values))
    }

    fn read(&mut self, path: &str) -> Result<(Said, Vec<Value>), KustomizeError> {
        let full = join(self.folder, path).unwrap_or_default();
        let Some(bytes) = self.tree.read(&full)? else {
            return Err(self.file.wrong(format!("the patch `{path}` does not exist")));
        };
        self.used.insert(full.clone());
        let values = self.documents(bytes).map_err(|message| KustomizeError::new(&full, message))?;
        Ok((Said { path: full, pointer: None }, values))
    }

    /// The documents of a patch, lists of operations too.
    fn documents(&self, bytes: &[u8]) -> Result<Vec<Value>, String> {
        values::read(bytes, self.tree.budget)
    }

    /// A part of an object goes to the object of its kind, name and namespace.
    fn by_identity(
        &self,
        part: Part<'_>,
        objects: &mut Vec<Object>,
    ) -> Result<Option<Unknown>, KustomizeError> {
        self.tree.keep(part.value)?;
        self.tree.pass(objects.len())?;
        let probe = Object::of_file(&part.said.path, 0, std::sync::Arc::new(part.value.clone()));
        let fits = |object: &Object| {
            object.kind() == probe.kind()
                && object.group() == probe.group()
                && object.version() == probe.version()
                && object.is_called(probe.name(), probe.namespace())
        };
        let Some(at) = objects.iter().position(fits) else {
            let message = format!("a patch for {} `{}` matches no object", probe.kind(), probe.name());
            return self.file.fits_nothing(message, part.value).map(Some);
        };
        self.merge_into(part, &mut vec![at], &PatchOptions::default(), objects)
    }

    fn by_target(
        &mut self,
        given: &Given,
        entry: &Value,
        objects: &mut Vec<Object>,
    ) -> Result<Option<Unknown>, KustomizeError> {
        let target = &entry["target"];
        let budget = self.tree.budget;
        self.tree.pass(objects.len())?;
        let Some(selector) = Selector::read(target, self.patterns, budget)? else {
            objects.iter_mut().for_each(|object| object.is_uncertain = true);
            return Ok(Some(self.file.not_understood(format!("the target {target}"), Reach::Alters, entry)));
        };
        let mut chosen = Vec::new();
        for (at, object) in objects.iter().enumerate() {
            budget.spend(Resource::Operations, selector.cost(object))?;
            if selector.fits(object) {
                chosen.push(at);
            }
        }
        match &given.patch {
            Patch::Operations(operations) => {
                for at in chosen {
                    let object = &mut objects[at];
                    let mut value = object.copied(budget)?;
                    operations::apply(&mut value, operations, budget).map_err(|error| match error {
                        OperationError::Exceeded(exceeded) => exceeded.into(),
                        OperationError::Failed(error) => {
                            let (kind, name) = (object.kind(), object.name());
                            self.file.wrong(format!("a JSON patch of {kind} `{name}`: {error}"))
                        }
                    })?;
                    object.becomes(budget, &given.said, value)?;
                }
                Ok(None)
            }
            Patch::Strategic(parts) => {
                let options = PatchOptions::read(entry);
                let mut unknown = None;
                for value in parts {
                    let part = Part { said: &given.said, value };
                    unknown = self.merge_into(part, &mut chosen, &options, objects)?.or(unknown);
                }
                Ok(unknown)
            }
        }
    }

    /// Merges a part into the chosen objects; what it deletes is chosen no more.
    fn merge_into(
        &self,
        part: Part<'_>,
        chosen: &mut Vec<usize>,
        options: &PatchOptions,
        objects: &mut Vec<Object>,
    ) -> Result<Option<Unknown>, KustomizeError> {
        let budget = self.tree.budget;
        let weight = weight(part.value);
        let mut unknown = None;
        let mut deleted = Vec::new();
        for &at in &*chosen {
            let before = std::sync::Arc::clone(&objects[at].value);
            budget.spend(Resource::Nodes, objects[at].weight() + weight)?;
            match merge(&before, part.value) {
                Ok(Merged::Deleted) => deleted.push(at),
                Ok(Merged::Changed(mut value)) => {
                    options.keep_identity(&before, &mut value);
                    objects[at].becomes(budget, part.said, value)?;
                }
                Err(directive) => {
                    objects[at].is_uncertain = true;
                    let what = format!("the directive `{}` of a patch", directive.0);
                    unknown = Some(self.file.not_understood(what, Reach::Alters, part.value));
                }
            }
        }
        if !deleted.is_empty() {
            let mut all = 0..;
            objects.retain(|_| all.next().is_none_or(|at| deleted.binary_search(&at).is_err()));
            chosen.retain(|at| deleted.binary_search(at).is_err());
            chosen.iter_mut().for_each(|at| *at -= deleted.partition_point(|gone| *gone < *at));
        }
        Ok(unknown)
    }
}

fn has_target(entry: &Value) -> bool {
    entry.get("target").is_some_and(|target| !target.is_null())
}

/// What a patch may change besides.
#[derive(Default)]
struct PatchOptions {
    name: bool,
    kind: bool,
}

impl PatchOptions {
    fn read(entry: &Value) -> Self {
        let is_set = |name: &str| entry.pointer(&format!("/options/{name}")) == Some(&Value::Bool(true));
        Self { name: is_set("allowNameChange"), kind: is_set("allowKindChange") }
    }

    /// A patch leaves name, namespace, kind and version alone unless it is allowed to change them.
    fn keep_identity(&self, before: &Value, after: &mut Value) {
        let mut restore = |pointer: &str, may_change: bool| {
            if let (false, Some(found)) = (may_change, before.pointer(pointer))
                && let Some(place) = after.pointer_mut(pointer)
            {
                *place = found.clone();
            }
        };
        restore("/metadata/name", self.name);
        restore("/metadata/namespace", false);
        restore("/kind", self.kind);
        restore("/apiVersion", self.kind);
    }
}
