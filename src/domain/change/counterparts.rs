//! Which object of one file is which of another: by kind and name, wherever they are in it.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::manifest::{DocumentName, Manifest};

/// For each object of `before` the one of `after` that is the same: of the same name, and where a name occurs
/// more than once, at the same place among its namesakes.
pub(super) fn counterparts(before: &Manifest, after: &Manifest) -> Vec<Option<usize>> {
    let mut places: BTreeMap<&DocumentName, VecDeque<usize>> = BTreeMap::new();
    for (at, object) in after.objects.iter().enumerate() {
        places.entry(&object.name).or_default().push_back(at);
    }
    before.objects.iter().map(|object| places.get_mut(&object.name)?.pop_front()).collect()
}
