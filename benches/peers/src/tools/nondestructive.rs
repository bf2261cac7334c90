//! nondestructive: one document, whose values are set in place.

use nondestructive::yaml::{self, Null, Separator, ValueMut};
use serde_json::Value;

use crate::edit::{Edit, Key, Step, What};

pub fn edit(edit: &Edit) -> Option<String> {
    let [part] = edit.documents.as_slice() else { return None };
    if part.document != 0 {
        return None;
    }
    let mut document = yaml::from_slice(edit.before.as_bytes()).ok()?;
    for step in &part.steps {
        apply(document.as_mut(), step)?;
    }
    Some(document.to_string())
}

fn apply(root: ValueMut<'_>, step: &Step) -> Option<()> {
    let (last, parents) = step.path.split_last()?;
    let mut parent = parents.iter().try_fold(root, |node, key| match key {
        Key::Name(name) => node.into_mapping_mut()?.get_into_mut(name),
        Key::Index(index) => node.into_sequence_mut()?.get_into_mut(*index),
    })?;
    match (&step.what, last) {
        (What::Replace(new), Key::Name(key)) => set(parent.into_mapping_mut()?.get_into_mut(key)?, new),
        (What::Replace(new), Key::Index(index)) => {
            set(parent.into_sequence_mut()?.get_into_mut(*index)?, new)
        }
        (What::AddKey(new), Key::Name(key)) => {
            set(parent.as_mapping_mut()?.insert(key, Separator::Auto), new)
        }
        (What::Insert(new), Key::Index(index)) => {
            set(parent.as_sequence_mut()?.insert(*index, Separator::Auto), new);
        }
        (What::Push(new), _) => set(parent.as_sequence_mut()?.push(Separator::Auto), new),
        (What::Remove, Key::Name(key)) => parent.as_mapping_mut()?.remove(key).then_some(())?,
        (What::Remove, Key::Index(index)) => parent.as_sequence_mut()?.remove(*index).then_some(())?,
        _ => return None,
    }
    Some(())
}

fn set(mut place: ValueMut<'_>, value: &Value) {
    match value {
        Value::Null => place.set_null(Null::Keyword),
        Value::Bool(flag) => place.set_bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => place.set_i64(integer),
            None => place.set_f64(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => place.set_string(text),
        Value::Array(items) => {
            let mut list = place.make_sequence();
            list.clear();
            items.iter().for_each(|item| set(list.push(Separator::Auto), item));
        }
        Value::Object(entries) => {
            let mut map = place.make_mapping();
            map.clear();
            entries.iter().for_each(|(key, item)| set(map.insert(key, Separator::Auto), item));
        }
    }
}
