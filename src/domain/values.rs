//! YAML as plain values, as kubectl and kustomize read it: for judging, by another parser than the one that edits.
//!
//! Aliases and merge keys are resolved; duplicate keys, tags, alias bombs and keys that are no strings are refused.

use serde::Deserialize as _;
use serde_json::{Map, Number, Value};

/// Larger files are not manifests; Kubernetes takes no object above 1.5 MiB.
const LARGEST: usize = 2 << 20;

/// The documents of a file that are not empty.
///
/// # Errors
/// Why it cannot be read, in words.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Value>, String> {
    if bytes.len() > LARGEST {
        return Err(format!("the file has {} bytes", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned())?;
    let mut values = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = serde_yaml::Value::deserialize(document).map_err(|error| error.to_string())?;
        values.push(plain(value)?);
    }
    values.retain(|value| !value.is_null());
    Ok(values)
}

/// The one value of a text.
///
/// # Errors
/// Why it cannot be read, in words.
pub(crate) fn one(text: &str) -> Result<Value, String> {
    plain(serde_yaml::from_str(text).map_err(|error| error.to_string())?)
}

fn plain(mut value: serde_yaml::Value) -> Result<Value, String> {
    value.apply_merge().map_err(|error| error.to_string())?;
    json(value)
}

/// JSON as Kubernetes sees it: keys are strings, no tags, numbers finite.
fn json(value: serde_yaml::Value) -> Result<Value, String> {
    Ok(match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(truth) => Value::Bool(truth),
        serde_yaml::Value::Number(number) => Value::Number(json_number(&number)?),
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Sequence(items) => {
            Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?)
        }
        serde_yaml::Value::Mapping(entries) => {
            let mut object = Map::with_capacity(entries.len());
            for (key, entry) in entries {
                let serde_yaml::Value::String(key) = key else {
                    return Err("a key is not a string".to_owned());
                };
                object.insert(key, json(entry)?);
            }
            Value::Object(object)
        }
        serde_yaml::Value::Tagged(tagged) => return Err(format!("the tag {} is not supported", tagged.tag)),
    })
}

fn json_number(number: &serde_yaml::Number) -> Result<Number, String> {
    if let Some(number) = number.as_i64() {
        return Ok(number.into());
    }
    if let Some(number) = number.as_u64() {
        return Ok(number.into());
    }
    number.as_f64().and_then(Number::from_f64).ok_or_else(|| format!("{number} is not a JSON number"))
}
