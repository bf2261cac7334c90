//! A file's documents as objects, with what rules often ask of them.
//!
//! Read as kubectl and kustomize read: aliases and merge keys resolved, `*List` objects taken apart. What cannot be
//! read that way (duplicate keys, templates, tags, alias bombs) is a problem of the file, never an empty file.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::domain::budget::{self, Budget, Exceeded};
use crate::domain::values;

use super::settings::{self, Setting};

/// A file's objects, or why they cannot be known.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The objects in order.
    pub documents: Vec<Arc<ObjectDocument>>,
    /// Why the file cannot be understood; `documents` is empty then.
    pub problem: Option<String>,
    /// The budget of a file that it exceeds, where that is the problem.
    pub exceeded: Option<Exceeded>,
    /// How many nodes it took.
    pub nodes: u64,
}

/// One object of a file.
#[derive(Debug)]
pub(crate) struct ObjectDocument {
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
    /// How many nodes these parts take beside the value.
    pub nodes: u64,
    /// About how many bytes all of it takes: asked for by each tree that has it.
    pub(super) bytes: OnceLock<usize>,
}

impl Parsed {
    /// Parses a file.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let budget = Budget::new(budget::FILE);
        let (documents, problem) = match read(bytes, &budget) {
            Ok(documents) => (documents, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        Self { documents, problem, exceeded: budget.exceeded(), nodes: budget.spent().nodes }
    }

    /// A file that is not read because that would exceed a budget of all.
    pub(super) fn unread(exceeded: Exceeded) -> Self {
        let problem = Some(exceeded.to_string());
        Self { documents: Vec::new(), problem, exceeded: Some(exceeded), nodes: 0 }
    }
}

fn read(bytes: &[u8], budget: &Budget) -> Result<Vec<Arc<ObjectDocument>>, String> {
    let mut documents = Vec::new();
    for (index, value) in values::read(bytes, budget)?.into_iter().enumerate() {
        match value {
            // A list is a patch for kustomize, and no object.
            Value::Array(_) => {}
            value @ Value::Object(_) => {
                flatten(index, value, budget, &mut documents).map_err(|exceeded| exceeded.to_string())?;
            }
            // A text alone is what a link or an LFS pointer looks like.
            _ => return Err(format!("document {index} is neither an object nor a list")),
        }
    }
    Ok(documents)
}

/// A `List`'s items as objects of their own, as kubectl and kustomize read them.
fn flatten(
    index: usize,
    value: Value,
    budget: &Budget,
    found: &mut Vec<Arc<ObjectDocument>>,
) -> Result<(), Exceeded> {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value {
        Value::Object(mut list) if is_list && list.get("items").is_some_and(Value::is_array) => {
            if let Some(Value::Array(items)) = list.remove("items") {
                for item in items.into_iter().filter(Value::is_object) {
                    flatten(index, item, budget, found)?;
                }
            }
        }
        value => found.push(Arc::new(ObjectDocument::of(index, Arc::new(value), budget)?)),
    }
    Ok(())
}

impl ObjectDocument {
    /// An object with the parts of it that rules often ask for, which are spent from a budget; its value is not.
    pub(super) fn of(index: usize, value: Arc<Value>, budget: &Budget) -> Result<Self, Exceeded> {
        let text =
            |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = text("/apiVersion");
        let before = budget.spent().nodes;
        let found = settings::of(&value, budget)?;
        let fact = settings::fact(index, &value, &found, budget)?;
        Ok(Self {
            group: version.split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default(),
            kind: text("/kind"),
            name: text("/metadata/name"),
            namespace: text("/metadata/namespace"),
            index,
            settings: found.settings,
            fact,
            nodes: budget.spent().nodes - before,
            bytes: OnceLock::new(),
            value,
        })
    }
}
