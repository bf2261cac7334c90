//! Watched files that differ, as rules see them: their objects that differ, and what of the GitOps path they refer to.
//!
//! Kept apart from the objects of the GitOps path, so that no rule takes one for the other. What is equal on both sides,
//! in whichever watched file, is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regorus::Value;

use crate::domain::budget::Sides;
use crate::domain::kustomize::{is_kustomization, mentions, resolve};
use crate::domain::tree::{EntryKind, Snapshot};
use crate::domain::watch::is_at_or_below;

use super::document::ObjectDocument;
use super::documents::Documents;
use super::files::{Files, is_manifest};
use super::value;

/// How much of a text that is no object rules get to see, bytes.
const LONGEST_TEXT: usize = 256 << 10;

/// Files that are rendered or read into objects without being manifests.
const TEXTS: [&str; 10] =
    [".tpl", ".gotmpl", ".tmpl", ".env", ".properties", ".jsonnet", ".libsonnet", ".cue", ".toml", ".sh"];

/// One file on one side.
struct WatchedSide {
    kind: Option<EntryKind>,
    problem: Option<String>,
    exceeded: bool,
    objects: Vec<Arc<ObjectDocument>>,
    /// The paths at or below the GitOps path that it refers to.
    reaches: BTreeSet<String>,
    /// The text of what is no manifest, or cannot be read as one.
    text: Option<String>,
}

/// The facts about the files that differ, and what reading them took.
pub(super) fn facts(
    [base, head]: [&Snapshot; 2],
    gitops_path: &str,
    documents: &Documents,
) -> (Value, Sides) {
    let files = [Files::of(base, &documents.parsed), Files::of(head, &documents.parsed)];
    let paths: BTreeSet<&String> = base.files.keys().chain(head.files.keys()).collect();
    let mut read: Vec<(&String, [WatchedSide; 2])> = paths
        .into_iter()
        .map(|path| (path, [&files[0], &files[1]].map(|side| WatchedSide::of(path, side, gitops_path))))
        .collect();
    leave_out_equal(&mut read);
    let facts = read.iter().filter(|(_, sides)| sides.iter().any(WatchedSide::says_something));
    let facts = facts.map(|(path, [base, head])| {
        value::object([
            ("path", Value::from(path.as_str())),
            ("base", base.fact(path)),
            ("head", head.fact(path)),
        ])
    });
    let facts = Value::from(facts.collect::<Vec<_>>());
    (facts, Sides { base: files[0].work(), head: files[1].work() })
}

impl WatchedSide {
    fn of(path: &str, files: &Files<'_>, gitops_path: &str) -> Self {
        let mut side = Self {
            kind: None,
            problem: None,
            exceeded: false,
            objects: Vec::new(),
            reaches: BTreeSet::new(),
            text: None,
        };
        let Some(content) = files.content(path) else { return side };
        side.kind = Some(content.kind);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let text = || std::str::from_utf8(content.bytes).ok();
        match content.kind {
            EntryKind::Submodule => return side,
            EntryKind::Symlink => {
                side.reaches.extend(text().and_then(|target| resolve(folder, target)));
            }
            EntryKind::Regular | EntryKind::Executable if is_manifest(path) => {
                if let Some(parsed) = files.stated(path) {
                    side.problem.clone_from(&parsed.problem);
                    side.exceeded = parsed.exceeded.is_some();
                    side.objects.clone_from(&parsed.documents);
                }
                if is_kustomization(path) {
                    let named = side.objects.iter().flat_map(|object| mentions(&object.value, folder));
                    side.reaches.extend(named);
                }
            }
            EntryKind::Regular | EntryKind::Executable => {}
        }
        side.reaches.retain(|path| is_at_or_below(path, gitops_path));
        let is_text = side.problem.is_some() || TEXTS.iter().any(|end| path.ends_with(end));
        if is_text && content.bytes.len() <= LONGEST_TEXT {
            side.text = text().map(str::to_owned);
        } else if is_text {
            side.exceeded = true;
            side.problem = Some(format!("it has more than {LONGEST_TEXT} bytes and is no manifest"));
        }
        side
    }

    /// Whether there is anything to judge.
    fn says_something(&self) -> bool {
        let is_link = matches!(self.kind, Some(EntryKind::Symlink | EntryKind::Submodule));
        let is_read = !self.objects.is_empty() || self.text.is_some() || !self.reaches.is_empty();
        is_link || is_read || self.exceeded
    }

    fn fact(&self, path: &str) -> Value {
        let kind = self.kind.map(|kind| match kind {
            EntryKind::Regular | EntryKind::Executable => "file",
            EntryKind::Symlink => "symlink",
            EntryKind::Submodule => "submodule",
        });
        let objects = self.objects.iter().map(|object| {
            let mut fact = object.fact.clone();
            if let Ok(entries) = fact.as_object_mut() {
                for (key, text) in [
                    ("path", path),
                    ("group", object.group.as_str()),
                    ("kind", object.kind.as_str()),
                    ("namespace", object.namespace.as_str()),
                    ("name", object.name.as_str()),
                ] {
                    entries.insert(Value::from(key), Value::from(text));
                }
            }
            fact
        });
        value::object([
            ("kind", value::of(&kind)),
            ("problem", value::of(&self.problem)),
            ("exceeded", Value::from(self.exceeded)),
            ("objects", Value::from(objects.collect::<Vec<_>>())),
            ("reaches", value::of(&self.reaches)),
            ("text", value::of(&self.text)),
        ])
    }
}

/// Leaves out the objects that both sides have: a file that moved, or of which another document changed, says nothing.
fn leave_out_equal(files: &mut [(&String, [WatchedSide; 2])]) {
    type Identity = (String, String, String, String);
    // What has no name is known by its file: a kustomization means another thing elsewhere.
    let identity = |path: &str, object: &ObjectDocument| -> Identity {
        let place = if object.name.is_empty() { path.to_owned() } else { object.namespace.clone() };
        (object.group.clone(), object.kind.clone(), place, object.name.clone())
    };
    let mut gone: BTreeMap<Identity, Vec<Arc<ObjectDocument>>> = BTreeMap::new();
    for (path, [base, _]) in &*files {
        for object in &base.objects {
            gone.entry(identity(path, object)).or_default().push(Arc::clone(object));
        }
    }
    let mut kept: BTreeSet<*const ObjectDocument> = BTreeSet::new();
    for (path, [_, head]) in &mut *files {
        head.objects.retain(|object| {
            let known = gone.get_mut(&identity(path, object));
            let equal = known.and_then(|known| {
                let at = known.iter().position(|other| other.value == object.value)?;
                Some(known.swap_remove(at))
            });
            equal.is_none()
        });
    }
    kept.extend(gone.values().flatten().map(Arc::as_ptr));
    for (_, [base, _]) in &mut *files {
        base.objects.retain(|object| kept.contains(&Arc::as_ptr(object)));
    }
}
