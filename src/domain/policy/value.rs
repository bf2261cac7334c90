//! Values as Rego sees them.

use std::collections::BTreeMap;

use regorus::Value;
use serde::Serialize;

/// Anything that serializes to JSON.
pub(super) fn of<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).map_or(Value::Null, Value::from)
}

/// An object.
pub(super) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries: BTreeMap<Value, Value> =
        entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect();
    Value::from(entries)
}
