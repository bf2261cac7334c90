//! One side of a change as Argo CD applies it: the objects of its kustomizations, and which files none of them lists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::cache::Cache;
use crate::domain::kustomize::{
    self, Built, KustomizeError, TransformStep, Tree, is_component, is_kustomization,
};

use super::document::ObjectDocument;
use super::files::{Files, TreeKey, is_manifest};

/// The effective manifests of whole trees, by the key of the tree.
pub(super) type EffectiveCache = Cache<TreeKey, Effective>;

/// The builds of one side's kustomizations, by folder.
#[derive(Debug)]
pub(super) struct Effective {
    builds: BTreeMap<String, Result<Applied, KustomizeError>>,
}

/// The result of building one kustomization.
#[derive(Debug)]
pub(super) struct Applied {
    folder: String,
    pub objects: Vec<EffectiveObject>,
    pub unknown: Vec<kustomize::Unknown>,
    /// Every file that has a part in it.
    used: BTreeSet<String>,
}

/// An object and its origin.
#[derive(Debug, Clone)]
pub(super) struct EffectiveObject {
    /// The file that states it.
    pub path: String,
    pub document: Arc<ObjectDocument>,
    /// Whether it is the result of a build, or as a file states it.
    pub is_effective: bool,
    /// Whether something that is not understood may change it.
    pub is_uncertain: bool,
    /// The steps that changed it on the way from its file.
    pub steps: Vec<TransformStep>,
}

/// How a file is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listing<'e> {
    /// A kustomization uses it.
    Used,
    /// Something that is not understood reads it, for the kustomization of this folder.
    Read(&'e str),
    /// The kustomization of this folder, which does not build, may use it.
    Broken(&'e str),
    /// The kustomization of a folder above does not list it.
    Unlisted,
    /// There is no kustomization above it: it is applied as it is.
    Plain,
}

impl Effective {
    /// As [`Effective::of`], at most once for a tree whose files are all known by their blob ids.
    pub(super) fn of_known(
        files: &Files<'_>,
        gitops_path: &str,
        like: Option<&Self>,
        known: &EffectiveCache,
    ) -> Arc<Self> {
        let build = || Self::of(files, gitops_path, like);
        match files.key(gitops_path) {
            Some(key) => known.get_or_make(&key, build),
            None => Arc::new(build()),
        }
    }

    /// Builds what is applied: the kustomization of the GitOps path, or where it has none, those of the folders below
    /// that no other one uses. Objects that are equal to those of `like` are shared with it.
    fn of(files: &Files<'_>, gitops_path: &str, like: Option<&Self>) -> Self {
        let folders = folders(files);
        let roots = match folders.contains(&gitops_path) {
            true => vec![gitops_path],
            false => folders,
        };
        let mut builds = BTreeMap::new();
        for folder in roots {
            let shared = like.and_then(|like| like.builds.get(folder)?.as_ref().ok());
            builds.insert(folder.to_owned(), build(files, folder, shared));
        }
        let used: BTreeSet<String> =
            builds.values().flatten().flat_map(|applied| applied.bases()).map(str::to_owned).collect();
        builds.retain(|folder, _| !used.contains(folder));
        Self { builds }
    }

    /// The folders that are built, each with its result or why it does not build.
    pub(super) fn builds(&self) -> impl Iterator<Item = (&str, Result<&Applied, &KustomizeError>)> {
        self.builds.iter().map(|(folder, built)| (folder.as_str(), built.as_ref()))
    }

    /// The result for one folder; `None` where it is not built on this side.
    pub(super) fn build(&self, folder: &str) -> Option<Result<&Applied, &KustomizeError>> {
        self.builds.get(folder).map(Result::as_ref)
    }

    /// How a file is used.
    pub(super) fn listing(&self, path: &str) -> Listing<'_> {
        let built = || self.builds.iter().filter_map(|(folder, built)| Some((folder, built.as_ref().ok()?)));
        if built().any(|(_, built)| built.uses(path)) {
            return Listing::Used;
        }
        if let Some((folder, _)) = built().find(|(_, built)| built.reads(path)) {
            return Listing::Read(folder);
        }
        let above = |folder: &str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
        match self.builds.iter().filter(|(folder, _)| above(folder)).max_by_key(|(folder, _)| folder.len()) {
            None => Listing::Plain,
            Some((folder, Err(_))) => Listing::Broken(folder),
            Some((_, Ok(_))) => Listing::Unlisted,
        }
    }
}

impl Applied {
    /// Whether a file has a part in it.
    pub(super) fn uses(&self, path: &str) -> bool {
        self.used.contains(path)
    }

    /// Whether something that is not understood reads a file.
    fn reads(&self, path: &str) -> bool {
        self.unknown.iter().any(|unknown| unknown.reads.contains(path))
    }

    /// The folders of the kustomizations that it uses, its own left out.
    fn bases(&self) -> impl Iterator<Item = &str> {
        let kustomizations = self.used.iter().filter(|path| is_kustomization(path));
        kustomizations.map(|path| folder_of(path)).filter(|folder| *folder != self.folder)
    }
}

/// The folders that have a kustomization which is no component.
fn folders<'f>(files: &Files<'f>) -> Vec<&'f str> {
    let is_built = |path: &&str| files.kustomization(path).is_none_or(|value| !is_component(&value));
    let mut folders: Vec<&str> =
        files.paths().filter(|path| is_kustomization(path)).filter(is_built).map(folder_of).collect();
    folders.dedup();
    folders
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn build(files: &Files<'_>, folder: &str, like: Option<&Applied>) -> Result<Applied, KustomizeError> {
    let tree = Tree {
        bytes: &|path| files.content(path).map(|content| content.bytes),
        objects: &|path| files.resources(path),
    };
    let Built { objects, unknown, used } = kustomize::build(tree, folder)?.unwrap_or_default();
    let objects = objects.into_iter().map(|object| EffectiveObject {
        document: document(files, &object, like),
        is_effective: true,
        is_uncertain: object.is_uncertain,
        path: object.path,
        steps: object.steps,
    });
    Ok(Applied { folder: folder.to_owned(), objects: objects.collect(), unknown, used })
}

/// The object as a document: shared with its file, or with an equal one of the other side.
fn document(files: &Files<'_>, object: &kustomize::Object, like: Option<&Applied>) -> Arc<ObjectDocument> {
    let parsed = files.parsed(&object.path);
    let source = parsed.as_ref().and_then(|parsed| parsed.documents.get(object.index));
    match source {
        Some(source) if !object.is_altered => return Arc::clone(source),
        _ => {}
    }
    let known = like.into_iter().flat_map(|like| &like.objects);
    let mut equal = known.filter(|known| known.path == object.path && known.document.value == object.value);
    match equal.next() {
        Some(known) => Arc::clone(&known.document),
        None => {
            let index = source.map_or(0, |source| source.index);
            Arc::new(ObjectDocument::of(index, Arc::clone(&object.value)))
        }
    }
}

/// What a file says, as objects of their own.
pub(super) fn source(files: &Files<'_>, path: &str) -> Vec<EffectiveObject> {
    if !is_manifest(path) {
        return Vec::new();
    }
    let parsed = files.parsed(path);
    let documents = parsed.iter().flat_map(|parsed| &parsed.documents);
    let object = |document: &Arc<ObjectDocument>| EffectiveObject {
        path: path.to_owned(),
        document: Arc::clone(document),
        is_effective: false,
        is_uncertain: false,
        steps: Vec::new(),
    };
    documents.map(object).collect()
}
