//! Patches: which objects each of them is for, and their application.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value};

use super::built::{Reach, Unknown};
use super::error::KustomizeError;
use super::file::File;
use super::merge::{Merged, merge};
use super::object::{Object, Said, text};
use super::paths::join;
use super::source::Tree;

/// The patches of one kustomization.
pub(super) struct Patching<'a, 't> {
    pub file: &'a File,
    pub folder: &'a str,
    pub tree: Tree<'t>,
    pub used: &'a mut BTreeSet<String>,
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
        let values = documents(patch.as_bytes());
        let values = values.map_err(|message| self.file.wrong(format!("an inline patch: {message}")))?;
        Ok((self.file.said(place), values))
    }

    fn read(&mut self, path: &str) -> Result<(Said, Vec<Value>), KustomizeError> {
        let full = join(self.folder, path).unwrap_or_default();
        let Some(bytes) = (self.tree.bytes)(&full) else {
            return Err(self.file.wrong(format!("the patch `{path}` does not exist")));
        };
        self.used.insert(full.clone());
        let values = documents(bytes).map_err(|message| KustomizeError::new(&full, message))?;
        Ok((Said { path: full, pointer: None }, values))
    }

    /// A part of an object goes to the object of its kind, name and namespace.
    fn by_identity(
        &self,
        part: Part<'_>,
        objects: &mut Vec<Object>,
    ) -> Result<Option<Unknown>, KustomizeError> {
        let probe = Object::of_file(&part.said.path, 0, std::sync::Arc::new(part.value.clone()));
        let fits = |object: &Object| {
            object.kind() == probe.kind()
                && object.group() == probe.group()
                && object.version() == probe.version()
                && object.is_called(&probe.name(), &probe.namespace())
        };
        let Some(at) = objects.iter().position(fits) else {
            let message = format!("a patch for {} `{}` matches no object", probe.kind(), probe.name());
            return self.file.fits_nothing(message, part.value).map(Some);
        };
        Ok(self.merge_into(part, &[at], &PatchOptions::default(), objects))
    }

    fn by_target(
        &self,
        given: &Given,
        entry: &Value,
        objects: &mut Vec<Object>,
    ) -> Result<Option<Unknown>, KustomizeError> {
        let target = &entry["target"];
        let Some(selector) = Selector::read(target) else {
            objects.iter_mut().for_each(|object| object.is_uncertain = true);
            return Ok(Some(self.file.not_understood(format!("the target {target}"), Reach::Alters, entry)));
        };
        let chosen: Vec<usize> = (0..objects.len()).filter(|at| selector.fits(&objects[*at])).collect();
        match &given.patch {
            Patch::Operations(operations) => {
                for at in chosen {
                    let mut value = (*objects[at].value).clone();
                    json_patch::patch(&mut value, operations).map_err(|error| {
                        let object = &objects[at];
                        self.file.wrong(format!(
                            "a JSON patch of {} `{}`: {error}",
                            object.kind(),
                            object.name()
                        ))
                    })?;
                    objects[at].alter(&given.said, |found| *found = value);
                }
                Ok(None)
            }
            Patch::Strategic(parts) => {
                let options = PatchOptions::read(entry);
                let mut unknown = None;
                for value in parts {
                    let part = Part { said: &given.said, value };
                    unknown = self.merge_into(part, &chosen, &options, objects).or(unknown);
                }
                Ok(unknown)
            }
        }
    }

    fn merge_into(
        &self,
        part: Part<'_>,
        chosen: &[usize],
        options: &PatchOptions,
        objects: &mut Vec<Object>,
    ) -> Option<Unknown> {
        let mut unknown = None;
        let mut deleted = Vec::new();
        for &at in chosen {
            let before = objects[at].value.clone();
            match merge(&before, part.value) {
                Ok(Merged::Deleted) => deleted.push(at),
                Ok(Merged::Changed(mut value)) => {
                    options.keep_identity(&before, &mut value);
                    objects[at].alter(part.said, |found| *found = value);
                }
                Err(directive) => {
                    objects[at].is_uncertain = true;
                    let what = format!("the directive `{}` of a patch", directive.0);
                    unknown = Some(self.file.not_understood(what, Reach::Alters, part.value));
                }
            }
        }
        for at in deleted.into_iter().rev() {
            objects.remove(at);
        }
        unknown
    }
}

fn has_target(entry: &Value) -> bool {
    entry.get("target").is_some_and(|target| !target.is_null())
}

/// The documents of a patch, lists of operations too.
fn documents(bytes: &[u8]) -> Result<Vec<Value>, String> {
    crate::domain::values::read(bytes)
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

/// Which objects a patch with a target is for; every field that is given must fit.
struct Selector {
    fields: Vec<(&'static str, Regex)>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Selector {
    /// `None` where it is not understood.
    fn read(target: &Value) -> Option<Self> {
        let mut selector = Self { fields: Vec::new(), labels: Vec::new(), annotations: Vec::new() };
        for (field, value) in target.as_object()? {
            let value = value.as_str()?;
            match field.as_str() {
                "labelSelector" => selector.labels = requirements(value)?,
                "annotationSelector" => selector.annotations = requirements(value)?,
                _ => {
                    let known = ["group", "version", "kind", "name", "namespace"];
                    let field = known.into_iter().find(|known| known == field)?;
                    if !value.is_empty() {
                        selector.fields.push((field, Regex::new(&format!("^(?:{value})$")).ok()?));
                    }
                }
            }
        }
        Some(selector)
    }

    fn fits(&self, object: &Object) -> bool {
        self.fields.iter().all(|(field, pattern)| match *field {
            "group" => pattern.is_match(object.group()),
            "version" => pattern.is_match(object.version()),
            "kind" => pattern.is_match(object.kind()),
            "name" => pattern.is_match(&object.name()) || pattern.is_match(&object.original.0),
            _ => [object.namespace(), object.original.1.clone()]
                .iter()
                .any(|namespace| pattern.is_match(super::object::effective(namespace))),
        }) && self.labels.iter().all(|requirement| requirement.holds(&object.value, "labels"))
            && self.annotations.iter().all(|requirement| requirement.holds(&object.value, "annotations"))
    }
}

/// One part of a label selector.
enum Requirement {
    Is(String, String),
    IsNot(String, String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Requirement {
    fn holds(&self, object: &Value, field: &str) -> bool {
        let empty = Map::new();
        let map = object.pointer(&format!("/metadata/{field}")).and_then(Value::as_object).unwrap_or(&empty);
        let value = |key: &String| map.get(key).and_then(Value::as_str);
        match self {
            Self::Is(key, wanted) => value(key) == Some(wanted),
            Self::IsNot(key, unwanted) => value(key) != Some(unwanted),
            Self::In(key, wanted) => {
                value(key).is_some_and(|value| wanted.iter().any(|other| other == value))
            }
            Self::NotIn(key, unwanted) => {
                !value(key).is_some_and(|value| unwanted.iter().any(|other| other == value))
            }
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
        }
    }
}

/// A label selector; `None` where it is not understood.
fn requirements(selector: &str) -> Option<Vec<Requirement>> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, character) in selector.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(&selector[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&selector[start..]);
    parts.into_iter().map(|part| requirement(part.trim())).collect()
}

fn requirement(part: &str) -> Option<Requirement> {
    let owned = |text: &str| text.trim().to_owned();
    let words: Vec<&str> = part.splitn(3, char::is_whitespace).collect();
    if let [key, operator @ ("in" | "notin"), list] = words.as_slice() {
        let inner = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        let values = inner.split(',').map(owned).collect();
        return Some(match *operator {
            "in" => Requirement::In(owned(key), values),
            _ => Requirement::NotIn(owned(key), values),
        });
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Requirement::IsNot(owned(key), owned(value)));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Requirement::Is(owned(key), owned(value)));
    }
    if part.is_empty() || part.contains(char::is_whitespace) {
        return None;
    }
    Some(match part.strip_prefix('!') {
        Some(key) => Requirement::Absent(owned(key)),
        None => Requirement::Exists(owned(part)),
    })
}
