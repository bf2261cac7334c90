//! A library folder of one's own: what it adds, what it replaces, and that it cannot switch a rule off by mistake.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use writ::ports::library::Library;

use super::check::{check, doubled};
use crate::support::bot::Bot;
use crate::support::plans::repository_of;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn path(folder: &TempDir) -> &str {
    folder.path().to_str().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Checks the doubled forwarder by a library, which must be denied.
fn checked(library: &TempDir, more: &[&str]) -> Output {
    let arguments = ["--base", "main", "--head", "work", "--library", path(library)];
    check(doubled().path(), &[&arguments, more].concat())
}

fn list(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_writ"))
        .args(["library", "list"])
        .args(arguments)
        .current_dir("/")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap()
}

fn listed(arguments: &[&str]) -> Value {
    let output = list(&[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_empty_policies_folder_switches_no_rule_off() {
    let library = TempDir::new().unwrap();
    std::fs::create_dir(library.path().join("policies")).unwrap();
    std::fs::create_dir(library.path().join("templates")).unwrap();
    std::fs::write(library.path().join("templates/notes.txt"), "mine\n").unwrap();
    let output = checked(&library, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("forwarder_replicas"), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains(&format!("`{}` has no file in `policies/`", path(&library))), "{said}");
    assert!(said.contains("`templates/notes.txt` is added from "), "{said}");
}

#[test]
fn a_folder_that_is_no_library_is_refused() {
    let library = folder(&[("policy/gate.rego", "package writ.gate\n")]);
    let output = checked(&library, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("has no file in `patches/`, `policies/` or `templates/`"), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["library"], Library::embedded().digest());
    let without = check(doubled().path(), &["--base", "main", "--head", "work"]);
    assert_eq!(text(&without.stderr), "", "the embedded library is nothing to report");
}

#[test]
fn a_rule_that_a_replaced_file_lost_is_a_fault() {
    let embedded = &Library::embedded().policies["single_forwarder.rego"];
    let lost = embedded.replace("\"forwarder_shards\"", "\"forwarder_strategy\"");
    let explained = folder(&[("policies/single_forwarder.rego", &lost)]);
    let unexplained = lost.lines().filter(|line| !line.contains("forwarder_shards:"));
    let unexplained = unexplained.collect::<Vec<_>>().join("\n");
    let unexplained = folder(&[("policies/single_forwarder.rego", &unexplained)]);
    for library in [&explained, &unexplained] {
        let output = checked(library, &["--format", "json"]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let error: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(error["code"], "library_incomplete");
        assert!(
            error["message"].as_str().unwrap().contains("no rule can find `forwarder_shards`"),
            "{error}"
        );
        assert!(text(&output.stderr).contains("`policies/single_forwarder.rego` is replaced by "));
        assert_eq!(list(&["--library", path(library)]).status.code(), Some(3));
    }

    let target = &Library::embedded().policies["target.yaml"];
    let retired = target.replace("retired_codes: {}", "retired_codes: {forwarder_shards: we read two}");
    std::fs::write(unexplained.path().join("policies/target.yaml"), &retired).unwrap();
    let output = checked(&unexplained, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("forwarder_replicas"), "{output:?}");

    let library = folder(&[("policies/target.yaml", &retired)]);
    let output = checked(&library, &[]);
    assert_eq!(output.status.code(), Some(3), "a code that is found is not retired: {output:?}");
}

#[test]
fn a_rule_of_ones_own_is_added() {
    let rule = "# METADATA\n# title: Quiet hours\n# description: Nothing changes at night.\n# custom:\n#   codes:\n\
                #     quiet_hours: It is night.\npackage writ.quiet_hours\n\nimport rego.v1\n\n\
                import data.writ.lib.objects\n\ndeny contains objects.finding(\"quiet_hours\", \"it is night\", \"\", \
                \"\", \"wait\") if count(input.changes) > 0\n";
    let library = folder(&[("policies/quiet_hours.rego", rule)]);
    let output = checked(&library, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.contains("quiet_hours") && shown.contains("forwarder_replicas"), "{shown}");
}

#[test]
fn the_list_says_where_each_file_is_from() {
    let embedded = Library::embedded();
    let target = embedded.policies["target.yaml"].replace("ACTUATE_TORGHUT", "ACTUATE_LAB");
    let same = &embedded.policies["lanes.yaml"];
    let library = folder(&[
        ("policies/target.yaml", &target),
        ("policies/lanes.yaml", same),
        ("templates/notes.txt", "mine\n"),
    ]);
    let report = listed(&["--library", path(&library)]);
    assert_eq!(report["schema"], "writ.library/v1");
    assert_eq!((&report["folder"], &report["missing"][0]), (&path(&library).into(), &"patches".into()));
    let files = report["files"].as_array().unwrap();
    let of = |name: &str| files.iter().find(|file| file["path"] == name).unwrap();
    assert_eq!(
        (&of("policies/target.yaml")["origin"], &of("policies/target.yaml")["from"]),
        (&"replaced".into(), &path(&library).into())
    );
    assert_eq!(of("policies/lanes.yaml")["origin"], "embedded");
    assert_eq!(of("templates/notes.txt")["origin"], "added");
    assert_eq!(of("patches/pause-trading.yaml")["from"], Value::Null);
    // Anybody can work the digest out: `sha256sum` over what `sha256sum` prints of the files.
    let line =
        |file: &Value| format!("{}  {}\n", file["sha256"].as_str().unwrap(), file["path"].as_str().unwrap());
    let lines: String = files.iter().map(line).collect();
    let digest = writ::domain::digest::sha256_hex(lines.as_bytes());
    assert_eq!(report["digest"], format!("sha256:{digest}"));
    assert_ne!(report["digest"], listed(&[])["digest"]);

    let output = list(&["--library", path(&library)]);
    let shown = text(&output.stdout);
    assert!(shown.contains(&format!("replaced  policies/target.yaml  from {}\n", path(&library))), "{shown}");
    assert!(
        shown.contains("embedded  policies/lanes.yaml\n") && shown.contains("has no file in `patches/`"),
        "{shown}"
    );

    std::fs::write(library.path().join("policies/target.yaml"), target.replace("title_scope", "title_scoop"))
        .unwrap();
    let output = list(&["--library", path(&library)]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("policies/target.yaml:17: ") && said.contains("title_scoop"), "{said}");
}

#[test]
fn the_target_of_ones_own_decides() {
    let target = Library::embedded().policies["target.yaml"]
        .replace("agentruns/torghut-actuation-", "writ/lab-")
        .replace("gitops_path: argocd/applications/torghut", "gitops_path: elsewhere");
    let library = folder(&[("policies/target.yaml", &target)]);
    let output = checked(&library, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&error["code"], &error["place"]), (&"no_manifests".into(), &"elsewhere".into()));

    let (repository, _) =
        repository_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plans/since"));
    let output = Command::new(env!("CARGO_BIN_EXE_writ"))
        .args(["plan", "pause-trading", "--repo", repository.path().to_str().unwrap(), "--base", "main"])
        .args(["--reason", "x", "--at", "2026-08-22T10:30:00Z", "--format", "json"])
        .args(["--library", path(&library), "--gitops-path", "argocd/applications/torghut"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let branch = report["branch"].as_str().unwrap();
    assert!(branch.starts_with("writ/lab-20260822-1030-"), "{branch}");

    let merged = target.replace("writ/lab-", "codex/torghut-release-");
    std::fs::write(library.path().join("policies/target.yaml"), merged).unwrap();
    let output = list(&["--library", path(&library)]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("squash-merges it automatically"), "the branch that nobody would approve: {said}");
}

#[tokio::test]
async fn records_name_the_library() {
    let bot = Bot::start().await;
    let run = bot.comment("/actuate pause-trading reason=\"x\" confirm=ACTUATE_TORGHUT").await;
    bot.reply().await;
    let planned = bot.record(&run, "change.planned").await;
    let digest = Library::embedded().digest();
    assert_eq!(planned["body"]["library"], digest);
    bot.propose("docs", &[("docs/readme.md", "words\n")]).await;
    bot.settle().await;
    let leaves = bot.running.store.leaves(0, 1000).await.unwrap();
    let records: Vec<Value> = leaves.iter().map(|leaf| serde_json::from_slice(&leaf.data).unwrap()).collect();
    let given = records.iter().filter(|record| record["kind"] == "verdict.given");
    assert!(given.count() >= 2, "on the plan, and on the pull request: {records:#?}");
    records.iter().for_each(|record| assert_eq!(record["body"]["library"], digest, "{record:#?}"));
}

/// `.yml` is `.yaml` by another name: it replaces and adds like one, and both at once are a mistake.
#[test]
fn files_may_end_in_yml() {
    let embedded = Library::embedded();
    let pause = embedded.patches["pause-trading.yaml"].replace("pause-trading", "halt-trading");
    let library = folder(&[
        ("policies/target.yml", &format!("{}# ours\n", embedded.policies["target.yaml"])),
        ("policies/lanes.yml", &embedded.policies["lanes.yaml"]),
        ("patches/halt-trading.yml", &pause),
    ]);
    let files = listed(&["--library", path(&library)]);
    let origin = |wanted: &str| {
        let files = files["files"].as_array().unwrap();
        files.iter().find(|file| file["path"] == wanted).map(|file| file["origin"].clone())
    };
    assert_eq!(origin("policies/target.yaml"), Some("replaced".into()), "{files:#}");
    assert_eq!(origin("patches/halt-trading.yaml"), Some("added".into()), "{files:#}");
    let procedures = Command::new(env!("CARGO_BIN_EXE_writ"))
        .args(["procedures", "halt-trading", "--library", path(&library)])
        .output()
        .unwrap();
    assert!(text(&procedures.stdout).contains("halt-trading"), "{procedures:?}");
    assert!(text(&checked(&library, &[]).stderr).contains("policies/target.yml"), "by its own name");

    std::fs::write(library.path().join("policies/target.yaml"), "").unwrap();
    let output = list(&["--library", path(&library)]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("have the same name"), "{output:?}");
}
