//! What a run's records say about its row: pages and replies are made of rows, and rows can be edited.
//!
//! The last record of each step of a run carries it under `row`; where the end of a run leaves no record, `run.settled`
//! does. An audit compares the row with it ([`super::row_audit`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::digest::sha256_hex;
use crate::domain::ledger::Record;
use crate::domain::names::RunId;
use crate::domain::run::Outcome;
use crate::ports::store::Run;

/// The key in a record's body.
const KEY: &str = "row";

/// A run's row as its records say it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AttestedRow {
    /// Whether the run is over.
    pub settled: bool,
    /// How it ends, once decided.
    pub outcome: Option<Value>,
    /// The digest of what each step left, by the step's name.
    pub facts: BTreeMap<String, String>,
}

impl AttestedRow {
    /// The row of a run with these facts and this outcome.
    #[must_use]
    pub(super) fn new(facts: &Map<String, Value>, outcome: Option<&Outcome>, settled: bool) -> Self {
        let facts = facts.iter().map(|(step, fact)| (step.clone(), digest(fact))).collect();
        // OK because outcomes are strings and numbers, which serialise.
        let outcome = outcome.map(|outcome| serde_json::to_value(outcome).unwrap_or_default());
        Self { settled, outcome, facts }
    }

    /// The row of a stored run.
    #[must_use]
    pub(super) fn of(run: &Run) -> Self {
        let settled = run.position == crate::domain::run::Position::Settled;
        Self::new(&run.facts, run.outcome.as_ref(), settled)
    }

    /// Writes it into the last record of the run. Not into those of a plan, which are the same wherever it is planned. A
    /// record that is in the ledger already is none of these.
    ///
    /// `false`: there is no such record.
    pub(super) fn attest(&self, run: &RunId, records: &mut [Record]) -> bool {
        let is_planned =
            |record: &Record| ["change.planned", "change.listed"].contains(&record.kind.as_str());
        let is_of_run = |record: &&mut Record| record.run.as_ref() == Some(run) && !is_planned(record);
        let Some(body) =
            records.iter_mut().rev().find(is_of_run).and_then(|record| record.body.as_object_mut())
        else {
            return false;
        };
        body.insert(KEY.to_owned(), self.to_json());
        true
    }

    /// As a record carries it.
    pub(super) fn to_json(&self) -> Value {
        // OK because it is strings and booleans, which serialise.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What a record says; `None` where it says nothing about a row.
    #[must_use]
    pub(super) fn in_record(record: &Record) -> Option<Self> {
        Self::deserialize(record.body.get(KEY)?).ok()
    }
}

/// The digest of a fact: of its canonical JSON (RFC 8785), so that it does not depend on how a database stores it.
fn digest(fact: &Value) -> String {
    // OK because a JSON value serialises.
    sha256_hex(&serde_json_canonicalizer::to_vec(fact).unwrap_or_default())
}
