//! GitHub's published webhook examples, all of them: signed 2xx or a clear 4xx, unsigned 401, never 5xx.

use std::collections::BTreeMap;

use crate::support::repository::TestRepository;
use crate::support::server::{At, SECRET, Server};
use crate::support::webhook::{examples, sign};

/// The repository that most examples speak of, so that comments reach as deep as they can.
const REPOSITORY: &str = "Codertocat/Hello-World";

async fn server() -> (Server, TestRepository) {
    let repository = TestRepository::bare();
    repository.commit("main", &[("argocd/applications/torghut/README.md", "here\n")]);
    let remote = repository.path().to_string_lossy().into_owned();
    (Server::start(&At::Local, &[(REPOSITORY, &remote)]).await, repository)
}

#[tokio::test]
async fn every_signed_example_is_taken_or_clearly_refused() {
    let Some(examples) = examples("the published webhook examples") else { return };
    assert_eq!(examples.len(), 329);
    let (server, _repository) = server().await;
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (number, example) in examples.iter().enumerate() {
        let body = example.payload.to_string();
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let answer = server.deliver_signed(&example.event, &id, body.as_bytes()).await;
        let told = answer.json();
        let status = answer.status.as_u16();
        let clear = match status {
            200..=299 => told["status"].is_string(),
            400..=499 => told["error"]["code"].is_string() && told["error"]["remedy"].is_string(),
            _ => false,
        };
        assert!(clear, "{} {number}: {status} {told}", example.event);
        *found.entry(format!("{status} {} {}", told["status"], told["reason"])).or_default() += 1;
        // A second time the same: nothing new results, and nothing breaks.
        let again = server.deliver_signed(&example.event, &id, body.as_bytes()).await;
        assert!(again.status.as_u16() < 500, "{} {number} again: {}", example.event, again.status);
    }
    assert_eq!(found.values().sum::<usize>(), 329);
    assert!(found.keys().all(|kind| kind.starts_with("20")), "{found:#?}");
    let looks: usize =
        found.iter().filter(|(kind, _)| kind.starts_with("202 ")).map(|(_, count)| count).sum();
    assert!(looks > 10, "{found:#?}");
    assert!(server.running.store.commands(10).await.expect("runs").is_empty(), "no example is a command");
}

#[tokio::test]
async fn every_unsigned_or_wrongly_signed_example_is_401() {
    let Some(examples) = examples("the published webhook examples, unsigned") else { return };
    let (server, _repository) = server().await;
    for (number, example) in examples.iter().enumerate() {
        let body = example.payload.to_string();
        let id = format!("00000000-0000-4000-9000-{number:012}");
        let other_body = sign(SECRET, format!("{body} ").as_bytes());
        for signature in ["", "sha256=", &sign("another-secret-of-the-tests", body.as_bytes()), &other_body] {
            let answer = server.deliver(&example.event, &id, signature, body.as_bytes()).await;
            assert_eq!(answer.status, 401, "{} {number} with `{signature}`", example.event);
        }
    }
}

#[tokio::test]
async fn no_cut_or_twisted_example_breaks_the_server() {
    let Some(examples) = examples("the published webhook examples, damaged") else { return };
    let (server, _repository) = server().await;
    let used = ["issue_comment", "pull_request", "pull_request_review", "check_run", "check_suite", "delete"];
    let used_ones = examples.iter().filter(|example| used.contains(&example.event.as_str()));
    for (number, example) in used_ones.enumerate() {
        let body = example.payload.to_string().into_bytes();
        let half = body[..body.len() / 2].to_vec();
        let not_text = [&body[..], &[0xff, 0xfe]].concat();
        let mut fields = Vec::new();
        for field in [
            "action",
            "comment",
            "issue",
            "repository",
            "sender",
            "pull_request",
            "check_run",
            "check_suite",
            "ref",
        ] {
            for wrong in [
                serde_json::Value::Null,
                serde_json::json!(-1),
                serde_json::json!(1e300),
                serde_json::json!([]),
            ] {
                let mut payload = example.payload.clone();
                payload[field] = wrong;
                fields.push(payload.to_string().into_bytes());
            }
        }
        for (variant, damaged) in [half, not_text, Vec::new()].into_iter().chain(fields).enumerate() {
            let id = format!("{number}-{variant}");
            let answer = server.deliver_signed(&example.event, &id, &damaged).await;
            assert!(answer.status.as_u16() < 500, "{} {id}: {}", example.event, answer.status);
        }
    }
}
