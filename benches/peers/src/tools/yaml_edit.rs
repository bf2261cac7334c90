//! yaml-edit: a syntax tree that is changed in place.

use std::str::FromStr as _;

use serde_json::Value;
use yaml_edit::{ScalarValue, YamlFile, YamlNode, YamlValue};

use crate::edit::{Edit, Key, Step, What};

pub fn edit(edit: &Edit) -> Option<String> {
    let file = YamlFile::from_str(&edit.before).ok()?;
    for part in &edit.documents {
        let document = file.documents().nth(part.document)?;
        let root = document
            .as_mapping()
            .map(YamlNode::Mapping)
            .or_else(|| document.as_sequence().map(YamlNode::Sequence))?;
        for step in &part.steps {
            apply(root.clone(), step)?;
        }
    }
    Some(file.to_string())
}

fn apply(root: YamlNode, step: &Step) -> Option<()> {
    let (last, parents) = step.path.split_last()?;
    let parent = parents.iter().try_fold(root, |node, key| match (node, key) {
        (YamlNode::Mapping(map), Key::Name(name)) => map.get(name.as_str()),
        (YamlNode::Sequence(list), Key::Index(index)) => list.get(*index),
        _ => None,
    })?;
    match (&step.what, last, &parent) {
        (What::Replace(new) | What::AddKey(new), Key::Name(key), YamlNode::Mapping(map)) => {
            map.set(key.as_str(), value(new));
        }
        (What::Remove, Key::Name(key), YamlNode::Mapping(map)) => map.remove(key.as_str()).map(|_| ())?,
        (What::Replace(new), Key::Index(index), YamlNode::Sequence(list)) => {
            list.set(*index, value(new)).then_some(())?;
        }
        (What::Insert(new), Key::Index(index), YamlNode::Sequence(list)) => list.insert(*index, value(new)),
        (What::Push(new), _, YamlNode::Sequence(list)) => list.push(value(new)),
        (What::Remove, Key::Index(index), YamlNode::Sequence(list)) => list.remove(*index).map(|_| ())?,
        _ => return None,
    }
    Some(())
}

fn value(json: &Value) -> YamlValue {
    match json {
        Value::Null => ScalarValue::null().into(),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => YamlValue::Sequence(items.iter().map(value).collect()),
        Value::Object(map) => {
            YamlValue::Mapping(map.iter().map(|(key, item)| (key.clone(), value(item))).collect())
        }
    }
}
