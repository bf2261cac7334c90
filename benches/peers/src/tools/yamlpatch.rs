//! yamlpatch: the patches of zizmor. It has no way to a second document, nor to an item in the middle of a list.

use yamlpatch::{Op, Patch, apply_yaml_patches};
use yamlpath::{Component, Document, Route};

use crate::edit::{Edit, Key, Step, What};

pub fn edit(edit: &Edit) -> Option<String> {
    let [part] = edit.documents.as_slice() else { return None };
    if part.document != 0 {
        return None;
    }
    let patches: Option<Vec<Patch<'_>>> = part.steps.iter().map(patch).collect();
    let document = Document::new(edit.before.as_str()).ok()?;
    let document = apply_yaml_patches(&document, &patches?).ok()?;
    Some(document.source().to_owned())
}

fn patch(step: &Step) -> Option<Patch<'_>> {
    let value = |value: &serde_json::Value| yaml_serde::to_value(value).ok();
    let (last, parent) = step.path.split_last()?;
    let (path, operation) = match (&step.what, last) {
        (What::Replace(new), _) => (step.path.as_slice(), Op::Replace(value(new)?)),
        (What::Remove, _) => (step.path.as_slice(), Op::Remove),
        (What::Push(new), _) => (parent, Op::Append { value: value(new)? }),
        (What::AddKey(new), Key::Name(key)) => (parent, Op::Add { key: key.clone(), value: value(new)? }),
        _ => return None,
    };
    let components = path.iter().map(|key| match key {
        Key::Name(name) => Component::from(name.as_str()),
        Key::Index(index) => Component::from(*index),
    });
    Some(Patch { route: Route::from(components.collect::<Vec<_>>()), operation })
}
