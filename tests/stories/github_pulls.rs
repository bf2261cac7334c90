//! Pull requests on GitHub: a person opens one, and the App's check run is on its head.
//!
//! GitHub is the emulator and a real git server over HTTP, as in `github.rs`.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::corpus;
use crate::support::emulator::{APP_ID, OWNER, REPOSITORY};
use crate::support::hub::Hub;
use crate::support::repository::{TestRepository, git};
use crate::support::server::{At, SECRET, Server};

/// People's own commit that switched the kill switch off, as `main` before it and a branch `theirs` after it; and a
/// branch `docs`.
fn manifests(what: &str) -> Option<TestRepository> {
    let corpus = corpus::path(what)?;
    let repository = TestRepository::bare();
    let person = ["-c", "user.name=people", "-c", "user.email=people@example.test"];
    let commit = |tag: &str, parents: &[&str]| {
        let name = format!("refs/tags/golden/8ef551dfb3/{tag}");
        repository.git(&["fetch", "--quiet", &corpus.to_string_lossy(), &name]);
        let tree = ["commit-tree", "FETCH_HEAD^{tree}", "-m", "chore(torghut): manifests"];
        repository.git(&[&person[..], &tree[..], parents].concat())
    };
    let before = commit("before", &[]);
    repository.git(&["update-ref", "refs/heads/main", &before]);
    let after = commit("after", &["-p", &before]);
    repository.git(&["update-ref", "refs/heads/theirs", &after]);
    repository.git(&["branch", "scratch", "main"]);
    repository.commit("scratch", &[("docs/readme.md", "words\n")]);
    let tree = ["commit-tree", "scratch^{tree}", "-m", "docs(torghut): words", "-p", &before];
    let docs = repository.git(&[&person[..], &tree[..]].concat());
    repository.git(&["update-ref", "refs/heads/docs", &docs]);
    repository.git(&["branch", "-D", "scratch"]);
    Some(repository)
}

async fn bot(what: &str) -> Option<(Hub, Server)> {
    let hub = Hub::start(what, manifests(what)?.path()).await?;
    let emulator = hub.emulator();
    let at = At::App(emulator.url(), APP_ID, emulator.app_key.clone());
    let server = Server::start(&at, &[(REPOSITORY, &hub.remote())]).await;
    let events = ["pull_request", "pull_request_review", "check_run", "check_suite", "delete"];
    hub.deliver_to(&server.webhook(), SECRET, &events).await;
    Some((hub, server))
}

/// Wes opens pull request `number`, whose head GitHub shows under `refs/pull`.
async fn propose(hub: &Hub, number: u64, branch: &str) -> String {
    let head = git(hub.bare(), &["rev-parse", branch]);
    git(hub.bare(), &["update-ref", &format!("refs/pull/{number}/head"), &head]);
    let fields =
        json!({ "title": "fix(torghut): a thing", "head": branch, "base": "main", "body": "## Summary" });
    let made = hub.emulator().act("wes", Method::POST, &format!("/repos/{REPOSITORY}/pulls"), &fields).await;
    assert_eq!((made["number"].as_u64(), made["head"]["sha"].as_str()), (Some(number), Some(head.as_str())));
    head
}

/// Waits for the `count`th completed check run to be written.
async fn concluded(hub: &Hub, count: usize) {
    let recorder = &hub.emulator().recorder;
    recorder
        .until("completed check run", |requests| {
            let done = |body: &Value| body["status"] == "completed" && body["name"] == "writ/policy";
            requests.iter().filter(|one| done(&one.body) && one.status < 300).count() >= count
        })
        .await;
}

/// The policies' check runs of a commit.
async fn checks(hub: &Hub, head: &str) -> Vec<Value> {
    let path = format!("/repos/{REPOSITORY}/commits/{head}/check-runs?filter=all");
    let listed = hub.emulator().act(OWNER, Method::GET, &path, &Value::Null).await;
    let mut checks = listed["check_runs"].as_array().expect("check runs").clone();
    checks.retain(|check| check["name"] == "writ/policy");
    checks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_pull_request_is_judged_where_it_is() {
    let Some((hub, server)) = bot("pull requests on GitHub").await else { return };
    let emulator = hub.emulator();
    let theirs = propose(&hub, 1, "theirs").await;
    concluded(&hub, 1).await;
    let found = checks(&hub, &theirs).await;
    let [check] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((&check["name"], &check["conclusion"]), (&json!("writ/policy"), &json!("failure")));
    let text = check["output"]["text"].as_str().expect("a text");
    assert!(text.contains("TRADING_"), "{text}");
    let path = format!("/repos/{REPOSITORY}/check-runs/{}/annotations", check["id"]);
    let listed = emulator.act(OWNER, Method::GET, &path, &Value::Null).await;
    let lines = listed["check_annotations"].as_array().expect("annotations");
    assert!(lines.iter().any(|line| line["annotation_level"] == "failure"), "{lines:#?}");

    let docs = propose(&hub, 2, "docs").await;
    concluded(&hub, 2).await;
    assert_eq!(checks(&hub, &docs).await[0]["conclusion"], "success");

    // Asked for again by its button, it is judged again, in place.
    let rerequest = format!("/repos/{REPOSITORY}/check-runs/{}/rerequest", check["id"]);
    emulator.act("wes", Method::POST, &rerequest, &Value::Null).await;
    concluded(&hub, 3).await;
    let again = checks(&hub, &theirs).await;
    assert_eq!(again.len(), 1, "{again:#?}");
    assert_eq!((&again[0]["status"], &again[0]["conclusion"]), (&json!("completed"), &json!("failure")));
    server.running.stop().await;
    emulator.recorder.assert_described();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_leaves_one_check_run() {
    let Some((hub, server)) = bot("a lost answer to a check run").await else { return };
    let recorder = &hub.emulator().recorder;
    // The one in progress is there, and the bot does not know: the completed one finds it.
    recorder.lose_next(Method::POST, "/check-runs");
    let docs = propose(&hub, 1, "docs").await;
    concluded(&hub, 1).await;
    server.running.stop().await;
    let found = checks(&hub, &docs).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["conclusion"], "success");
    recorder.assert_described();
}
