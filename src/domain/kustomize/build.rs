//! Building: resources first, then components, generators and transformations, in kustomize's order.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::budget::{Resource, text_weight};

use super::built::{Built, Reach, Unknown};
use super::error::KustomizeError;
use super::file::File;
use super::object::{Object, effective};
use super::paths::{is_remote, join};
use super::pattern::Patterns;
use super::source::Tree;
use super::{generate, patches, references, transform};

/// Kustomizations inside kustomizations, at most.
const DEEPEST: usize = 32;

/// Builds the kustomization of a folder; `None` where the folder has none.
///
/// # Errors
/// - a file is missing or cannot be read, an object is stated twice, a patch fits nothing: kustomize fails there too
pub fn build(tree: Tree<'_>, folder: &str) -> Result<Option<Built>, KustomizeError> {
    // A file that alone is over a budget says so in words of its own.
    let named = |error: KustomizeError| KustomizeError { budget: tree.budget.exceeded(), ..error };
    built(tree, folder).map_err(named)
}

fn built(tree: Tree<'_>, folder: &str) -> Result<Option<Built>, KustomizeError> {
    let mut build = Build { tree, built: Built::default(), patterns: Patterns::default(), is_open: false };
    let Some(file) = File::of_folder(tree, folder)? else {
        return Ok(None);
    };
    let mut objects = Vec::new();
    let (root, path) = (file.said(""), file.path.clone());
    build.accumulate(file, folder, &mut objects, 0)?;
    references::follow(&root, &mut objects, tree.budget)
        .map_err(|error| KustomizeError::from(error).within(&path))?;
    unique(&objects)?;
    build.built.objects = objects;
    Ok(Some(build.built))
}

struct Build<'t> {
    tree: Tree<'t>,
    built: Built,
    patterns: Patterns,
    /// Whether anything so far adds objects that are not known.
    is_open: bool,
}

impl Build<'_> {
    /// Adds what a kustomization adds and changes what it changes; a component changes what was there before too.
    fn accumulate(
        &mut self,
        file: File,
        folder: &str,
        objects: &mut Vec<Object>,
        depth: usize,
    ) -> Result<(), KustomizeError> {
        if depth > DEEPEST {
            return Err(file.wrong("kustomizations are nested too deeply, perhaps in a cycle"));
        }
        let path = file.path.clone();
        self.enter(file, folder, objects, depth).map_err(|error| error.within(&path))
    }

    fn enter(
        &mut self,
        mut file: File,
        folder: &str,
        objects: &mut Vec<Object>,
        depth: usize,
    ) -> Result<(), KustomizeError> {
        self.tree.budget.spend(Resource::Visits, 1)?;
        self.tree.pass(1 + file.weight() / 4)?;
        self.built.used.insert(file.path.clone());
        for field in ["resources", "bases"] {
            for resource in file.texts(field)? {
                self.resource(&file, folder, resource, objects, depth)?;
            }
        }
        self.tree.pass(objects.len())?;
        unique(objects)?;
        for component in file.texts("components")? {
            self.component(&file, folder, component, objects, depth)?;
        }
        let mut unknown = file.unknown(folder, self.tree);
        self.is_open |= unknown.iter().any(|unknown| unknown.reach == Reach::Adds);
        file.is_open = self.is_open;
        unknown.extend(generate::config_maps(&file, folder, self.tree, &mut self.built.used, objects)?);
        unknown.extend(self.transform(&file, folder, objects)?);
        if unknown.iter().any(|unknown| unknown.reach == Reach::Alters) {
            objects.iter_mut().for_each(|object| object.is_uncertain = true);
        }
        unknown.into_iter().try_for_each(|unknown| self.is_unknown(unknown))
    }

    fn is_unknown(&mut self, unknown: Unknown) -> Result<(), KustomizeError> {
        self.tree.keep(&unknown.content)?;
        let texts = text_weight(&unknown.what) + text_weight(&unknown.path);
        self.tree.budget.spend(Resource::Nodes, texts)?;
        self.is_open |= unknown.reach == Reach::Adds;
        self.built.unknown.push(unknown);
        Ok(())
    }

    /// The transformations in kustomize's order.
    fn transform(
        &mut self,
        file: &File,
        folder: &str,
        objects: &mut Vec<Object>,
    ) -> Result<Vec<Unknown>, KustomizeError> {
        let mut unknown = Vec::new();
        let (used, patterns, budget) = (&mut self.built.used, &mut self.patterns, self.tree.budget);
        let mut patching = patches::Patching { file, folder, tree: self.tree, used, patterns };
        unknown.extend(patching.strategic(objects)?);
        unknown.extend(patching.any(objects)?);
        transform::namespace(file, objects, budget)?;
        transform::prefix_and_suffix(file, objects, budget)?;
        unknown.extend(transform::labels(file, objects, budget)?);
        transform::annotations(file, objects, budget)?;
        unknown.extend(patching.json(objects)?);
        unknown.extend(transform::replicas(file, objects, budget)?);
        transform::images(file, objects, budget)?;
        Ok(unknown)
    }

    fn resource(
        &mut self,
        file: &File,
        folder: &str,
        resource: &str,
        objects: &mut Vec<Object>,
        depth: usize,
    ) -> Result<(), KustomizeError> {
        if is_remote(resource) {
            let what = format!("the remote resource `{resource}`");
            return self.is_unknown(file.not_understood(what, Reach::Adds, &Value::Null));
        }
        let Some(path) = join(folder, resource) else {
            return Err(file.wrong(format!("the resource `{resource}` is outside the repository")));
        };
        if let Some(found) = (self.tree.objects)(&path) {
            let found = found.map_err(|message| KustomizeError::new(&path, message))?;
            self.built.used.insert(path.clone());
            self.tree.budget.spend(Resource::Visits, 1)?;
            for (index, value) in found.into_iter().enumerate() {
                let object = Object::of_file(&path, index, value);
                self.tree.budget.spend(Resource::Operations, 1 + object.weight() / 16)?;
                self.tree.budget.spend(Resource::Nodes, object.own_weight())?;
                objects.push(object);
            }
            return Ok(());
        }
        match File::of_folder(self.tree, &path)? {
            Some(inner) if inner.is_component() => {
                Err(file.wrong(format!("`{resource}` is a component but is listed under `resources`")))
            }
            Some(inner) => {
                let mut own = Vec::new();
                self.accumulate(inner, &path, &mut own, depth + 1)?;
                objects.append(&mut own);
                Ok(())
            }
            None => Err(file.wrong(format!("the resource `{resource}` does not exist"))),
        }
    }

    fn component(
        &mut self,
        file: &File,
        folder: &str,
        component: &str,
        objects: &mut Vec<Object>,
        depth: usize,
    ) -> Result<(), KustomizeError> {
        let path = join(folder, component).filter(|_| !is_remote(component));
        let inner = match &path {
            Some(path) => File::of_folder(self.tree, path)?,
            None => None,
        };
        match (inner, path) {
            (Some(inner), Some(path)) if inner.is_component() => {
                self.accumulate(inner, &path, objects, depth + 1)
            }
            (Some(_), _) => Err(file.wrong(format!("`{component}` is not a component"))),
            (None, _) if is_remote(component) => {
                let what = format!("the component `{component}`");
                self.tree.pass(objects.len())?;
                objects.iter_mut().for_each(|object| object.is_uncertain = true);
                self.is_unknown(file.not_understood(what, Reach::Alters, &Value::Null))
            }
            (None, _) => Err(file.wrong(format!("the component `{component}` does not exist"))),
        }
    }
}

/// Kustomize refuses to have one object twice.
fn unique(objects: &[Object]) -> Result<(), KustomizeError> {
    let mut seen = BTreeMap::new();
    for object in objects {
        let namespace = if object.is_cluster_scoped() { "" } else { object.namespace() };
        let identity = (object.group(), object.kind(), effective(namespace), object.name(), object.version());
        if let Some(first) = seen.insert(identity, &object.path) {
            let message = format!("{} `{}` is already in `{first}`", object.kind(), object.name());
            return Err(KustomizeError::new(&object.path, message));
        }
    }
    Ok(())
}
