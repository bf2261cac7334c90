//! Manifests as values: the objects of a file by kind and name, parsed once per blob.
//!
//! For reading only; edits go through `domain::yaml`, which keeps the bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::budget;
use super::cache::Cache;
use super::names::BlobId;
use super::tree::Entry;
use super::yaml::{self, Pointer, PointerStep, YamlRefusal};

/// The objects of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// In the order of the file.
    pub objects: Vec<ManifestObject>,
}

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifestObject {
    /// Its kind and name.
    pub name: DocumentName,
    /// Its value as Kubernetes reads it.
    pub value: Value,
}

/// The object of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentName {
    /// `kind`, empty where the document has none.
    pub kind: String,
    /// `metadata.name`, empty where the document has none.
    pub name: String,
}

/// What a pointer selects in a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found<'v> {
    /// Nothing.
    Nothing,
    /// This value.
    One(&'v Value),
    /// A selector matches more than one item.
    Several,
}

impl Manifest {
    /// Reads a file's text.
    ///
    /// # Errors
    /// As [`yaml::parse`].
    pub fn parse(text: &str) -> Result<Self, YamlRefusal> {
        let stream = yaml::parse(text)?;
        let objects = stream.documents().iter().map(|document| ManifestObject {
            name: DocumentName { kind: document.kind(), name: document.name() },
            value: document.value(),
        });
        Ok(Self { objects: objects.collect() })
    }

    /// The indexes of the objects with this kind and name: usually one.
    pub fn indexes_of<'m>(&'m self, kind: &'m str, name: &'m str) -> impl Iterator<Item = usize> + 'm {
        let is_it = move |object: &ManifestObject| object.name.kind == kind && object.name.name == name;
        self.objects.iter().enumerate().filter(move |(_, object)| is_it(object)).map(|(index, _)| index)
    }
}

/// What a pointer selects in a value.
#[must_use]
pub fn select<'v>(root: &'v Value, pointer: &Pointer) -> Found<'v> {
    let mut here = root;
    for step in &pointer.steps {
        let next = match (step, here) {
            (PointerStep::Key(key), Value::Object(map)) => map.get(key),
            (PointerStep::Key(key), Value::Array(items)) => {
                key.parse::<usize>().ok().and_then(|at| items.get(at))
            }
            (PointerStep::Item { key, value }, Value::Array(items)) => {
                let mut matching = items.iter().filter(|item| reads(item.get(key), value));
                let first = matching.next();
                if matching.next().is_some() {
                    return Found::Several;
                }
                first
            }
            _ => None,
        };
        match next {
            Some(value) => here = value,
            None => return Found::Nothing,
        }
    }
    Found::One(here)
}

/// Whether a field reads as this text.
fn reads(field: Option<&Value>, text: &str) -> bool {
    match field {
        Some(Value::String(found)) => found == text,
        Some(Value::Number(number)) => number.to_string() == text,
        Some(Value::Bool(flag)) => flag.to_string() == text,
        _ => false,
    }
}

/// The files parsed so far, by blob id. One per process; shared between threads.
#[derive(Debug)]
pub struct Manifests(Cache<BlobId, Manifest>);

impl Default for Manifests {
    fn default() -> Self {
        Self::with_room(budget::CACHE_BYTES / 4)
    }
}

impl Manifest {
    /// About how many bytes it takes.
    fn bytes(&self) -> usize {
        let one = |object: &ManifestObject| {
            size_of::<ManifestObject>()
                + object.name.kind.len()
                + object.name.name.len()
                + budget::bytes(&object.value)
        };
        size_of::<Self>() + self.objects.iter().map(one).sum::<usize>()
    }
}

impl Manifests {
    /// Nothing is known yet, and at most so many bytes ever are.
    #[must_use]
    pub fn with_room(bytes: usize) -> Self {
        Self(Cache::new(bytes, Manifest::bytes))
    }

    /// How many bytes are known, by an estimate.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// The objects of an entry of a tree.
    ///
    /// # Errors
    /// As [`yaml::parse`]; text that is not UTF-8 is refused in the same way.
    pub fn read(&self, entry: &Entry) -> Result<Arc<Manifest>, YamlRefusal> {
        self.0.get_or_try_make(&entry.blob, || {
            let text = entry.text().ok_or_else(|| {
                YamlRefusal::at("", 0, yaml::Reason::Syntax, "the file is not UTF-8 text".to_owned())
            })?;
            Manifest::parse(text)
        })
    }
}
