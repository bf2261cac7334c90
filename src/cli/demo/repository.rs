//! The demo's target repository: a bare one with a single commit, made from manifests that the binary carries.

use std::path::Path;

use git2::{Oid, Repository, Signature, Time};
use include_dir::{Dir, DirEntry, include_dir};

static FIXTURES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/demo/fixtures");

/// The branch that people merge to.
pub(crate) const BASE: &str = "main";

/// 2026-09-01T09:00:00Z: the commit's date is fixed, so the repository is the same on every machine.
const COMMITTED_AT: i64 = 1_788_253_200;

/// Makes the repository at `path`; gives how many files it holds.
///
/// # Errors
/// - the folder cannot be written
pub(crate) fn make(path: &Path) -> Result<usize, git2::Error> {
    let repository = Repository::init_bare(path)?;
    let (tree, files) = write_tree(&repository, &FIXTURES)?;
    let tree = repository.find_tree(tree)?;
    let author = Signature::new("A person", "person@example.org", &Time::new(COMMITTED_AT, 0))?;
    let branch = format!("refs/heads/{BASE}");
    repository.commit(Some(&branch), &author, &author, "feat: run the trading system\n", &tree, &[])?;
    repository.set_head(&branch)?;
    Ok(files)
}

fn write_tree(repository: &Repository, folder: &Dir<'_>) -> Result<(Oid, usize), git2::Error> {
    let mut tree = repository.treebuilder(None)?;
    let mut files = 0;
    for entry in folder.entries() {
        let name = entry.path().file_name().unwrap_or_default();
        match entry {
            DirEntry::Dir(inner) => {
                let (id, inside) = write_tree(repository, inner)?;
                tree.insert(name, id, 0o040_000)?;
                files += inside;
            }
            DirEntry::File(file) => {
                tree.insert(name, repository.blob(file.contents())?, 0o100_644)?;
                files += 1;
            }
        }
    }
    Ok((tree.write()?, files))
}
