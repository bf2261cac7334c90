//! Node programs that tests run against (`tests/peers/*.mjs`), where node and the packages are installed.

use std::path::PathBuf;

/// The folder of the programs; `None`, and a line about what is left out, where something is missing.
pub fn folder(what: &str) -> Option<PathBuf> {
    folder_with("emulate", what)
}

/// The folder of the programs, for one that needs a package.
pub fn folder_with(package: &str, what: &str) -> Option<PathBuf> {
    let folder = super::peers();
    if super::program("node").is_none() {
        super::left_out(what, "node is not installed");
        return None;
    }
    if !folder.join("node_modules").join(package).is_dir() {
        super::left_out(what, "the packages of tests/peers are not installed; `tests/run` installs them");
        return None;
    }
    Some(folder)
}
