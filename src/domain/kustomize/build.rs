//! Building: resources first, then components, generators and transformations, in kustomize's order.

use std::collections::BTreeMap;

use serde_json::Value;

use super::built::{Built, Reach, Unknown};
use super::error::KustomizeError;
use super::file::File;
use super::object::{Object, effective};
use super::paths::{is_remote, join};
use super::source::Tree;
use super::{generate, patches, references, transform};

/// Kustomizations inside kustomizations, at most.
const DEEPEST: usize = 32;

/// Builds the kustomization of a folder; `None` where the folder has none.
///
/// # Errors
/// - a file is missing or cannot be read, an object is stated twice, a patch fits nothing: kustomize fails there too
pub fn build(tree: Tree<'_>, folder: &str) -> Result<Option<Built>, KustomizeError> {
    let mut build = Build { tree, built: Built::default() };
    let Some(file) = File::of_folder(tree, folder)? else {
        return Ok(None);
    };
    let mut objects = Vec::new();
    let root = file.said("");
    build.accumulate(file, folder, &mut objects, 0)?;
    references::follow(&root, &mut objects);
    unique(&objects)?;
    build.built.objects = objects;
    Ok(Some(build.built))
}

struct Build<'t> {
    tree: Tree<'t>,
    built: Built,
}

impl Build<'_> {
    /// Adds what a kustomization adds and changes what it changes; a component changes what was there before too.
    fn accumulate(
        &mut self,
        mut file: File,
        folder: &str,
        objects: &mut Vec<Object>,
        depth: usize,
    ) -> Result<(), KustomizeError> {
        if depth > DEEPEST {
            return Err(file.wrong("kustomizations are nested too deeply, perhaps in a cycle"));
        }
        self.built.used.insert(file.path.clone());
        for field in ["resources", "bases"] {
            for resource in file.texts(field)? {
                self.resource(&file, folder, resource, objects, depth)?;
            }
        }
        unique(objects)?;
        for component in file.texts("components")? {
            self.component(&file, folder, component, objects, depth)?;
        }
        let mut unknown = file.unknown(folder, self.tree);
        let is_open = |unknown: &[Unknown]| unknown.iter().any(|unknown| unknown.reach == Reach::Adds);
        file.is_open = is_open(&unknown) || is_open(&self.built.unknown);
        unknown.extend(generate::config_maps(&file, folder, self.tree, &mut self.built.used, objects)?);
        unknown.extend(self.transform(&file, folder, objects)?);
        if unknown.iter().any(|unknown| unknown.reach == Reach::Alters) {
            objects.iter_mut().for_each(|object| object.is_uncertain = true);
        }
        self.built.unknown.extend(unknown);
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
        let mut patching = patches::Patching { file, folder, tree: self.tree, used: &mut self.built.used };
        unknown.extend(patching.strategic(objects)?);
        unknown.extend(patching.any(objects)?);
        transform::namespace(file, objects)?;
        transform::prefix_and_suffix(file, objects)?;
        unknown.extend(transform::labels(file, objects)?);
        transform::annotations(file, objects)?;
        unknown.extend(patching.json(objects)?);
        unknown.extend(transform::replicas(file, objects)?);
        transform::images(file, objects)?;
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
            self.built.unknown.push(file.not_understood(what, Reach::Adds, &Value::Null));
            return Ok(());
        }
        let Some(path) = join(folder, resource) else {
            return Err(file.wrong(format!("the resource `{resource}` is outside the repository")));
        };
        if let Some(found) = (self.tree.objects)(&path) {
            let found = found.map_err(|message| KustomizeError::new(&path, message))?;
            self.built.used.insert(path.clone());
            objects.extend(flattened(&path, found));
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
            None if resource.starts_with("..") => {
                let what = format!("the resource `{resource}`, which is outside the scanned folder");
                self.built.unknown.push(file.not_understood(what, Reach::Adds, &Value::Null));
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
            (None, _) if is_remote(component) || component.starts_with("..") => {
                let what = format!("the component `{component}`");
                self.built.unknown.push(file.not_understood(what, Reach::Alters, &Value::Null));
                objects.iter_mut().for_each(|object| object.is_uncertain = true);
                Ok(())
            }
            (None, _) => Err(file.wrong(format!("the component `{component}` does not exist"))),
        }
    }
}

/// The objects of a file; a `List`'s items count as objects of their own.
fn flattened(path: &str, found: Vec<std::sync::Arc<Value>>) -> Vec<Object> {
    found.into_iter().enumerate().map(|(index, value)| Object::of_file(path, index, value)).collect()
}

/// Kustomize refuses to have one object twice.
fn unique(objects: &[Object]) -> Result<(), KustomizeError> {
    let mut seen = BTreeMap::new();
    for object in objects {
        let namespace = if object.is_cluster_scoped() { String::new() } else { object.namespace() };
        let identity = (
            object.group(),
            object.kind(),
            effective(&namespace).to_owned(),
            object.name(),
            object.version(),
        );
        if let Some(first) = seen.insert(identity, &object.path) {
            let message = format!("{} `{}` is already in `{first}`", object.kind(), object.name());
            return Err(KustomizeError::new(&object.path, message));
        }
    }
    Ok(())
}
