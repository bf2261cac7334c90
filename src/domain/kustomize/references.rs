//! References follow the objects that were renamed: a Deployment that mounts a ConfigMap mounts it by its new name.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::budget::{Budget, Exceeded, Resource};

use super::object::{Object, Said, effective, text};

/// Exchanges the names of objects that were renamed, in the kinds and places that kustomize knows; `said` is the
/// kustomization that was built.
pub(super) fn follow(said: &Said, objects: &mut [Object], budget: &Budget) -> Result<(), Exceeded> {
    budget.spend(Resource::Operations, objects.len() as u64)?;
    let renamed = NewNames::of(objects);
    if renamed.names.is_empty() {
        return Ok(());
    }
    for object in objects {
        let (group, kind, namespace) =
            (object.group().to_owned(), object.kind().to_owned(), object.namespace().to_owned());
        let has_pods = matches!(
            (group.as_str(), kind.as_str()),
            ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet")
                | ("batch", "Job" | "CronJob")
                | ("", "Pod" | "ReplicationController")
        );
        let refers =
            ["RoleBinding", "ClusterRoleBinding", "HorizontalPodAutoscaler", "Ingress", "ServiceAccount"];
        if !has_pods && !refers.contains(&kind.as_str()) {
            continue;
        }
        object.alter(budget, said, |value| {
            let within = Within { renamed: &renamed, namespace: &namespace };
            if has_pods {
                within.pods(value);
            }
            match kind.as_str() {
                "RoleBinding" | "ClusterRoleBinding" => within.binding(value),
                "HorizontalPodAutoscaler" => {
                    let target = text(value, "/spec/scaleTargetRef/kind");
                    within.exchange(value.pointer_mut("/spec/scaleTargetRef/name"), &target);
                }
                "StatefulSet" => within.exchange(value.pointer_mut("/spec/serviceName"), "Service"),
                "Ingress" => within.ingress(value),
                "ServiceAccount" => {
                    within.list(value, "/secrets", "/name", "Secret");
                    within.list(value, "/imagePullSecrets", "/name", "Secret");
                }
                _ => {}
            }
        })?;
    }
    Ok(())
}

/// New names by kind and original name, then by the namespaces from which they are referred to: the original one and the
/// new one. The first object that has one of them counts.
struct NewNames {
    names: BTreeMap<(String, String), BTreeMap<String, NewName>>,
}

/// The new name of an object of a kind and name.
#[derive(Clone)]
struct NewName {
    namespace: String,
    name: String,
}

impl NewNames {
    fn of(objects: &[Object]) -> Self {
        let mut names: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for object in objects {
            let (name, namespace) = (object.name(), object.namespace());
            if object.original.0 != name || object.original.1 != namespace {
                let new = NewName { namespace: effective(namespace).to_owned(), name: name.to_owned() };
                let key = (object.kind().to_owned(), object.original.0.clone());
                let by_namespace = names.entry(key).or_default();
                for from in [effective(&object.original.1), effective(namespace)] {
                    by_namespace.entry(from.to_owned()).or_insert_with(|| new.clone());
                }
            }
        }
        Self { names }
    }

    /// The new namespace and name of an object that is referred to from a namespace.
    fn find(&self, kind: &str, name: &str, namespace: &str) -> Option<(&str, &str)> {
        let by_namespace = self.names.get(&(kind.to_owned(), name.to_owned()))?;
        let new = by_namespace.get(effective(namespace))?;
        Some((new.namespace.as_str(), new.name.as_str()))
    }
}

struct Within<'a> {
    renamed: &'a NewNames,
    namespace: &'a str,
}

impl Within<'_> {
    fn exchange(&self, place: Option<&mut Value>, kind: &str) {
        if let Some(Value::String(name)) = place
            && let Some((_, new)) = self.renamed.find(kind, name, self.namespace)
        {
            *name = new.to_owned();
        }
    }

    fn list(&self, value: &mut Value, list: &str, pointer: &str, kind: &str) {
        for item in value.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            self.exchange(item.pointer_mut(pointer), kind);
        }
    }

    fn pods(&self, value: &mut Value) {
        for place in ["/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec"] {
            let Some(spec) = value.pointer_mut(place) else { continue };
            self.exchange(spec.pointer_mut("/serviceAccountName"), "ServiceAccount");
            self.list(spec, "/imagePullSecrets", "/name", "Secret");
            for volume in spec.pointer_mut("/volumes").and_then(Value::as_array_mut).into_iter().flatten() {
                self.exchange(volume.pointer_mut("/configMap/name"), "ConfigMap");
                self.exchange(volume.pointer_mut("/secret/secretName"), "Secret");
                self.exchange(
                    volume.pointer_mut("/persistentVolumeClaim/claimName"),
                    "PersistentVolumeClaim",
                );
                self.list(volume, "/projected/sources", "/configMap/name", "ConfigMap");
                self.list(volume, "/projected/sources", "/secret/name", "Secret");
            }
            for field in ["/containers", "/initContainers"] {
                for container in spec.pointer_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
                    self.list(container, "/env", "/valueFrom/configMapKeyRef/name", "ConfigMap");
                    self.list(container, "/env", "/valueFrom/secretKeyRef/name", "Secret");
                    self.list(container, "/envFrom", "/configMapRef/name", "ConfigMap");
                    self.list(container, "/envFrom", "/secretRef/name", "Secret");
                }
            }
        }
    }

    fn binding(&self, value: &mut Value) {
        let kind = text(value, "/roleRef/kind");
        self.exchange(value.pointer_mut("/roleRef/name"), &kind);
        for subject in value.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
            if text(subject, "/kind") != "ServiceAccount" {
                continue;
            }
            let namespace = text(subject, "/namespace");
            let found = self.renamed.find("ServiceAccount", &text(subject, "/name"), &namespace);
            if let (Some((namespace, name)), Some(subject)) = (found, subject.as_object_mut()) {
                subject.insert("name".to_owned(), Value::String(name.to_owned()));
                subject.insert("namespace".to_owned(), Value::String(namespace.to_owned()));
            }
        }
    }

    fn ingress(&self, value: &mut Value) {
        self.exchange(value.pointer_mut("/spec/defaultBackend/service/name"), "Service");
        self.list(value, "/spec/tls", "/secretName", "Secret");
        for rule in value.pointer_mut("/spec/rules").and_then(Value::as_array_mut).into_iter().flatten() {
            self.list(rule, "/http/paths", "/backend/service/name", "Service");
        }
    }
}
