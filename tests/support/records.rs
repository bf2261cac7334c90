//! The ledger's records as tests read them.

use serde_json::Value;
use writ::ports::store::Leaf;

/// The kinds of records, in the order of their leaves, but for the end that every run has (`run.settled`), and for what
/// depends on how soon a server that was killed is started again (`ledger.sealed_late`).
pub fn kinds(leaves: &[Leaf]) -> Vec<String> {
    let kinds = leaves.iter().map(|leaf| read(leaf)["kind"].as_str().expect("a kind").to_owned());
    kinds.filter(|kind| kind != "run.settled" && kind != "ledger.sealed_late").collect()
}

/// A leaf's record.
pub fn read(leaf: &Leaf) -> Value {
    serde_json::from_slice(&leaf.data).expect("a record")
}
