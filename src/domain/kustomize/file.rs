//! A kustomization file: its fields as they are asked for, and what in it is not understood.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::budget::weight;

use super::built::{Reach, Unknown};
use super::error::KustomizeError;
use super::object::{Said, text};
use super::paths::{file_name, join};
use super::source::Tree;

/// The names that a kustomization may have, in the order in which they are tried.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Fields that are understood.
const KNOWN: [&str; 22] = [
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "components",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "replicas",
    "images",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "buildMetadata",
    "sortOptions",
];

/// Fields that add objects and change none.
const ADDING: [&str; 5] = ["helmCharts", "helmChartInflationGenerator", "helmGlobals", "generators", "crds"];

/// A kustomization file.
#[derive(Debug)]
pub(super) struct File {
    /// Its full path.
    pub path: String,
    /// Whether objects are added that are not known, so that what fits no object may fit one of these.
    pub is_open: bool,
    /// The whole of it; a map, or nothing where it is empty.
    value: Arc<Value>,
}

impl File {
    /// The kustomization of a folder; `None` where it has none.
    pub(super) fn of_folder(tree: Tree<'_>, folder: &str) -> Result<Option<Self>, KustomizeError> {
        let paths = NAMES.iter().map(|name| join(folder, name).unwrap_or_default());
        let mut found = paths.filter(|path| (tree.bytes)(path).is_some());
        let Some(path) = found.next() else {
            return Ok(None);
        };
        if let Some(other) = found.next() {
            return Err(KustomizeError::new(&other, "the folder has more than one kustomization"));
        }
        let objects = (tree.objects)(&path)
            .unwrap_or_else(|| Err("it is not a manifest".to_owned()))
            .map_err(|message| KustomizeError::new(&path, message))?;
        let value = match objects.as_slice() {
            [] => Arc::default(),
            [value] => Arc::clone(value),
            _ => return Err(KustomizeError::new(&path, "it has more than one document")),
        };
        Ok(Some(Self { path, is_open: false, value }))
    }

    /// How much going through it costs.
    pub(super) fn weight(&self) -> usize {
        // OK because a value of more nodes than `usize` has is not in memory.
        usize::try_from(weight(&self.value)).unwrap_or(usize::MAX)
    }

    /// Whether it is a component.
    pub(super) fn is_component(&self) -> bool {
        self.text("kind") == Ok(Some("Component"))
    }

    /// A field that is a text.
    pub(super) fn text(&self, field: &str) -> Result<Option<&str>, KustomizeError> {
        match self.value.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(format!("`{field}` is not a string"))),
        }
    }

    /// A field that is a list of texts.
    pub(super) fn texts(&self, field: &str) -> Result<Vec<&str>, KustomizeError> {
        let texts = self.list(field)?.iter().map(|item| {
            item.as_str().ok_or_else(|| self.wrong(format!("`{field}` has an item that is not a string")))
        });
        texts.collect()
    }

    /// A field that is a list; empty where it is missing.
    pub(super) fn list(&self, field: &str) -> Result<&[Value], KustomizeError> {
        match self.value.get(field) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong(format!("`{field}` is not a list"))),
        }
    }

    /// A field that is a map of texts; empty where it is missing.
    pub(super) fn map(&self, field: &str) -> Result<Vec<(String, String)>, KustomizeError> {
        match self.value.get(field) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Object(entries)) => self.pairs(field, entries),
            Some(_) => Err(self.wrong(format!("`{field}` is not a map"))),
        }
    }

    /// A map of texts inside a field.
    pub(super) fn pairs(
        &self,
        field: &str,
        map: &Map<String, Value>,
    ) -> Result<Vec<(String, String)>, KustomizeError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        map.iter()
            .map(|(key, value)| {
                text(value)
                    .map(|value| (key.clone(), value))
                    .ok_or_else(|| self.wrong(format!("`{field}` has a value that is not a string: `{key}`")))
            })
            .collect()
    }

    /// A field as it is written.
    pub(super) fn field(&self, field: &str) -> Option<&Value> {
        self.value.get(field)
    }

    /// The fields that are not understood; each Helm chart is one of its own.
    pub(super) fn unknown(&self, folder: &str, tree: Tree<'_>) -> Vec<Unknown> {
        let mut found = Vec::new();
        let fields = self.value.as_object().into_iter().flatten();
        for (field, value) in fields.filter(|(field, _)| !KNOWN.contains(&field.as_str())) {
            let reach = if ADDING.contains(&field.as_str()) { Reach::Adds } else { Reach::Alters };
            match value {
                Value::Array(charts) if field == "helmCharts" => {
                    for chart in charts {
                        let (name, repository) = (text(chart, "/name"), text(chart, "/repo"));
                        let what = format!("the Helm chart `{name}` from `{repository}`");
                        found.push(self.not_understood(what, reach, chart));
                    }
                }
                value => found.push(self.not_understood(format!("`{field}`"), reach, value)),
            }
        }
        for unknown in &mut found {
            named_files(&unknown.content, folder, tree, &mut unknown.reads);
        }
        found
    }

    /// A place in this file.
    pub(super) fn said(&self, pointer: impl Into<String>) -> Said {
        Said { path: self.path.clone(), pointer: Some(pointer.into()) }
    }

    /// Something in this file is wrong.
    pub(super) fn wrong(&self, message: impl Into<String>) -> KustomizeError {
        KustomizeError::new(&self.path, message)
    }

    /// Something in this file fits no object: wrong, unless it may fit one that is not known.
    pub(super) fn fits_nothing(&self, message: String, content: &Value) -> Result<Unknown, KustomizeError> {
        match self.is_open {
            true => Ok(self.not_understood(message, Reach::Adds, content)),
            false => Err(self.wrong(message)),
        }
    }

    /// Something in this file is not understood.
    pub(super) fn not_understood(&self, what: impl Into<String>, reach: Reach, content: &Value) -> Unknown {
        Unknown {
            path: self.path.clone(),
            what: what.into(),
            reach,
            content: content.clone(),
            reads: BTreeSet::new(),
        }
    }
}

/// Whether a path is that of a kustomization.
#[must_use]
pub fn is_kustomization(path: &str) -> bool {
    NAMES.contains(&file_name(path))
}

/// Whether a kustomization is a component, which is never built alone.
#[must_use]
pub fn is_component(kustomization: &Value) -> bool {
    kustomization.get("kind").and_then(Value::as_str) == Some("Component")
}

/// The files of the tree that some text names.
fn named_files(content: &Value, folder: &str, tree: Tree<'_>, found: &mut BTreeSet<String>) {
    match content {
        Value::String(text) => {
            found.extend(join(folder, text).filter(|path| (tree.bytes)(path).is_some()));
        }
        Value::Array(items) => items.iter().for_each(|item| named_files(item, folder, tree, found)),
        Value::Object(entries) => entries.values().for_each(|entry| named_files(entry, folder, tree, found)),
        _ => {}
    }
}
