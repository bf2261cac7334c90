//! The stages of the forge suite: the local forge over a real repository, and GitHub's emulator.

use std::path::PathBuf;

use async_trait::async_trait;
use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use writ::domain::approval::Opinion;
use writ::domain::names::{BranchName, CheckId, CommentId, CommitId, IssueNumber, RepositoryName};
use writ::ports::forge::check::Check;
use writ::ports::forge::github::{Credentials, Github, Options, Timeouts};
use writ::ports::forge::local::LocalForge;
use writ::ports::forge::{Forge, Permission};

use super::forge::Stage;
use crate::support::emulator::{APP_ID, Emulator, REPOSITORY};
use crate::support::repository::TestRepository;

/// The local forge.
pub struct LocalStage {
    pub forge: LocalForge,
    pub git: TestRepository,
    folder: TempDir,
}

impl LocalStage {
    /// A forge that hosts `acme/lab`.
    pub async fn start() -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let git = TestRepository::bare();
        git.commit("main", &[("README.md", "about\n")]);
        let forge = LocalForge::open(
            &folder.path().join("forge.sqlite"),
            "http://127.0.0.1:1/forge/",
            Timestamp::now,
        )
        .await
        .expect("a forge");
        let stage = Self { forge, git, folder };
        stage.forge.host(&stage.repository(), stage.git.path()).await.expect("a hosted repository");
        for (login, level) in
            [("ada", Permission::Admin), ("wes", Permission::Write), ("rita", Permission::Read)]
        {
            stage.forge.grant(&stage.repository(), login, level).await.expect("a grant");
        }
        Some(stage)
    }

    /// The forge's database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("forge.sqlite")
    }
}

#[async_trait]
impl Stage for LocalStage {
    fn forge(&self) -> &dyn Forge {
        &self.forge
    }

    fn repository(&self) -> RepositoryName {
        "acme/lab".parse().expect("a name")
    }

    async fn open_issue(&self, _login: &str) -> IssueNumber {
        self.forge.add_issue(&self.repository(), "Stop it", "").await.expect("an issue")
    }

    async fn comment(&self, login: &str, issue: IssueNumber, body: &str) -> CommentId {
        self.forge.add_comment(&self.repository(), issue, login, body).await.expect("a comment").id
    }

    async fn edit(&self, _login: &str, comment: CommentId, body: &str) {
        self.forge.edit_comment(comment, body).await.expect("an edit");
    }

    async fn delete(&self, _login: &str, comment: CommentId) {
        self.forge.delete_comment(comment).await.expect("a deletion");
    }

    async fn comments(&self, issue: IssueNumber) -> Vec<(String, String)> {
        let comments = self.forge.comments(&self.repository(), issue).await.expect("comments");
        comments.into_iter().map(|one| (one.login, one.comment.body)).collect()
    }

    async fn branch(&self, branch: &BranchName) {
        self.git.git(&["branch", branch.as_str(), "main"]);
        self.git.commit(branch.as_str(), &[("README.md", "changed\n")]);
    }

    async fn commit(&self) -> CommitId {
        self.git.tip("main").expect("main")
    }

    async fn rerequest(&self, _check: CheckId, of: &Check) {
        self.forge.rerequest(&self.repository(), &of.head, &of.name).await.expect("asked again");
    }

    async fn report(&self, head: &CommitId, name: &str, conclusion: &str) -> Option<String> {
        let repository = self.repository();
        self.forge.report_check(&repository, head, ("ci", name), Some(conclusion)).await.expect("reported");
        Some("ci".to_owned())
    }

    async fn merge_pull(&self, _login: &str, pull: IssueNumber) {
        self.forge.merge(&self.repository(), pull).await.expect("merged");
    }

    async fn close_pull(&self, _login: &str, pull: IssueNumber) {
        self.forge.close(&self.repository(), pull).await.expect("closed");
    }

    async fn review(&self, login: &str, pull: IssueNumber, opinion: Opinion) -> u64 {
        self.forge.review(&self.repository(), pull, login, opinion).await.expect("a review")
    }

    async fn dismiss(&self, _login: &str, _pull: IssueNumber, review: u64) {
        self.forge.dismiss(review).await.expect("dismissed");
    }

    async fn pulls(&self) -> Vec<(String, Vec<String>)> {
        let pulls = self.forge.pulls(&self.repository()).await.expect("pull requests");
        pulls.into_iter().map(|one| (one.pull.title, one.labels)).collect()
    }

    fn finish(&self) {}
}

/// GitHub, played by its emulator.
pub struct GithubStage {
    forge: Github,
    emulator: Emulator,
}

impl GithubStage {
    /// The emulator with the bot as an App; `None` where it is not installed.
    pub async fn start() -> Option<Self> {
        let emulator = Emulator::start("the forge suite on the emulator").await?;
        let credentials = Credentials::App { id: APP_ID, private_key: emulator.app_key.as_str().into() };
        let options = Options {
            base_url: emulator.url(),
            credentials,
            timeouts: Timeouts::default(),
            now: Timestamp::now,
        };
        let forge = Github::new(&options).expect("right options");
        Some(Self { forge, emulator })
    }

    async fn act(&self, login: &str, method: Method, path: &str, body: Value) -> Value {
        self.emulator.act(login, method, &format!("/repos/{REPOSITORY}{path}"), &body).await
    }
}

#[async_trait]
impl Stage for GithubStage {
    fn forge(&self) -> &dyn Forge {
        &self.forge
    }

    fn repository(&self) -> RepositoryName {
        REPOSITORY.parse().expect("a name")
    }

    async fn open_issue(&self, login: &str) -> IssueNumber {
        IssueNumber(self.emulator.open_issue(login, "Stop it").await)
    }

    async fn comment(&self, login: &str, issue: IssueNumber, body: &str) -> CommentId {
        CommentId(self.emulator.comment(login, issue.0, body).await)
    }

    async fn edit(&self, login: &str, comment: CommentId, body: &str) {
        self.act(login, Method::PATCH, &format!("/issues/comments/{comment}"), json!({ "body": body })).await;
    }

    async fn delete(&self, login: &str, comment: CommentId) {
        self.act(login, Method::DELETE, &format!("/issues/comments/{comment}"), Value::Null).await;
    }

    async fn comments(&self, issue: IssueNumber) -> Vec<(String, String)> {
        self.emulator.comments(issue.0).await
    }

    async fn branch(&self, _branch: &BranchName) {
        // The emulator opens pull requests for branches that it does not have.
    }

    async fn commit(&self) -> CommitId {
        let main = self.act("ada", Method::GET, "/git/ref/heads/main", Value::Null).await;
        main["object"]["sha"].as_str().expect("an id").parse().expect("a commit")
    }

    async fn rerequest(&self, check: CheckId, _of: &Check) {
        self.act("ada", Method::POST, &format!("/check-runs/{check}/rerequest"), Value::Null).await;
    }

    async fn report(&self, _head: &CommitId, _name: &str, _conclusion: &str) -> Option<String> {
        // The emulator has one App, which is the bot; `faults/checks.rs` plays others.
        None
    }

    async fn merge_pull(&self, login: &str, pull: IssueNumber) {
        self.act(login, Method::PUT, &format!("/pulls/{pull}/merge"), json!({})).await;
    }

    async fn close_pull(&self, login: &str, pull: IssueNumber) {
        self.act(login, Method::PATCH, &format!("/pulls/{pull}"), json!({ "state": "closed" })).await;
    }

    async fn review(&self, login: &str, pull: IssueNumber, opinion: Opinion) -> u64 {
        let event = match opinion {
            Opinion::Approved => "APPROVE",
            Opinion::ChangesRequested => "REQUEST_CHANGES",
            Opinion::Commented | Opinion::Dismissed => "COMMENT",
        };
        let fields = json!({ "event": event, "body": "looked at it" });
        let made = self.act(login, Method::POST, &format!("/pulls/{pull}/reviews"), fields).await;
        made["id"].as_u64().expect("an id")
    }

    async fn dismiss(&self, login: &str, pull: IssueNumber, review: u64) {
        let path = format!("/pulls/{pull}/reviews/{review}/dismissals");
        self.act(login, Method::PUT, &path, json!({ "message": "not any more" })).await;
    }

    async fn pulls(&self) -> Vec<(String, Vec<String>)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let labels = |pull: &Value| {
            let mut names: Vec<_> =
                pull["labels"].as_array().into_iter().flatten().map(|one| text(&one["name"])).collect();
            names.sort();
            names
        };
        self.emulator.pulls().await.iter().map(|pull| (text(&pull["title"]), labels(pull))).collect()
    }
    fn finish(&self) {
        // Every request is as GitHub's OpenAPI description says.
        self.emulator.recorder.assert_described();
    }
}
