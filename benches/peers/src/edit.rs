//! An edit as every tool gets it: each operation with what a tool that is not an RFC 6902 tool must know.

use json_patch::Patch;
use serde_json::Value;

/// An edit that people made.
pub struct Edit {
    /// `value`, `list`, `add`, `remove` or `mixed`.
    pub kind: String,
    pub file: std::path::PathBuf,
    pub before: String,
    pub after: String,
    pub documents: Vec<DocumentEdit>,
}

/// What is done to one document.
pub struct DocumentEdit {
    pub document: usize,
    pub patch: Patch,
    pub steps: Vec<Step>,
}

/// One operation.
pub struct Step {
    pub path: Vec<Key>,
    pub what: What,
}

/// A step of a path.
pub enum Key {
    Name(String),
    Index(usize),
}

/// What is done at the end of a path.
pub enum What {
    /// The value becomes this one.
    Replace(Value),
    /// A new key with this value.
    AddKey(Value),
    /// This item, before the one that has the index.
    Insert(Value),
    /// This item, after the last one.
    Push(Value),
    Remove,
}
