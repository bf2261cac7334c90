//! README and docs are held to the code: generated parts, links, and what must not be in a repository.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let folders = ["docs", "docs/policies"].map(|folder| std::fs::read_dir(root().join(folder)).unwrap());
    let docs = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    found.push(root().join("README.md"));
    found.push(root().join("CONTRIBUTING.md"));
    found
}

/// `UPDATE=1` writes them anew.
#[test]
fn generated_tables_are_those_of_the_code() {
    let mut writ = Command::new(env!("CARGO_BIN_EXE_writ"));
    writ.arg("docs").current_dir(root());
    if std::env::var_os("UPDATE").is_none() {
        writ.arg("--check");
    }
    let ended = writ.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// A new policy without a page is found although no file has drifted.
#[test]
fn a_policy_without_its_page_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::create_dir_all(folder.path().join("docs/policies")).unwrap();
    std::fs::write(folder.path().join("README.md"), "# writ\n").unwrap();
    let mut writ = Command::new(env!("CARGO_BIN_EXE_writ"));
    let ended = writ.args(["docs", "--check"]).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("docs/policies/ai-advisory.md"), "{said}");
}

#[test]
fn links_within_the_repository_lead_somewhere() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let inside = !target.contains("://") && !target.starts_with('#');
            let path = document.parent().unwrap().join(target.split('#').next().unwrap());
            assert!(!inside || path.exists(), "{}: `{target}` leads nowhere", document.display());
        }
    }
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = Command::new(env!("CARGO_BIN_EXE_writ")).args(["completions", shell]).output().unwrap();
        assert!(ended.status.success());
        assert!(String::from_utf8(ended.stdout).unwrap().contains("demo"), "{shell}");
    }
}
