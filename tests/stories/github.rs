//! On GitHub: a signed comment → an App token → a branch → a pull request → the status comment.
//!
//! GitHub is the emulator and a real git server over HTTP (`support/hub.rs`); the bot is a whole server, wired as
//! `writ serve` wires it. Every request that it sends to the API is checked against GitHub's OpenAPI description.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::corpus;
use crate::support::emulator::{APP_ID, REPOSITORY};
use crate::support::hub::Hub;
use crate::support::repository::{TestRepository, git};
use crate::support::server::{At, SECRET, Server};

const PAUSE: &str = "/actuate pause-trading reason=\"feed is stale\" confirm=ACTUATE_TORGHUT";

/// The manifests of 2026-08-22 as the one commit of `main`.
fn manifests(what: &str) -> Option<TestRepository> {
    let corpus = corpus::path(what)?;
    let repository = TestRepository::bare();
    repository.git(&["fetch", "--quiet", &corpus.to_string_lossy(), "refs/tags/snapshot/2026-08-22"]);
    let person = ["-c", "user.name=people", "-c", "user.email=people@example.test"];
    let tree = ["commit-tree", "FETCH_HEAD^{tree}", "-m", "chore(torghut): manifests"];
    let commit = repository.git(&[&person[..], &tree[..]].concat());
    repository.git(&["update-ref", "refs/heads/main", &commit]);
    Some(repository)
}

/// GitHub with the manifests, and the bot as its App, told of each comment.
async fn bot(what: &str) -> Option<(Hub, Server)> {
    let hub = Hub::start(what, manifests(what)?.path()).await?;
    let emulator = hub.emulator();
    let at = At::App(emulator.url(), APP_ID, emulator.app_key.clone());
    let server = Server::start(&at, &[(REPOSITORY, &hub.remote())]).await;
    hub.deliver_to(&server.webhook(), SECRET).await;
    Some((hub, server))
}

/// Waits for the last sign of a run, its reaction on the comment, then for all work to end.
async fn until_done(hub: &Hub, server: Server, comment: u64) {
    let path = format!("/repos/{REPOSITORY}/issues/comments/{comment}/reactions");
    let last = |content: &Value| content == "rocket" || content == "confused";
    let recorder = &hub.emulator().recorder;
    recorder
        .until("last reaction", |requests| {
            requests.iter().any(|one| one.path == path && last(&one.body["content"]))
        })
        .await;
    server.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_comment_becomes_one_pull_request_and_one_reply() {
    let Some((hub, server)) = bot("the story on GitHub").await else { return };
    let emulator = hub.emulator();
    let issue = emulator.open_issue("wes", "Feed is stale").await;
    let comment = emulator.comment("wes", issue, PAUSE).await;
    until_done(&hub, server, comment).await;

    // One branch, with one commit, that changes one line of one file.
    let branches = hub.branches();
    let new: Vec<_> = branches.iter().filter(|(name, _)| *name != "main").collect();
    let [(branch, tip)] = new[..] else { panic!("{branches:?}: {:?}", emulator.comments(issue).await) };
    assert!(branch.starts_with("agentruns/torghut-actuation-"), "{branch}");
    assert_eq!(git(hub.bare(), &["rev-parse", &format!("{tip}^")]), branches["main"]);
    let changed = git(hub.bare(), &["diff", "--numstat", "main", branch]);
    assert_eq!(changed, "1\t1\targocd/applications/torghut/scheduler-deployment.yaml");
    let trailers = git(hub.bare(), &["show", "-s", "--format=%(trailers)", branch]);
    assert!(trailers.contains("Writ-Run: ") && trailers.contains("Writ-Leaf: "), "{trailers}");

    // One pull request of the bot's, of exactly that commit.
    let pulls = emulator.pulls().await;
    let [pull] = &pulls[..] else { panic!("{} pull requests", pulls.len()) };
    assert_eq!(pull["head"]["sha"], tip.as_str());
    assert_eq!((&pull["head"]["ref"], &pull["base"]["ref"]), (&json!(branch), &json!("main")));
    assert_eq!(pull["user"]["login"], "writ[bot]");
    assert_eq!(pull["draft"], false, "a containment waits for nobody");
    let labels: Vec<_> =
        pull["labels"].as_array().expect("labels").iter().map(|label| &label["name"]).collect();
    assert!(
        labels.contains(&&json!("actuation")) && labels.contains(&&json!("do-not-automerge")),
        "{labels:?}"
    );
    let title = pull["title"].as_str().expect("a title");
    assert!(title.starts_with("chore(torghut): ") || title.starts_with("fix(torghut): "), "{title}");
    let body = pull["body"].as_str().expect("a body");
    assert!(body.contains("feed is stale") && body.contains("wes"), "{body}");
    assert!(body.contains("c2sp.org/tlog-proof@v1"), "{body}");

    // One status comment, which says where the pull request is.
    let comments = emulator.comments(issue).await;
    let own: Vec<_> = comments.iter().filter(|(login, _)| login == "writ[bot]").collect();
    let [(_, reply)] = own[..] else { panic!("{comments:#?}") };
    assert!(reply.contains(pull["html_url"].as_str().expect("an address")), "{reply}");
    assert_eq!(comments.len(), 2);

    // As an App: the push and every call that is no installation matter went by one token of one repository.
    assert_eq!(emulator.recorder.tokens().len(), 1);
    let pushes = hub.server().requests();
    assert!(pushes.iter().any(|line| line.ends_with("200 x-access-token") && line.contains("receive-pack")));
    emulator.recorder.assert_described();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_a_refusal_and_nothing_else() {
    let Some((hub, server)) = bot("a reader's command on GitHub").await else { return };
    let emulator = hub.emulator();
    let issue = emulator.open_issue("rita", "Feed is stale").await;
    let comment = emulator.comment("rita", issue, PAUSE).await;
    until_done(&hub, server, comment).await;
    assert_eq!(hub.branches().len(), 1);
    assert_eq!(emulator.pulls().await, Vec::<Value>::new());
    let comments = emulator.comments(issue).await;
    assert_eq!(comments.len(), 2, "{comments:#?}");
    assert!(comments[1].1.contains("permission_missing"), "{}", comments[1].1);
    emulator.recorder.assert_described();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_lost_on_the_way_change_nothing_in_the_end() {
    let Some((hub, server)) = bot("lost answers on GitHub").await else { return };
    let emulator = hub.emulator();
    let issue = emulator.open_issue("wes", "Feed is stale").await;
    let comments = format!("/issues/{issue}/comments");
    emulator.recorder.lose_next(Method::POST, &comments);
    // The pull request is there then, without its labels. (One lost answer more would be one more real wait.)
    emulator.recorder.lose_next(Method::POST, "/pulls");
    let comment = emulator.comment("wes", issue, PAUSE).await;
    until_done(&hub, server, comment).await;
    assert_eq!(hub.branches().len(), 2);
    let pulls = emulator.pulls().await;
    assert_eq!(pulls.len(), 1);
    assert!(!pulls[0]["labels"].as_array().expect("labels").is_empty());
    let comments = emulator.comments(issue).await;
    assert_eq!(comments.iter().filter(|(login, _)| login == "writ[bot]").count(), 1, "{comments:#?}");
    emulator.recorder.assert_described();
}
