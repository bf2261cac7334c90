//! The places that the edits of one call have touched, where all of them name the text as it is.

/// What an edit does at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// The place itself changes.
    Change,
    /// An item is added before it, which leaves it alone.
    InsertBefore,
}

/// The places so far.
#[derive(Debug, Default)]
pub(super) struct TouchedPlaces(Vec<(Vec<String>, Touch)>);

impl TouchedPlaces {
    /// Whether another edit has touched the same place, one above it or one below it.
    pub(super) fn clash(&self, path: &[String], touch: Touch) -> bool {
        self.0.iter().any(|(other, other_touch)| match (touch, other_touch) {
            (Touch::InsertBefore, Touch::InsertBefore) => false,
            (Touch::InsertBefore, Touch::Change) => path.len() > other.len() && path.starts_with(other),
            (Touch::Change, Touch::InsertBefore) => other.len() > path.len() && other.starts_with(path),
            (Touch::Change, Touch::Change) => path.starts_with(other) || other.starts_with(path),
        })
    }

    pub(super) fn record(&mut self, path: &[String], touch: Touch) {
        self.0.push((path.to_vec(), touch));
    }
}
