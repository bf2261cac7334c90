//! The values of a text, read by a library that none of the tools is made from.

use serde::Deserialize as _;
use serde_json::Value;

/// The documents of a text; `None` if it is not YAML.
pub fn values(text: &str) -> Option<Vec<Value>> {
    yaml_serde::Deserializer::from_str(text).map(|document| Value::deserialize(document).ok()).collect()
}
