//! The edits of the corpus, prepared once for all tools.

use std::path::Path;

use json_patch::{Patch, PatchOperation};
use serde::Deserialize;
use serde_json::Value;

use crate::edit::{DocumentEdit, Edit, Key, Step, What};
use crate::values::values;

/// All edits below a folder, `KIND/NAME/{before.yaml,after.yaml,edit.json}`.
pub fn load(folder: &Path) -> Vec<Edit> {
    #[derive(Deserialize)]
    struct File {
        documents: Vec<Given>,
    }
    #[derive(Deserialize)]
    struct Given {
        document: usize,
        patch: Patch,
    }
    let mut edits = Vec::new();
    for kind in ["value", "list", "add", "remove", "mixed"] {
        let entries = std::fs::read_dir(folder.join(kind)).expect("a folder of edits");
        let mut folders: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        folders.sort();
        for folder in folders {
            let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file of the edit");
            let file: File = serde_json::from_str(&read("edit.json")).expect("an edit");
            let before = read("before.yaml");
            let values = values(&before).expect("a manifest");
            let documents = file.documents.into_iter().map(|given| DocumentEdit {
                document: given.document,
                steps: steps(values[given.document].clone(), &given.patch),
                patch: given.patch,
            });
            let documents = documents.collect();
            let kind = kind.to_owned();
            edits.push(Edit {
                kind,
                file: folder.join("before.yaml"),
                before,
                after: read("after.yaml"),
                documents,
            });
        }
    }
    edits
}

fn steps(mut value: Value, patch: &Patch) -> Vec<Step> {
    let mut steps = Vec::new();
    for operation in &patch.0 {
        let mut here = Some(&value);
        let mut path = Vec::new();
        let mut parent = None;
        for token in operation.path().tokens() {
            let token = token.decoded();
            parent = here;
            let index = match here {
                Some(Value::Array(items)) => {
                    Some(if token == "-" { items.len() } else { token.parse().expect("an index") })
                }
                _ => None,
            };
            here = match (here, index) {
                (Some(Value::Array(items)), Some(index)) => items.get(index),
                (Some(Value::Object(map)), _) => map.get(token.as_ref()),
                _ => None,
            };
            path.push(index.map_or_else(|| Key::Name(token.into_owned()), Key::Index));
        }
        let what = match operation {
            PatchOperation::Replace(replace) => What::Replace(replace.value.clone()),
            PatchOperation::Remove(_) => What::Remove,
            PatchOperation::Add(add) => match (parent, here) {
                (Some(Value::Array(_)), None) => What::Push(add.value.clone()),
                (Some(Value::Array(_)), Some(_)) => What::Insert(add.value.clone()),
                (_, None) => What::AddKey(add.value.clone()),
                (_, Some(_)) => What::Replace(add.value.clone()),
            },
            _ => panic!("the corpus has adds, removals and replacements only"),
        };
        steps.push(Step { path, what });
        let one = Patch(vec![operation.clone()]);
        json_patch::patch(&mut value, &one).expect("the edit fits");
    }
    steps
}
