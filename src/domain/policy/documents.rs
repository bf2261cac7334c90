//! Parsed documents of files, kept by blob id, so that a file is parsed once however often it is judged; and what whole
//! trees come to, kept by their files' blob ids.
//!
//! Read as kubectl and kustomize read: aliases and merge keys resolved, `*List` objects taken apart. What cannot be
//! read that way (duplicate keys, templates, tags, alias bombs) is a problem of the file, never an empty file.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::domain::names::BlobId;
use crate::domain::values;

use super::effective::Effective;
use super::settings::{self, Setting};

/// A cache of parsed files by blob id. One per process; safe to share between threads.
#[derive(Debug, Default)]
pub struct Documents {
    parsed: RwLock<HashMap<BlobId, Arc<Parsed>>>,
    effective: RwLock<HashMap<TreeKey, Arc<Effective>>>,
}

/// What a tree is known by: a digest over its paths and blob ids.
pub(super) type TreeKey = [u8; 32];

/// The most files that are kept; a tree of the target has about 100.
const KEPT: usize = 4096;

/// The most trees that are kept: a base is judged again and again, a head a few times.
const KEPT_TREES: usize = 16;

/// A file's objects, or why they cannot be known.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The objects in order.
    pub documents: Vec<Arc<Document>>,
    /// Why the file cannot be understood; `documents` is empty then.
    pub problem: Option<String>,
}

/// One object of a file.
#[derive(Debug)]
pub(crate) struct Document {
    /// `apiVersion` without its version: `apps`, empty for the core group.
    pub group: String,
    /// `kind`, empty where there is none.
    pub kind: String,
    /// `metadata.name`, empty where there is none.
    pub name: String,
    /// `metadata.namespace`, empty where there is none.
    pub namespace: String,
    /// Which document of its file it is.
    pub index: usize,
    /// The whole object.
    pub value: Arc<Value>,
    /// Environment variables and ConfigMap entries by name, each with all of its occurrences.
    pub settings: Vec<Setting>,
    /// The same object as rules see it, with its index in the file.
    pub fact: regorus::Value,
}

impl Documents {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The objects of a blob, parsed at most once.
    pub(crate) fn of_blob(&self, blob: &BlobId, bytes: &[u8]) -> Arc<Parsed> {
        // OK to go on after a panic elsewhere: entries are only ever whole.
        if let Some(found) = self.parsed.read().unwrap_or_else(PoisonError::into_inner).get(blob) {
            return Arc::clone(found);
        }
        let parsed = Arc::new(Parsed::of(bytes));
        let mut cache = self.parsed.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= KEPT {
            cache.clear();
        }
        cache.insert(blob.clone(), Arc::clone(&parsed));
        parsed
    }

    /// What a tree comes to, worked out at most once while it is kept.
    pub(super) fn of_tree(&self, key: TreeKey, build: impl FnOnce() -> Effective) -> Arc<Effective> {
        if let Some(found) = self.effective.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(found);
        }
        let built = Arc::new(build());
        let mut cache = self.effective.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= KEPT_TREES {
            cache.clear();
        }
        cache.insert(key, Arc::clone(&built));
        built
    }
}

impl Parsed {
    /// Parses a file.
    pub fn of(bytes: &[u8]) -> Self {
        match read(bytes) {
            Ok(documents) => Self { documents: documents.into_iter().map(Arc::new).collect(), problem: None },
            Err(problem) => Self { documents: Vec::new(), problem: Some(problem) },
        }
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Document>, String> {
    let mut documents = Vec::new();
    for (index, value) in values::read(bytes)?.into_iter().enumerate() {
        match value {
            // A list is a patch for kustomize, and no object.
            Value::Array(_) => {}
            value @ Value::Object(_) => flatten(index, value, &mut documents),
            // A text alone is what a link or an LFS pointer looks like.
            _ => return Err(format!("document {index} is neither an object nor a list")),
        }
    }
    Ok(documents)
}

/// A `List`'s items as objects of their own, as kubectl and kustomize take them.
fn flatten(index: usize, value: Value, found: &mut Vec<Document>) {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value {
        Value::Object(mut list) if is_list && list.get("items").is_some_and(Value::is_array) => {
            if let Some(Value::Array(items)) = list.remove("items") {
                for item in items.into_iter().filter(Value::is_object) {
                    flatten(index, item, found);
                }
            }
        }
        value => found.push(Document::of(index, Arc::new(value))),
    }
}

impl Document {
    /// An object with what is looked up often.
    pub fn of(index: usize, value: Arc<Value>) -> Self {
        let text =
            |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = text("/apiVersion");
        let found = settings::of(&value);
        let fact = settings::fact(index, &value, &found);
        Self {
            group: version.split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default(),
            kind: text("/kind"),
            name: text("/metadata/name"),
            namespace: text("/metadata/namespace"),
            index,
            settings: found.settings,
            fact,
            value,
        }
    }
}

/// A JSON or YAML text that stands inside a ConfigMap, as one value.
pub(super) fn embedded_text(text: &str) -> Result<Value, String> {
    values::one(text)
}
