//! Semantic changes: what differs between two trees, by file, object and item name, not by line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One changed leaf (or added, or removed node).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Full repository path.
    pub path: String,
    /// The object that holds it.
    pub document: DocumentName,
    /// Where, with items of named lists by name:
    /// `/spec/template/spec/containers[name=app]/env[name=TRADING_ENABLED]/value`.
    pub pointer: String,
    /// The value before; `None` (`null` in JSON) when it was absent.
    #[serde(default)]
    pub before: Option<Value>,
    /// The value after; `None` (`null` in JSON) when it was removed.
    #[serde(default)]
    pub after: Option<Value>,
}

/// The object of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentName {
    /// `kind`, empty where the document has none.
    pub kind: String,
    /// `metadata.name`, empty where the document has none.
    pub name: String,
}
