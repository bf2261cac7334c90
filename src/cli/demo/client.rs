//! Sends the webhooks that GitHub would send, with GitHub's signature: a comment was made, a pull request was opened.

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::domain::names::{IssueNumber, RepositoryName};
use crate::ports::forge::Comment;
use crate::ports::forge::github::webhook::{DELIVERY_HEADER, EVENT_HEADER, PATH, SIGNATURE_HEADER, Secrets};

/// Sends webhooks to one server.
pub(crate) struct WebhookSender {
    client: Client<HttpConnector, Full<Bytes>>,
    base_url: String,
    secrets: Secrets,
}

/// One delivery: an id, the event, and the bytes that are signed.
pub(crate) struct DemoDelivery {
    id: String,
    event: &'static str,
    body: Vec<u8>,
}

/// What the server answered.
pub(crate) struct ServerAnswer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The JSON body; null where there is none.
    pub body: Value,
}

impl WebhookSender {
    /// A sender that knows the webhook's secret.
    pub(crate) fn new(base_url: &str, secrets: Secrets) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base_url: base_url.to_owned(), secrets }
    }

    /// Sends a delivery with its signature.
    ///
    /// # Errors
    /// - the server cannot be reached
    pub(crate) async fn send(&self, delivery: &DemoDelivery) -> anyhow::Result<ServerAnswer> {
        self.post(delivery, Some(self.secrets.sign(&delivery.body))).await
    }

    /// Sends it as somebody would who does not know the secret.
    ///
    /// # Errors
    /// - the server cannot be reached
    pub(crate) async fn send_unsigned(&self, delivery: &DemoDelivery) -> anyhow::Result<ServerAnswer> {
        self.post(delivery, None).await
    }

    async fn post(&self, delivery: &DemoDelivery, signature: Option<String>) -> anyhow::Result<ServerAnswer> {
        let mut request = Request::post(format!("{}{PATH}", self.base_url))
            .header("content-type", "application/json")
            .header(EVENT_HEADER, delivery.event)
            .header(DELIVERY_HEADER, &delivery.id);
        if let Some(signature) = signature {
            request = request.header(SIGNATURE_HEADER, signature);
        }
        let request = request.body(Full::from(delivery.body.clone()))?;
        let response = self.client.request(request).await.context("sending the webhook")?;
        let status = response.status();
        let body = response.into_body().collect().await.context("reading the answer")?.to_bytes();
        Ok(ServerAnswer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }
}

impl DemoDelivery {
    /// The delivery for a comment that was just made. The id is the caller's: GitHub uses a new one each time.
    pub(crate) fn of_comment(
        id: &str,
        repository: &RepositoryName,
        issue: IssueNumber,
        login: &str,
        comment: &Comment,
        pages: &str,
    ) -> Self {
        let author = json!({"id": comment.author, "login": login, "type": "User"});
        let page = format!("{pages}/{repository}/issues/{issue}");
        let payload = json!({
            "action": "created",
            "issue": {"number": issue, "html_url": page},
            "comment": {
                "id": comment.id,
                "html_url": format!("{page}#issuecomment-{}", comment.id),
                "body": comment.body,
                "created_at": comment.created_at.to_string(),
                "updated_at": comment.updated_at.to_string(),
                "user": author,
                "performed_via_github_app": null,
            },
            "repository": {"full_name": repository, "name": repository.name(), "owner": {"login": repository.owner()}},
            "sender": author,
        });
        Self { id: id.to_owned(), event: "issue_comment", body: payload.to_string().into_bytes() }
    }

    /// The delivery for a pull request that was just opened.
    pub(crate) fn of_opened(id: &str, repository: &RepositoryName, pull: IssueNumber) -> Self {
        let payload = json!({
            "action": "opened",
            "number": pull,
            "pull_request": {"number": pull},
            "repository": {"full_name": repository, "name": repository.name(), "owner": {"login": repository.owner()}},
            "sender": {"id": 1, "login": "writ[bot]", "type": "Bot"},
        });
        Self { id: id.to_owned(), event: "pull_request", body: payload.to_string().into_bytes() }
    }
}
