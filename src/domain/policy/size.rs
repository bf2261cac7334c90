//! About how many bytes parsed files and built trees take in memory: for caches, which hold so many.
//!
//! Nodes and texts are counted with what the collections take for each. Parts that several share are counted each time:
//! an estimate may be too high, never far too low.

use crate::domain::budget;

use super::document::{ObjectDocument, Parsed};
use super::effective::Effective;
use super::settings::Setting;

/// What an allocation takes beside its content.
const ALLOCATION: usize = 16;
/// A leaf of a map of the rules' values, which has room for eleven entries and is half full.
const LEAF: usize = 11 * 2 * size_of::<regorus::Value>() + ALLOCATION;
const LEAF_ENTRIES: usize = 6;

/// A parsed file.
pub(super) fn of_file(parsed: &Parsed) -> usize {
    let documents = parsed.documents.iter().map(|document| of_document(document));
    size_of::<Parsed>() + parsed.problem.as_ref().map_or(0, String::len) + documents.sum::<usize>()
}

/// A built tree, with all that it keeps alive.
pub(super) fn of_tree(tree: &Effective) -> usize {
    let objects = tree.objects().map(|object| {
        let steps = object
            .steps
            .iter()
            .map(|step| budget::bytes(&step.after) + 2 * step.said.path.len() + size_of_val(step));
        size_of_val(object) + object.path.len() + of_document(&object.document) + steps.sum::<usize>()
    });
    let unknown = tree.unknown().map(|unknown| {
        size_of_val(unknown)
            + budget::bytes(&unknown.content)
            + texts(unknown.reads.iter().map(String::as_str))
    });
    size_of::<Effective>() + objects.sum::<usize>() + unknown.sum::<usize>() + texts(tree.paths())
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> usize {
    texts.map(|text| text.len() + size_of::<String>() + ALLOCATION).sum()
}

fn of_document(document: &ObjectDocument) -> usize {
    *document.bytes.get_or_init(|| counted(document))
}

fn counted(document: &ObjectDocument) -> usize {
    let names = [&document.group, &document.kind, &document.name, &document.namespace];
    size_of::<ObjectDocument>()
        + texts(names.into_iter().map(String::as_str))
        + budget::bytes(&document.value)
        + document.settings.iter().map(of_setting).sum::<usize>()
        + of_fact(&document.fact)
}

fn of_setting(setting: &Setting) -> usize {
    let occurrences = setting.occurrences.iter().map(|one| {
        let texts = one.pointer.len() + one.value.as_ref().map_or(0, String::len) + 2 * ALLOCATION;
        size_of_val(one) + texts + one.from.as_ref().map_or(0, budget::bytes)
    });
    size_of::<Setting>() + setting.name.len() + ALLOCATION + occurrences.sum::<usize>()
}

/// A value of the rules.
fn of_fact(value: &regorus::Value) -> usize {
    let own = size_of::<regorus::Value>();
    match value {
        regorus::Value::String(text) => own + text.len() + 2 * ALLOCATION,
        regorus::Value::Array(items) => own + 2 * ALLOCATION + items.iter().map(of_fact).sum::<usize>(),
        regorus::Value::Set(items) => {
            own + LEAF * items.len().div_ceil(LEAF_ENTRIES) + items.iter().map(of_fact).sum::<usize>()
        }
        regorus::Value::Object(entries) => {
            let inner = entries.iter().map(|(key, value)| of_fact(key) + of_fact(value) - 2 * own);
            own + ALLOCATION + LEAF * entries.len().div_ceil(LEAF_ENTRIES) + inner.sum::<usize>()
        }
        _ => own,
    }
}
