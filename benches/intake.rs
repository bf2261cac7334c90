//! Intake: signed deliveries, each kept durably before it is answered.
//!
//! Starts the real `writ serve` on a loopback port and sends it commands over kept-alive connections: first to a
//! server that only takes them (`workers=0`), then to one that works on them too. Prints requests per second, time
//! to the answer, the server's CPU time per request and its memory. Not a divan bench: what counts is a process.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "measures durations")]

mod site;

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::Request as HttpRequest;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tempfile::TempDir;
use writ::ports::forge::github::webhook::Secrets;

use site::git;
use site::server::{SECRET, Server};

const CONNECTIONS: usize = 32;
const REQUESTS: usize = 4_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for workers in [0, 2] {
        let folder = TempDir::new().expect("a folder");
        git(folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "lab.git"]);
        let server = Server::start(folder.path(), &folder.path().join("lab.git"), workers).await;
        let idle = server.memory();
        let cpu = server.cpu();
        let begun = Instant::now();
        let mut times = load(&server, workers).await;
        let took = begun.elapsed();
        let cpu = server.cpu().saturating_sub(cpu);
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)];
        println!(
            "workers={workers}: {:.0} requests/s, p50 {:?}, p99 {:?}, p99.9 {:?}, {:?} CPU/request, \
             memory idle {} MB, loaded {} MB (peak {} MB)",
            times.len() as f64 / took.as_secs_f64(),
            at(500),
            at(990),
            at(999),
            cpu / u32::try_from(times.len()).expect("a small number"),
            idle.now / 1024,
            server.memory().now / 1024,
            server.memory().peak / 1024,
        );
    }
}

/// Sends all deliveries, and gives the time that each took.
async fn load(server: &Server, round: usize) -> Vec<Duration> {
    let secrets = Secrets::new([SECRET.to_owned()]);
    let uri = format!("http://{}/webhooks/github", server.address);
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let mut connections = tokio::task::JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (client, uri, secrets) = (client.clone(), uri.clone(), secrets.clone());
        connections.spawn(async move {
            let mut times = Vec::new();
            for number in (connection..REQUESTS).step_by(CONNECTIONS) {
                let body = payload(number);
                let request = HttpRequest::post(&uri)
                    .header("content-type", "application/json")
                    .header("x-github-event", "issue_comment")
                    .header("x-github-delivery", format!("bench-{round}-{number}"))
                    .header("x-hub-signature-256", secrets.sign(&body))
                    .body(Full::new(body.into()))
                    .expect("a request");
                let begun = Instant::now();
                let response = client.request(request).await.expect("an answer");
                assert_eq!(response.status(), 202);
                response.into_body().collect().await.expect("a whole answer");
                times.push(begun.elapsed());
            }
            times
        });
    }
    connections.join_all().await.concat()
}

/// A command as GitHub sends it, with an issue text of usual length.
fn payload(number: usize) -> Vec<u8> {
    let user = json!({"id": 5, "login": "ada", "type": "User"});
    let payload = json!({
        "action": "created",
        "issue": {"number": 1, "title": "Orders are rejected", "body": "x".repeat(6_000)},
        "comment": {
            "id": number + 1, "html_url": "https://forge.example/example/lab/issues/1#issuecomment-1",
            "body": "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT",
            "user": user, "created_at": "2026-02-12T10:34:56Z",
        },
        "repository": {"full_name": "example/lab"},
        "sender": user,
    });
    payload.to_string().into_bytes()
}
