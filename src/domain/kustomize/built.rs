//! The result of a build: its objects, the files that it used, and what of it was not understood.

use std::collections::BTreeSet;

use serde_json::Value;

use super::object::Object;

/// The result of building a kustomization.
#[derive(Debug, Default)]
pub struct Built {
    /// The objects in the order in which they were found.
    pub objects: Vec<Object>,
    /// The parts that were not understood.
    pub unknown: Vec<Unknown>,
    /// Every file that had a part in it, kustomizations and patches too.
    pub used: BTreeSet<String>,
}

/// Something that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The kustomization that asks for it.
    pub path: String,
    /// What it is, such as ``helmCharts: `jupyterhub` ``.
    pub what: String,
    /// How far it reaches.
    pub reach: Reach,
    /// The text of the request: equal on both sides where nothing about it was changed.
    pub content: Value,
    /// The files that it reads, as far as it names them.
    pub reads: BTreeSet<String>,
}

/// How far something that is not understood reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It adds objects that are not known.
    Adds,
    /// It may change any object of its kustomization; these are marked as uncertain.
    Alters,
}
