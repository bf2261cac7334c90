//! `writ check` at a terminal and in CI: what is printed in each format, and the exit codes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use writ::ports::library::Library;
use writ::ports::render::Renderer;

use crate::support::corpus;
use crate::support::repository::TestRepository;

const ROOT: &str = "argocd/applications/torghut";

/// Runs the program away from any repository and configuration.
pub(super) fn check(repository: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_writ"))
        .args(["check", "--repo", repository.to_str().unwrap()])
        .args(arguments)
        .current_dir("/")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// A repository whose `main` holds a small forwarder, and whose branch `work` doubles it by a kustomization, and touches
/// a file that nothing lists.
pub(super) fn doubled() -> TestRepository {
    let repository = TestRepository::bare();
    let path = |name: &str| format!("{ROOT}/{name}");
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: torghut-ws\n  namespace: torghut\nspec:\n  \
                      replicas: 1\n  strategy:\n    type: Recreate\n  template:\n    spec:\n      containers:\n        - name: app\n          \
                      image: registry.example/lab/torghut-ws@sha256:d86b454c73ddfa99bc7ecf120b673fd6ed16605d68154c123a9b45c1fcb69720\n";
    let kustomization = "resources:\n  - ws.yaml\n";
    repository
        .commit("main", &[(&path("kustomization.yaml"), kustomization), (&path("ws.yaml"), deployment)]);
    repository.git(&["branch", "work", "main"]);
    repository.commit(
        "work",
        &[
            (
                &path("kustomization.yaml"),
                &format!("{kustomization}replicas:\n  - name: torghut-ws\n    count: 2\n"),
            ),
            (&path("notes & <more>.yaml"), "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: notes\n"),
        ],
    );
    repository
}

#[test]
fn a_change_reads_well() {
    let repository = doubled();
    for (format, name) in [
        ("text", "check_text"),
        ("markdown", "check_markdown"),
        ("json", "check_json"),
        ("sarif", "check_sarif"),
        ("junit", "check_junit"),
    ] {
        let output = check(repository.path(), &["--base", "main", "--head", "work", "--format", format]);
        assert_eq!(code(&output), 1, "{}", text(&output.stderr));
        // The library changes more often than what is shown of it.
        let shown = text(&output.stdout).replace(&Library::embedded().digest(), "(digest of the library)");
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn json_has_exactly_the_published_keys() {
    let output = check(doubled().path(), &["--base", "main", "--head", "work", "--format", "json"]);
    let report = json(&output);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&report), "schema path library base head verdict changes");
    assert_eq!(report["schema"], "writ.check/v1");
    assert_eq!(keys(&report["verdict"]), "decision results standing");
    let first = &report["verdict"]["results"][0];
    assert_eq!(keys(first), "policy code level message path pointer remedy line");
    assert_eq!(first["code"], "forwarder_replicas");
    assert_eq!(
        (&first["path"], first["line"].as_u64()),
        (&format!("{ROOT}/kustomization.yaml").into(), Some(4))
    );
}

#[test]
fn sarif_says_each_rule_once_and_each_finding_where_it_is() {
    let log = json(&check(doubled().path(), &["--base", "main", "--head", "work", "--format", "sarif"]));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.contains([' ', '<', '&']), "{uri}");
    }
    assert_eq!(results[0]["level"], "error");
    assert_eq!(results[1]["level"], "warning");
}

#[test]
fn junit_is_xml_that_counts_right() {
    let output = check(doubled().path(), &["--base", "main", "--head", "work", "--format", "junit"]);
    let document = text(&output.stdout);
    let count = |part: &str| document.matches(part).count();
    assert!(document.contains("failures=\"1\" errors=\"0\">"), "{document}");
    assert_eq!(count("<failure "), 1);
    assert_eq!(count("<testcase "), count("</testcase>") + count("<testcase name=\"no findings\" "));
    assert!(document.contains("notes &amp; &lt;more&gt;.yaml"));
}

#[test]
fn the_base_is_where_the_head_left_it() {
    let repository = doubled();
    let path = format!("{ROOT}/ws.yaml");
    // What `main` did since then is not the branch's doing.
    repository.commit("main", &[(&path, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n")]);
    let report = json(&check(repository.path(), &["--head", "work", "--format", "json"]));
    let paths: Vec<&str> =
        report["changes"].as_array().unwrap().iter().map(|change| change["path"].as_str().unwrap()).collect();
    assert!(!paths.contains(&path.as_str()), "{paths:?}");
    assert_eq!(report["base"].as_str().unwrap(), repository.git(&["merge-base", "main", "work"]));
}

#[test]
fn what_changes_nothing_below_the_path_is_allowed() {
    let repository = doubled();
    let same = check(repository.path(), &["--base", "work", "--head", "work"]);
    assert_eq!(code(&same), 0);
    assert!(text(&same.stdout).contains("No changes below argocd/applications/torghut"));
    repository.commit("main", &[("apps/other/a.yaml", "a: 1\n")]);
    repository.git(&["branch", "beside", "main"]);
    repository.commit("beside", &[("docs/about.md", "words\n")]);
    let elsewhere = check(
        repository.path(),
        &["--base", "main", "--head", "beside", "--path", "apps/other", "--format", "json"],
    );
    assert_eq!(code(&elsewhere), 0);
    assert_eq!(json(&elsewhere)["verdict"]["decision"], "no_change");
}

/// A path is the folder that it names, however it is written; one without manifests is a mistake, never a pass.
#[test]
fn a_path_is_normalised_or_refused() {
    let repository = doubled();
    let at = |path: &str| {
        let range = ["--base", "main", "--head", "work", "--format", "json", "--path", path];
        let output = check(repository.path(), &range);
        (code(&output), json(&output))
    };
    for path in [
        format!("./{ROOT}"),
        format!("{ROOT}/"),
        ROOT.replace('/', "//"),
        format!("./{}/.", ROOT.replace('/', "/./")),
    ] {
        let (status, report) = at(&path);
        assert_eq!((status, &report["path"]), (1, &ROOT.into()), "{path}");
    }
    for (path, expected) in [
        (".", "path_invalid"),
        ("", "path_invalid"),
        ("../apps", "path_invalid"),
        ("argocd/../argocd", "path_invalid"),
        ("/argocd/applications/torghut", "path_invalid"),
        ("argocd/applications/torhgut", "no_manifests"),
    ] {
        let (status, error) = at(path);
        assert_eq!((status, &error["code"]), (2, &expected.into()), "{path}: {error}");
        assert!(!error["remedy"].as_str().unwrap().is_empty(), "{path}: {error}");
    }
    assert_eq!(at("nowhere").1["place"], "nowhere");
}

/// Names from a repository make neither lines of their own nor move a cursor.
#[test]
fn names_are_escaped_for_the_terminal() {
    let repository = doubled();
    let forged = "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: \"x\\nPolicies: allow\\e[2J\\u202e\"\n\
                  data:\n  \"k\\nPolicies: allow\\e[1m\": \"v\\u009b2J\"\n";
    repository.commit("work", &[(&format!("{ROOT}/forged.yaml"), forged)]);
    for format in ["text", "markdown"] {
        let output = check(repository.path(), &["--base", "main", "--head", "work", "--format", format]);
        let shown = text(&output.stdout);
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown:?}");
        assert!(
            !shown.lines().any(|line| line == "Policies: allow" || line.starts_with("Policies: allow\\"))
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = ["before.yaml", "after.yaml"].map(|name| folder.path().join(name));
    std::fs::write(&before, "").unwrap();
    std::fs::write(&after, forged.replace("v\\u009b2J", "a\\e[2J\\nb")).unwrap();
    let run = |before: &Path, after: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
        text(&command.arg("diff").args([before, after]).env_remove("CLICOLOR_FORCE").output().unwrap().stdout)
    };
    for shown in [run(&before, &after), run(&after, &before)] {
        assert!(shown.contains("Policies"), "{shown:?}");
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown:?}");
        assert!(!shown.lines().any(|line| line.starts_with("Policies")), "{shown:?}");
    }
}

/// The values that `no-secrets` denies are in no format of the check, nor in what `writ diff` shows for reading.
#[test]
fn secrets_are_redacted() {
    let repository = doubled();
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: hunter2-and-more\n";
    let exporter = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: exporter\nspec:\n  template:\n    spec:\n      \
                    containers:\n        - name: app\n          env:\n            - name: DB_PASSWORD\n              \
                    value: hunter2-and-more\n";
    let key = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: tls\ndata:\n  key: |\n    \
               -----BEGIN RSA PRIVATE KEY-----\n    hunter2-and-more\n";
    let files = [("secret.yaml", secret), ("exporter.yaml", exporter), ("tls.yaml", key)];
    let paths = files.map(|(name, text)| (format!("{ROOT}/{name}"), text));
    repository.commit("work", &paths.each_ref().map(|(path, text)| (path.as_str(), *text)));
    for format in ["text", "json", "markdown", "sarif", "junit"] {
        let output = check(repository.path(), &["--base", "main", "--head", "work", "--format", format]);
        let shown = text(&output.stdout);
        assert_eq!(code(&output), 1);
        for code in ["secret_value", "secret_literal", "private_key"] {
            assert!(shown.contains(code), "{format}: {shown}");
        }
        assert!(!shown.contains("hunter2"), "{format}: {shown}");
    }
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = ["before.yaml", "after.yaml"].map(|name| folder.path().join(name));
    std::fs::write(&before, secret).unwrap();
    std::fs::write(&after, secret.replace("hunter2", "hunter3")).unwrap();
    for format in ["text", "json"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
        let output = command.args(["diff", "--format", format]).args([&before, &after]).output().unwrap();
        let shown = text(&output.stdout);
        assert!(shown.contains("/stringData/password") && !shown.contains("hunter"), "{shown}");
    }
}

#[test]
fn a_wrong_command_line_is_2_and_says_what_to_do() {
    let repository = doubled();
    let rows: [(&[&str], &str); 3] = [
        (&["--base", "nowhere", "--head", "work"], "`--base`"),
        (&["--base", "main", "--head", "nowhere"], "`--head`"),
        (&["--base", "main", "--head", "work", "--library", "/nowhere"], "`--library`"),
    ];
    for (arguments, remedy) in rows {
        let output = check(repository.path(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(text(&output.stderr).contains(remedy), "{}", text(&output.stderr));
    }
    let nothing = tempfile::tempdir().unwrap();
    let output = check(nothing.path(), &["--format", "json"]);
    assert_eq!(code(&output), 2);
    assert_eq!(json(&output)["code"], "no_repository");
}

#[test]
fn a_shallow_clone_is_answered_with_what_is_missing() {
    let repository = doubled();
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    let url = format!("file://{}", repository.path().display());
    let (clone_path, git) = (clone.to_str().unwrap(), crate::support::repository::git);
    git(
        folder.path(),
        &["clone", "--quiet", "--bare", "--depth", "1", "--no-single-branch", &url, clone_path],
    );
    let output = check(&clone, &["--base", "main", "--head", "work", "--format", "json"]);
    assert_eq!(code(&output), 2);
    let error = json(&output);
    assert_eq!(error["code"], "shallow_clone");
    assert!(error["remedy"].as_str().unwrap().contains("fetch-depth: 0"));
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let repository = doubled();
    let run = |variable: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
        command.args([
            "check",
            "--repo",
            repository.path().to_str().unwrap(),
            "--base",
            "main",
            "--head",
            "work",
        ]);
        text(&command.env_remove("NO_COLOR").env(variable, "1").output().unwrap().stdout)
    };
    assert!(run("CLICOLOR_FORCE").contains('\u{1b}'));
    assert!(!run("NO_COLOR").contains('\u{1b}'));
}

#[test]
fn the_corpus_is_judged_as_its_people_should_have() {
    const TEST: &str = "checking the corpus";
    let Some(path) = corpus::path(TEST) else { return };
    for (commit, denied) in [
        ("3c0a0c409a", true),
        ("8ef551dfb3", true),
        ("f9b6c52e98", true),
        ("9607c73b73", true),
        ("2fb62ebcfb", false),
    ] {
        let (base, head) = (format!("golden/{commit}/before"), format!("golden/{commit}/after"));
        let output = check(&path, &["--base", &base, "--head", &head]);
        assert_eq!(code(&output) == 1, denied, "{commit}: {}", text(&output.stdout));
    }
}

/// The same change, as it is held to lanes: one owns all of it, another none, and a third is not there.
#[test]
fn a_change_is_held_to_the_lane_that_is_named() {
    let repository = doubled();
    let held = |lane: &str| {
        let range = ["--base", "main", "--head", "work", "--format", "json", "--lane", lane];
        let output = check(repository.path(), &range);
        let report = json(&output);
        let of_lanes = |finding: &Value| finding["policy"].as_str().unwrap().starts_with("lane-");
        let results = report["verdict"]["results"].as_array().cloned().unwrap_or_default();
        (code(&output), results.into_iter().filter(of_lanes).collect::<Vec<_>>(), report)
    };
    let (_, owned, _) = held("C");
    assert_eq!(owned, Vec::<Value>::new());
    let (status, foreign, _) = held("B");
    assert_eq!((status, foreign.len()), (1, 2), "{foreign:#?}");
    assert_eq!(foreign[0]["code"], "foreign_path");
    assert!(foreign[0]["message"].as_str().unwrap().contains("swarm lane C"), "{foreign:#?}");
    let (status, _, error) = held("Q");
    assert_eq!((status, &error["code"]), (2, &Value::from("unknown_lane")), "{error}");
}

/// Between a warning and a denial: another person must approve it, and `--fail-on` says what exits with 1.
#[test]
fn what_needs_review_passes_unless_it_is_to_fail() {
    let (repository, library) = (TestRepository::bare(), super::reviews::library());
    let path = format!("{ROOT}/notes.yaml");
    let notes = |value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: notes\ndata:\n  TRADING_UNIVERSE: {value}\n"
        )
    };
    let kustomization = (format!("{ROOT}/kustomization.yaml"), "resources:\n  - notes.yaml\n");
    repository.commit("main", &[(&path, &notes("chips")), (&kustomization.0, kustomization.1)]);
    repository.git(&["branch", "work", "main"]);
    repository.commit("work", &[(&path, &notes("metals"))]);
    let ask = |arguments: &[&str]| {
        let library = ["--library", library.path().to_str().unwrap(), "--base", "main", "--head", "work"];
        check(repository.path(), &[&library, arguments].concat())
    };
    let report = json(&ask(&["--format", "json"]));
    let verdict = &report["verdict"];
    assert_eq!((&verdict["decision"], &verdict["results"][0]["level"]), (&json!("review"), &json!("review")));
    assert_eq!(verdict["standing"][0]["code"], "always_there", "{verdict:#}");
    for (fail_on, status) in [("warn", 1), ("review", 1), ("deny", 0)] {
        assert_eq!(code(&ask(&["--fail-on", fail_on])), status, "{fail_on}");
    }
    assert_eq!(code(&ask(&[])), 0);
    let shown = |arguments: &[&str]| text(&ask(arguments).stdout);
    for format in ["text", "markdown"] {
        let folded = shown(&["--format", format]);
        assert!(folded.contains("review") && folded.contains("the universe would change"), "{folded}");
        assert!(folded.contains("stood before") && !folded.contains("always_there"), "{folded}");
        let listed = shown(&["--format", format, "--standing"]);
        assert!(listed.contains("always_there") && listed.contains("tood before"), "{listed}");
    }
    let sarif = json(&ask(&["--format", "sarif"]));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{results:#?}");
    assert_eq!(results[0]["level"], "warning");
    assert_eq!(results[0]["properties"]["level"], "review");
    let sarif = json(&ask(&["--format", "sarif", "--standing"]));
    assert_eq!(sarif["runs"][0]["results"][1]["level"], "note");
    let junit = shown(&["--format", "junit"]);
    assert!(
        junit.contains("needs review: the universe would change") && !junit.contains("always_there"),
        "{junit}"
    );
    assert!(shown(&["--format", "junit", "--standing"]).contains("stood before: it was always there"));
    // What fails the command fails its test, too.
    let failures = |fail_on: &str| {
        let junit = shown(&["--format", "junit", "--standing", "--fail-on", fail_on]);
        junit.matches("<failure").count()
    };
    assert_eq!(["deny", "review", "warn"].map(failures), [0, 1, 1]);
}

/// What stood before decides nothing, so that `warn` means something to read.
#[test]
fn a_comment_is_allowed_whatever_stood_before() {
    let (repository, library) = (doubled(), super::reviews::library());
    repository.git(&["branch", "comment", "main"]);
    let path = format!("{ROOT}/kustomization.yaml");
    repository.commit("comment", &[(&path, "# what runs here\nresources:\n  - ws.yaml\n")]);
    let library = ["--library", library.path().to_str().unwrap(), "--base", "main", "--head", "comment"];
    let output =
        check(repository.path(), &[&library[..], &["--fail-on", "warn", "--format", "json"]].concat());
    assert_eq!(code(&output), 0);
    let verdict = &json(&output)["verdict"];
    assert_eq!(verdict["results"], json!([]));
    assert_eq!(verdict["standing"].as_array().map(Vec::len), Some(1), "{verdict:#}");
}

/// Another digest of the same repository is everyday work.
#[test]
fn a_promotion_is_allowed_without_a_word() {
    let repository = doubled();
    let path = format!("{ROOT}/ws.yaml");
    let deployment = repository.git(&["show", &format!("main:{path}")]);
    repository.git(&["branch", "promotion", "main"]);
    repository.commit(
        "promotion",
        &[(&path, &format!("{}\n", deployment.replace("@sha256:d86b", "@sha256:e97c")))],
    );
    let all = ["--base", "main", "--head", "promotion", "--fail-on", "warn", "--format", "json"];
    let output = check(repository.path(), &all);
    assert_eq!(code(&output), 0, "{output:?}");
    let verdict = &json(&output)["verdict"];
    assert_eq!((&verdict["decision"], &verdict["results"]), (&json!("allow"), &json!([])));
}

/// However much there is to say, it is said: what does not fit is counted, and never a fault.
#[test]
fn a_change_of_thirty_thousand_objects_is_shown_in_part() {
    const MANY: usize = 30_000;
    let change = json!({"path": "a.yaml", "document": {"kind": "ConfigMap", "name": "a"}, "pointer": "",
        "before": null, "after": {"kind": "ConfigMap"}});
    let finding = json!({"policy": "p", "code": "c", "level": "warn", "message": "m", "path": "a.yaml",
        "pointer": "", "remedy": "r", "line": 1});
    let check = json!({"path": ROOT, "base": "b", "head": "h", "changes": vec![change; MANY],
        "verdict": {"decision": "warn", "results": vec![finding.clone(); MANY], "standing": vec![finding; MANY]}});
    let renderer = Renderer::compile(&Library::embedded()).unwrap();
    for template in ["check.txt", "check.md"] {
        let shown = renderer.render(template, json!({"check": check, "standing": true})).unwrap();
        assert_eq!(shown.matches("… and ").count(), 3, "{template}: {}", shown.len());
        assert!(shown.len() < 1 << 20, "{template}: {}", shown.len());
    }
}
