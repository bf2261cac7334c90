//! Every bad delivery has its answer: a clear 4xx with code and remedy, nothing kept, never a 5xx.

use std::time::Duration;

use serde_json::json;
use sqlx::Connection as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use writ::ports::forge::github::webhook::Secrets;

use crate::support::bot::{Bot, SECRET};
use crate::support::http::{Answer, Request};

/// Sends a request and checks that it was refused with this status and code, a remedy, and no trace.
async fn refused(bot: &Bot, request: Request, status: u16, code: &str) -> Answer {
    let answer = request.send(bot.running.address).await;
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
    assert!(answer.json()["error"]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));
    assert_eq!(bot.running.store.ledger_size().await.unwrap(), 0, "a refused delivery leaves no record");
    assert!(bot.runs().await.is_empty(), "a refused delivery makes no run");
    answer
}

fn help(bot: &Bot) -> Vec<u8> {
    let payload =
        bot.payload("ada", writ::domain::names::AccountId(2), writ::domain::names::CommentId(9), "/help");
    payload.to_string().into_bytes()
}

#[tokio::test]
async fn unsigned_and_wrongly_signed_are_401_before_anything_is_parsed() {
    let bot = Bot::start().await;
    let not_json = b"{".to_vec();
    refused(&bot, bot.request(not_json.clone()).without("x-hub-signature-256"), 401, "signature_wrong").await;
    let other = Secrets::new(["another-secret-for-tests".to_owned()]).sign(&not_json);
    let wrong = bot.request(not_json.clone()).header("x-hub-signature-256", &other);
    refused(&bot, wrong, 401, "signature_wrong").await;
    let sha1 =
        bot.request(not_json).header("x-hub-signature-256", "sha1=0123456789012345678901234567890123456789");
    refused(&bot, sha1, 401, "signature_wrong").await;
    let changed = bot.request(help(&bot)).body(b"{\"action\":\"created\"}".to_vec());
    refused(&bot, changed, 401, "signature_wrong").await;
}

#[tokio::test]
async fn oversized_is_413_whether_announced_or_not() {
    let bot = Bot::start().await;
    let announced = bot.request(vec![b' '; 64 * 1024 + 1]);
    refused(&bot, announced, 413, "body_too_large").await;
    // In chunks, without a length: refused as soon as too much has come, while the sender still sends.
    let mut stream = tokio::net::TcpStream::connect(bot.running.address).await.unwrap();
    stream
        .write_all(b"POST /webhooks/github HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    let chunk = [format!("{:x}\r\n", 40_000).into_bytes(), vec![b'a'; 40_000], b"\r\n".to_vec()].concat();
    stream.write_all(&chunk).await.unwrap();
    stream.write_all(&chunk).await.unwrap();
    let mut head = [0; 12];
    tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut head)).await.unwrap().unwrap();
    assert_eq!(&head, b"HTTP/1.1 413");
}

#[tokio::test]
async fn truncated_never_gets_through() {
    let bot = Bot::start().await;
    let body = help(&bot);
    // The connection ends before the announced length.
    let mut stream = tokio::net::TcpStream::connect(bot.running.address).await.unwrap();
    let head = format!("POST /webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body[..20]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // OK because a reset instead of an answer is right as well.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    // A proxy cut it and set the length anew: the signature is the whole body's.
    let cut = bot.request(body.clone()).body(body[..body.len() / 2].to_vec());
    refused(&bot, cut, 401, "signature_wrong").await;
    // Whoever signed it cut it before.
    refused(&bot, bot.request(body[..body.len() / 2].to_vec()), 400, "not_json").await;
}

#[tokio::test]
async fn what_is_not_text_not_json_or_not_githubs_is_400_and_says_where() {
    let bot = Bot::start().await;
    refused(&bot, bot.request(b"{\"a\": \"\xff\xfe\"}".to_vec()), 400, "not_utf8").await;
    refused(&bot, bot.request(b"payload=%7B%7D".to_vec()), 400, "not_json").await;
    refused(&bot, bot.request(b"[1, 2]".to_vec()), 400, "not_json").await;
    refused(&bot, bot.request(vec![b'['; 50_000]), 400, "not_json").await;
    let mut payload: serde_json::Value = serde_json::from_slice(&help(&bot)).unwrap();
    payload["comment"]["id"] = json!("eleven");
    let answer = refused(&bot, bot.request(payload.to_string().into()), 400, "payload_unreadable").await;
    assert!(answer.text.contains("comment.id"), "{}", answer.text);
    let huge = String::from_utf8(help(&bot)).unwrap().replace("\"id\":9", "\"id\":1e400");
    refused(&bot, bot.request(huge.into()), 400, "payload_unreadable").await;
    payload["comment"]["id"] = json!(9);
    payload["repository"]["full_name"] = json!("../../etc/passwd");
    refused(&bot, bot.request(payload.to_string().into()), 400, "payload_unreadable").await;
}

#[tokio::test]
async fn missing_headers_and_other_content_types_are_named() {
    let bot = Bot::start().await;
    refused(&bot, bot.request(help(&bot)).without("x-github-event"), 400, "header_missing").await;
    refused(&bot, bot.request(help(&bot)).without("x-github-delivery"), 400, "header_missing").await;
    let long = bot.request(help(&bot)).header("x-github-delivery", &"d".repeat(500));
    refused(&bot, long, 400, "header_missing").await;
    let form = bot.request(help(&bot)).header("content-type", "application/x-www-form-urlencoded");
    refused(&bot, form, 415, "not_json").await;
    let typed = bot.request(help(&bot)).header("content-type", "application/json; charset=utf-8");
    assert_eq!(typed.send(bot.running.address).await.status, 202);
}

#[tokio::test]
async fn events_and_actions_that_are_not_used_are_ignored_and_counted() {
    let bot = Bot::start().await;
    for event in ["ping", "push", "no_such_event"] {
        let answer = bot.request(b"{\"zen\": 1e999}".to_vec()).header("x-github-event", event);
        let answer = answer.send(bot.running.address).await;
        assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("ignored")), "{event}");
    }
    let mut payload: serde_json::Value = serde_json::from_slice(&help(&bot)).unwrap();
    payload["action"] = json!("edited");
    assert_eq!(bot.send(&payload).await.json()["reason"], "action_not_used");
    payload["action"] = json!("created");
    payload["repository"]["full_name"] = json!("example/other");
    assert_eq!(bot.send(&payload).await.json()["reason"], "repository_not_served");
    let metrics = Request::get("/metrics").send(bot.running.operations).await.text;
    assert!(metrics.contains("writ_deliveries_total{result=\"ignored\"} 5\n"), "{metrics}");
    assert!(bot.runs().await.is_empty());
}

#[tokio::test]
async fn bots_and_apps_never_command() {
    let bot = Bot::start().await;
    let mut payload: serde_json::Value = serde_json::from_slice(&help(&bot)).unwrap();
    payload["sender"]["type"] = json!("Bot");
    payload["comment"]["user"]["type"] = json!("Bot");
    assert_eq!(bot.send(&payload).await.json()["reason"], "author_not_a_person");
    assert!(bot.runs().await.is_empty());
}

#[tokio::test]
async fn a_duplicate_is_200_with_the_run_that_it_made_before() {
    let bot = Bot::start().await;
    let comment = bot
        .forge
        .add_comment(&crate::support::bot::repository_name(), bot.issue, "ada", "/help")
        .await
        .unwrap();
    let body = bot.payload("ada", comment.author, comment.id, "/help").to_string().into_bytes();
    let send = |id: &str| bot.request(body.clone()).header("x-github-delivery", id).send(bot.running.address);
    let first = send("one").await;
    assert_eq!(first.status, 202);
    for again in ["one", "another"] {
        let answer = send(again).await;
        assert_eq!((answer.status, &answer.json()["run"]), (200, &first.json()["run"]), "{again}");
        assert_eq!(answer.json()["status"], "duplicate");
    }
    assert_eq!(bot.runs().await.len(), 1);
}

#[tokio::test]
async fn a_database_that_is_locked_is_503_and_the_redelivery_is_taken() {
    let bot = Bot::start().await;
    let database = format!("sqlite://{}", bot.home.data().join("writ.db").display());
    let mut other = sqlx::SqliteConnection::connect(&database).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let body = help(&bot);
    let answer = bot.request(body.clone()).send(bot.running.address).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{}", answer.text);
    assert_eq!(answer.retry_after.as_deref(), Some("10"));
    assert!(!answer.text.contains("database"), "clients are not told the fault: {}", answer.text);
    assert_eq!(Request::get("/healthz").send(bot.running.operations).await.status, 200);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(bot.request(body).send(bot.running.address).await.status, 202);
    assert_eq!(Request::get("/readyz").send(bot.running.operations).await.status, 200);
}

#[tokio::test]
async fn every_active_secret_is_taken() {
    let home = crate::support::bot::Home::seeded();
    let secrets = ["the-new-one-for-tests".to_owned(), SECRET.to_owned()];
    let bot = Bot::on(home, |settings| settings.secrets = Secrets::new(secrets)).await;
    assert_eq!(bot.send(&serde_json::from_slice(&help(&bot)).unwrap()).await.status, 202);
}

/// The id of a delivery is not signed: another body under it is another delivery.
#[tokio::test]
async fn another_signed_body_under_the_same_id_is_taken() {
    let bot = Bot::start().await;
    let mut runs = Vec::new();
    for text in ["/help", "/status"] {
        let comment = bot
            .forge
            .add_comment(&crate::support::bot::repository_name(), bot.issue, "ada", text)
            .await
            .unwrap();
        let body = bot.payload("ada", comment.author, comment.id, text).to_string().into_bytes();
        for status in [202, 200] {
            let answer =
                bot.request(body.clone()).header("x-github-delivery", "one").send(bot.running.address).await;
            assert_eq!(answer.status, status, "{text}: {}", answer.text);
            runs.push(answer.json()["run"].clone());
        }
    }
    assert!(runs[0] == runs[1] && runs[2] == runs[3] && runs[0] != runs[2], "{runs:?}");
    bot.settle().await;
}
