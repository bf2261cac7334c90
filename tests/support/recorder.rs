//! A proxy that keeps every request, so that all of them can be checked against GitHub's published description.
//!
//! It can also lose an answer: the request reaches its target and has its effect, the sender never learns of it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::{Full, Limited};
use serde::Serialize;
use serde_json::Value;

use super::{client, node};

/// One request, as `tests/peers/check-openapi.mjs` reads it. Header values are left out: tokens are among them.
#[derive(Debug, Clone, Serialize)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub headers: Vec<String>,
    pub body: Value,
    pub status: u16,
}

#[derive(Default)]
struct Shared {
    target: Mutex<String>,
    requests: Mutex<Vec<Recorded>>,
    to_lose: Mutex<Vec<(Method, String)>>,
    tokens: Mutex<Vec<String>>,
    arrived: tokio::sync::Notify,
}

/// The running proxy; it ends with the test's runtime.
pub struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Recorder {
    /// Starts on a free loopback port; answers 502 until it has a target.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let router = axum::Router::new().fallback(forward).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// Where it sends requests to, for example `http://127.0.0.1:4001`.
    pub fn aim(&self, target: &str) {
        *self.shared.target.lock().unwrap() = target.to_owned();
    }

    /// Its own address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Loses the answer to the next request of this method whose path ends so.
    pub fn lose_next(&self, method: Method, path_end: &str) {
        self.shared.to_lose.lock().unwrap().push((method, path_end.to_owned()));
    }

    /// What came so far, in order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// How many requests of this method came for paths that end so.
    pub fn count(&self, method: &str, path_end: &str) -> usize {
        let requests = self.requests();
        requests.iter().filter(|one| one.method == method && one.path.ends_with(path_end)).count()
    }

    /// The installation tokens that were given out, oldest first.
    pub fn tokens(&self) -> Vec<String> {
        self.shared.tokens.lock().unwrap().clone()
    }

    /// Waits until what was recorded fits; fails after three minutes, which only a machine under load comes near.
    pub async fn until(&self, what: &str, fits: impl Fn(&[Recorded]) -> bool) {
        let waiting = async {
            loop {
                let arrived = self.shared.arrived.notified();
                if fits(&self.requests()) {
                    break;
                }
                arrived.await;
            }
        };
        let longest = std::time::Duration::from_secs(180);
        if tokio::time::timeout(longest, waiting).await.is_err() {
            panic!("no {what} in time; recorded: {:#?}", self.requests());
        }
    }

    /// Fails unless every recorded request is one that GitHub describes.
    pub fn assert_described(&self) {
        if let Err(mistakes) = check(&self.requests()) {
            panic!("requests that GitHub does not describe:\n{mistakes}");
        }
    }
}

/// Checks requests by GitHub's OpenAPI description: the mistakes, one a line. Left out where the peers are missing.
pub fn check(requests: &[Recorded]) -> Result<(), String> {
    assert!(!requests.is_empty(), "nothing was recorded");
    let Some(folder) = node::folder("the check of requests against GitHub's OpenAPI description") else {
        return Ok(());
    };
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    for request in requests {
        writeln!(file, "{}", serde_json::to_string(request).unwrap()).expect("a line");
    }
    let mut command = std::process::Command::new("node");
    let output =
        command.arg("check-openapi.mjs").arg(file.path()).current_dir(folder).output().expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(said),
        _ => panic!("the check did not run: {said}{}", String::from_utf8_lossy(&output.stderr)),
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.expect("a whole request");
    let target = shared.target.lock().unwrap().clone();
    let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut onward = Request::builder().method(parts.method.clone()).uri(format!("{target}{path_and_query}"));
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != "host") {
        onward = onward.header(name, value);
    }
    let answer = client::send(onward.body(Full::new(body.clone())).expect("a request")).await;
    shared.requests.lock().unwrap().push(Recorded {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers.keys().map(ToString::to_string).collect(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        status: answer.as_ref().map_or(502, |answer| answer.status.as_u16()),
    });
    if parts.uri.path().ends_with("/access_tokens") {
        let token = answer.as_ref().ok().and_then(|answer| Some(answer.json()["token"].as_str()?.to_owned()));
        shared.tokens.lock().unwrap().extend(token);
    }
    shared.arrived.notify_waiters();
    if loses(&shared, &parts.method, parts.uri.path()) {
        // A body that fails before its first byte: the connection is closed in the middle of the answer.
        return Response::new(Body::new(Limited::new(Full::new(Bytes::from_static(b"lost")), 1)));
    }
    let Ok(answer) = answer else {
        return Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).expect("an answer");
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers.iter().filter(|(name, _)| *name != "transfer-encoding") {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("an answer")
}

fn loses(shared: &Shared, method: &Method, path: &str) -> bool {
    let mut to_lose = shared.to_lose.lock().unwrap();
    let found = to_lose.iter().position(|(wanted, end)| wanted == method && path.ends_with(end));
    found.map(|index| to_lose.remove(index)).is_some()
}
