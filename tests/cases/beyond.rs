//! What an adversary changes beyond the GitOps path and around it, replayed from the corpus as a pull request is judged.

use std::path::Path;

use tempfile::TempDir;
use writ::domain::names::CommitId;
use writ::domain::policy::Decision;
use writ::ports::git::Repository;
use writ::ports::library::Library;
use writ::service::judging::Judge;

use super::replayed::{found, patched};
use crate::support;
use crate::support::repository::git;

/// The cases of a folder whose name begins with `E`: each on its bundle.
#[test]
fn what_an_adversary_changes_elsewhere_is_stopped() {
    let Some(shared) = support::shared() else {
        support::left_out("changes beyond the path", "the corpus is not there; set WRIT_SHARED");
        return;
    };
    let library = Library::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let judge = Judge::compile(&library, None).unwrap();
    let folder = TempDir::new().unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (bundle, cases, tag) in [
        ("corpus/torghut.bundle", "corpus/bypass", "snapshot/2026-08-22"),
        ("corpus/outside/outside.bundle", "corpus/outside", "outside/2026-08-22"),
    ] {
        let clone = folder.path().join(tag.replace('/', "-"));
        let bundle = shared.join(bundle);
        git(
            folder.path(),
            &["clone", "--quiet", "--bare", bundle.to_str().unwrap(), clone.to_str().unwrap()],
        );
        let repository = Repository::open(&clone).unwrap();
        let base = git(&clone, &["rev-parse", &format!("{tag}^{{commit}}")]);
        let mut names: Vec<String> = std::fs::read_dir(shared.join(cases))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with('E'))
            .collect();
        names.sort();
        for name in names {
            let case = shared.join(cases).join(&name);
            let said = |file: &str| std::fs::read_to_string(case.join(file)).unwrap().trim().to_owned();
            let head = patched(&clone, &base, &case.join("change.patch"));
            let base = CommitId::try_from(base.clone()).unwrap();
            let verdict = judge.judge_change(&repository, &base, &head, None).unwrap().verdict;
            let is_right = match (said("expect").as_str(), verdict.decision) {
                ("deny", Decision::Review) => !said("severity").starts_with("critical"),
                ("deny", decision) => decision == Decision::Deny,
                ("pass", decision) => !matches!(decision, Decision::Deny | Decision::Review),
                _ => true,
            };
            count += 1;
            if !is_right {
                wrong.push(format!("{name}: {}", found(&verdict)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 12, "only {count} cases");
}
