//! The emulator and a real git server as one GitHub.
//!
//! The emulator knows no git over HTTP, and the git server knows no tokens. A proxy before the git server joins them:
//! a token that the emulator gave out opens the git server (which does the checking, by HTTP basic authentication),
//! and when a push has ended, every branch is mirrored into the emulator through its git data API before the push is
//! answered. Objects keep their ids on the way, which is asserted for each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};

use super::client;
use super::emulator::{Emulator, OWNER, REPOSITORY};
use super::git_server::{Access, GitServer};
use super::repository::{git, run};

/// A running pair.
pub struct Hub {
    inner: Arc<Inner>,
    address: SocketAddr,
}

struct Inner {
    emulator: Emulator,
    server: GitServer,
    bare: PathBuf,
}

impl Hub {
    /// Starts both, with a bare copy of this repository; `None` where one of them cannot run here.
    pub async fn start(what: &str, from: &Path) -> Option<Self> {
        let server = GitServer::start(Access::Locked)?;
        let emulator = Emulator::start(what).await?;
        let bare = server.host(REPOSITORY, from);
        let inner = Arc::new(Inner { emulator, server, bare });
        inner.mirror().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let router = axum::Router::new().fallback(forward).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Some(Self { inner, address })
    }

    /// The emulator.
    pub fn emulator(&self) -> &Emulator {
        &self.inner.emulator
    }

    /// The git server.
    pub fn server(&self) -> &GitServer {
        &self.inner.server
    }

    /// The bare repository that the git server serves.
    pub fn bare(&self) -> &Path {
        &self.inner.bare
    }

    /// Where the bot fetches from and pushes to.
    pub fn remote(&self) -> String {
        format!("http://{}/{REPOSITORY}.git", self.address)
    }

    /// Branches and where they point, as the git server has them.
    pub fn branches(&self) -> BTreeMap<String, String> {
        self.inner.branches()
    }

    /// Has the emulator deliver these events of the repository to this address, signed with this secret.
    pub async fn deliver_to(&self, url: &str, secret: &str, events: &[&str]) {
        let hook = json!({
            "config": { "url": url, "secret": secret, "content_type": "json" }, "events": events
        });
        self.emulator().act(OWNER, Method::POST, &format!("/repos/{REPOSITORY}/hooks"), &hook).await;
    }
}

impl Inner {
    fn branches(&self) -> BTreeMap<String, String> {
        let listed =
            git(&self.bare, &["for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"]);
        let pair = |line: &str| line.split_once(' ').map(|(name, id)| (name.to_owned(), id.to_owned()));
        listed.lines().filter_map(pair).collect()
    }

    /// Makes the emulator's branches those of the git server.
    async fn mirror(&self) {
        for (branch, tip) in self.branches() {
            for commit in git(&self.bare, &["rev-list", "--reverse", "--topo-order", &tip]).lines() {
                if !self.has("commits", commit).await {
                    self.mirror_commit(commit).await;
                }
            }
            let path = format!("/repos/{REPOSITORY}/git/refs/heads/{branch}");
            let moved = json!({ "sha": tip, "force": true });
            if self.emulator.try_act(OWNER, Method::PATCH, &path, &moved).await.status.is_success() {
                continue;
            }
            let made = json!({ "ref": format!("refs/heads/{branch}"), "sha": tip });
            self.post("refs", &made).await;
        }
    }

    async fn mirror_commit(&self, commit: &str) {
        let tree = git(&self.bare, &["rev-parse", &format!("{commit}^{{tree}}")]);
        // Deepest folders first, so that each finds its parts.
        let mut trees = vec![tree.clone()];
        let listed = git(&self.bare, &["ls-tree", "-r", "-d", "--format=%(objectname)", &tree]);
        trees.extend(listed.lines().map(str::to_owned));
        for tree in trees.iter().rev() {
            if !self.has("trees", tree).await {
                self.mirror_tree(tree).await;
            }
        }
        let show = |format: &str| git(&self.bare, &["show", "-s", &format!("--format={format}"), commit]);
        let person = |who: &str| {
            let (name, email) = (show(&format!("%{who}n")), show(&format!("%{who}e")));
            json!({ "name": name, "email": email, "date": show(&format!("%{who}I")) })
        };
        let parents = show("%P");
        let parents: Vec<&str> = parents.split_whitespace().collect();
        let fields = json!({
            "message": format!("{}\n", show("%B").trim_end()), "tree": tree, "parents": parents,
            "author": person("a"), "committer": person("c")
        });
        assert_eq!(self.post("commits", &fields).await["sha"], commit, "a commit keeps its id");
    }

    async fn mirror_tree(&self, tree: &str) {
        let mut entries = Vec::new();
        for line in git(&self.bare, &["ls-tree", tree]).lines() {
            let (head, path) = line.split_once('\t').expect("a path");
            let [mode, kind, id] = head.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            if kind == "blob" && !self.has("blobs", id).await {
                let content = run(&self.bare, &["cat-file", "blob", id], None);
                // The helper drops the last line ends; git's own count says how many there were.
                let size: usize = git(&self.bare, &["cat-file", "-s", id]).parse().expect("a size");
                let content = format!("{content}{}", "\n".repeat(size - content.len()));
                let made = self.post("blobs", &json!({ "content": content, "encoding": "utf-8" })).await;
                assert_eq!(made["sha"], id, "{path} keeps its id");
            }
            entries.push(json!({ "path": path, "mode": mode, "type": kind, "sha": id }));
        }
        assert_eq!(self.post("trees", &json!({ "tree": entries })).await["sha"], tree, "a tree keeps its id");
    }

    async fn has(&self, kind: &str, id: &str) -> bool {
        let path = format!("/repos/{REPOSITORY}/git/{kind}/{id}");
        self.emulator.try_act(OWNER, Method::GET, &path, &Value::Null).await.status.is_success()
    }

    async fn post(&self, kind: &str, fields: &Value) -> Value {
        self.emulator.act(OWNER, Method::POST, &format!("/repos/{REPOSITORY}/git/{kind}"), fields).await
    }

    /// Lets a token in that the emulator gave out; any other is left to the git server to refuse.
    fn open(&self, headers: &HeaderMap) {
        let given = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let decoded = data_encoding::BASE64.decode(given.trim_start_matches("Basic ").as_bytes());
        let decoded = String::from_utf8(decoded.unwrap_or_default()).unwrap_or_default();
        let Some(("x-access-token", token)) = decoded.split_once(':') else { return };
        if self.emulator.recorder.tokens().iter().any(|known| known == token) {
            self.server.forget_users();
            self.server.allow("x-access-token", token);
        }
    }
}

async fn forward(State(inner): State<Arc<Inner>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.expect("a whole request");
    inner.open(&parts.headers);
    let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let address = format!("{}{path_and_query}", inner.server.address());
    let mut onward = Request::builder().method(parts.method).uri(address);
    let of_the_hop = ["host", "transfer-encoding", "content-length", "connection", "expect"];
    for (name, value) in parts.headers.iter().filter(|(name, _)| !of_the_hop.contains(&name.as_str())) {
        onward = onward.header(name, value);
    }
    let answer = client::send(onward.body(Full::new(body)).expect("a request")).await.expect("an answer");
    if parts.uri.path().ends_with("/git-receive-pack") && answer.status.is_success() {
        inner.mirror().await;
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers.iter().filter(|(name, _)| !of_the_hop.contains(&name.as_str())) {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("an answer")
}
