//! Kubernetes objects of both sides, paired by identity, so that moving an object to another file hides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regorus::Value;

use super::documents::{Document, Parsed};
use super::value;

/// What makes an object the same object in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    group: String,
    kind: String,
    namespace: String,
    name: String,
}

/// The objects found so far.
pub(super) struct Objects {
    /// Where an object goes that names no namespace: the GitOps path's last part.
    namespace: String,
    found: BTreeMap<Identity, Pair>,
}

#[derive(Default)]
struct Pair {
    base: Vec<(String, Arc<Document>)>,
    head: Vec<(String, Arc<Document>)>,
    is_touched: bool,
}

impl Objects {
    pub fn new(gitops_path: &str) -> Self {
        let namespace = gitops_path.rsplit('/').next().unwrap_or_default().to_owned();
        Self { namespace, found: BTreeMap::new() }
    }

    /// Adds a file's objects.
    pub fn add(&mut self, path: &str, base: Option<&Parsed>, head: Option<&Parsed>, is_touched: bool) {
        for document in base.into_iter().flat_map(|parsed| &parsed.documents) {
            self.pair(document).base.push((path.to_owned(), Arc::clone(document)));
        }
        for document in head.into_iter().flat_map(|parsed| &parsed.documents) {
            self.pair(document).head.push((path.to_owned(), Arc::clone(document)));
        }
        if is_touched {
            let documents = [base, head].into_iter().flatten().flat_map(|parsed| &parsed.documents);
            for document in documents {
                self.pair(document).is_touched = true;
            }
        }
    }

    fn pair(&mut self, document: &Document) -> &mut Pair {
        let namespace =
            if document.namespace.is_empty() { self.namespace.clone() } else { document.namespace.clone() };
        let identity = Identity {
            group: document.group.clone(),
            kind: document.kind.clone(),
            namespace,
            name: document.name.clone(),
        };
        self.found.entry(identity).or_default()
    }

    /// All objects, as rules see them. Objects that did not change although their file did are not touched.
    pub fn into_value(self) -> Value {
        let objects = self.found.into_iter().map(|(identity, pair)| {
            let is_touched = pair.is_touched && !pair.is_unchanged();
            value::object([
                ("group", Value::from(identity.group)),
                ("kind", Value::from(identity.kind)),
                ("namespace", Value::from(identity.namespace)),
                ("name", Value::from(identity.name)),
                ("touched", Value::from(is_touched)),
                ("differing", differing(&pair)),
                ("base", sides(&pair.base)),
                ("head", sides(&pair.head)),
            ])
        });
        Value::from(objects.collect::<Vec<_>>())
    }
}

impl Pair {
    fn is_unchanged(&self) -> bool {
        let values = |side: &[(String, Arc<Document>)]| -> Vec<Arc<Document>> {
            side.iter().map(|(_, document)| Arc::clone(document)).collect()
        };
        let (base, head) = (values(&self.base), values(&self.head));
        base.len() == head.len() && base.iter().zip(&head).all(|(base, head)| base.value == head.value)
    }
}

/// The names of the settings that are not set the same on both sides.
fn differing(pair: &Pair) -> Value {
    let settings = |side: &[(String, Arc<Document>)]| {
        let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for setting in side.iter().flat_map(|(_, document)| &document.settings) {
            let values = setting.occurrences.iter().map(|one| (one.value.clone(), one.from.clone()));
            found.entry(setting.name.clone()).or_default().extend(values);
        }
        found
    };
    let (base, head) = (settings(&pair.base), settings(&pair.head));
    let names: BTreeSet<&String> = base.keys().chain(head.keys()).collect();
    let differing = names.into_iter().filter(|name| base.get(*name) != head.get(*name));
    Value::from(differing.map(|name| Value::from(name.as_str())).collect::<Vec<_>>())
}

/// One side: usually one object, none where it is absent, several where files say it twice.
fn sides(side: &[(String, Arc<Document>)]) -> Value {
    let with_path = |(path, document): &(String, Arc<Document>)| {
        let mut fact = document.fact.clone();
        if let Ok(entries) = fact.as_object_mut() {
            entries.insert(Value::from("path"), Value::from(path.as_str()));
        }
        fact
    };
    Value::from(side.iter().map(with_path).collect::<Vec<_>>())
}
