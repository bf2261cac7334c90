//! The ledger's records as tests read them.

use serde_json::Value;
use writ::ports::store::Leaf;

/// The kinds of records, in the order of their leaves.
pub fn kinds(leaves: &[Leaf]) -> Vec<String> {
    leaves.iter().map(|leaf| read(leaf)["kind"].as_str().expect("a kind").to_owned()).collect()
}

/// A leaf's record.
pub fn read(leaf: &Leaf) -> Value {
    serde_json::from_slice(&leaf.data).expect("a record")
}
