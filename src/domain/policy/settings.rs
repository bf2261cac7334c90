//! Settings: environment variables of containers and entries of ConfigMaps, found wherever they are in an object.
//!
//! A setting has all of its occurrences: the same name may occur twice in one list, or in two containers, and the
//! most dangerous of them is the one that counts. Names are in capitals: the service reads its variables whatever case
//! they are written in. Images are found in the same walk.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::budget::{Budget, Exceeded, Resource, text_weight, weight};
use crate::domain::values;

/// A name and where it is set in one object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    /// The name: `TRADING_MODE`.
    pub name: String,
    /// Its occurrences, in document order.
    pub occurrences: Vec<Occurrence>,
}

/// One place where a name is set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    /// Pointer of the entry, in the form of `Change::pointer`.
    pub pointer: String,
    /// The literal value as text; `None` where it comes from elsewhere.
    pub value: Option<String>,
    /// `valueFrom`, or the value itself where it is not a string.
    pub from: Option<Value>,
}

/// What an object sets and runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ObjectSettings {
    /// Environment variables and ConfigMap entries, sorted by name.
    pub settings: Vec<Setting>,
    /// Each `image` that is a text, with its pointer.
    pub images: Vec<(String, String)>,
}

/// What each setting and image takes beside its texts, in nodes: a map, a list and texts, here and for the rules.
const NODES: u64 = 6;

/// The settings and images of an object.
///
/// # Errors
/// - they take more than the budget has: pointers are as long as the keys above, however many share them
pub(crate) fn of(object: &Value, budget: &Budget) -> Result<ObjectSettings, Exceeded> {
    let mut found = FoundSettings { by_name: BTreeMap::new(), images: Vec::new(), budget };
    let mut pointer = String::new();
    found.collect(object, &mut pointer)?;
    let FoundSettings { by_name: mut found, images, .. } = found;
    if object.get("kind").and_then(Value::as_str) == Some("ConfigMap") {
        for field in ["data", "binaryData"] {
            for (key, value) in object.get(field).and_then(Value::as_object).into_iter().flatten() {
                let pointer = format!("/{field}/{}", escape(key));
                budget.spend(Resource::Nodes, NODES + text_weight(&pointer) + weight(value))?;
                found.entry(in_capitals(key)).or_default().push(occurrence(pointer, Some(value), None));
            }
        }
    }
    let settings = found.into_iter().map(|(name, occurrences)| Setting { name, occurrences }).collect();
    Ok(ObjectSettings { settings, images })
}

/// The name of a variable as the service knows it; what cannot be a variable's name stays as it is.
fn in_capitals(name: &str) -> String {
    match name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        true => name.to_ascii_uppercase(),
        false => name.to_owned(),
    }
}

struct FoundSettings<'b> {
    by_name: BTreeMap<String, Vec<Occurrence>>,
    images: Vec<(String, String)>,
    budget: &'b Budget,
}

impl FoundSettings<'_> {
    fn collect(&mut self, value: &Value, pointer: &mut String) -> Result<(), Exceeded> {
        let length = pointer.len();
        match value {
            Value::Object(entries) => {
                for (key, entry) in entries {
                    pointer.push('/');
                    pointer.push_str(&escape(key));
                    match entry {
                        Value::Array(items) if key == "env" => self.environment(items, pointer)?,
                        Value::String(image) if key == "image" => {
                            let texts = text_weight(pointer) + text_weight(image);
                            self.budget.spend(Resource::Nodes, NODES + texts)?;
                            self.images.push((pointer.clone(), image.clone()));
                        }
                        entry => self.collect(entry, pointer)?,
                    }
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push_str(&selector(item, index));
                    self.collect(item, pointer)?;
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn environment(&mut self, items: &[Value], pointer: &str) -> Result<(), Exceeded> {
        for (index, item) in items.iter().enumerate() {
            if let Some(name) = item.get("name").and_then(Value::as_str) {
                let texts = text_weight(pointer) + text_weight(name);
                self.budget.spend(Resource::Nodes, NODES + texts + weight(item))?;
                let pointer = format!("{pointer}{}", selector(item, index));
                let found = occurrence(pointer, item.get("value"), item.get("valueFrom"));
                self.by_name.entry(in_capitals(name)).or_default().push(found);
            }
        }
        Ok(())
    }
}

fn occurrence(pointer: String, value: Option<&Value>, from: Option<&Value>) -> Occurrence {
    match (value, from) {
        (Some(Value::String(text)), None) => Occurrence { pointer, value: Some(text.clone()), from: None },
        (None | Some(Value::Null), None) => Occurrence { pointer, value: Some(String::new()), from: None },
        (value, from) => Occurrence { pointer, value: None, from: from.or(value).cloned() },
    }
}

/// An item of a list as `Change::pointer` names it: `[name=app]` where it has a name, else its index.
fn selector(item: &Value, index: usize) -> String {
    match item.get("name").and_then(Value::as_str) {
        Some(name) => format!("[name={}]", escape(name)),
        None => format!("/{index}"),
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The object as rules see it.
///
/// # Errors
/// - texts in it hold more than the budget has
pub(crate) fn fact(
    index: usize,
    object: &Value,
    found: &ObjectSettings,
    budget: &Budget,
) -> Result<regorus::Value, Exceeded> {
    let by_name: serde_json::Map<String, Value> =
        found.settings.iter().map(|setting| (setting.name.clone(), occurrences(setting))).collect();
    let image = |(pointer, image): &(String, String)| json!({"pointer": pointer, "image": image});
    let embedded = embedded(object, budget);
    if let Some(exceeded) = budget.exceeded() {
        return Err(exceeded);
    }
    Ok(regorus::Value::from(json!({
        "index": index,
        "value": object,
        "settings": by_name,
        "images": found.images.iter().map(image).collect::<Vec<_>>(),
        "embedded": embedded,
    })))
}

fn occurrences(setting: &Setting) -> Value {
    let one = |found: &Occurrence| match (&found.value, &found.from) {
        (Some(value), _) => json!({"pointer": found.pointer, "value": value}),
        (None, from) => json!({"pointer": found.pointer, "from": from}),
    };
    setting.occurrences.iter().map(one).collect()
}

/// JSON and YAML texts inside a ConfigMap, parsed: `{key: {"value": …}}`, or `{"problem": …}` where they do not parse.
fn embedded(object: &Value, budget: &Budget) -> Value {
    let mut found = serde_json::Map::new();
    if object.get("kind").and_then(Value::as_str) != Some("ConfigMap") {
        return Value::Object(found);
    }
    for (key, value) in object.get("data").and_then(Value::as_object).into_iter().flatten() {
        let Some(text) = value.as_str() else { continue };
        let lower = key.to_ascii_lowercase();
        if lower.ends_with(".json") || lower.ends_with(".yaml") || lower.ends_with(".yml") {
            let parsed = values::one(text, budget);
            let fact = match parsed {
                Ok(value) => json!({ "value": value }),
                Err(problem) => json!({ "problem": problem }),
            };
            found.insert(key.clone(), fact);
        }
    }
    Value::Object(found)
}
