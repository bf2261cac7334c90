//! Requests to the bot, changed piece by piece before they are sent, and its answers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::Request as HttpRequest;
use http_body_util::Full;
use serde_json::Value;

/// A request to be sent.
pub struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub text: String,
    /// `Retry-After`, if it was given.
    pub retry_after: Option<String>,
}

/// A name that no other call gives.
pub fn unique(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("{what}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Request {
    /// A GET.
    pub fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), headers: vec![], body: vec![] }
    }

    /// A POST.
    pub fn post(path: &str) -> Self {
        Self { method: "POST", ..Self::get(path) }
    }

    /// Sets a header in place of one with the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a header out.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Sends it.
    pub async fn send(self, to: SocketAddr) -> Answer {
        self.try_send(to).await.expect("an answer")
    }

    /// Sends it; `None` where the other side goes away without an answer.
    pub async fn try_send(self, to: SocketAddr) -> Option<Answer> {
        let address = format!("http://{to}{}", self.path);
        let mut request = HttpRequest::builder().method(self.method).uri(address);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = super::client::send(request.body(Full::new(self.body.into())).unwrap()).await.ok()?;
        let retry_after = answer.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        Some(Answer { status: answer.status.as_u16(), text, retry_after })
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The reason code of a refusal.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_else(|| panic!("no code: {}", self.text)).to_owned()
    }
}
