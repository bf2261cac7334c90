//! On GitHub: a signed comment → an App token → a branch → a pull request → the status comment.
//!
//! GitHub is the emulator and a real git server over HTTP (`support/hub.rs`); the bot is a whole server, wired as
//! `writ serve` wires it. Every request that it sends to the API is checked against GitHub's OpenAPI description.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::corpus;
use crate::support::emulator::{APP_ID, REPOSITORY};
use crate::support::hub::Hub;
use crate::support::records;
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
    bot_told_of(what, &["issue_comment"]).await
}

/// The same, told of these events.
async fn bot_told_of(what: &str, events: &[&str]) -> Option<(Hub, Server)> {
    let hub = Hub::start(what, manifests(what)?.path()).await?;
    let emulator = hub.emulator();
    let at = At::App(emulator.url(), APP_ID, emulator.app_key.clone());
    let server = Server::start(&at, &[(REPOSITORY, &hub.remote())]).await;
    hub.deliver_to(&server.webhook(), SECRET, events).await;
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

/// A draft on GitHub that waits for approval, asked for by `wes`.
struct Waiting {
    hub: Hub,
    server: Server,
    comment: u64,
    pull: u64,
    head: String,
}

impl Waiting {
    async fn begin(what: &str) -> Option<Self> {
        let (hub, server) =
            bot_told_of(what, &["issue_comment", "pull_request", "pull_request_review"]).await?;
        let issue = hub.emulator().open_issue("wes", "Feed is stale").await;
        let command = "/actuate restart-ws reason=\"feed is stale\" confirm=ACTUATE_TORGHUT";
        let comment = hub.emulator().comment("wes", issue, command).await;
        let mut waiting = Self { hub, server, comment, pull: 0, head: String::new() };
        waiting.settle(2).await;
        let pull = waiting.hub.emulator().pulls().await.remove(0);
        assert_eq!(pull["draft"], true);
        waiting.pull = pull["number"].as_u64().expect("a number");
        waiting.head = pull["head"]["sha"].as_str().expect("a commit").to_owned();
        Some(waiting)
    }

    /// Waits until there are so many runs, all of them over.
    async fn settle(&self, count: usize) {
        let mut progress = self.server.running.progress.clone();
        let store = &self.server.running.store;
        let settled = async {
            loop {
                progress.mark_unchanged();
                let runs = store.runs(100).await.expect("runs").len();
                if runs >= count && store.next_due().await.expect("an answer").is_none() {
                    return;
                }
                progress.changed().await.expect("the server runs");
            }
        };
        let patience = std::time::Duration::from_secs(120);
        tokio::time::timeout(patience, settled).await.expect("the bot has come to an end");
    }

    async fn act(&self, login: &str, method: Method, path: &str, body: Value) -> Value {
        self.hub.emulator().act(login, method, &format!("/repos/{REPOSITORY}{path}"), &body).await
    }

    /// Somebody reviews, and the bot has looked at it; gives the review's id.
    async fn review(&self, login: &str, event: &str, commit: &str) -> u64 {
        let runs = self.server.running.store.runs(100).await.expect("runs").len();
        let body = json!({"event": event, "body": "looked at it", "commit_id": commit});
        let made = self.act(login, Method::POST, &format!("/pulls/{}/reviews", self.pull), body).await;
        self.settle(runs + 1).await;
        made["id"].as_u64().expect("an id")
    }

    /// What `writ/approval` says: conclusion, title and summary.
    async fn said(&self) -> String {
        let path = format!("/commits/{}/check-runs?check_name=writ%2Fapproval", self.head);
        let found = self.act("ada", Method::GET, &path, Value::Null).await;
        let checks = found["check_runs"].as_array().expect("check runs").clone();
        assert_eq!(checks.len(), 1, "{checks:#?}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let output = &checks[0]["output"];
        format!(
            "{}: {}\n{}",
            text(&checks[0]["conclusion"]),
            text(&output["title"]),
            text(&output["summary"])
        )
    }

    async fn says(&self, words: &[&str]) {
        let said = self.said().await;
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_on_github_counts_or_says_why_not() {
    let Some(story) = Waiting::begin("approvals on GitHub").await else { return };
    let head = story.head.clone();
    story.says(&["failure", "approval from someone other than wes"]).await;
    story.review("wes", "APPROVE", &head).await;
    story.says(&["failure", "the requester cannot approve their own request"]).await;
    story.review("machine", "APPROVE", &head).await;
    story.says(&["failure", "the reviewer is an agent account"]).await;
    story.review("max", "APPROVE", &"0".repeat(40)).await;
    story.says(&["failure", "`max`: it is for a different commit"]).await;
    let review = story.review("max", "APPROVE", &head).await;
    story.says(&["success: Approved by max"]).await;

    let runs = story.server.running.store.runs(100).await.expect("runs").len();
    let path = format!("/pulls/{}/reviews/{review}/dismissals", story.pull);
    story.act("ada", Method::PUT, &path, json!({"message": "not like this"})).await;
    story.settle(runs + 1).await;
    story.says(&["failure", "it was dismissed"]).await;

    story.review("max", "APPROVE", &head).await;
    story.says(&["success: Approved by max"]).await;
    story.act("olga", Method::PUT, "/collaborators/max", json!({"permission": "pull"})).await;
    story.review("ada", "COMMENT", &head).await;
    story.says(&["failure", "`max`: the reviewer does not have write access"]).await;

    story.review("ada", "APPROVE", &head).await;
    story.says(&["success: Approved by ada"]).await;
    let path = format!("/issues/comments/{}", story.comment);
    story.act("wes", Method::PATCH, &path, json!({"body": "never mind"})).await;
    story.review("ada", "COMMENT", &head).await;
    story.says(&["failure", "the comment was edited"]).await;
    // The emulator has no GraphQL, so the draft stays one; all of the rest was told.
    let run = story.server.running.store.runs(100).await.expect("runs").pop().expect("the command");
    let leaves = story.server.running.store.leaves_of(&run.id).await.expect("leaves");
    let kinds = records::kinds(&leaves).into_iter().filter(|kind| kind.starts_with("approval."));
    let (given, voided) = ("approval.given", "approval.voided");
    assert_eq!(kinds.collect::<Vec<_>>(), [given, voided, given, voided, given, voided]);
}
