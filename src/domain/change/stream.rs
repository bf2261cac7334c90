//! The patch from one file to the other: RFC 6902 by document, and what RFC 6902 cannot say about a file of documents.

use json_patch::Patch;

use crate::domain::manifest::{DocumentName, Manifest};

use super::counterparts::counterparts;
use super::operations::operations;

/// The way from one file to another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamPatch {
    /// The documents of the file before that differ, from 0, each with its operations.
    pub documents: Vec<(usize, Patch)>,
    /// The objects that only the file before has.
    pub removed: Vec<DocumentName>,
    /// The objects that only the file after has.
    pub added: Vec<DocumentName>,
    /// Whether objects that both files have are in another order.
    pub is_reordered: bool,
}

/// What turns one file into the other.
///
/// Objects are matched by kind and name. Those that are left over on both sides are matched in their order: so an
/// object with another name is patched, though for Kubernetes, and for [`super::between`], it is another object.
#[must_use]
pub fn patch(before: &Manifest, after: &Manifest) -> StreamPatch {
    let mut partners = counterparts(before, after);
    let mut is_new = vec![true; after.objects.len()];
    partners.iter().flatten().for_each(|&other| is_new[other] = false);
    let mut left_over = (0..after.objects.len()).filter(|&at| is_new[at]);
    for partner in partners.iter_mut().filter(|partner| partner.is_none()) {
        *partner = left_over.next();
    }
    let added = left_over.map(|at| after.objects[at].name.clone()).collect();
    let mut stream = StreamPatch { added, ..StreamPatch::default() };
    let mut latest = None;
    for (document, (object, partner)) in before.objects.iter().zip(partners).enumerate() {
        let Some(other) = partner else {
            stream.removed.push(object.name.clone());
            continue;
        };
        stream.is_reordered |= latest.is_some_and(|latest| other < latest);
        latest = latest.max(Some(other));
        let patch = operations(&object.value, &after.objects[other].value);
        if !patch.0.is_empty() {
            stream.documents.push((document, patch));
        }
    }
    stream
}
