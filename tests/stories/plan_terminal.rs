//! `writ plan`, `writ apply`, `writ procedures` at a terminal: what is printed, and the exit codes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::plans::repository_of;
use crate::support::repository::{Item, TestRepository};

fn since() -> TestRepository {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plans/since");
    repository_of(&tree).0
}

/// Runs the program away from any repository and configuration.
fn writ(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_writ"))
        .args(arguments)
        .current_dir("/")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap()
}

fn ask(command: &str, repository: &TestRepository, more: &[&str]) -> Output {
    let path = repository.path().to_str().unwrap();
    let mut arguments = vec![command, "--repo", path, "--base", "main"];
    arguments.extend(["--at", "2026-08-22T10:30:00Z", "--reason", "broker outage, see INC-12"]);
    arguments.extend(more);
    writ(&arguments)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn a_plan_reads_well_in_each_format() {
    let repository = since();
    let output = ask("plan", &repository, &["pause-trading", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The commit names its record, which names the library: any change of the library is another commit.
    let commit = report["commit"].as_str().unwrap();
    for (format, name) in
        [("text", "plan_text"), ("markdown", "plan_markdown"), ("json", "plan_json"), ("diff", "plan_diff")]
    {
        let output = ask("plan", &repository, &["pause-trading", "--format", format]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        let shown = text(&output.stdout);
        assert_eq!(shown.contains(commit), format != "diff");
        insta::assert_snapshot!(name, shown.replace(commit, "(commit)"));
        let again = ask("plan", &repository, &["pause-trading", "--format", format]);
        assert_eq!(output.stdout, again.stdout, "the same bytes twice");
    }
}

#[test]
fn json_has_exactly_the_published_keys() {
    let output = ask("plan", &since(), &["restart-ws", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&report),
        "schema procedure version variant risk base run branch title files changes verdict effects rollback warnings \
         commit digest"
    );
    assert_eq!(report["schema"], "writ.plan/v1");
    assert_eq!(keys(&report["files"][0]), "path before after diff");
    assert_eq!(keys(&report["changes"][0]), "path document pointer before after");
    assert_eq!(keys(&report["changes"][0]["document"]), "kind name");
    assert_eq!(keys(&report["verdict"]), "decision results standing");
    assert_eq!(keys(&report["effects"][0]), "name holds detail");
    assert_eq!(keys(&report["rollback"]), "procedure command needs_no_undo");
}

#[test]
fn apply_makes_the_branch_that_the_plan_announced() {
    let repository = since();
    let planned = ask("plan", &repository, &["pause-trading", "--format", "json"]);
    let planned: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let branch = planned["branch"].as_str().unwrap();
    assert_eq!(repository.tip(branch), None, "a plan writes nothing");

    let applied = ask("apply", &repository, &["pause-trading"]);
    assert_eq!(code(&applied), 0, "{}", text(&applied.stderr));
    assert!(text(&applied.stdout).contains(&format!("{branch} (made)")), "{}", text(&applied.stdout));
    assert_eq!(repository.tip(branch).unwrap().as_str(), planned["commit"]);
    let blob = |revision: &str| {
        repository
            .git(&["rev-parse", &format!("{revision}:argocd/applications/torghut/scheduler-deployment.yaml")])
    };
    assert_eq!(blob(branch), planned["files"][0]["after"]);
    assert_eq!(blob("main"), planned["files"][0]["before"]);
    let changed = repository.git(&["diff", "--numstat", "main", branch]);
    assert_eq!(changed, "1\t1\targocd/applications/torghut/scheduler-deployment.yaml");

    let again = ask("apply", &repository, &["pause-trading"]);
    assert_eq!(code(&again), 1);
    assert!(text(&again.stderr).contains("branch_exists"), "{}", text(&again.stderr));
}

#[test]
fn no_change_is_no_success() {
    let output = ask("plan", &since(), &["resume-trading", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"]["decision"], "no_change");
    assert_eq!(report["commit"], Value::Null);
    assert_eq!(report["files"].as_array().unwrap().len(), 0);
    let state = report["no_change"].as_str().unwrap();
    assert!(state.contains("trading is already running") && state.contains("`/spec/replicas`"), "{state}");

    let output = ask("apply", &since(), &["resume-trading"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stdout).starts_with("Nothing to do\n"), "{}", text(&output.stdout));
}

#[test]
fn a_refusal_names_code_place_and_remedy() {
    let output = ask("plan", &since(), &["suspend-ta", "target=ta-sim"]);
    assert_eq!(code(&output), 1);
    assert_eq!(text(&output.stdout), "");
    insta::assert_snapshot!("refusal_text", text(&output.stderr));

    let output = ask("plan", &since(), &["suspend-ta", "target=ta-sim", "--format", "json"]);
    assert_eq!(code(&output), 1);
    assert_eq!(text(&output.stderr), "");
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["schema"], "writ.error/v1");
    assert_eq!(error["code"], "argo_ignored");
    assert_eq!(error["place"], "argocd/applications/torghut/ta-sim/flinkdeployment.yaml /spec/job/state");
    assert!(error["remedy"].as_str().unwrap().contains("restart-ta target=ta-sim"));
}

#[test]
fn a_wrong_command_line_is_2() {
    let repository = since();
    for arguments in [
        &["pause-trading", "--base", "nonsense"][..],
        &["pause-trading", "target"],
        &["pause-trading", "--at", "yesterday"],
        &["pause-trading", "--at", "1969-12-31T00:00:00Z"],
        &["pause-trading", "--format", "xml"],
        &["pause-trading", "--library", "/nonexistent"],
        &["suspend-ta", "target=ta", "target=ta-sim"],
        &[],
    ] {
        let path = repository.path().to_str().unwrap();
        let mut all = vec!["plan", "--repo", path, "--reason", "x"];
        all.extend(arguments);
        let output = writ(&all);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stderr));
    }
    let output = writ(&["plan", "pause-trading", "--repo", "/proc", "--reason", "x"]);
    assert_eq!(code(&output), 2, "{}", text(&output.stderr));
}

#[test]
fn a_library_folder_replaces_the_embedded_one() {
    let folder = tempfile::TempDir::new().unwrap();
    let patches = folder.path().join("patches");
    std::fs::create_dir(&patches).unwrap();
    let embedded = writ::ports::library::Library::embedded().patches;
    let text_of =
        |text: &str| text.replace("pause-trading", "halt-trading").replace("resume-trading", "halt-trading");
    std::fs::write(patches.join("halt-trading.yaml"), text_of(&embedded["pause-trading.yaml"])).unwrap();
    let library = folder.path().to_str().unwrap();
    let repository = since();
    let output = ask("plan", &repository, &["halt-trading", "--library", library, "--format", "diff"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("+  replicas: 0"));

    std::fs::write(patches.join("broken.yaml"), "schema: writ.procedure/v1\nname: broken\nnmae: x\n")
        .unwrap();
    let output = ask("plan", &repository, &["halt-trading", "--library", library]);
    assert_eq!(code(&output), 3);
    let stderr = text(&output.stderr);
    assert!(stderr.contains("patches/broken.yaml:3: unknown field `nmae`"), "{stderr}");
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let repository = since();
    let path = repository.path().to_str().unwrap();
    let run = |variables: &[(&str, &str)]| {
        let arguments = ["plan", "pause-trading", "--repo", path, "--base", "main", "--reason", "x"];
        let output = Command::new(env!("CARGO_BIN_EXE_writ"))
            .args(arguments)
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        text(&output.stdout)
    };
    assert!(run(&[("CLICOLOR_FORCE", "1")]).contains("\u{1b}[31m-  replicas: 1\u{1b}[0m"));
    assert!(!run(&[]).contains('\u{1b}'), "not into a pipe");
    assert!(!run(&[("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[test]
fn a_submodule_in_the_way_is_named() {
    let repository = since();
    let base = repository.tip("main").unwrap();
    let path = "argocd/applications/torghut/ws/deployment.yaml";
    repository.commit_items("main", &[Item::Submodule(path, &base)]);
    let output = ask("plan", &repository, &["restart-ws"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains("not_a_regular_file"), "{}", text(&output.stderr));
}

#[test]
fn procedures_are_listed_and_shown() {
    let output = writ(&["procedures"]);
    assert_eq!(code(&output), 0);
    insta::assert_snapshot!("procedures", text(&output.stdout));
    let output = writ(&["procedures", "resume-ta"]);
    assert_eq!(code(&output), 0);
    insta::assert_snapshot!("procedure_resume_ta", text(&output.stdout));
    let output = writ(&["procedures", "pause-trading", "--format", "json"]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["procedures"][0]["confirmation"], "ACTUATE_TORGHUT");
    assert_eq!(shown["procedures"][0]["inverse"], "resume-trading");
    let output = writ(&["procedures", "pause-tradin"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains("did you mean `pause-trading`?"), "{}", text(&output.stderr));
}
