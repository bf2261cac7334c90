//! Plans on small trees of our own: each case of `plans/cases.yaml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use writ::domain::plan::Risk;
use writ::domain::policy::Decision;
use writ::ports::library::Library;
use writ::service::planning::Planner;

use crate::support::plans::{ASKED, assert_clean, outcome, plan, planner, repository_of, request};
use crate::support::repository::Item;
use crate::support::{self, corpus::GITOPS_PATH};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    tree: String,
    ask: String,
    #[serde(default)]
    edit: Option<Exchange>,
    #[serde(default)]
    edits: Vec<Exchange>,
    outcome: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    file: String,
    from: String,
    to: String,
}

fn tree(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plans").join(name)
}

#[test]
fn every_case_comes_to_what_it_says() {
    let text = std::fs::read_to_string(tree("cases.yaml")).unwrap();
    let cases: Vec<Case> = serde_yaml::from_str(&text).unwrap();
    let planner = planner();
    let mut problems = Vec::new();
    for case in cases {
        let (repository, _) = repository_of(&tree(&case.tree));
        let mut files = std::collections::BTreeMap::new();
        for exchange in case.edit.iter().chain(&case.edits) {
            let path = format!("{GITOPS_PATH}/{}", exchange.file);
            let text = files
                .entry(path.clone())
                .or_insert_with(|| std::fs::read_to_string(tree(&case.tree).join(&path)).unwrap());
            assert!(text.contains(&exchange.from), "{}: nothing to exchange", case.name);
            *text = text.replacen(&exchange.from, &exchange.to, 1);
        }
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let base = repository.commit("main", &files);
        let mut words = case.ask.split(' ');
        let procedure = words.next().unwrap();
        let arguments: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
        let request = request(procedure, &arguments);
        let planned = plan(&planner, repository.path(), &base, &request);
        if let Ok(planned) = &planned
            && planned.plan.changes.iter().any(|change| change.before.is_some())
        {
            let again = plan(&support::plans::planner(), repository.path(), &base, &request).unwrap();
            assert_clean(planned, &again);
        }
        if let Err(refusal) = &planned {
            assert!(!refusal.message.is_empty() && !refusal.remedy.is_empty(), "{}: {refusal:?}", case.name);
        }
        let found = outcome(&planned);
        if found != case.outcome {
            problems
                .push(format!("{}:\n  wanted {}\n  found  {found}\n  {planned:?}", case.name, case.outcome));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_variant_says_what_was_looked_for() {
    let (repository, _) = repository_of(&tree("since"));
    let base = repository.commit("main", &[("argocd/applications/other/a.yaml", "a: 1\n")]);
    let empty = support::repository::TestRepository::bare();
    let nothing = empty.commit("main", &[("README.md", "nothing here\n")]);
    let planner = planner();
    assert!(plan(&planner, repository.path(), &base, &request("pause-trading", &[])).is_ok());
    let refusal = plan(&planner, empty.path(), &nothing, &request("pause-trading", &[])).unwrap_err();
    assert_eq!(refusal.code, "no_variant");
    assert!(refusal.message.contains("Deployment `torghut-scheduler` is absent"), "{}", refusal.message);
    assert!(refusal.message.contains("TRADING_ENABLED"), "{}", refusal.message);
}

#[test]
fn only_regular_files_are_edited() {
    let (repository, base) = repository_of(&tree("since"));
    let path = format!("{GITOPS_PATH}/scheduler-deployment.yaml");
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    let text = std::fs::read_to_string(tree("since").join(&path)).unwrap();
    for (item, words) in [
        (Item::Symlink(&path, "knative-service.yaml"), "a symbolic link"),
        (Item::Submodule(&path, &base), "a submodule"),
        (Item::File(&path, pointer), "a Git LFS pointer"),
    ] {
        let base = repository.commit_items("main", &[item]);
        let refusal = plan(&planner(), repository.path(), &base, &request("pause-trading", &[])).unwrap_err();
        assert_eq!(refusal.code, "not_a_regular_file");
        assert!(refusal.message.contains(words), "{}", refusal.message);
    }
    let executable = repository.commit_items("main", &[Item::Executable(&path, &text)]);
    assert!(plan(&planner(), repository.path(), &executable, &request("pause-trading", &[])).is_ok());
}

#[test]
fn a_file_over_the_budget_is_refused() {
    let (repository, _) = repository_of(&tree("since"));
    let path = format!("{GITOPS_PATH}/scheduler-deployment.yaml");
    let mut text = std::fs::read_to_string(tree("since").join(&path)).unwrap();
    text.push_str(&format!("# {}\n", "x".repeat(1 << 20)));
    let base = repository.commit("main", &[(&path, &text)]);
    let refusal = plan(&planner(), repository.path(), &base, &request("pause-trading", &[])).unwrap_err();
    assert_eq!(refusal.code, "unreadable_manifest");
    assert!(refusal.message.contains("1 MiB") || refusal.remedy.contains("1 MiB"), "{refusal:?}");
}

#[test]
fn reasons_are_one_plain_line() {
    let (repository, base) = repository_of(&tree("since"));
    for (reason, code) in [
        ("", "missing_reason"),
        ("a\nb", "forbidden_character"),
        ("a\u{202e}b", "forbidden_character"),
        (&"x".repeat(501), "value_too_long"),
    ] {
        let mut request = request("pause-trading", &[]);
        request.reason = reason.to_owned();
        let refusal = plan(&planner(), repository.path(), &base, &request).unwrap_err();
        assert_eq!(refusal.code, code, "{reason:?}");
    }
}

#[test]
fn the_confirmation_is_the_procedures_phrase() {
    let planner = planner();
    let confirmed = |confirmation: Option<&str>| {
        let mut request = request("pause-trading", &[]);
        request.confirmation = confirmation.map(str::to_owned);
        planner.confirm(&request).map_err(|refusal| refusal.code.to_string())
    };
    assert_eq!(confirmed(Some("ACTUATE_TORGHUT")), Ok(()));
    assert_eq!(confirmed(Some("actuate_torghut")), Err("confirmation_wrong".to_owned()));
    assert_eq!(confirmed(None), Err("confirmation_missing".to_owned()));
}

#[test]
fn the_commit_says_who_what_and_which_record() {
    let (repository, base) = repository_of(&tree("since"));
    let mut request = request("pause-trading", &[]);
    request.reason = "fixes #12 for @ops".to_owned();
    let planned = plan(&planner(), repository.path(), &base, &request).unwrap();
    let message = planned.draft.unwrap().message;
    let leaf = planned.record.leaf().to_hex();
    let run = &planned.plan.run;
    assert!(message.starts_with("chore(torghut): pause trading\n\n"), "{message}");
    assert!(message.contains("\nReason: fixes # 12 for @ ops\n"), "{message}");
    assert!(message.ends_with(&format!("\n\nWrit-Run: {run}\nWrit-Leaf: {leaf}\n")), "{message}");
    assert_eq!(planned.plan.branch.as_str(), format!("agentruns/torghut-actuation-20260822-1030-{run}"),);
    assert_eq!(planned.record.body["digest"], planned.report.digest);
    assert_eq!(planned.record.at, request.requested_at);
}

/// A planner that has the tests' own procedure beside the embedded ones.
fn planner_with_set_mode() -> Planner {
    let mut library = Library::embedded();
    library
        .patches
        .insert("set-mode.yaml".to_owned(), std::fs::read_to_string(tree("set-mode.yaml")).unwrap());
    Planner::compile(&library, GITOPS_PATH).unwrap()
}

#[test]
fn companions_move_together_or_not_at_all() {
    let (repository, base) = repository_of(&tree("since"));
    let planner = planner_with_set_mode();
    let ask = |arguments| plan(&planner, repository.path(), &base, &request("set-mode", arguments));
    let both = ask(&[("mode", "shadow")]).unwrap();
    let mode = "env[name=TRADING_MODE]/value: \"paper\" -> \"shadow\"";
    assert_eq!(
        outcome(&Ok(both)),
        format!(
            "knative-service.yaml /spec/template/spec/containers[name=user-container]/{mode}, \
             scheduler-deployment.yaml /spec/revisionHistoryLimit: 1 -> absent, \
             scheduler-deployment.yaml /spec/template/spec/containers[name=torghut-scheduler]/{mode}"
        )
    );
    let refusal = ask(&[("mode", "shadow"), ("both", "false")]).unwrap_err();
    assert_eq!(refusal.code, "companion_left_behind");
    let place = refusal.place.to_string();
    assert!(place.contains("knative-service.yaml") && place.contains("scheduler"), "{refusal:?}");
    // What is so already leaves nobody behind.
    assert_eq!(outcome(&ask(&[("mode", "paper"), ("both", "false")])), "no change");
}

#[test]
fn arguments_have_their_types() {
    let (repository, base) = repository_of(&tree("since"));
    let planner = planner_with_set_mode();
    let code = |arguments| {
        plan(&planner, repository.path(), &base, &request("set-mode", arguments)).unwrap_err().code
    };
    assert_eq!(code(&[]), "argument_missing");
    assert_eq!(code(&[("mode", " ")]), "argument_invalid");
    assert_eq!(code(&[("mode", "a\nb")]), "forbidden_character");
    assert_eq!(code(&[("mode", "a"), ("both", "yes")]), "argument_invalid");
    assert_eq!(code(&[("mode", "a"), ("level", "1e3")]), "argument_invalid");
}

#[test]
fn the_way_back_is_the_inverse_only_where_it_puts_something_back() {
    let (repository, base) = repository_of(&tree("since"));
    let path = format!("{GITOPS_PATH}/ta/flinkdeployment.yaml");
    let text = std::fs::read_to_string(tree("since").join(&path)).unwrap();
    let suspended = repository.commit("main", &[(&path, &text.replace("running", "suspended"))]);
    let rollback = |base, procedure, arguments| {
        plan(&planner(), repository.path(), base, &request(procedure, arguments)).unwrap().report.rollback
    };
    let restart: &[(&str, &str)] = &[("restart", "true")];
    assert_eq!(rollback(&suspended, "resume-ta", restart).procedure.as_deref(), Some("suspend-ta"));
    let stuck = rollback(&base, "resume-ta", restart);
    assert_eq!(stuck.procedure, None, "the job ran before; suspending it undoes nothing");
    assert_eq!(stuck.command, None, "restarting it once more undoes nothing either");
    assert!(stuck.needs_no_undo.unwrap().contains("restart the job once more"));
    let suspend = rollback(&base, "suspend-ta", &[]).command.unwrap();
    assert!(suspend.starts_with("/actuate resume-ta target=ta reason=\"undo run "), "{suspend}");
    assert!(suspend.ends_with("\" confirm=ACTUATE_TORGHUT"), "{suspend}");
}

/// A containment is asked of nobody: on each tree it comes to a warning at most, and what any procedure declares is
/// classified.
#[test]
fn a_containment_is_never_held_up() {
    let planner = planner();
    let risks: std::collections::BTreeMap<String, Risk> = Library::embedded()
        .patches
        .values()
        .map(|text| {
            let procedure: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
            let name = procedure["name"].as_str().unwrap().to_owned();
            (name, serde_yaml::from_value(procedure["risk"].clone()).unwrap())
        })
        .collect();
    let mut trees: Vec<PathBuf> = ["before", "since"].into_iter().map(tree).collect();
    if let Some(shared) = support::shared() {
        trees.extend(["2026-02-12", "2026-08-22"].map(|layout| shared.join("corpus").join(layout)));
    } else {
        support::left_out("containments on the corpus", "the corpus is not there; set WRIT_SHARED");
    }
    let mut contained = std::collections::BTreeSet::new();
    for folder in trees {
        let (repository, base) = repository_of(&folder);
        for (procedure, arguments) in ASKED {
            let Ok(planned) = plan(&planner, repository.path(), &base, &request(procedure, arguments)) else {
                continue;
            };
            let verdict = &planned.report.verdict;
            let is_classified = verdict.results.iter().all(|finding| finding.code != "unclassified");
            assert!(is_classified, "{procedure} in {}: {:#?}", folder.display(), verdict.results);
            if risks[procedure] == Risk::Containment {
                let is_free = !matches!(verdict.decision, Decision::Deny | Decision::Review);
                assert!(is_free, "{procedure} in {}: {:#?}", folder.display(), verdict.results);
                contained.insert(procedure);
            }
        }
    }
    let containments = risks.iter().filter(|(_, risk)| **risk == Risk::Containment).map(|(name, _)| name);
    assert!(containments.eq(contained.iter().copied()), "{contained:?}");
}
