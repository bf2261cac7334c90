//! The files that a kustomization is built from, handed in by whoever has the tree.

use std::sync::Arc;

use serde_json::Value;

/// The files that a kustomization is built from.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    /// The content of a file by its full path; `None` where there is none.
    pub bytes: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// The objects of a manifest by its full path; `None` where there is no such file.
    pub objects: &'a dyn Fn(&str) -> Option<ParsedObjects>,
}

/// The documents of a file in order, or why it cannot be read.
pub type ParsedObjects = Result<Vec<Arc<Value>>, String>;
