//! Changes outside of the GitOps path: what its kustomizations refer to, and what is watched; at a terminal and served.

use std::process::Output;

use serde_json::Value;
use writ::domain::pull::Conclusion;
use writ::ports::forge::check::CheckStatus;

use super::check::check;
use crate::support::bot::{Bot, Home};
use crate::support::manifests;
use crate::support::repository::{Item, TestRepository};

const SHOP: &str = "apps/shop/prod";

fn forwarder(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: torghut-ws\n  namespace: torghut\nspec:\n  replicas: {replicas}\n  \
         strategy:\n    type: Recreate\n  template:\n    spec:\n      containers:\n        - name: app\n          image: \
         registry.example/lab/torghut-ws@sha256:d86b454c73ddfa99bc7ecf120b673fd6ed16605d68154c123a9b45c1fcb69720\n"
    )
}

/// A forwarder in a base beside the path, listed by another base below it.
fn shop() -> TestRepository {
    let repository = TestRepository::bare();
    repository.commit(
        "main",
        &[
            ("apps/shop/prod/kustomization.yaml", "resources:\n  - ../base\n"),
            ("apps/shop/base/kustomization.yaml", "resources:\n  - ../../shared/ws.yaml\n"),
            ("apps/shared/ws.yaml", &forwarder(1)),
            ("apps/shared/unused.yaml", &forwarder(1)),
        ],
    );
    repository
}

fn on_branch(repository: &TestRepository, name: &str, files: &[(&str, &str)]) -> String {
    repository.git(&["branch", name, "main"]);
    repository.commit(name, files);
    name.to_owned()
}

fn judged(repository: &TestRepository, head: &str, more: &[&str]) -> (Output, Value) {
    let arguments = ["--base", "main", "--head", head, "--path", SHOP, "--format", "json"];
    let output = check(repository.path(), &[&arguments[..], more].concat());
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output, report)
}

fn codes(report: &Value) -> Vec<&str> {
    let results = report["verdict"]["results"].as_array().unwrap();
    results.iter().map(|result| result["code"].as_str().unwrap()).collect()
}

#[test]
fn a_change_in_a_base_outside_of_the_path_is_judged() {
    let repository = shop();
    let head = on_branch(&repository, "doubled", &[("apps/shared/ws.yaml", &forwarder(2))]);
    let (output, report) = judged(&repository, &head, &[]);
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    assert!(codes(&report).contains(&"forwarder_replicas"), "{report:#}");
    let finding = &report["verdict"]["results"][0];
    assert_eq!((finding["path"].as_str(), finding["line"].as_u64()), (Some("apps/shared/ws.yaml"), Some(7)));
    assert_eq!(report["changes"][0]["path"], "apps/shared/ws.yaml");
    // What nothing refers to is somebody else's.
    let head = on_branch(&repository, "unused", &[("apps/shared/unused.yaml", &forwarder(2))]);
    let (_, report) = judged(&repository, &head, &[]);
    assert_eq!(report["verdict"]["decision"], "no_change", "{report:#}");
}

#[test]
fn what_is_no_longer_referred_to_is_removed_and_not_lost() {
    let repository = shop();
    let head = on_branch(&repository, "dropped", &[("apps/shop/base/kustomization.yaml", "resources: []\n")]);
    let (_, report) = judged(&repository, &head, &[]);
    let paths: Vec<&str> =
        report["changes"].as_array().unwrap().iter().map(|change| change["path"].as_str().unwrap()).collect();
    assert!(paths.iter().all(|path| *path == "apps/shop/base/kustomization.yaml"), "{paths:?}");
    assert!(codes(&report).contains(&"workload_removed"), "{report:#}");
}

#[test]
fn references_never_leave_the_repository() {
    let repository = shop();
    for (name, resource) in [("out", "../../../../etc/passwd"), ("gone", "../missing"), ("link", "../linked")]
    {
        let kustomization = format!("resources:\n  - ../base\n  - {resource}\n");
        repository.git(&["branch", name, "main"]);
        let items = [
            Item::File("apps/shop/prod/kustomization.yaml", &kustomization),
            Item::Symlink("apps/shop/linked", "/etc"),
        ];
        repository.commit_items(name, &items);
        let (output, report) = judged(&repository, name, &[]);
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert!(codes(&report).contains(&"build_broken"), "{name}: {report:#}");
    }
}

/// A stranger decides what is named, never how much is read.
#[test]
fn references_are_followed_under_a_budget() {
    let repository = shop();
    let all: String = (0..10_001).map(|index| format!("  - ../x{index}.yaml\n")).collect();
    let kustomization = format!("resources:\n{all}");
    let head = on_branch(&repository, "many", &[("apps/shop/prod/kustomization.yaml", &kustomization)]);
    let (output, _) = judged(&repository, &head, &[]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("exceed 10000"), "{output:?}");
}

#[test]
fn watched_paths_come_from_a_flag_or_the_settings() {
    let repository = shop();
    let head = on_branch(&repository, "relay", &[("other/relay.yaml", &forwarder(1))]);
    let decision = |more: &[&str]| judged(&repository, &head, more).1["verdict"]["decision"].clone();
    assert_eq!(decision(&[]), "no_change");
    assert_eq!(decision(&["--watch", "other"]), "deny");
    assert_eq!(decision(&["--watch", "elsewhere/**"]), "no_change");
    let folder = tempfile::TempDir::new().unwrap();
    let settings = folder.path().join("writ.yaml");
    let text = "repositories:\n  - name: a/b\n    remote: r\n    watch: ['other/**']\n";
    std::fs::write(&settings, text).unwrap();
    let settings = settings.to_str().unwrap();
    assert_eq!(decision(&["--settings", settings]), "deny");
    for (wrong, says) in [("--watch=../x", "path_invalid"), ("--settings=/nowhere.yaml", "settings")] {
        let (output, report) = judged(&repository, &head, &[wrong]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(report.to_string().contains(says), "{report:#}");
    }
}

#[test]
fn a_wrong_pattern_in_the_settings_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    let settings = folder.path().join("writ.yaml");
    std::fs::write(&settings, "repositories: [{name: a/b, remote: r, watch: [ok, /x]}]\n").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_writ"))
        .args(["config", "check", "--offline", "--file", settings.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("repositories[0].watch[1]"), "{said}");
}

/// A pull request that changes watched files alone is judged by the server, in its child processes.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_judges_what_is_watched() {
    let home = Home::seeded();
    let bot = Bot::on(home, |settings| settings.repositories[0].watch = Some(vec!["other".to_owned()])).await;
    let tip = |branch: &str| bot.home.repository.tip(branch).unwrap();
    bot.propose("relay", &[("other/relay.yaml", &forwarder(1))]).await;
    let check = bot.check(&tip("relay")).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
    assert!(check.summary.contains("trading_elsewhere"), "{check:#?}");
    bot.propose("notes", &[("other/notes.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: n}\n")])
        .await;
    let check = bot.check(&tip("notes")).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{check:#?}");
    assert!(check.title.contains("No policy violations"), "{check:#?}");
    bot.propose("far", &[("far/notes.yaml", &forwarder(1))]).await;
    let check = bot.check(&tip("far")).await;
    assert!(check.title.contains("No changes"), "{check:#?}");
}

/// And one that changes nothing but what a kustomization refers to outside of the path.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_judges_what_is_referred_to() {
    let home = Home::seeded();
    let kustomization = format!("{}/more/kustomization.yaml", manifests::ROOT);
    let text = "resources:\n  - ../../../../bases/ws.yaml\n";
    home.repository.commit("main", &[(&kustomization, text), ("bases/ws.yaml", &forwarder(1))]);
    let bot = Bot::on(home, |_| {}).await;
    bot.propose("doubled", &[("bases/ws.yaml", &forwarder(2))]).await;
    let check = bot.check(&bot.home.repository.tip("doubled").unwrap()).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
    assert!(check.summary.contains("forwarder_replicas"), "{check:#?}");
}
