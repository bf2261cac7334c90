//! The libraries, each used as its documentation advises, to the best of our knowledge.

mod nondestructive;
mod yaml_edit;
mod yamlpatch;

use crate::edit::Edit;
use crate::yaml;

/// Makes an edit; `None` if the tool has no means for it, or says that it failed.
pub type Tool = fn(&Edit) -> Option<String>;

/// All of them; writ is the first.
pub const TOOLS: [(&str, Tool); 4] = [
    ("writ", writ),
    ("yamlpatch 1.32.0", yamlpatch::edit),
    ("yaml-edit 0.3.6", yaml_edit::edit),
    ("nondestructive 0.0.29", nondestructive::edit),
];

fn writ(edit: &Edit) -> Option<String> {
    edit.documents.iter().try_fold(edit.before.clone(), |text, part| {
        yaml::patch(&text, part.document, &part.patch).ok().map(|edited| edited.text)
    })
}
