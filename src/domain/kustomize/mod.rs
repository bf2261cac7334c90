//! Effective manifests: the objects of a kustomization as Argo CD applies them, in pure Rust.
//!
//! The subset that GitOps repositories use: resources, directories, components, patches (strategic merge and JSON
//! 6902), replicas, images, namespace, prefix and suffix, labels, annotations, generators. **Invariant**: what is not
//! understood (Helm, remote bases, replacements, plugins) is reported as [`Unknown`] with its reach, never skipped in
//! silence. Checked against `kubectl kustomize` in `tests/cases/kustomize.rs`. Formats: kubectl.docs.kubernetes.io.

mod build;
mod error;
mod file;
mod generate;
mod merge;
mod object;
mod patches;
mod paths;
mod references;
mod transform;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

pub use build::build;
pub use error::KustomizeError;
pub use file::{is_component, is_kustomization};
pub use object::{Object, Said, Step};

/// The files that a kustomization is built from.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    /// The content of a file by its full path; `None` where there is none.
    pub bytes: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// The objects of a manifest by its full path; `None` where there is no such file.
    pub objects: &'a dyn Fn(&str) -> Option<Objects>,
}

/// The documents of a file in order, or why it cannot be read.
pub type Objects = Result<Vec<Arc<Value>>, String>;

/// What a kustomization comes to.
#[derive(Debug, Default)]
pub struct Built {
    /// The objects in the order in which they were found.
    pub objects: Vec<Object>,
    /// What was not understood.
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
    /// What it may do.
    pub reach: Reach,
    /// What stands there: equal on both sides where nothing about it was changed.
    pub content: Value,
    /// The files that it reads, as far as it names them.
    pub reads: BTreeSet<String>,
}

/// What something that is not understood may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It adds objects that are not known.
    Adds,
    /// It may change any object of its kustomization; these are marked as uncertain.
    Alters,
}
