//! The library: procedures, policies and templates, embedded in the binary or read from a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

static PATCHES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/patches");
static POLICIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/policies");
static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The texts that writ is driven by, by file name below their folder.
#[derive(Debug, Clone)]
pub struct Library {
    /// `patches/*.yaml`.
    pub patches: BTreeMap<String, String>,
    /// `policies/**`.
    pub policies: BTreeMap<String, String>,
    /// `templates/**`.
    pub templates: BTreeMap<String, String>,
}

/// Why a library folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A file or folder could not be read.
    #[error("reading `{path}`")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Library {
    /// What the binary carries.
    #[must_use]
    pub fn embedded() -> Self {
        Self { patches: texts(&PATCHES), policies: texts(&POLICIES), templates: texts(&TEMPLATES) }
    }

    /// The embedded library, with each of `patches/`, `policies/`, `templates/` that `folder` has in its place.
    ///
    /// # Errors
    /// - a folder or file cannot be read, or is not UTF-8
    pub fn read(folder: &Path) -> Result<Self, LibraryError> {
        // The folder itself must be there: a mistyped path is not an empty library.
        std::fs::read_dir(folder).map_err(|source| LibraryError::Read { path: folder.to_owned(), source })?;
        let embedded = Self::embedded();
        let part = |name: &str, fallback: BTreeMap<String, String>| {
            let path = folder.join(name);
            if path.is_dir() { read_folder(&path, &path) } else { Ok(fallback) }
        };
        Ok(Self {
            patches: part("patches", embedded.patches)?,
            policies: part("policies", embedded.policies)?,
            templates: part("templates", embedded.templates)?,
        })
    }
}

fn texts(dir: &Dir<'static>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            if let Some(text) = file.contents_utf8() {
                found.insert(file.path().to_string_lossy().into_owned(), text.to_owned());
            }
        }
    }
    found
}

fn read_folder(root: &Path, folder: &Path) -> Result<BTreeMap<String, String>, LibraryError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LibraryError::Read { path, source }
    };
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.is_dir() {
            found.extend(read_folder(root, &path)?);
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.insert(name, std::fs::read_to_string(&path).map_err(failed(&path))?);
        }
    }
    Ok(found)
}
