//! Lists whose items all have a name, such as containers and environment variables: compared by name, not by place.

use std::collections::BTreeMap;

use serde_json::Value;

/// Such a list: each item by its name and its rank among its namesakes.
pub(super) struct Named<'v> {
    pub keys: Vec<(&'v str, usize)>,
    /// The places of each name, in the order of the list.
    places: BTreeMap<&'v str, Vec<usize>>,
}

impl<'v> Named<'v> {
    /// `None` for a list in which an item has no name.
    pub(super) fn of(items: &'v [Value]) -> Option<Self> {
        let mut keys = Vec::with_capacity(items.len());
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            let name = item.get("name")?.as_str()?;
            let namesakes = places.entry(name).or_default();
            keys.push((name, namesakes.len()));
            namesakes.push(at);
        }
        Some(Self { keys, places })
    }

    /// The place of the item with this name and rank.
    pub(super) fn position(&self, name: &str, rank: usize) -> Option<usize> {
        self.places.get(name)?.get(rank).copied()
    }

    /// How many items have this name.
    pub(super) fn count(&self, name: &str) -> usize {
        self.places.get(name).map_or(0, Vec::len)
    }

    pub(super) fn is_unique(&self, name: &str) -> bool {
        self.count(name) == 1
    }

    /// The names of those items that the other list has too, in this list's order.
    pub(super) fn kept_in(&self, other: &Named<'_>) -> Vec<String> {
        let kept = self.keys.iter().filter(|(name, rank)| other.position(name, *rank).is_some());
        kept.map(|(name, _)| (*name).to_owned()).collect()
    }
}
