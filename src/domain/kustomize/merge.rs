//! Strategic merge: maps are merged, lists too where Kubernetes names their key, everything else is replaced.
//!
//! Only kinds that ship with Kubernetes have keys for their lists; in all others (Knative, Flink) a list of the patch
//! replaces the whole list, as kustomize does without their schema.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};

/// A directive that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownDirective(pub String);

/// The result for an object.
#[derive(Debug, PartialEq)]
pub(super) enum Merged {
    /// It is changed.
    Changed(Value),
    /// The patch deletes it.
    Deleted,
}

/// The object with the patch applied.
pub(super) fn merge(object: &Value, patch: &Value) -> Result<Merged, UnknownDirective> {
    let group = object
        .get("apiVersion")
        .and_then(Value::as_str)
        .and_then(|version| version.split_once('/'))
        .map_or("", |(group, _)| group);
    let has_schema = is_builtin(group);
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let schema = Schema { has_schema, is_service: kind == "Service" && group.is_empty() };
    match directive(patch)? {
        Some(Directive::Delete) => return Ok(Merged::Deleted),
        Some(Directive::Replace) => {
            let mut value = patch.clone();
            remove_directive(&mut value);
            return Ok(Merged::Changed(value));
        }
        None => {}
    }
    let mut value = object.clone();
    schema.merge_value("", &mut value, patch)?;
    Ok(Merged::Changed(value))
}

/// Groups whose lists have keys: those of Kubernetes itself.
fn is_builtin(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions")
        || group.ends_with(".k8s.io")
}

#[derive(Clone, Copy)]
struct Schema {
    has_schema: bool,
    is_service: bool,
}

impl Schema {
    /// What names the items of a list.
    fn key(self, field: &str) -> Option<&'static str> {
        if !self.has_schema {
            return None;
        }
        match field {
            "containers"
            | "initContainers"
            | "ephemeralContainers"
            | "env"
            | "volumes"
            | "imagePullSecrets"
            | "secrets" => Some("name"),
            "volumeMounts" => Some("mountPath"),
            "ports" if self.is_service => Some("port"),
            "ports" => Some("containerPort"),
            "hostAliases" => Some("ip"),
            "topologySpreadConstraints" => Some("topologyKey"),
            "volumeDevices" => Some("devicePath"),
            _ => None,
        }
    }

    fn merge_value(self, field: &str, value: &mut Value, patch: &Value) -> Result<(), UnknownDirective> {
        match (value, patch) {
            (Value::Object(value), Value::Object(patch)) => self.merge_map(value, patch),
            (Value::Array(value), Value::Array(patch)) => self.merge_list(field, value, patch),
            (value, patch) => {
                *value = self.plain(patch)?;
                Ok(())
            }
        }
    }

    fn merge_map(
        self,
        value: &mut Map<String, Value>,
        patch: &Map<String, Value>,
    ) -> Result<(), UnknownDirective> {
        if patch.get("$patch").and_then(Value::as_str) == Some("replace") {
            value.clear();
        }
        let mut removed = HashSet::new();
        for (key, change) in patch {
            if key == "$patch" {
                continue;
            }
            if key.starts_with('$') {
                return Err(UnknownDirective(key.clone()));
            }
            match (change, directive(change)?) {
                (Value::Null, _) | (_, Some(Directive::Delete)) => {
                    removed.insert(key.as_str());
                }
                _ => match value.get_mut(key) {
                    Some(found) => self.merge_value(key, found, change)?,
                    None => {
                        value.insert(key.clone(), self.plain(change)?);
                    }
                },
            }
        }
        // All at once: each removal alone would move all that follow.
        if !removed.is_empty() {
            value.retain(|key, _| !removed.contains(key.as_str()));
        }
        Ok(())
    }

    fn merge_list(
        self,
        field: &str,
        value: &mut Vec<Value>,
        patch: &[Value],
    ) -> Result<(), UnknownDirective> {
        let replaces = patch.iter().any(|item| item.get("$patch").and_then(Value::as_str) == Some("replace"));
        let Some(key) = self.key(field).filter(|_| !replaces) else {
            *value = match self.plain(&Value::Array(patch.to_vec()))? {
                Value::Array(items) => items,
                _ => Vec::new(),
            };
            return Ok(());
        };
        // The patch's items come first, in its order; the rest follows.
        let mut merged = Vec::new();
        let mut by_key: HashMap<Value, VecDeque<usize>> = HashMap::new();
        for (at, item) in value.iter().enumerate() {
            if let Some(named) = item.get(key) {
                by_key.entry(named.clone()).or_default().push_back(at);
            }
        }
        let mut items: Vec<Option<Value>> = std::mem::take(value).into_iter().map(Some).collect();
        for item in patch {
            let at = item.get(key).and_then(|named| by_key.get_mut(named)?.pop_front());
            let found = at.and_then(|at| items[at].take());
            match (directive(item)?, found) {
                (Some(Directive::Delete), _) => {}
                (_, Some(mut found)) => {
                    self.merge_value("", &mut found, item)?;
                    merged.push(found);
                }
                (_, None) => merged.push(self.plain(item)?),
            }
        }
        merged.extend(items.into_iter().flatten());
        *value = merged;
        Ok(())
    }

    /// A part of a patch where there was nothing: without directives and nulls.
    fn plain(self, patch: &Value) -> Result<Value, UnknownDirective> {
        Ok(match patch {
            Value::Object(entries) => {
                let mut plain = Map::new();
                for (key, value) in entries {
                    if key == "$patch" || value.is_null() {
                        continue;
                    }
                    if key.starts_with('$') {
                        return Err(UnknownDirective(key.clone()));
                    }
                    if directive(value)? != Some(Directive::Delete) {
                        plain.insert(key.clone(), self.plain(value)?);
                    }
                }
                Value::Object(plain)
            }
            Value::Array(items) => {
                let mut plain = Vec::new();
                for item in items {
                    let is_directive_alone =
                        item.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("$patch"));
                    if !is_directive_alone && directive(item)? != Some(Directive::Delete) {
                        plain.push(self.plain(item)?);
                    }
                }
                Value::Array(plain)
            }
            other => other.clone(),
        })
    }
}

#[derive(PartialEq)]
enum Directive {
    Delete,
    Replace,
}

fn directive(patch: &Value) -> Result<Option<Directive>, UnknownDirective> {
    match patch.get("$patch") {
        None => Ok(None),
        Some(Value::String(text)) if text == "delete" => Ok(Some(Directive::Delete)),
        Some(Value::String(text)) if text == "replace" => Ok(Some(Directive::Replace)),
        Some(Value::String(text)) if text == "merge" => Ok(None),
        Some(other) => Err(UnknownDirective(format!("$patch: {other}"))),
    }
}

fn remove_directive(value: &mut Value) {
    if let Some(map) = value.as_object_mut() {
        map.shift_remove("$patch");
    }
}
