//! The materials of a decision: what it was made with, by digest, as its record and its pull request name them.
//!
//! Together with the request and the base they say all that a decision follows from; `service::replay` makes it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::digest::sha256_hex;
use crate::domain::target;
use crate::domain::watch::Watch;
use crate::ports::library::Library;

/// The program, as records name it.
pub const PROGRAM: &str = concat!("writ ", env!("CARGO_PKG_VERSION"));

/// What a decision was made with. Digests are `sha256:<hex>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Materials {
    /// Name and version of the program.
    pub program: String,
    /// The whole library, under which it is stored.
    pub library: String,
    /// The file of the procedure; of a rollback, that of the procedure which is undone. `None` where nothing is planned,
    /// or the library has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure: Option<String>,
    /// All files of `policies/`.
    pub policies: String,
    /// All files of `templates/`.
    pub templates: String,
    /// `policies/lanes.yaml`.
    pub lanes: String,
    /// `policies/target.yaml`.
    pub target: String,
    /// Where the manifests are, no slash at either end.
    pub gitops_path: String,
    /// The patterns of watched paths; empty too in records of versions that watched nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watch: Vec<String>,
}

impl Materials {
    /// The materials of a decision by this library, for manifests below this path.
    #[must_use]
    pub fn of(library: &Library, gitops_path: &str) -> Self {
        let file = |name: &str| digest(library.policies.get(name).map_or("", String::as_str));
        Self {
            program: PROGRAM.to_owned(),
            library: library.digest(),
            procedure: None,
            policies: of_all(&library.policies),
            templates: of_all(&library.templates),
            lanes: file("lanes.yaml"),
            target: file(target::FILE),
            gitops_path: gitops_path.to_owned(),
            watch: Vec::new(),
        }
    }

    /// The same, of a judge that watches these paths.
    #[must_use]
    pub fn watching(&self, watch: &Watch) -> Self {
        Self { watch: watch.patterns(), ..self.clone() }
    }

    /// The same, of a plan by a procedure whose file has this SHA-256.
    #[must_use]
    pub fn with_procedure(&self, sha256: Option<&str>) -> Self {
        Self { procedure: sha256.map(|sha256| format!("sha256:{sha256}")), ..self.clone() }
    }
}

/// The digest over a line `<sha256>  <name>` for each file, sorted by name.
fn of_all(files: &BTreeMap<String, String>) -> String {
    let line = |(name, text): (&String, &String)| format!("{}  {name}\n", sha256_hex(text.as_bytes()));
    digest(&files.iter().map(line).collect::<String>())
}

fn digest(text: &str) -> String {
    format!("sha256:{}", sha256_hex(text.as_bytes()))
}
