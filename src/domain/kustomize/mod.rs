//! Effective manifests: the objects of a kustomization as Argo CD applies them, in pure Rust.
//!
//! The subset that GitOps repositories use: resources, directories, components, patches (strategic merge and JSON
//! 6902), replicas, images, namespace, prefix and suffix, labels, annotations, generators. **Invariant**: what is not
//! understood (Helm, remote bases, replacements, plugins) is reported as [`Unknown`] with its reach, never skipped in
//! silence. **Invariant**: whatever a text can multiply is spent from the tree's budget before it is done. Checked against `kubectl kustomize` in `tests/cases/kustomize.rs`. Formats: kubectl.docs.kubernetes.io.

mod build;
mod built;
mod error;
mod file;
mod generate;
mod mentions;
mod merge;
mod object;
mod operations;
mod patches;
mod paths;
mod pattern;
mod references;
mod selector;
mod source;
mod transform;

pub use build::build;
pub use built::{Built, Reach, Unknown};
pub use error::KustomizeError;
pub use file::{is_component, is_kustomization};
pub use mentions::{is_beside, mentions};
pub use object::{Object, Said, TransformStep};
pub use paths::resolve;
pub use source::{ParsedObjects, Tree};
