//! Generated ConfigMaps and Secrets. Values of Secrets are not computed: nothing here needs them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::domain::budget::Resource;

use super::built::Unknown;
use super::error::KustomizeError;
use super::file::File;
use super::object::{Object, map_at, text};
use super::paths::{file_name, join};
use super::source::Tree;

/// `configMapGenerator` and `secretGenerator`.
pub(super) fn config_maps(
    file: &File,
    folder: &str,
    tree: Tree<'_>,
    used: &mut BTreeSet<String>,
    objects: &mut Vec<Object>,
) -> Result<Vec<Unknown>, KustomizeError> {
    let mut unknown = Vec::new();
    for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for entry in file.list(field)? {
            let mut reading = FileGenerator { file, folder, tree, used };
            let data = reading.data(entry)?;
            tree.pass(objects.len())?;
            unknown.extend(generated(Generator { file, tree, entry, kind }, data, objects)?);
        }
    }
    Ok(unknown)
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Clone, Copy)]
struct Generator<'a, 't> {
    file: &'a File,
    tree: Tree<'t>,
    entry: &'a Value,
    kind: &'static str,
}

fn generated(
    generator: Generator<'_, '_>,
    data: Map<String, Value>,
    objects: &mut Vec<Object>,
) -> Result<Option<Unknown>, KustomizeError> {
    let Generator { file, tree, entry, kind } = generator;
    let (name, namespace) = (text(entry, "/name"), text(entry, "/namespace"));
    let data = if kind == "Secret" { Map::new() } else { data };
    let existing =
        objects.iter_mut().find(|object| object.kind() == kind && object.is_called(&name, &namespace));
    match (text(entry, "/behavior").as_str(), existing) {
        ("" | "create" | "unspecified", None) => {
            let object = created(file, entry, kind, data);
            tree.budget.spend(Resource::Nodes, object.weight() + object.own_weight())?;
            objects.push(object);
            Ok(None)
        }
        ("" | "create" | "unspecified", Some(_)) => {
            Err(file.wrong(format!("the generated {kind} `{name}` already exists")))
        }
        ("merge" | "replace", None) => {
            let message = format!("the generated {kind} `{name}` has nothing to merge into");
            file.fits_nothing(message, entry).map(Some)
        }
        (behavior @ ("merge" | "replace"), Some(object)) => {
            let replaces = behavior == "replace";
            let field = if kind == "Secret" { "/secretGenerator" } else { "/configMapGenerator" };
            object.alter(tree.budget, &file.said(field), |value| {
                if let Some(found) = map_at(value, &["data"]) {
                    if replaces {
                        found.clear();
                    }
                    found.extend(data);
                }
            })?;
            Ok(None)
        }
        (other, _) => Err(file.wrong(format!("unknown behavior `{other}` of {kind} `{name}`"))),
    }
}

fn created(file: &File, entry: &Value, kind: &str, data: Map<String, Value>) -> Object {
    let mut metadata = json!({ "name": text(entry, "/name") });
    let namespace = text(entry, "/namespace");
    if !namespace.is_empty() {
        metadata["namespace"] = Value::String(namespace);
    }
    let options = |field: &str| -> Map<String, Value> {
        let own = entry.pointer(&format!("/options/{field}")).and_then(Value::as_object);
        let general = file.field("generatorOptions").and_then(|options| options.get(field));
        let general = general.and_then(Value::as_object);
        general
            .into_iter()
            .flatten()
            .chain(own.into_iter().flatten())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    };
    for field in ["labels", "annotations"] {
        let pairs = options(field);
        if !pairs.is_empty() {
            metadata[field] = Value::Object(pairs);
        }
    }
    let mut value = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
    if kind == "Secret" {
        let of_type = text(entry, "/type");
        value["type"] = Value::String(if of_type.is_empty() { "Opaque".to_owned() } else { of_type });
    }
    if !data.is_empty() {
        value["data"] = Value::Object(data);
    }
    let is_on = |options: Option<&Value>| {
        options.and_then(|options| options.get("disableNameSuffixHash")) == Some(&Value::Bool(true))
    };
    let mut object = Object::of_file(&file.path, 0, Arc::new(value));
    object.is_altered = true;
    object.has_hash = !is_on(entry.get("options")) && !is_on(file.field("generatorOptions"));
    object
}

struct FileGenerator<'a, 't> {
    file: &'a File,
    folder: &'a str,
    tree: Tree<'t>,
    used: &'a mut BTreeSet<String>,
}

impl FileGenerator<'_, '_> {
    fn data(&mut self, entry: &Value) -> Result<Map<String, Value>, KustomizeError> {
        let mut data = Map::new();
        let list = |field: &str| -> Vec<String> {
            let items = entry.get(field).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let single = entry.get("env").and_then(Value::as_str).map(str::to_owned);
        for path in list("envs").into_iter().chain(single) {
            let text = self.read(&path)?;
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                let (key, value) = line.split_once('=').unwrap_or((line, ""));
                data.insert(key.to_owned(), Value::String(value.to_owned()));
            }
        }
        for given in list("files") {
            let (key, path) = match given.split_once('=') {
                Some((key, path)) => (key.to_owned(), path.to_owned()),
                None => (file_name(&given).to_owned(), given),
            };
            let text = self.read(&path)?;
            data.insert(key, Value::String(text));
        }
        for literal in list("literals") {
            let Some((key, value)) = literal.split_once('=') else {
                return Err(self.file.wrong(format!("the literal `{literal}` is not `key=value`")));
            };
            data.insert(key.to_owned(), Value::String(unquoted(value).to_owned()));
        }
        Ok(data)
    }

    fn read(&mut self, path: &str) -> Result<String, KustomizeError> {
        let full = join(self.folder, path).unwrap_or_default();
        let bytes = self.tree.read(&full)?;
        let bytes =
            bytes.ok_or_else(|| self.file.wrong(format!("the generator's file `{path}` does not exist")))?;
        self.used.insert(full.clone());
        String::from_utf8(bytes.to_vec()).map_err(|_| KustomizeError::new(&full, "it is not UTF-8"))
    }
}

/// One pair of quotes around a literal's value is dropped.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}
