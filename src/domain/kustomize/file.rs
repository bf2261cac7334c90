//! A kustomization file: its fields as they are asked for, and what in it is not understood.

use serde_json::{Map, Value};

use super::{KustomizeError, Reach, Tree, Unknown};

/// The names that a kustomization may have, in the order in which they are looked for.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Fields that are understood.
const KNOWN: [&str; 22] = [
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "components",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "replicas",
    "images",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "buildMetadata",
    "sortOptions",
];

/// Fields that add objects and change none.
const ADDING: [&str; 5] = ["helmCharts", "helmChartInflationGenerator", "helmGlobals", "generators", "crds"];

/// A kustomization file.
#[derive(Debug)]
pub(super) struct File {
    /// Its full path.
    pub path: String,
    fields: Map<String, Value>,
}

impl File {
    /// The kustomization of a folder; `None` where it has none.
    pub fn of_folder(tree: Tree<'_>, folder: &str) -> Result<Option<Self>, KustomizeError> {
        let paths = NAMES.iter().map(|name| super::paths::join(folder, name).unwrap_or_default());
        let mut found = paths.filter(|path| (tree.bytes)(path).is_some());
        let Some(path) = found.next() else {
            return Ok(None);
        };
        if let Some(other) = found.next() {
            return Err(KustomizeError::new(&other, "the folder has more than one kustomization"));
        }
        let objects = (tree.objects)(&path)
            .unwrap_or_else(|| Err("it is not a manifest".to_owned()))
            .map_err(|message| KustomizeError::new(&path, message))?;
        let fields = match objects.as_slice() {
            [] => Map::new(),
            [value] => value.as_object().cloned().unwrap_or_default(),
            _ => return Err(KustomizeError::new(&path, "it has more than one document")),
        };
        Ok(Some(Self { path, fields }))
    }

    /// Whether it is a component.
    pub fn is_component(&self) -> bool {
        self.fields.get("kind").and_then(Value::as_str) == Some("Component")
    }

    /// A field that is a text.
    pub fn text(&self, field: &str) -> Result<Option<&str>, KustomizeError> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(format!("`{field}` is not a text"))),
        }
    }

    /// A field that is a list of texts.
    pub fn texts(&self, field: &str) -> Result<Vec<&str>, KustomizeError> {
        let texts = self.list(field)?.iter().map(|item| {
            item.as_str().ok_or_else(|| self.wrong(format!("`{field}` has an item that is not a text")))
        });
        texts.collect()
    }

    /// A field that is a list; empty where it is missing.
    pub fn list(&self, field: &str) -> Result<&[Value], KustomizeError> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong(format!("`{field}` is not a list"))),
        }
    }

    /// A field that is a map of texts; empty where it is missing.
    pub fn map(&self, field: &str) -> Result<Vec<(String, String)>, KustomizeError> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Object(entries)) => self.pairs(field, entries),
            Some(_) => Err(self.wrong(format!("`{field}` is not a map"))),
        }
    }

    /// A map of texts inside a field.
    pub fn pairs(
        &self,
        field: &str,
        map: &Map<String, Value>,
    ) -> Result<Vec<(String, String)>, KustomizeError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        map.iter()
            .map(|(key, value)| {
                text(value)
                    .map(|value| (key.clone(), value))
                    .ok_or_else(|| self.wrong(format!("`{field}` has a value that is not a text: `{key}`")))
            })
            .collect()
    }

    /// A field as it stands.
    pub fn field(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    /// The fields that are not understood.
    pub fn unknown(&self) -> Vec<Unknown> {
        let unknown = self.fields.keys().filter(|field| !KNOWN.contains(&field.as_str()));
        unknown
            .map(|field| Unknown {
                path: self.path.clone(),
                what: format!("`{field}`"),
                reach: if ADDING.contains(&field.as_str()) { Reach::Adds } else { Reach::Alters },
            })
            .collect()
    }

    /// Something in this file is wrong.
    pub fn wrong(&self, message: impl Into<String>) -> KustomizeError {
        KustomizeError::new(&self.path, message)
    }

    /// Something in this file is not understood.
    pub fn not_understood(&self, what: impl Into<String>, reach: Reach) -> Unknown {
        Unknown { path: self.path.clone(), what: what.into(), reach }
    }
}
