//! The library: procedures, policies and templates; a folder's files are laid over those embedded in the binary.
//!
//! **Invariant**: an embedded file is never taken away, only replaced by a file of the same name, so that an empty or
//! mistyped folder switches no rule off. What a folder adds, replaces and lacks can be listed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::domain::digest::sha256_hex;

static PATCHES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/patches");
static POLICIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/policies");
static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The folders of a library.
pub const PARTS: [&str; 3] = ["patches", "policies", "templates"];

/// The texts that writ is driven by, by file name below their folder.
#[derive(Debug, Clone)]
pub struct Library {
    /// `patches/*.yaml`.
    pub patches: BTreeMap<String, String>,
    /// `policies/**`.
    pub policies: BTreeMap<String, String>,
    /// `templates/**`.
    pub templates: BTreeMap<String, String>,
    folder: Option<PathBuf>,
    /// Paths in the folder of files that are kept under another name: `policies/lanes.yml` for `policies/lanes.yaml`.
    named_otherwise: BTreeMap<String, String>,
    missing: Vec<&'static str>,
}

/// One file of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryFile {
    /// Its path below the library: `policies/target.yaml`.
    pub path: String,
    /// SHA-256 of its text, lower-case hex.
    pub sha256: String,
    /// Where it is from.
    pub origin: LibraryOrigin,
}

/// Where a file of a library is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LibraryOrigin {
    /// The binary; a copy in the folder that says the same is no other file.
    Embedded,
    /// The folder, in the place of an embedded file.
    Replaced,
    /// The folder; the binary has no file of this name.
    Added,
}

/// Why a library folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// Two files differ in nothing but `.yaml` and `.yml`.
    #[error("`{one}` and `{other}` have the same name: remove one of them")]
    Twice {
        /// The one.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// A file or folder could not be read.
    #[error("reading `{path}`")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
}

impl Library {
    /// What the binary carries.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            patches: texts(&PATCHES),
            policies: texts(&POLICIES),
            templates: texts(&TEMPLATES),
            folder: None,
            named_otherwise: BTreeMap::new(),
            missing: Vec::new(),
        }
    }

    /// The embedded library with the files of `patches/`, `policies/` and `templates/` in `folder` laid over it: a file
    /// of the same name replaces an embedded one, any other is added.
    ///
    /// # Errors
    /// - a folder or file cannot be read, or is not UTF-8
    /// - a file is there twice, as `.yaml` and as `.yml`
    pub fn read(folder: &Path) -> Result<Self, LibraryError> {
        // The folder itself must be there: a mistyped path is not an empty library.
        std::fs::read_dir(folder).map_err(|source| LibraryError::Read { path: folder.to_owned(), source })?;
        let mut library = Self { folder: Some(folder.to_owned()), ..Self::embedded() };
        let Self { patches, policies, templates, missing, named_otherwise, .. } = &mut library;
        for (part, files) in PARTS.into_iter().zip([patches, policies, templates]) {
            let path = folder.join(part);
            let own = if path.is_dir() { read_folder(&path, &path)? } else { BTreeMap::new() };
            if own.is_empty() {
                missing.push(part);
            }
            for (name, text) in own.clone() {
                // Procedures and tables are found by their name, which ends so in the library.
                let Some(stem) = name.strip_suffix(".yml") else {
                    files.insert(name, text);
                    continue;
                };
                let canonical = format!("{stem}.yaml");
                if own.contains_key(&canonical) {
                    let [one, other] = [&canonical, &name].map(|name| path.join(name));
                    return Err(LibraryError::Twice { one, other });
                }
                named_otherwise.insert(format!("{part}/{canonical}"), format!("{part}/{name}"));
                files.insert(canonical, text);
            }
        }
        Ok(library)
    }

    /// The library of these texts, by path below it: what [`Library::texts`] gave once. Paths of no part are left out.
    #[must_use]
    pub fn of_texts(texts: BTreeMap<String, String>) -> Self {
        let mut library = Self {
            patches: BTreeMap::new(),
            policies: BTreeMap::new(),
            templates: BTreeMap::new(),
            folder: None,
            named_otherwise: BTreeMap::new(),
            missing: Vec::new(),
        };
        for (path, text) in texts {
            let files = match path.split_once('/') {
                Some(("patches", name)) => (&mut library.patches, name),
                Some(("policies", name)) => (&mut library.policies, name),
                Some(("templates", name)) => (&mut library.templates, name),
                _ => continue,
            };
            files.0.insert(files.1.to_owned(), text);
        }
        library
    }

    /// Every text by its path below the library, whether embedded or from a folder.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<String, String> {
        let parts = self.parts().into_iter();
        let of_part = |(part, files): (&str, &BTreeMap<String, String>)| {
            let path = |(name, text): (&String, &String)| (format!("{part}/{name}"), text.clone());
            files.iter().map(path).collect::<Vec<_>>()
        };
        parts.flat_map(of_part).collect()
    }

    /// The texts of a folder of policies, by name below it, to be laid over those of a library.
    ///
    /// # Errors
    /// - the folder or a file of it cannot be read, or is not UTF-8
    pub fn read_policies(folder: &Path) -> Result<BTreeMap<String, String>, LibraryError> {
        read_folder(folder, folder)
    }

    /// Every file, sorted by path.
    #[must_use]
    pub fn files(&self) -> Vec<LibraryFile> {
        let embedded = Self::embedded();
        let mut files = Vec::new();
        for ((part, own), (_, embedded)) in self.parts().into_iter().zip(embedded.parts()) {
            for (name, text) in own {
                let origin = match embedded.get(name) {
                    Some(known) if known == text => LibraryOrigin::Embedded,
                    Some(_) => LibraryOrigin::Replaced,
                    None => LibraryOrigin::Added,
                };
                let path = format!("{part}/{name}");
                files.push(LibraryFile { path, sha256: sha256_hex(text.as_bytes()), origin });
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    /// `sha256:<hex>` over a line `<sha256>  <path>` for each file, sorted by path: what `sha256sum` prints of them.
    #[must_use]
    pub fn digest(&self) -> String {
        let line = |file: LibraryFile| format!("{}  {}\n", file.sha256, file.path);
        let lines: String = self.files().into_iter().map(line).collect();
        format!("sha256:{}", sha256_hex(lines.as_bytes()))
    }

    /// What the folder changes of the embedded library, sentence by sentence: what it replaces, adds and lacks, and where
    /// the folder is. Nothing for the embedded library itself.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let folder = folder.display();
        if self.missing.len() == PARTS.len() {
            let none = "has no file in `patches/`, `policies/` or `templates/`";
            return vec![format!("`{folder}` {none}: the whole library is the embedded one")];
        }
        let missing = self
            .missing
            .iter()
            .map(|part| format!("`{folder}` has no file in `{part}/`: all of `{part}/` is embedded"));
        let changed = self.files().into_iter().filter_map(|file| {
            let (path, own) = (&file.path, self.path_in_folder(&file.path));
            match file.origin {
                LibraryOrigin::Embedded => None,
                LibraryOrigin::Replaced => Some(format!("`{path}` is replaced by `{folder}/{own}`")),
                LibraryOrigin::Added => Some(format!("`{path}` is added from `{folder}/{own}`")),
            }
        });
        missing.chain(changed).collect()
    }

    /// The path in the folder of a file of the library.
    fn path_in_folder<'l>(&'l self, path: &'l str) -> &'l str {
        self.named_otherwise.get(path).map_or(path, String::as_str)
    }

    /// The folder that is laid over the embedded files; `None` where there is none.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Those of [`PARTS`] of which the folder has no file.
    #[must_use]
    pub fn missing(&self) -> &[&'static str] {
        &self.missing
    }

    /// The files of each of [`PARTS`].
    fn parts(&self) -> [(&'static str, &BTreeMap<String, String>); 3] {
        let [patches, policies, templates] = PARTS;
        [(patches, &self.patches), (policies, &self.policies), (templates, &self.templates)]
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
