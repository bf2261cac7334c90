//! A writ server in this process, on free loopback ports, with a data folder of its own.

use axum::http::{Method, Request};
use http_body_util::Full;
use tempfile::TempDir;
use writ::cli::settings::{Sources, load};
use writ::cli::wiring::{Running, start};

use super::client::{self, Answer};
use super::webhook;

/// The secret that deliveries are signed with.
pub const SECRET: &str = "a-webhook-secret-of-the-tests";

/// Which forge the server speaks to.
pub enum At {
    /// Bare repositories on this disk.
    Local,
    /// GitHub at this address, as an App with this id and key.
    App(String, u64, String),
}

/// A running server; dropping it ends it without draining.
pub struct Server {
    /// The server itself.
    pub running: Running,
    _folder: TempDir,
}

impl Server {
    /// Starts one that serves these repositories: name and remote of each.
    pub async fn start(at: &At, repositories: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("writ.yaml");
        let data = folder.path().join("data");
        let mut text = format!(
            "listen: 127.0.0.1:0\npages: 127.0.0.1:0\noperations: 127.0.0.1:0\ndata: {}\nforge:\n",
            data.display()
        );
        text += &match at {
            At::Local => "  kind: local\n".to_owned(),
            At::App(address, id, _) => format!("  base_url: {address}\n  app_id: {id}\n"),
        };
        text += "repositories:\n";
        for (name, remote) in repositories {
            text += &format!("  - name: {name}\n    remote: {remote}\n");
        }
        std::fs::write(&file, text).expect("a settings file");
        let variable = |name: &str| match (name, at) {
            ("WRIT_WEBHOOK_SECRET", _) => Some(SECRET.to_owned()),
            ("WRIT_AGENTS", _) => Some("machine".to_owned()),
            ("WRIT_FORGE_APP_KEY", At::App(_, _, key)) => Some(key.clone()),
            _ => None,
        };
        let sources = Sources { file: Some(&file), flags: &[], variable: &variable };
        let (mut settings, _) = load(&sources).expect("right settings");
        settings.program = env!("CARGO_BIN_EXE_writ").into();
        let running = start(settings).await.expect("the server starts");
        Self { running, _folder: folder }
    }

    /// Where GitHub would send deliveries to.
    pub fn webhook(&self) -> String {
        format!("http://{}/webhooks/github", self.running.address)
    }

    /// Sends a delivery; `signature` is the header's value, none when empty.
    pub async fn deliver(&self, event: &str, id: &str, signature: &str, body: &[u8]) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.webhook())
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/0000000")
            .header("x-github-event", event)
            .header("x-github-delivery", id);
        if !signature.is_empty() {
            request = request.header("x-hub-signature-256", signature);
        }
        let body = axum::body::Bytes::copy_from_slice(body);
        client::send(request.body(Full::new(body)).expect("a request")).await.expect("an answer")
    }

    /// Sends a delivery as GitHub would: signed.
    pub async fn deliver_signed(&self, event: &str, id: &str, body: &[u8]) -> Answer {
        self.deliver(event, id, &webhook::sign(SECRET, body), body).await
    }
}
