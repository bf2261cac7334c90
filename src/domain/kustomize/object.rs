//! An object on its way through kustomizations, with the names it had.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::budget::{Budget, Exceeded, Resource, text_weight, weight};

/// An object of a kustomization.
#[derive(Debug, Clone)]
pub struct Object {
    /// The object as it is applied.
    pub value: Arc<Value>,
    /// The file that states it; of a generated object, the kustomization.
    pub path: String,
    /// Which document of the file.
    pub index: usize,
    /// Whether a kustomization changed it, so that it is not what its file says.
    pub is_altered: bool,
    /// Whether something that is not understood may change it.
    pub is_uncertain: bool,
    /// What changed it, in order; empty for an object that is what its file says.
    pub steps: Vec<TransformStep>,
    /// Its name and namespace before anything was changed; references and patches may still use them.
    pub(super) original: (String, String),
    /// Whether its name gets a hash of its content, which is not computed here.
    pub(super) has_hash: bool,
    /// The weight of its value, in nodes.
    weight: u64,
}

/// One change of an object on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct TransformStep {
    /// The place that says so.
    pub said: Said,
    /// The object before.
    pub before: Arc<Value>,
    /// The object after.
    pub after: Arc<Value>,
}

/// Where something is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// A kustomization, or a patch.
    pub path: String,
    /// Where in a kustomization: `/replicas/0`. `None` for a patch, which has the object's own shape.
    pub pointer: Option<String>,
}

impl Object {
    pub(super) fn of_file(path: &str, index: usize, value: Arc<Value>) -> Self {
        let original = (text(&value, "/metadata/name"), text(&value, "/metadata/namespace"));
        Self {
            weight: weight(&value),
            value,
            path: path.to_owned(),
            index,
            is_altered: false,
            is_uncertain: false,
            steps: Vec::new(),
            original,
            has_hash: false,
        }
    }

    /// Whether it is generated under a name that gets a hash of its content, which is not computed here.
    #[must_use]
    pub fn has_hash(&self) -> bool {
        self.has_hash
    }

    /// Its weight, in nodes.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// The weight of what it takes beside its value, which it may share with its file.
    pub(super) fn own_weight(&self) -> u64 {
        let texts = [&self.path, &self.original.0, &self.original.1];
        2 + texts.into_iter().map(|text| text_weight(text)).sum::<u64>()
    }

    /// Changes the object because something says so; unchanged it stays shared with its file.
    pub(super) fn alter(
        &mut self,
        budget: &Budget,
        said: &Said,
        change: impl FnOnce(&mut Value),
    ) -> Result<(), Exceeded> {
        let mut value = self.copied(budget)?;
        change(&mut value);
        self.becomes(budget, said, value)
    }

    /// A copy of its value, to be changed.
    pub(super) fn copied(&self, budget: &Budget) -> Result<Value, Exceeded> {
        budget.spend(Resource::Nodes, self.weight)?;
        Ok((*self.value).clone())
    }

    /// Gives it the changed copy of its value.
    pub(super) fn becomes(&mut self, budget: &Budget, said: &Said, value: Value) -> Result<(), Exceeded> {
        let grown = weight(&value);
        budget.spend(Resource::Nodes, grown.saturating_sub(self.weight))?;
        if value != *self.value {
            budget.spend(Resource::Nodes, 1 + text_weight(&said.path))?;
            let before = std::mem::replace(&mut self.value, Arc::new(value));
            self.weight = grown;
            self.is_altered = true;
            self.steps.push(TransformStep { said: said.clone(), before, after: Arc::clone(&self.value) });
        }
        Ok(())
    }

    /// `kind`, empty where there is none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.value.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    pub(super) fn version(&self) -> &str {
        let version = self.api_version();
        version.split_once('/').map_or(version, |(_, version)| version)
    }

    fn api_version(&self) -> &str {
        self.value.get("apiVersion").and_then(Value::as_str).unwrap_or_default()
    }

    /// `metadata.name`, empty where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        text_at(&self.value, "/metadata/name")
    }

    /// `metadata.namespace`, empty where there is none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        text_at(&self.value, "/metadata/namespace")
    }

    /// Whether this is the object of that name and namespace, now or originally.
    pub(super) fn is_called(&self, name: &str, namespace: &str) -> bool {
        (self.name() == name && effective(self.namespace()) == effective(namespace))
            || (self.original.0 == name && effective(&self.original.1) == effective(namespace))
    }

    /// Whether it lives in no namespace.
    pub(super) fn is_cluster_scoped(&self) -> bool {
        CLUSTER_SCOPED.contains(&self.kind())
    }
}

/// No namespace is the namespace `default`.
pub(super) fn effective(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}

pub(super) fn text(value: &Value, pointer: &str) -> String {
    text_at(value, pointer).to_owned()
}

fn text_at<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The map at a place, made where it is missing; `None` where something else is in the way.
pub(super) fn map_at<'v>(value: &'v mut Value, place: &[&str]) -> Option<&'v mut Map<String, Value>> {
    let mut here = value;
    for key in place {
        let map = here.as_object_mut()?;
        let next = map.entry(*key).or_insert(Value::Null);
        if next.is_null() {
            *next = Value::Object(Map::new());
        }
        here = next;
    }
    here.as_object_mut()
}

/// Kinds without a namespace, as kustomize knows them.
const CLUSTER_SCOPED: [&str; 24] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "StorageClass",
    "TokenReview",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];
