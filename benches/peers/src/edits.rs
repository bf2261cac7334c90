//! The edits, prepared once for all tools: each operation with what a tool that is no RFC 6902 tool must know.

use std::path::Path;

use json_patch::{Patch, PatchOperation};
use serde::Deserialize;
use serde_json::Value;

/// An edit that people made.
pub struct Edit {
    /// value, list, add, remove or mixed.
    pub kind: String,
    pub file: std::path::PathBuf,
    pub before: String,
    pub after: String,
    pub documents: Vec<DocumentEdit>,
}

/// What is done to one document.
pub struct DocumentEdit {
    pub document: usize,
    pub patch: Patch,
    pub steps: Vec<Step>,
}

/// One operation.
pub struct Step {
    pub path: Vec<Key>,
    pub what: What,
}

/// A step of a path.
pub enum Key {
    Name(String),
    Index(usize),
}

/// What is done at the end of a path.
pub enum What {
    /// The value that is there becomes this one.
    Replace(Value),
    /// A key that is not there yet.
    AddKey(Value),
    /// An item before the one that has this index.
    Insert(Value),
    /// An item behind the last one.
    Push(Value),
    Remove,
}

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
            let values = crate::judge::values(&before).expect("a manifest");
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
