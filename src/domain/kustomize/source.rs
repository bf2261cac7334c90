//! The files that a kustomization is built from, handed in by whoever has the tree, with what building may cost.

use std::sync::Arc;

use serde_json::Value;

use crate::domain::budget::{Budget, Exceeded, Resource, weight};

/// The files that a kustomization is built from.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    /// The content of a file by its full path; `None` where there is none.
    pub bytes: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// The objects of a manifest by its full path; `None` where there is no such file.
    pub objects: &'a dyn Fn(&str) -> Option<ParsedObjects>,
    /// What building all kustomizations of the tree may cost.
    pub budget: &'a Budget,
}

impl<'a> Tree<'a> {
    /// The content of a file that is read for its bytes; they are spent.
    pub(super) fn read(self, path: &str) -> Result<Option<&'a [u8]>, Exceeded> {
        let bytes = (self.bytes)(path);
        self.budget.spend(Resource::Bytes, bytes.map_or(0, <[u8]>::len) as u64)?;
        Ok(bytes)
    }

    /// Spends what it takes to keep a copy of a value.
    pub(super) fn keep(self, value: &Value) -> Result<(), Exceeded> {
        self.budget.spend(Resource::Nodes, weight(value))
    }

    /// Spends what it takes to go through some things.
    pub(super) fn pass(self, count: usize) -> Result<(), Exceeded> {
        self.budget.spend(Resource::Operations, count as u64)
    }
}

/// The documents of a file in order, or why it cannot be read.
pub type ParsedObjects = Result<Vec<Arc<Value>>, String>;
