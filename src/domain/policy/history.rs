//! What settings were before: asked for by rules that want to know whether a value was ever used.
//!
//! Policies name those settings in their METADATA (`custom.history`). Reading history is somebody else's: facts say of
//! which files ([`Facts::wants_history`]), and are given what these held ([`Facts::with_history`]). Without it the rules
//! that ask say that they do not know.

use std::collections::BTreeMap;
use std::sync::Arc;

use regorus::Value;
use serde_json::json;

use super::document::Parsed;
use super::facts::Facts;
use super::value;

impl Facts {
    /// The files whose former contents rules want: those that set one of these names differently. Usually none.
    #[must_use]
    pub fn wants_history(&self, names: &[&str]) -> Vec<String> {
        let objects = self.input["objects"].as_array().into_iter().flatten();
        let mut paths: Vec<String> = objects.filter_map(|object| asking(object, names)).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The same facts with what the files held before of these names, newest first. A file that is not in the map stays
    /// unknown.
    #[must_use]
    pub fn with_history(mut self, names: &[&str], files: &BTreeMap<String, Vec<Arc<[u8]>>>) -> Self {
        let entries = files.iter().flat_map(|(path, contents)| {
            let mut former = former(contents, names);
            names.iter().map(move |name| {
                let values = former.remove(*name).unwrap_or_default();
                json!({"path": path, "name": name, "values": values})
            })
        });
        let entries = value::of(&entries.collect::<Vec<_>>());
        // OK because the input is always an object.
        if let Ok(input) = self.input.as_object_mut() {
            input.insert(Value::from("history"), entries);
        }
        self
    }
}

/// The file of an object that sets an asked-for setting differently.
fn asking(object: &Value, names: &[&str]) -> Option<String> {
    let mut differing = object["differing"].as_array().into_iter().flatten();
    let is_asked = |name: &Value| name.as_string().is_ok_and(|name| names.contains(&name.as_ref()));
    if !differing.any(is_asked) {
        return None;
    }
    let path = |side: &str| object[side].as_array().ok()?.first()?["path"].as_string().ok().cloned();
    path("head").or_else(|| path("base")).map(|path| path.to_string())
}

/// The values of each asked-for setting over some contents of a file, each once, newest first.
fn former(contents: &[Arc<[u8]>], names: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for content in contents {
        let parsed = Parsed::of(content);
        for setting in parsed.documents.iter().flat_map(|document| &document.settings) {
            if !names.contains(&setting.name.as_str()) {
                continue;
            }
            let values = found.entry(setting.name.clone()).or_default();
            for value in setting.occurrences.iter().filter_map(|one| one.value.as_deref()) {
                let value = value.trim().to_owned();
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
    }
    found
}
