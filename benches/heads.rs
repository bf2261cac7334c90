//! Memory of a server over many heads that others pushed: 1,000 pull requests of forks, each with another head, are
//! judged by the real `writ serve`; prints its memory before, meanwhile at most, and after. The judging processes are
//! apart: their number and memory are printed beside it. Not a divan bench: what counts is a process.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "measures durations")]

mod site;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::Request as HttpRequest;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tempfile::TempDir;
use writ::domain::names::{CommitId, RepositoryName};
use writ::ports::forge::NewPull;
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::github::webhook::Secrets;
use writ::ports::forge::local::{Fork, LocalForge};
use writ::ports::store::{SqliteStore, StepQueue as _};

use site::server::{SECRET, Server};
use site::{GITOPS_PATH, Site};

const HEADS: usize = 1_000;
const WORKERS: usize = 2;

#[tokio::main]
async fn main() {
    let site = Site::new();
    let folder = TempDir::new().expect("a folder");
    let bare = folder.path().join("lab.git");
    let source = site.folder.path().to_str().expect("UTF-8");
    site::git(folder.path(), &["clone", "--quiet", "--bare", source, "lab.git"]);
    let heads = heads(&site, &bare);
    let name: RepositoryName = "example/lab".parse().expect("a name");
    let database = folder.path().join("forge.db");
    let forge = LocalForge::open(&database, "http://127.0.0.1", jiff::Timestamp::now).await.expect("a forge");
    forge.host(&name, &bare).await.expect("hosted");
    let server = Server::start(folder.path(), &bare, WORKERS).await;
    let idle = server.memory();
    let begun = Instant::now();
    for (number, head) in heads.into_iter().enumerate() {
        let pull = NewPull {
            head: format!("change-{number}").parse().expect("a branch"),
            base: "main".parse().expect("a branch"),
            title: format!("fix(torghut): change {number}"),
            body: "## Summary\n".to_owned(),
            draft: false,
            labels: vec![],
        };
        let fork = Fork { repository: format!("wes-{number}/lab"), head };
        let pull =
            forge.propose(&name, &format!("wes-{number}"), &pull, Some(&fork)).await.expect("proposed");
        deliver(&server, number, pull.0).await;
    }
    let (judged, children) = settled(&server, folder.path()).await;
    let took = begun.elapsed();
    let loaded = server.memory();
    println!(
        "{judged} heads in {took:.0?}: memory idle {} MB, loaded {} MB (peak {} MB); {} judging processes with at most {} MB together",
        idle.now / 1024,
        loaded.now / 1024,
        loaded.peak / 1024,
        children.len(),
        children.iter().sum::<u64>() / 1024,
    );
}

/// Commits on the tree, each of which changes five of its files.
fn heads(site: &Site, bare: &Path) -> Vec<CommitId> {
    let mut files: Vec<_> = std::fs::read_dir(site.tree.join(GITOPS_PATH))
        .expect("the tree")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let texts: Vec<_> = files.iter().map(|path| std::fs::read_to_string(path).expect("a text")).collect();
    let mut stream = String::new();
    for number in 0..HEADS {
        let mark = number + 1;
        writeln!(
            stream,
            "commit refs/heads/change\nmark :{mark}\ncommitter b <b@b> {number} +0000\ndata 1\nc"
        )
        .expect("text");
        writeln!(stream, "from {}", site.base.as_str()).expect("text");
        for step in 0..5 {
            let file = (number * 5 + step) % files.len();
            let name = files[file].file_name().and_then(|name| name.to_str()).expect("UTF-8");
            let text = format!("# change {number}\n{}", texts[file]);
            writeln!(stream, "M 644 inline {GITOPS_PATH}/{name}\ndata {}\n{text}", text.len()).expect("text");
        }
    }
    let marks = bare.join("marks");
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet", "--force", "--export-marks=marks"])
        .current_dir(bare)
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    import.stdin.take().expect("a pipe").write_all(stream.as_bytes()).expect("written");
    assert!(import.wait().expect("it ends").success());
    let mut marks: Vec<_> = std::fs::read_to_string(marks)
        .expect("marks")
        .lines()
        .map(|line| {
            let (mark, commit) = line.split_once(' ').expect("two words");
            (
                mark[1..].parse::<usize>().expect("a mark"),
                CommitId::try_from(commit.to_owned()).expect("a commit"),
            )
        })
        .collect();
    marks.sort_by_key(|(mark, _)| *mark);
    marks.into_iter().map(|(_, commit)| commit).collect()
}

async fn deliver(server: &Server, number: usize, pull: u64) {
    let body = json!({
        "action": "opened", "number": pull, "pull_request": {"number": pull, "updated_at": number},
        "repository": {"full_name": "example/lab"},
        "sender": {"id": 9, "login": "wes", "type": "User"},
    })
    .to_string()
    .into_bytes();
    let request = HttpRequest::post(format!("http://{}/webhooks/github", server.address))
        .header("content-type", "application/json")
        .header("x-github-event", "pull_request")
        .header("x-github-delivery", format!("head-{number}"))
        .header("x-hub-signature-256", Secrets::new([SECRET.to_owned()]).sign(&body))
        .body(Full::<Bytes>::new(body.into()))
        .expect("a request");
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
}

/// Waits until no step is left; gives the number of checked heads, and the judging processes where they were largest.
async fn settled(server: &Server, data: &Path) -> (usize, Vec<u64>) {
    let store = SqliteStore::open_to_read(&data.join("writ.db")).await.expect("a database");
    let mut largest = Vec::new();
    while store.next_due().await.expect("readable").is_some() {
        let children = server.children();
        if children.iter().sum::<u64>() > largest.iter().sum() {
            largest = children;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let forge = LocalForge::open(&data.join("forge.db"), "http://127.0.0.1", jiff::Timestamp::now)
        .await
        .expect("a forge");
    let name: RepositoryName = "example/lab".parse().expect("a name");
    let mut judged = 0;
    for pull in forge.pulls(&name).await.expect("pull requests") {
        let checks = forge.checks(&name, &pull.pull.head).await.expect("checks");
        judged +=
            usize::from(checks.iter().any(|check| matches!(check.status, Some(CheckStatus::Completed(_)))));
    }
    (judged, largest)
}
