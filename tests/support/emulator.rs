//! The GitHub emulator (npm `emulate`) with one organisation, one repository, an App and some people.
//!
//! It keeps state and speaks HTTP. What it lacks: reactions, commit statuses, GraphQL and git over HTTP; people
//! without a role get 404 from the permission endpoint instead of `read`. Its git objects have real ids, so a branch
//! pushed elsewhere can be mirrored into it (`mirror.rs`).

use std::process::Stdio;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::recorder::Recorder;
use super::{client, node};

/// The repository that the bot works on.
pub const REPOSITORY: &str = "acme/lab";

/// The App's id.
pub const APP_ID: u64 = 4711;

/// The person who owns the organisation: sets the stage.
pub const OWNER: &str = "olga";

/// The people and their role in the repository, as GitHub's collaborator endpoint names it; `otto` has none.
pub const PEOPLE: [(&str, &str); 7] = [
    ("ada", "admin"),
    ("max", "maintain"),
    ("wes", "push"),
    ("tim", "triage"),
    ("rita", "pull"),
    ("machine", "push"),
    ("otto", ""),
];

/// A running emulator, with the recorder in front of it.
pub struct Emulator {
    /// Every request of the bot goes through it.
    pub recorder: Recorder,
    /// The App's private key, PEM.
    pub app_key: String,
    direct: String,
    /// Ends the emulator when it is dropped, also when the test dies.
    _standard_input: ChildStdin,
    _child: Child,
}

impl Emulator {
    /// Starts it on a free loopback port; `None` (and a line about it) where the peers are not installed.
    pub async fn start(what: &str) -> Option<Self> {
        let folder = node::folder(what)?;
        let recorder = Recorder::start().await;
        let mut child = Command::new("node")
            .arg("emulator.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs");
        let mut input = child.stdin.take().expect("a pipe");
        let start = json!({ "baseUrl": recorder.url(), "seed": seed() });
        input.write_all(format!("{start}\n").as_bytes()).await.expect("the seed is read");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = lines.next_line().await.expect("output").expect("the emulator says where it is");
        let started: Value = serde_json::from_str(&line).expect("JSON");
        let direct = format!("http://127.0.0.1:{}", started["port"]);
        recorder.aim(&direct);
        let app_key = started["key"].as_str().expect("a key").to_owned();
        let emulator = Self { recorder, app_key, direct, _standard_input: input, _child: child };
        for (login, role) in PEOPLE.iter().filter(|(_, role)| !role.is_empty()) {
            let path = format!("/repos/{REPOSITORY}/collaborators/{login}");
            emulator.act(OWNER, Method::PUT, &path, &json!({ "permission": role })).await;
        }
        Some(emulator)
    }

    /// The API's address as the bot sees it.
    pub fn url(&self) -> String {
        self.recorder.url()
    }

    /// Does something as a person, past the recorder; fails unless it is done.
    pub async fn act(&self, login: &str, method: Method, path: &str, body: &Value) -> Value {
        let answer = self.try_act(login, method.clone(), path, body).await;
        assert!(
            answer.status.is_success(),
            "{method} {path} as {login}: {} {:?}",
            answer.status,
            answer.body
        );
        answer.json()
    }

    /// Does something as a person, past the recorder.
    pub async fn try_act(&self, login: &str, method: Method, path: &str, body: &Value) -> client::Answer {
        client::ask(method, &format!("{}{path}", self.direct), &token_of(login), body).await
    }

    /// Opens an issue; its number.
    pub async fn open_issue(&self, login: &str, title: &str) -> u64 {
        let path = format!("/repos/{REPOSITORY}/issues");
        let issue = self.act(login, Method::POST, &path, &json!({ "title": title })).await;
        issue["number"].as_u64().expect("a number")
    }

    /// Writes a comment; its id.
    pub async fn comment(&self, login: &str, issue: u64, body: &str) -> u64 {
        let path = format!("/repos/{REPOSITORY}/issues/{issue}/comments");
        let comment = self.act(login, Method::POST, &path, &json!({ "body": body })).await;
        comment["id"].as_u64().expect("an id")
    }

    /// The comments of an issue: login and body, oldest first.
    pub async fn comments(&self, issue: u64) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("/repos/{REPOSITORY}/issues/{issue}/comments?per_page=100&page={page}");
            let listed = self.act(OWNER, Method::GET, &path, &Value::Null).await;
            let listed = listed.as_array().expect("a list").clone();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            all.extend(listed.iter().map(|one| (text(&one["user"]["login"]), text(&one["body"]))));
            if listed.len() < 100 {
                break;
            }
        }
        all
    }

    /// All pull requests, open and closed.
    pub async fn pulls(&self) -> Vec<Value> {
        let path = format!("/repos/{REPOSITORY}/pulls?state=all&per_page=100");
        self.act(OWNER, Method::GET, &path, &Value::Null).await.as_array().expect("a list").clone()
    }
}

/// The token that a person signs in with.
pub fn token_of(login: &str) -> String {
    format!("token-of-{login}")
}

fn seed() -> Value {
    let logins = || PEOPLE.iter().map(|(login, _)| *login).chain([OWNER]);
    let users: Vec<Value> = logins().map(|login| json!({ "login": login, "name": login })).collect();
    let tokens: serde_json::Map<String, Value> = logins()
        .map(|login| (token_of(login), json!({ "login": login, "scopes": ["repo", "user", "admin:org"] })))
        .collect();
    let owner = REPOSITORY.split('/').next().unwrap_or_default();
    json!({
        "tokens": tokens,
        "github": {
            "users": users,
            "orgs": [{ "login": owner, "name": owner, "members": [{ "login": OWNER, "role": "admin" }] }],
            "repos": [{ "owner": owner, "name": "lab" }, { "owner": owner, "name": "other" }],
            "apps": [{
                "app_id": APP_ID, "slug": "writ", "name": "writ",
                "permissions": {
                    "contents": "write", "issues": "write", "pull_requests": "write", "metadata": "read",
                    "checks": "write"
                },
                "installations": [{
                    "installation_id": 99, "account": owner,
                    "repository_selection": "selected", "repositories": [REPOSITORY]
                }]
            }]
        }
    })
}
