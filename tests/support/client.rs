//! A small HTTP client for what a test itself asks, apart from the bot.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null when it is empty.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in the answer {text}"))
    }
}

/// Sends a request as it is; the address is in its URI.
pub async fn send(request: Request<Full<Bytes>>) -> Result<Answer, hyper_util::client::legacy::Error> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response: Response<_> = client.request(request).await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole answer").to_bytes();
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}

/// Sends a JSON body (none when null) with a bearer token (none when empty).
pub async fn ask(method: Method, address: &str, token: &str, body: &Value) -> Answer {
    let mut request = Request::builder().method(method).uri(address).header("user-agent", "writ-tests");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    if !body.is_null() {
        request = request.header("content-type", "application/json");
    }
    send(request.body(Full::new(bytes)).expect("a request")).await.expect("an answer")
}
