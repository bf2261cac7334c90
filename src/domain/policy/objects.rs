//! Kubernetes objects of both sides, paired by identity, so that moving an object to another file hides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regorus::Value;

use crate::domain::kustomize::TransformStep;

use super::effective::EffectiveObject;
use super::value;

/// What makes an object the same object in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ClusterIdentity {
    /// How it gets to the cluster.
    way: Way,
    group: String,
    kind: String,
    namespace: String,
    name: String,
}

/// How an object gets to the cluster; what is applied in different ways is never paired.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// By the kustomization of a folder, empty for the GitOps path; or as it is, where there is none.
    Applied(String),
    /// Not at all: no kustomization lists its file.
    Unapplied,
}

/// Which side of the change an object is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Base,
    Head,
}

/// The objects found so far.
pub(super) struct Objects {
    /// Where an object goes that names no namespace: the GitOps path's last part.
    namespace: String,
    found: BTreeMap<ClusterIdentity, Pair>,
}

#[derive(Default)]
struct Pair {
    base: Vec<EffectiveObject>,
    head: Vec<EffectiveObject>,
}

/// The origin of an altered object's values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ValueOrigin {
    /// The file that states the object.
    pub path: String,
    /// The steps that changed it.
    pub steps: Vec<TransformStep>,
}

impl Objects {
    pub(super) fn new(gitops_path: &str) -> Self {
        let namespace = gitops_path.rsplit('/').next().unwrap_or_default().to_owned();
        Self { namespace, found: BTreeMap::new() }
    }

    /// Adds objects of one side.
    pub(super) fn add(&mut self, way: &Way, side: Side, objects: impl IntoIterator<Item = EffectiveObject>) {
        for object in objects {
            let document = &object.document;
            let namespace = match document.namespace.is_empty() {
                true => self.namespace.clone(),
                false => document.namespace.clone(),
            };
            let identity = ClusterIdentity {
                way: way.clone(),
                group: document.group.clone(),
                kind: document.kind.clone(),
                namespace,
                name: document.name.clone(),
            };
            let pair = self.found.entry(identity).or_default();
            match side {
                Side::Base => pair.base.push(object),
                Side::Head => pair.head.push(object),
            }
        }
    }

    /// The origin of the values of touched objects that a kustomization altered.
    pub(super) fn places(&self) -> Vec<ValueOrigin> {
        let touched = self.found.values().filter(|pair| !pair.is_unchanged());
        let altered = touched.flat_map(|pair| &pair.head).filter(|object| !object.steps.is_empty());
        altered.map(|object| ValueOrigin { path: object.path.clone(), steps: object.steps.clone() }).collect()
    }

    /// All objects, as rules see them.
    pub(super) fn into_value(self) -> Value {
        let objects = self.found.into_iter().map(|(identity, pair)| {
            let is_touched = !pair.is_unchanged();
            let differing = if is_touched { differing(&pair) } else { Value::new_array() };
            value::object([
                ("group", Value::from(identity.group)),
                ("kind", Value::from(identity.kind)),
                ("namespace", Value::from(identity.namespace)),
                ("name", Value::from(identity.name)),
                ("applied", Value::from(identity.way != Way::Unapplied)),
                ("touched", Value::from(is_touched)),
                ("differing", differing),
                ("base", sides(&pair.base)),
                ("head", sides(&pair.head)),
            ])
        });
        Value::from(objects.collect::<Vec<_>>())
    }
}

impl Pair {
    fn is_unchanged(&self) -> bool {
        let is_same = |(base, head): (&EffectiveObject, &EffectiveObject)| {
            let (base, head) = (&base.document, &head.document);
            Arc::ptr_eq(base, head) || base.value == head.value
        };
        self.base.len() == self.head.len() && self.base.iter().zip(&self.head).all(is_same)
    }
}

/// The names of the settings that are not set the same on both sides.
fn differing(pair: &Pair) -> Value {
    let settings = |side: &[EffectiveObject]| {
        let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for setting in side.iter().flat_map(|object| &object.document.settings) {
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
fn sides(side: &[EffectiveObject]) -> Value {
    let with_origin = |object: &EffectiveObject| {
        let mut fact = object.document.fact.clone();
        if let Ok(entries) = fact.as_object_mut() {
            let origin = if object.is_effective { "effective" } else { "source" };
            let mut insert = |key: &str, value: Value| entries.insert(Value::from(key), value);
            insert("path", Value::from(object.path.as_str()));
            insert("origin", Value::from(origin));
            insert("altered", Value::from(!object.steps.is_empty()));
            insert("uncertain", Value::from(object.is_uncertain));
        }
        fact
    };
    Value::from(side.iter().map(with_origin).collect::<Vec<_>>())
}
