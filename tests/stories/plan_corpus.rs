//! Each procedure on each tree of the corpus: the change that the facts describe, or a refusal that says why.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use writ::domain::names::CommitId;
use writ::domain::policy::Decision;
use writ::domain::risk::Risk;
use writ::ports::git::{Git as _, Repository};

use crate::support::plans::{ASKED, assert_clean, outcome, plan, planner, repository_of, request};
use crate::support::repository::git;
use crate::support::{corpus, left_out, shared};

/// The folder with the two trees.
fn folder() -> Option<PathBuf> {
    let corpus = shared().map(|shared| shared.join("corpus"));
    if corpus.is_none() {
        left_out("plans on the corpus's trees", "the corpus is not there; set WRIT_SHARED");
    }
    corpus
}

#[test]
fn both_layouts_give_the_described_change() {
    let Some(corpus) = folder() else { return };
    let planner = planner();
    let mut table = String::new();
    for tree in ["2026-02-12", "2026-08-22"] {
        let (repository, base) = repository_of(&corpus.join(tree));
        table.push_str(&format!("{tree}\n"));
        table.push_str(&outcomes(&planner, repository.path(), &base));
    }
    insta::assert_snapshot!("both_layouts", table);
}

#[test]
fn every_golden_tree_gives_a_change_or_a_reason() {
    let Some(path) = corpus::path("plans on the history") else { return };
    let planner = planner();
    let mut table = String::new();
    for tag in git(&path, &["tag", "--list", "golden/*"]).lines() {
        let base: CommitId = git(&path, &["rev-parse", &format!("{tag}^{{commit}}")]).parse().unwrap();
        table.push_str(&format!("{tag}\n"));
        table.push_str(&outcomes(&planner, &path, &base));
    }
    insta::assert_snapshot!("golden_trees", table);
}

fn outcomes(planner: &writ::service::planning::Planner, repository: &Path, base: &CommitId) -> String {
    let mut lines = String::new();
    for (procedure, arguments) in ASKED {
        let request = request(procedure, arguments);
        let planned = plan(planner, repository, base, &request);
        if let Ok(planned) = &planned
            && planned.draft.is_some()
        {
            // A second planner has parsed nothing yet: what is cached must not matter.
            let again = plan(&crate::support::plans::planner(), repository, base, &request).unwrap();
            assert_clean(planned, &again);
        }
        let said: Vec<String> = arguments.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        lines.push_str(&format!("  {procedure}{}: {}\n", said.concat(), outcome(&planned)));
    }
    lines
}

#[test]
fn what_people_committed_comes_out_to_the_byte() {
    let Some(path) = corpus::path("plans on the history") else { return };
    let planner = planner();
    let cases: [(&str, &str, &[(&str, &str)]); 3] = [
        ("2fb62ebcfb", "restart-ta", &[]),
        ("02285d73eb", "restart-ta", &[("target", "ta-sim")]),
        ("954061b5a7", "pause-trading", &[]),
    ];
    for (commit, procedure, arguments) in cases {
        let git_port = Repository::open(&path).unwrap();
        let base = git_port.resolve(&format!("golden/{commit}/before")).unwrap();
        let planned = plan(&planner, &path, &base, &request(procedure, arguments)).unwrap();
        let made = git_port.commit(planned.draft.as_ref().unwrap()).unwrap();
        assert_eq!(Some(&made), planned.report.commit.as_ref(), "{commit}: the commit that was announced");
        let tree = |revision: &str| git(&path, &["rev-parse", &format!("{revision}^{{tree}}")]);
        assert_eq!(tree(made.as_str()), tree(&format!("golden/{commit}/after")), "{commit}: the whole tree");
    }
}

#[test]
fn a_pause_and_its_inverse_give_the_tree_back() {
    let Some(corpus) = folder() else { return };
    let planner = planner();
    for tree in ["2026-02-12", "2026-08-22"] {
        for (procedure, arguments) in [("pause-trading", &[][..]), ("suspend-ta", &[("target", "ta")][..])] {
            let (repository, base) = repository_of(&corpus.join(tree));
            let git_port = Repository::open(repository.path()).unwrap();
            let there = plan(&planner, repository.path(), &base, &request(procedure, arguments)).unwrap();
            let middle = git_port.commit(there.draft.as_ref().unwrap()).unwrap();
            let inverse = there.report.rollback.procedure.clone().unwrap();
            let back = plan(&planner, repository.path(), &middle, &request(&inverse, arguments)).unwrap();
            let end = git_port.commit(back.draft.as_ref().unwrap()).unwrap();
            let tree_of = |commit: &CommitId| repository.git(&["rev-parse", &format!("{commit}^{{tree}}")]);
            assert_eq!(tree_of(&base), tree_of(&end), "{tree} {procedure}");
            assert_ne!(tree_of(&base), tree_of(&middle), "{tree} {procedure}");
        }
    }
}

#[test]
fn comments_beside_a_changed_value_are_named() {
    let Some(corpus) = folder() else { return };
    let (repository, base) = repository_of(&corpus.join("2026-08-22"));
    let planned = plan(&planner(), repository.path(), &base, &request("pause-trading", &[])).unwrap();
    let about =
        |warning: &&String| warning.contains("scheduler-deployment.yaml:13 is next to `/spec/replicas`");
    let warning = planned.report.warnings.iter().find(about).expect("a warning about the comment");
    assert!(warning.contains("Exactly one dedicated writer owns live trading."), "{warning}");
}

/// Whatever a containment declares, it does: none of it waits for anybody.
#[test]
fn no_containment_that_keeps_to_its_effects_is_more_than_warned_about() {
    let Some(corpus) = folder() else { return };
    let planner = planner();
    let mut planned_once = BTreeSet::new();
    for tree in ["2026-02-12", "2026-08-22"] {
        let (repository, base) = repository_of(&corpus.join(tree));
        for (procedure, arguments) in ASKED {
            if planner.risk(procedure) != Some(Risk::Containment) {
                continue;
            }
            let planned = plan(&planner, repository.path(), &base, &request(procedure, arguments));
            let Ok(planned) = planned else { continue };
            let verdict = &planned.report.verdict;
            assert!(verdict.decision <= Decision::Warn, "{tree}, {procedure}: {:#?}", verdict.results);
            if planned.draft.is_some() {
                planned_once.insert(procedure);
            }
        }
    }
    let procedures = planner.catalogue().procedures();
    let containments: BTreeSet<&str> = procedures
        .filter(|procedure| procedure.risk == Risk::Containment)
        .map(|procedure| procedure.name.as_str())
        .collect();
    assert_eq!(planned_once, containments, "each containment changes one of the trees");
}

/// The tree of 2026-08-22 trades live already: that is reported, and does not keep anybody from pausing or restarting.
#[test]
fn what_is_wrong_already_decides_nothing() {
    let Some(corpus) = folder() else { return };
    let planner = planner();
    let (repository, base) = repository_of(&corpus.join("2026-08-22"));
    for (procedure, arguments) in ASKED {
        let planned = plan(&planner, repository.path(), &base, &request(procedure, arguments));
        let Ok(planned) = planned else { continue };
        if planned.draft.is_none() {
            continue;
        }
        let verdict = &planned.report.verdict;
        assert!(verdict.decision <= Decision::Warn, "{procedure}: {:#?}", verdict.results);
        assert!(verdict.results.iter().all(|finding| !finding.code.starts_with("standing_")), "{procedure}");
        assert!(verdict.standing.iter().any(|finding| finding.code == "standing_live"), "{procedure}");
    }
}
