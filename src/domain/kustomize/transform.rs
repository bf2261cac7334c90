//! What a kustomization does to all of its objects: namespace, names, labels, annotations, replicas, images.

use serde_json::{Map, Value};

use crate::domain::budget::{Budget, Exceeded, Resource, text_weight};

use super::built::{Reach, Unknown};
use super::error::KustomizeError;
use super::file::File;
use super::object::{Object, Said, map_at, text};

/// `namespace`: every object that lives in one.
pub(super) fn namespace(file: &File, objects: &mut [Object], budget: &Budget) -> Result<(), KustomizeError> {
    let Some(namespace) = file.text("namespace")?.filter(|namespace| !namespace.is_empty()) else {
        return Ok(());
    };
    let said = file.said("/namespace");
    for object in objects {
        let (is_cluster_scoped, kind) = (object.is_cluster_scoped(), object.kind().to_owned());
        if object.namespace() == namespace && !kind.ends_with("RoleBinding") {
            continue;
        }
        object.alter(budget, &said, |value| {
            if !is_cluster_scoped && let Some(metadata) = map_at(value, &["metadata"]) {
                metadata.insert("namespace".to_owned(), Value::String(namespace.to_owned()));
            }
            if kind.ends_with("RoleBinding") {
                default_accounts(value, namespace, budget);
            }
        })?;
    }
    Ok(())
}

/// The account `default` of a binding is that of the namespace.
fn default_accounts(value: &mut Value, namespace: &str, budget: &Budget) {
    for subject in value.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        let is_default = text(subject, "/kind") == "ServiceAccount" && text(subject, "/name") == "default";
        if let Some(subject) = subject.as_object_mut().filter(|_| is_default) {
            if budget.spend(Resource::Nodes, 1 + text_weight(namespace)).is_err() {
                return;
            }
            subject.insert("namespace".to_owned(), Value::String(namespace.to_owned()));
        }
    }
}

/// `namePrefix`, `nameSuffix`.
pub(super) fn prefix_and_suffix(
    file: &File,
    objects: &mut [Object],
    budget: &Budget,
) -> Result<(), KustomizeError> {
    let prefix = file.text("namePrefix")?.unwrap_or_default();
    let suffix = file.text("nameSuffix")?.unwrap_or_default();
    if prefix.is_empty() && suffix.is_empty() {
        return Ok(());
    }
    let said = file.said(if prefix.is_empty() { "/nameSuffix" } else { "/namePrefix" });
    for object in objects {
        if ["CustomResourceDefinition", "Namespace", "APIService"].contains(&object.kind()) {
            continue;
        }
        let name = format!("{prefix}{}{suffix}", object.name());
        object.alter(budget, &said, |value| {
            if let Some(metadata) = map_at(value, &["metadata"]) {
                metadata.insert("name".to_owned(), Value::String(name));
            }
        })?;
    }
    Ok(())
}

/// `labels` and `commonLabels`.
pub(super) fn labels(
    file: &File,
    objects: &mut [Object],
    budget: &Budget,
) -> Result<Vec<Unknown>, KustomizeError> {
    let mut unknown = Vec::new();
    for (index, entry) in file.list("labels")?.iter().enumerate() {
        let Some(pairs) = entry.get("pairs").and_then(Value::as_object) else { continue };
        let pairs = file.pairs("labels", pairs)?;
        let is_set = |name: &str| entry.get(name) == Some(&Value::Bool(true));
        if entry.get("fields").is_some_and(|fields| !fields.is_null()) {
            objects.iter_mut().for_each(|object| object.is_uncertain = true);
            unknown.push(file.not_understood("`labels` with `fields`", Reach::Alters, entry));
        }
        let labels = Labels {
            said: file.said(format!("/labels/{index}")),
            pairs: &pairs,
            in_selectors: is_set("includeSelectors"),
            in_templates: is_set("includeTemplates"),
            budget,
        };
        objects.iter_mut().try_for_each(|object| labels.put_on(object))?;
    }
    let pairs = file.map("commonLabels")?;
    if !pairs.is_empty() {
        let labels = Labels {
            said: file.said("/commonLabels"),
            pairs: &pairs,
            in_selectors: true,
            in_templates: true,
            budget,
        };
        objects.iter_mut().try_for_each(|object| labels.put_on(object))?;
    }
    Ok(unknown)
}

/// Labels, and whether they go into selectors and pod templates too.
struct Labels<'a> {
    said: Said,
    pairs: &'a [(String, String)],
    in_selectors: bool,
    in_templates: bool,
    budget: &'a Budget,
}

impl Labels<'_> {
    fn put_on(&self, object: &mut Object) -> Result<(), Exceeded> {
        let (kind, group) = (object.kind().to_owned(), object.group().to_owned());
        let put = |value: &mut Value, place: &[&str]| put(value, place, self.pairs, self.budget);
        object.alter(self.budget, &self.said, |value| {
            put(value, &["metadata", "labels"]);
            if self.in_selectors || self.in_templates {
                for place in templates(&group, &kind) {
                    put(value, &[*place, &["metadata", "labels"]].concat());
                }
                if kind == "StatefulSet" {
                    for claim in claims(value) {
                        put(claim, &["metadata", "labels"]);
                    }
                }
            }
            if self.in_selectors {
                for (place, is_made) in selectors(&group, &kind) {
                    if *is_made || is_map(value, place) {
                        put(value, place);
                    }
                }
                for place in templates(&group, &kind) {
                    constraints(value, place, &put);
                }
            }
        })
    }
}

fn claims(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut).into_iter().flatten()
}

/// Where the pod templates of a kind are.
fn templates(group: &str, kind: &str) -> &'static [&'static [&'static str]] {
    match (group, kind) {
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet")
        | ("", "ReplicationController")
        | ("batch", "Job") => &[&["spec", "template"]],
        ("batch", "CronJob") => &[&["spec", "jobTemplate"], &["spec", "jobTemplate", "spec", "template"]],
        _ => &[],
    }
}

/// Where the selectors of a kind are, and whether they are made where they are missing.
fn selectors(group: &str, kind: &str) -> &'static [(&'static [&'static str], bool)] {
    match (group, kind) {
        ("", "Service" | "ReplicationController") => &[(&["spec", "selector"], true)],
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") => {
            &[(&["spec", "selector", "matchLabels"], true)]
        }
        ("batch", "Job") => &[(&["spec", "selector", "matchLabels"], false)],
        ("batch", "CronJob") => &[(&["spec", "jobTemplate", "spec", "selector", "matchLabels"], false)],
        ("policy", "PodDisruptionBudget") => &[(&["spec", "selector", "matchLabels"], false)],
        ("networking.k8s.io", "NetworkPolicy") => &[(&["spec", "podSelector", "matchLabels"], false)],
        _ => &[],
    }
}

/// Selectors of spreading and affinity inside a pod template, where they are.
fn constraints(value: &mut Value, template: &[&str], put: &dyn Fn(&mut Value, &[&str])) {
    let spec = format!("/{}/spec", template.join("/"));
    let lists = [
        "/topologySpreadConstraints",
        "/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution",
        "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution",
    ];
    for list in lists {
        let found = value.pointer_mut(&format!("{spec}{list}")).and_then(Value::as_array_mut);
        for item in found.into_iter().flatten() {
            if is_map(item, &["labelSelector", "matchLabels"]) {
                put(item, &["labelSelector", "matchLabels"]);
            }
        }
    }
    for side in ["podAffinity", "podAntiAffinity"] {
        let list = format!("{spec}/affinity/{side}/preferredDuringSchedulingIgnoredDuringExecution");
        for item in value.pointer_mut(&list).and_then(Value::as_array_mut).into_iter().flatten() {
            if is_map(item, &["podAffinityTerm", "labelSelector", "matchLabels"]) {
                put(item, &["podAffinityTerm", "labelSelector", "matchLabels"]);
            }
        }
    }
}

/// `commonAnnotations`.
pub(super) fn annotations(
    file: &File,
    objects: &mut [Object],
    budget: &Budget,
) -> Result<(), KustomizeError> {
    let pairs = file.map("commonAnnotations")?;
    if pairs.is_empty() {
        return Ok(());
    }
    let said = file.said("/commonAnnotations");
    for object in objects {
        let (kind, group) = (object.kind().to_owned(), object.group().to_owned());
        object.alter(budget, &said, |value| {
            put(value, &["metadata", "annotations"], &pairs, budget);
            for place in templates(&group, &kind) {
                put(value, &[*place, &["metadata", "annotations"]].concat(), &pairs, budget);
            }
        })?;
    }
    Ok(())
}

/// `replicas`: by the name that the object had first.
pub(super) fn replicas(
    file: &File,
    objects: &mut [Object],
    budget: &Budget,
) -> Result<Vec<Unknown>, KustomizeError> {
    let mut unknown = Vec::new();
    for (index, entry) in file.list("replicas")?.iter().enumerate() {
        let said = file.said(format!("/replicas/{index}"));
        let name = text(entry, "/name");
        let Some(count) = entry.get("count").filter(|count| count.is_u64()) else {
            return Err(file.wrong(format!("`replicas` for `{name}` has no count")));
        };
        let mut is_found = false;
        budget.spend(Resource::Operations, objects.len() as u64)?;
        for object in &mut *objects {
            let kinds = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
            let is_it = object.original.0 == name || object.name() == name;
            if !is_it || !kinds.contains(&object.kind()) {
                continue;
            }
            is_found = true;
            object.alter(budget, &said, |value| {
                if let Some(spec) = map_at(value, &["spec"]) {
                    spec.insert("replicas".to_owned(), count.clone());
                }
            })?;
        }
        if !is_found {
            let message = format!("`replicas` names `{name}`, but no object has that name");
            unknown.push(file.fits_nothing(message, entry)?);
        }
    }
    Ok(unknown)
}

/// `images`: every container of every kind.
pub(super) fn images(file: &File, objects: &mut [Object], budget: &Budget) -> Result<(), KustomizeError> {
    for (index, entry) in file.list("images")?.iter().enumerate() {
        let said = file.said(format!("/images/{index}"));
        let image = Image {
            name: text(entry, "/name"),
            new_name: text(entry, "/newName"),
            new_tag: text(entry, "/newTag"),
            digest: text(entry, "/digest"),
        };
        for object in &mut *objects {
            budget.spend(Resource::Operations, 1 + object.weight() / 16)?;
            if object.kind() != "CustomResourceDefinition" && mentions(&object.value, &image.name) {
                object.alter(budget, &said, |value| containers(value, &image, budget))?;
            }
        }
    }
    Ok(())
}

struct Image {
    name: String,
    new_name: String,
    new_tag: String,
    digest: String,
}

fn mentions(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(entries) => entries.values().any(|value| mentions(value, name)),
        Value::Array(items) => items.iter().any(|value| mentions(value, name)),
        Value::String(text) => text.starts_with(name),
        _ => false,
    }
}

fn containers(value: &mut Value, image: &Image, budget: &Budget) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries.iter_mut() {
                match value {
                    Value::Array(items) if key == "containers" || key == "initContainers" => {
                        items.iter_mut().for_each(|container| image.apply(container, budget));
                    }
                    value => containers(value, image, budget),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| containers(item, image, budget)),
        _ => {}
    }
}

impl Image {
    fn apply(&self, container: &mut Value, budget: &Budget) {
        let Some(Value::String(found)) = container.get_mut("image") else { return };
        let (with_tag, digest) = match found.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (found.as_str(), None),
        };
        // A colon before the last slash belongs to the registry's port.
        let slash = with_tag.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match with_tag[slash..].split_once(':') {
            Some((last, tag)) => (&with_tag[..slash + last.len()], Some(tag)),
            None => (with_tag, None),
        };
        if name != self.name {
            return;
        }
        let new_name = if self.new_name.is_empty() { name } else { &self.new_name };
        let (tag, digest) = match (self.new_tag.is_empty(), self.digest.is_empty()) {
            (true, true) => (tag, digest),
            (false, true) => (Some(self.new_tag.as_str()), None),
            (true, false) => (None, Some(self.digest.as_str())),
            (false, false) => (Some(self.new_tag.as_str()), Some(self.digest.as_str())),
        };
        let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
        let new = format!("{new_name}{tag}{digest}");
        if budget.spend(Resource::Nodes, 1 + text_weight(&new)).is_ok() {
            *found = new;
        }
    }
}

/// Puts texts into a map, as far as the budget goes.
fn put(value: &mut Value, place: &[&str], pairs: &[(String, String)], budget: &Budget) {
    if let Some(map) = map_at(value, place) {
        for (key, text) in pairs {
            if budget.spend(Resource::Nodes, 1 + text_weight(key) + text_weight(text)).is_err() {
                return;
            }
            map.insert(key.clone(), Value::String(text.clone()));
        }
    }
}

fn is_map(value: &Value, place: &[&str]) -> bool {
    place
        .iter()
        .try_fold(value, |here, key| here.as_object().and_then(|map: &Map<String, Value>| map.get(*key)))
        .is_some_and(Value::is_object)
}
