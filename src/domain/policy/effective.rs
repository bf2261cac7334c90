//! One side of a change as Argo CD applies it: the objects of its kustomizations, and which files none of them lists.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::budget::{Budget, Exceeded, Resource, SIDE, Work};
use crate::domain::cache::Cache;
use crate::domain::kustomize::{
    self, Built, KustomizeError, TransformStep, Tree, is_component, is_kustomization,
};
use crate::domain::watch::is_at_or_below;

use super::document::ObjectDocument;
use super::files::{Files, TreeKey, is_manifest};

/// The effective manifests of whole trees, by the key of the tree.
pub(super) type EffectiveCache = Cache<TreeKey, Effective>;

/// The builds of one side's kustomizations, by folder.
#[derive(Debug)]
pub(super) struct Effective {
    /// The GitOps path; what lies outside of it is there only because a kustomization names it.
    root: String,
    builds: BTreeMap<String, Result<Applied, KustomizeError>>,
    /// Every file that has a part in one of them.
    used: BTreeSet<String>,
    /// Files that something reads which is not understood, with the folder of its kustomization.
    read: BTreeMap<String, String>,
    /// What building took.
    pub work: Work,
    /// The files that were spent.
    pub spent: BTreeSet<String>,
    /// The budget that building exceeded.
    pub exceeded: Option<Exceeded>,
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
        let reading = Reading { files, budget: Budget::new(SIDE), spent: RefCell::default() };
        let folders = reading.folders(gitops_path);
        let roots = match folders.contains(&gitops_path) {
            true => vec![gitops_path],
            false => folders,
        };
        let mut builds = BTreeMap::new();
        for folder in roots {
            let shared = like.and_then(|like| like.builds.get(folder)?.as_ref().ok());
            builds.insert(folder.to_owned(), reading.build(folder, shared));
        }
        let used: BTreeSet<String> =
            builds.values().flatten().flat_map(|applied| applied.bases()).map(str::to_owned).collect();
        builds.retain(|folder, _| !used.contains(folder));
        let built = || builds.values().flatten();
        let used = built().flat_map(|applied| &applied.used).cloned().collect();
        let mut read = BTreeMap::new();
        for applied in built() {
            for path in applied.unknown.iter().flat_map(|unknown| &unknown.reads) {
                read.entry(path.clone()).or_insert_with(|| applied.folder.clone());
            }
        }
        let (work, exceeded) = (reading.budget.spent(), reading.budget.exceeded());
        let root = gitops_path.to_owned();
        Self { root, builds, used, read, work, spent: reading.spent.into_inner(), exceeded }
    }

    /// The folders that are built, each with its result or why it does not build.
    pub(super) fn builds(&self) -> impl Iterator<Item = (&str, Result<&Applied, &KustomizeError>)> {
        self.builds.iter().map(|(folder, built)| (folder.as_str(), built.as_ref()))
    }

    /// The result for one folder; `None` where it is not built on this side.
    pub(super) fn build(&self, folder: &str) -> Option<Result<&Applied, &KustomizeError>> {
        self.builds.get(folder).map(Result::as_ref)
    }

    /// All objects of all builds.
    pub(super) fn objects(&self) -> impl Iterator<Item = &EffectiveObject> {
        self.builds.values().flatten().flat_map(|applied| &applied.objects)
    }

    /// What all builds do not understand.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &kustomize::Unknown> {
        self.builds.values().flatten().flat_map(|applied| &applied.unknown)
    }

    /// All paths that are kept, as often as they are.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let used = self.builds.values().flatten().flat_map(|applied| &applied.used);
        let all = used.chain(&self.used).chain(&self.spent).chain(self.builds.keys());
        all.chain(self.read.keys()).chain(self.read.values()).map(String::as_str)
    }

    /// How a file is used.
    pub(super) fn listing(&self, path: &str) -> Listing<'_> {
        if self.used.contains(path) {
            return Listing::Used;
        }
        if let Some(folder) = self.read.get(path) {
            return Listing::Read(folder);
        }
        if !is_at_or_below(path, &self.root) {
            // Nobody applies it on its own; what does not build may have meant it.
            let broken = self.builds.iter().find(|(_, built)| built.is_err());
            return broken.map_or(Listing::Unlisted, |(folder, _)| Listing::Broken(folder));
        }
        let mut above = path;
        while !above.is_empty() {
            above = folder_of(above);
            match self.builds.get_key_value(above) {
                None => {}
                Some((folder, Err(_))) => return Listing::Broken(folder),
                Some((_, Ok(_))) => return Listing::Unlisted,
            }
        }
        Listing::Plain
    }
}

impl Applied {
    /// Whether a file has a part in it.
    pub(super) fn uses(&self, path: &str) -> bool {
        self.used.contains(path)
    }

    /// The folders of the kustomizations that it uses, its own left out.
    fn bases(&self) -> impl Iterator<Item = &str> {
        let kustomizations = self.used.iter().filter(|path| is_kustomization(path));
        kustomizations.map(|path| folder_of(path)).filter(|folder| *folder != self.folder)
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// One side while its kustomizations are built, all from one budget.
struct Reading<'r, 'f> {
    files: &'r Files<'f>,
    budget: Budget,
    /// The files that are spent.
    spent: RefCell<BTreeSet<String>>,
}

impl<'f> Reading<'_, 'f> {
    fn resources(&self, path: &str) -> Option<kustomize::ParsedObjects> {
        self.files.resources(path, &self.budget, &self.spent)
    }

    /// The folders at or below the GitOps path that have a kustomization which is no component.
    fn folders(&self, gitops_path: &str) -> Vec<&'f str> {
        let kustomization = |path: &str| self.resources(path)?.ok()?.first().cloned();
        let is_built = |path: &&str| kustomization(path).is_none_or(|value| !is_component(&value));
        let is_own = |path: &&str| is_kustomization(path) && is_at_or_below(path, gitops_path);
        let paths = self.files.paths().filter(is_own);
        let mut folders: Vec<&str> = paths.filter(is_built).map(folder_of).collect();
        folders.dedup();
        folders
    }

    fn build(&self, folder: &str, like: Option<&Applied>) -> Result<Applied, KustomizeError> {
        let tree = Tree {
            bytes: &|path| self.files.content(path).map(|content| content.bytes),
            objects: &|path| self.resources(path),
            budget: &self.budget,
        };
        let Built { objects, unknown, used } = kustomize::build(tree, folder)?.unwrap_or_default();
        let known = Known::of(like);
        let mut applied = Vec::with_capacity(objects.len());
        for object in objects {
            let document = self.document(&object, &known).map_err(|exceeded| KustomizeError {
                path: object.path.clone(),
                message: exceeded.to_string(),
                budget: Some(exceeded),
            })?;
            applied.push(EffectiveObject {
                document,
                is_effective: true,
                is_uncertain: object.is_uncertain,
                path: object.path,
                steps: object.steps,
            });
        }
        Ok(Applied { folder: folder.to_owned(), objects: applied, unknown, used })
    }

    /// The object as a document: shared with its file, or with an equal one of the other side.
    fn document(
        &self,
        object: &kustomize::Object,
        known: &Known<'_>,
    ) -> Result<Arc<ObjectDocument>, Exceeded> {
        let parsed = self.files.parsed(&object.path);
        let source = parsed.as_ref().and_then(|parsed| parsed.documents.get(object.index));
        match source {
            Some(source) if !object.is_altered => return Ok(Arc::clone(source)),
            _ => {}
        }
        if let Some(equal) = known.equal(object) {
            // What is counted follows from this side alone.
            self.budget.spend(Resource::Nodes, equal.nodes)?;
            return Ok(Arc::clone(equal));
        }
        let index = source.map_or(0, |source| source.index);
        ObjectDocument::of(index, Arc::clone(&object.value), &self.budget).map(Arc::new)
    }
}

/// The objects of the other side, by file and name.
struct Known<'k>(HashMap<(&'k str, &'k str, &'k str, &'k str), Vec<&'k Arc<ObjectDocument>>>);

impl<'k> Known<'k> {
    fn of(like: Option<&'k Applied>) -> Self {
        let mut known: HashMap<_, Vec<_>> = HashMap::new();
        for object in like.into_iter().flat_map(|like| &like.objects) {
            let document = &*object.document;
            let key = (&*object.path, &*document.kind, &*document.namespace, &*document.name);
            known.entry(key).or_default().push(&object.document);
        }
        Self(known)
    }

    fn equal(&self, object: &kustomize::Object) -> Option<&'k Arc<ObjectDocument>> {
        let key = (&*object.path, object.kind(), object.namespace(), object.name());
        self.0.get(&key)?.iter().copied().find(|known| known.value == object.value)
    }
}

/// What a file says, as objects of their own.
pub(super) fn source(files: &Files<'_>, path: &str) -> Vec<EffectiveObject> {
    if !is_manifest(path) {
        return Vec::new();
    }
    let parsed = files.stated(path);
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
