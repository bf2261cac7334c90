//! Semantic changes: what differs between two trees, by file, object and item name, not by line.
//!
//! A line diff of a moved environment variable can hide a changed value, or show a change where there is none;
//! these are compared by name and by value.

mod alignment;
mod counterparts;
mod named;
mod operations;
mod stream;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::counterparts::counterparts;
use self::named::Named;
pub use self::operations::operations;
pub use self::stream::{StreamPatch, patch};
use super::manifest::{DocumentName, Found, Manifest, Manifests, select};
use super::tree::{Entry, EntryKind, Snapshot};
use super::yaml::{Pointer, PointerStep, escape};

/// One changed leaf (or added, or removed node).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Full repository path.
    pub path: String,
    /// The object that holds it.
    pub document: DocumentName,
    /// Where, with items of named lists by name:
    /// `/spec/template/spec/containers[name=app]/env[name=TRADING_ENABLED]/value`. Empty for a whole object.
    pub pointer: String,
    /// The value before; `None` (`null` in JSON) when it was absent.
    #[serde(default)]
    pub before: Option<Value>,
    /// The value after; `None` (`null` in JSON) when it was removed.
    #[serde(default)]
    pub after: Option<Value>,
}

/// All changes from one tree to another, by path, then in the order of the files.
///
/// A file that is no manifest, or cannot be read as one, is one change of the whole, with its blob ids as values:
/// nothing that differs is left out.
#[must_use]
pub fn between_trees(base: &Snapshot, head: &Snapshot, manifests: &Manifests) -> Vec<Change> {
    let mut paths: Vec<&String> = base.files.keys().chain(head.files.keys()).collect();
    paths.sort();
    paths.dedup();
    let mut changes = Vec::new();
    for path in paths {
        let (before, after) = (base.files.get(path), head.files.get(path));
        if let (Some(before), Some(after)) = (before, after)
            && before.blob == after.blob
            && before.kind == after.kind
        {
            continue;
        }
        let same_kind = match (before, after) {
            (Some(before), Some(after)) => before.kind == after.kind,
            _ => true,
        };
        match (read(path, before, manifests), read(path, after, manifests)) {
            (Some(before), Some(after)) if same_kind => changes.extend(between(path, &before, &after)),
            _ => changes.push(opaque(path, before, after)),
        }
    }
    changes
}

/// The changes of one file.
#[must_use]
pub fn between(path: &str, before: &Manifest, after: &Manifest) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut collect = |document: &DocumentName, before: Option<&Value>, after: Option<&Value>| {
        let mut walk = ChangeWalk { path, document, changes: &mut changes };
        walk.compare("", before, after);
    };
    let partners = counterparts(before, after);
    let mut is_new = vec![true; after.objects.len()];
    for (object, partner) in before.objects.iter().zip(partners) {
        let other = partner.map(|other| &after.objects[other]);
        partner.into_iter().for_each(|other| is_new[other] = false);
        collect(&object.name, Some(&object.value), other.map(|other| &other.value));
    }
    for object in after.objects.iter().zip(is_new).filter_map(|(object, is_new)| is_new.then_some(object)) {
        collect(&object.name, None, Some(&object.value));
    }
    changes
}

/// A pointer in the form that changes have it: items by name exactly where their list goes by names.
///
/// Steps that select nothing stay as they are.
#[must_use]
pub fn canonical(root: &Value, pointer: &Pointer) -> String {
    let mut text = String::new();
    let mut here = Some(root);
    for (index, step) in pointer.steps.iter().enumerate() {
        let prefix = Pointer { steps: pointer.steps[..=index].to_vec() };
        let next = match select(root, &prefix) {
            Found::One(value) => Some(value),
            Found::Nothing | Found::Several => None,
        };
        match (here, next) {
            (Some(Value::Array(items)), Some(next)) => {
                let at = items.iter().position(|item| std::ptr::eq(item, next)).unwrap_or(0);
                match Named::of(items).map(|named| (named.keys[at].0, named)) {
                    Some((name, named)) if named.is_unique(name) => {
                        text.push_str(&format!("[name={}]", escape(name)));
                    }
                    _ => text.push_str(&format!("/{at}")),
                }
            }
            _ => match step {
                PointerStep::Key(key) => text.push_str(&format!("/{}", escape(key))),
                PointerStep::Item { key, value } => {
                    text.push_str(&format!("[{}={}]", escape(key), escape(value)));
                }
            },
        }
        here = next;
    }
    text
}

struct ChangeWalk<'a> {
    path: &'a str,
    document: &'a DocumentName,
    changes: &'a mut Vec<Change>,
}

impl ChangeWalk<'_> {
    fn compare(&mut self, pointer: &str, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (Some(before), Some(after)) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                let new = after.keys().filter(|key| !before.contains_key(*key));
                for key in before.keys().chain(new) {
                    let pointer = format!("{pointer}/{}", escape(key));
                    self.compare(&pointer, before.get(key), after.get(key));
                }
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => self.lists(pointer, before, after),
            (before, after) => self.push(pointer, before.cloned(), after.cloned()),
        }
    }

    fn lists(&mut self, pointer: &str, before: &[Value], after: &[Value]) {
        if let (Some(named_before), Some(named_after)) = (Named::of(before), Named::of(after)) {
            for (at, item) in before.iter().enumerate() {
                let (name, rank) = named_before.keys[at];
                let other = named_after.position(name, rank);
                let step = match named_before.is_unique(name) && named_after.count(name) <= 1 {
                    true => format!("{pointer}[name={}]", escape(name)),
                    false => format!("{pointer}/{}", other.unwrap_or(at)),
                };
                self.compare(&step, Some(item), other.map(|other| &after[other]));
            }
            for (at, item) in after.iter().enumerate() {
                let (name, rank) = named_after.keys[at];
                if named_before.position(name, rank).is_none() {
                    let step = match named_after.is_unique(name) {
                        true => format!("{pointer}[name={}]", escape(name)),
                        false => format!("{pointer}/{at}"),
                    };
                    self.compare(&step, None, Some(item));
                }
            }
            let orders = (named_before.kept_in(&named_after), named_after.kept_in(&named_before));
            if orders.0 != orders.1 {
                self.push(pointer, Some(orders.0.into()), Some(orders.1.into()));
            }
        } else if before.len() == after.len() {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                self.compare(&format!("{pointer}/{index}"), Some(before), Some(after));
            }
        } else {
            self.push(pointer, Some(before.into()), Some(after.into()));
        }
    }

    fn push(&mut self, pointer: &str, before: Option<Value>, after: Option<Value>) {
        self.changes.push(Change {
            path: self.path.to_owned(),
            document: self.document.clone(),
            pointer: pointer.to_owned(),
            before,
            after,
        });
    }
}

/// The objects of an entry; none where there is no entry, `None` where it cannot be read as a manifest.
fn read(path: &str, entry: Option<&Entry>, manifests: &Manifests) -> Option<Manifest> {
    let Some(entry) = entry else { return Some(Manifest { objects: Vec::new() }) };
    let is_manifest = [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
    let is_file = matches!(entry.kind, EntryKind::Regular | EntryKind::Executable);
    if !is_manifest || !is_file || entry.is_lfs_pointer() {
        return None;
    }
    manifests.read(entry).ok().map(|manifest| Manifest::clone(&manifest))
}

fn opaque(path: &str, before: Option<&Entry>, after: Option<&Entry>) -> Change {
    let value = |entry: &Entry| Value::from(format!("{:?} {}", entry.kind, entry.blob).to_lowercase());
    Change {
        path: path.to_owned(),
        document: DocumentName { kind: String::new(), name: String::new() },
        pointer: String::new(),
        before: before.map(value),
        after: after.map(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(before: &str, after: &str) -> Vec<(String, String, String)> {
        let [before, after] = [before, after].map(|text| Manifest::parse(text).unwrap());
        let show = |value: Option<Value>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let changes = between("f.yaml", &before, &after).into_iter();
        changes.map(|change| (change.pointer, show(change.before), show(change.after))).collect()
    }

    fn row(pointer: &str, before: &str, after: &str) -> (String, String, String) {
        (pointer.to_owned(), before.to_owned(), after.to_owned())
    }

    #[test]
    fn a_value_that_changes_while_it_moves_is_seen_by_its_name() {
        let before =
            "env:\n- {name: A, value: 'off'}\n- {name: KILL, value: 'true'}\n- {name: C, value: c}\n";
        let after =
            "env:\n- {name: KILL, value: 'false'}\n- {name: A, value: 'off'}\n- {name: C, value: c}\n";
        assert_eq!(
            changes(before, after),
            [
                row("/env[name=KILL]/value", "\"true\"", "\"false\""),
                row("/env", r#"["A","KILL","C"]"#, r#"["KILL","A","C"]"#)
            ]
        );
    }

    #[test]
    fn added_and_removed_nodes_are_one_change_each() {
        let before = "a: {x: 1}\nlist: [{name: one, v: 1}, {name: two}]\n";
        let after = "a: {x: 1, y/z: {deep: 2}}\nlist: [{name: two}]\n";
        assert_eq!(
            changes(before, after),
            [row("/a/y~1z", "-", r#"{"deep":2}"#), row("/list[name=one]", r#"{"name":"one","v":1}"#, "-")]
        );
    }

    #[test]
    fn lists_without_unique_names_go_by_index_or_whole() {
        assert_eq!(changes("l: [a, b]\n", "l: [a, c]\n"), [row("/l/1", "\"b\"", "\"c\"")]);
        assert_eq!(changes("l: [a]\n", "l: [a, c]\n"), [row("/l", r#"["a"]"#, r#"["a","c"]"#)]);
        let twice = "l: [{name: A, v: 1}, {name: A, v: 2}, {name: B, v: 4}]\n";
        assert_eq!(changes(twice, &twice.replace('2', "3")), [row("/l/1/v", "2", "3")]);
        assert_eq!(changes(twice, &twice.replace('4', "5")), [row("/l[name=B]/v", "4", "5")]);
    }

    #[test]
    fn pointers_take_the_form_of_changes() {
        let value: Value =
            serde_json::json!({"named": [{"name": "a", "v": 1}], "not": [{"name": "a"}, {"x": 1}]});
        let form = |pointer: &str| canonical(&value, &pointer.parse().unwrap());
        assert_eq!(form("/named/0/v"), "/named[name=a]/v");
        assert_eq!(form("/named[name=a]/v"), "/named[name=a]/v");
        assert_eq!(form("/not[name=a]/name"), "/not/0/name");
        assert_eq!(form("/named[name=b]/v"), "/named[name=b]/v");
    }

    #[test]
    fn types_count() {
        assert_eq!(changes("v: \"1\"\n", "v: 1\n"), [row("/v", "\"1\"", "1")]);
        assert!(changes("v: 'a'\n", "v: \"a\" # b\n").is_empty());
    }

    #[test]
    fn objects_are_matched_by_kind_and_name_wherever_they_are() {
        let one = "kind: A\nmetadata: {name: one}\nv: 1\n";
        let two = "kind: A\nmetadata: {name: two}\nv: 2\n";
        let found =
            changes(&format!("{one}---\n{two}"), &format!("{two}---\n{}", one.replace("v: 1", "v: 5")));
        assert_eq!(found, [row("/v", "1", "5")]);
        let removed = changes(&format!("{one}---\n{two}"), one);
        assert_eq!(removed.len(), 1);
        assert_eq!(removed[0].0, "");
    }
}
