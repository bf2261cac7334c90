//! The version with its commit, and rebuilds when a file is added to a folder that is embedded: the embedding itself sees
//! only changed files.
//!
//! Without git, or outside of its own repository (an unpacked archive), the version stands alone. A debug build does not
//! name its commit: it would be built anew for each.

use std::path::Path;
use std::process::Command;

fn main() {
    for folder in ["patches", "policies", "templates"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    let version = variable("CARGO_PKG_VERSION");
    let origin = match variable("PROFILE").as_str() {
        "release" => commit(&variable("CARGO_MANIFEST_DIR")),
        _ => Some("debug build".to_owned()),
    };
    let named = origin.map_or_else(|| version.clone(), |origin| format!("{version} ({origin})"));
    println!("cargo:rustc-env=BUILD_VERSION={named}");
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// The commit and its date, of the repository whose root is this folder.
fn commit(root: &str) -> Option<String> {
    let root = Path::new(root).canonicalize().ok()?;
    let top = Path::new(&git(&root, &["rev-parse", "--show-toplevel"])?).canonicalize().ok()?;
    // An archive unpacked inside of another repository is not of that repository.
    if top != root {
        return None;
    }
    // `HEAD` changes with the branch, its log with each commit.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&root, &["rev-parse", "--path-format=absolute", "--git-path", file])
            && Path::new(&path).exists()
        {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    git(&root, &["log", "-1", "--format=%h %cs", "--abbrev=12"])
}

/// The one line that git answers; `None` where there is no git, or no answer.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}
