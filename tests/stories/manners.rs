//! The program as a good neighbour: full devices, closed pipes, exit codes, versions, man pages, `config check`.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::manifests;
use crate::support::repository::TestRepository;

fn writ(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
    for name in ["WRIT_TESTS_COMPLETE", "WRIT_SHARED", "WRIT_PEERS", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.args(arguments).current_dir("/").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a manifest, a patch that fits, one that does not, and one that is no text.
fn patches() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("a.yaml", b"replicas: 1\n");
    write("good.json", br#"[{"op": "replace", "path": "/replicas", "value": 2}]"#);
    write("bad.json", br#"[{"op": "replace", "path": "/none", "value": 2}]"#);
    write("binary.json", b"\xff\xfe\x00[");
    let job = |patch: &str| {
        let file = folder.path().join("a.yaml");
        let patch: Value =
            serde_json::from_slice(&std::fs::read(folder.path().join(patch)).unwrap()).unwrap();
        serde_json::json!({"id": 1, "file": file, "patch": patch}).to_string()
    };
    write("good.jsonl", (job("good.json") + "\n").as_bytes());
    write("mixed.jsonl", format!("{}\n{}\n", job("bad.json"), job("good.json")).as_bytes());
    folder
}

/// Commands that print something, each with the exit code that it has where all is well.
fn printing(folder: &Path) -> Vec<(Vec<String>, i32)> {
    let path = |name: &str| folder.join(name).display().to_string();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    vec![
        (owned(&["--help"]), 0),
        (owned(&["--version"]), 0),
        (owned(&["help", "check"]), 0),
        (owned(&["procedures"]), 0),
        (owned(&["procedures", "none", "--format", "json"]), 1),
        (owned(&["library", "list"]), 0),
        (owned(&["completions", "bash"]), 0),
        (vec!["patch".into(), path("a.yaml"), "--ops".into(), path("good.json")], 0),
        (vec!["patch".into(), "--batch".into(), path("good.jsonl")], 0),
        (vec!["diff".into(), path("a.yaml"), path("good.json")], 0),
    ]
}

#[test]
fn a_full_device_is_an_error_and_no_panic() {
    let folder = patches();
    for (arguments, usual) in printing(folder.path()) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let full = || File::options().write(true).open("/dev/full").unwrap();
        let output = writ(&arguments).stdout(full()).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        assert!(said.contains("standard output cannot be written"), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        // Nobody can be told, but the exit code stays what it is.
        let mut silent = writ(&arguments);
        let status = silent.stdout(Stdio::null()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(usual), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let folder = patches();
    for (arguments, usual) in printing(folder.path()) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = writ(&arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(usual), "{arguments:?}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("panicked"), "{arguments:?}");
    }
}

#[test]
fn exit_codes_are_those_of_the_documentation() {
    let folder = patches();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let code = |arguments: &[&str]| writ(arguments).output().unwrap().status.code();
    assert_eq!(code(&["patch", "--batch", &path("good.jsonl")]), Some(0));
    let mixed = writ(&["patch", "--batch", &path("mixed.jsonl")]).output().unwrap();
    assert_eq!((mixed.status.code(), text(&mixed.stdout).lines().count()), (Some(1), 2));
    assert_eq!(code(&["patch", &path("a.yaml"), "--ops", &path("bad.json")]), Some(1));
    assert_eq!(code(&["patch", &path("a.yaml"), "--ops", &path("binary.json")]), Some(2));
    assert_eq!(code(&["patch", &path("binary.json"), "--ops", &path("good.json")]), Some(1));

    let library = TempDir::new().unwrap();
    std::fs::create_dir(library.path().join("patches")).unwrap();
    std::fs::write(library.path().join("patches/broken.yaml"), "name: [\n").unwrap();
    let library = library.path().to_str().unwrap();
    for command in [&["procedures"][..], &["library", "list"], &["policies"]] {
        let broken = [command, &["--library", library]].concat();
        let output = writ(&broken).output().unwrap();
        let policies_only = command[0] == "policies";
        assert_eq!(output.status.code(), Some(if policies_only { 0 } else { 3 }), "{broken:?}: {output:?}");
    }
}

#[test]
fn the_version_and_the_man_pages_are_there() {
    let version = text(&writ(&["--version"]).output().unwrap().stdout);
    assert!(version.starts_with(&format!("writ {}", env!("CARGO_PKG_VERSION"))), "{version}");
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("man/man1");
    let output = writ(&["man", pages.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let page = |name: &str| std::fs::read_to_string(pages.join(name)).unwrap_or_else(|_| panic!("no {name}"));
    assert!(page("writ.1").contains(".TH"));
    assert!(page("writ-check.1").contains("Exit codes"));
    let refused = writ(&["man", "/dev/null/man"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
}

/// Settings of a bot on a local repository, with this `gitops_path`.
fn settings(folder: &Path, remote: &Path, path: &str) -> String {
    let file = folder.join("writ.yaml");
    let text = format!(
        "data: {}\nforge: {{kind: local}}\nrepositories:\n  - name: example/lab\n    remote: {}\n    \
         gitops_path: {path}\n",
        folder.join("data").display(),
        remote.display(),
    );
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

fn checked(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let arguments = [&["config", "check"], arguments].concat();
    let mut command = writ(&arguments);
    command.env("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only").envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn config_check_names_all_problems_at_once() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("writ.yaml");
    let text_of_file = "listen: here\nworkres: 3\nworkers: many\nlease_seconds: 99999999\nforge:\n  kind: github\n  tokn: x\n\
                        repositories:\n  - name: a/b\n    remote: /srv/b.git\n    \
                        gitops_path: ../x\n";
    std::fs::write(&file, text_of_file).unwrap();
    let file = file.to_str().unwrap();
    let output = checked(
        &["--file", file, "--set", "worker=2", "--format", "json"],
        &[("WRIT_WORKRES", "3"), ("WRIT_SOMETHING_ELSE", "1"), ("WRIT_SERVICE_HOST", "10.0.0.1")],
    );
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["schema"], &report["ok"]), (&"writ.config/v1".into(), &false.into()));
    let problems = report["problems"].as_array().unwrap();
    let said =
        problems.iter().map(|problem| problem["message"].as_str().unwrap()).collect::<Vec<_>>().join("\n");
    for part in [
        "`workres`",
        "at `workers`",
        "`lease_seconds`",
        "`listen`",
        "tokn",
        "repositories[0].gitops_path",
        "did you mean `workers`?",
        "did you mean `WRIT_WORKERS`?",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(report["unread_variables"], serde_json::json!(["WRIT_SOMETHING_ELSE"]));
    // For people, the same on standard error.
    let output = checked(&["--file", file], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).lines().count() >= 7, "{}", text(&output.stderr));
}

#[test]
fn config_check_tries_keys_remotes_and_paths() {
    let repository = TestRepository::bare();
    let files = manifests::all();
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    repository.commit("main", &files);
    let folder = TempDir::new().unwrap();
    let check = |remote: &Path, path: &str, more: &[&str]| {
        let file = settings(folder.path(), remote, path);
        checked(&[&["--file", file.as_str()], more].concat(), &[])
    };
    let good = check(repository.path(), manifests::ROOT, &[]);
    assert!(good.status.success(), "{good:?}");
    let said = text(&good.stdout);
    assert!(said.contains("has manifests") && said.contains("`main` is at `"), "{said}");

    let wrong = check(repository.path(), "argocd/misspelt", &[]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("has no manifests"), "{wrong:?}");
    let gone = folder.path().join("gone.git");
    let wrong = check(&gone, manifests::ROOT, &[]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    assert!(text(&wrong.stderr).contains("remote of example/lab"), "{wrong:?}");
    assert!(check(&gone, manifests::ROOT, &["--offline"]).status.success());

    std::fs::create_dir_all(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/ledger.key"), "no key\n").unwrap();
    let wrong = check(repository.path(), manifests::ROOT, &["--offline"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("ledger key"), "{wrong:?}");
}

#[test]
fn the_settings_file_may_end_in_yml() {
    let folder = TempDir::new().unwrap();
    let file = settings(folder.path(), Path::new("/srv/lab.git"), manifests::ROOT);
    std::fs::rename(&file, folder.path().join("writ.yml")).unwrap();
    let output = writ(&["config", "check", "--offline"])
        .current_dir(folder.path())
        .env("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("example/lab"), "{output:?}");
}
