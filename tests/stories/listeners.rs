//! Three listeners: what one of them serves, no other serves.

use crate::support::bot::Bot;
use crate::support::http::Request;

/// What each listener serves, with GET.
const PAGES: [&str; 5] = ["/", "/help", "/style.css", "/icon.svg", "/example/lab/issues/1"];
const OPERATIONS: [&str; 3] = ["/metrics", "/healthz", "/readyz"];

#[tokio::test]
async fn webhooks_pages_and_operations_are_apart() {
    let bot = Bot::start().await;
    let run = bot.comment("/help").await;
    bot.reply().await;
    let status = async |path: &str, address| Request::get(path).send(address).await.status;
    let (webhooks, pages, operations) = (bot.running.address, bot.running.pages, bot.running.operations);
    let of_run = format!("/runs/{run}");
    for path in PAGES.into_iter().chain([of_run.as_str()]) {
        assert_eq!(status(path, webhooks).await, 404, "a page where the public is: {path}");
        assert_eq!(status(path, operations).await, 404, "{path}");
        assert_eq!(status(path, pages).await, 200, "{path}");
    }
    for path in OPERATIONS {
        assert_eq!(status(path, webhooks).await, 404, "{path}");
        assert_eq!(status(path, pages).await, 404, "{path}");
        assert_eq!(status(path, operations).await, 200, "{path}");
    }
    for path in ["/webhooks", "/webhooks/", "/webhooks/github/", "/webhooks/gitlab", "/api/v1", "//"] {
        assert_eq!(status(path, webhooks).await, 404, "{path}");
    }
    for address in [pages, operations] {
        let delivery = bot.request(b"{}".to_vec()).send(address).await;
        assert_eq!(delivery.status, 404, "a webhook is taken on one listener only");
    }
}

#[tokio::test]
async fn links_lead_to_the_pages() {
    let bot = Bot::on(crate::support::bot::Home::seeded(), |settings| {
        settings.server.public_url = Some("https://writ.example.org".to_owned());
    })
    .await;
    let run = bot.comment("/plan pause-trading reason=\"see it first\"").await;
    let reply = bot.reply().await;
    assert!(reply.contains(&format!("https://writ.example.org/runs/{run}")), "{reply}");
}
