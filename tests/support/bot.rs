//! The bot as its users meet it: a real server on a loopback port, the local forge, a real bare repository.
//!
//! ```text
//! let bot = Bot::start().await;
//! bot.comment("/actuate pause-trading reason=\"…\" confirm=ACTUATE_TORGHUT").await;
//! assert!(bot.reply().await.contains("Proposed"));
//! ```

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use writ::cli::settings::{ForgeSettings, LedgerSettings, RepositorySettings, ServerSettings, Settings};
use writ::cli::wiring::{self, Running};
use writ::domain::admission::Quotas;
use writ::domain::names::{AccountId, CommentId, IssueNumber, RepositoryName, RunId};
use writ::domain::run::Position;
use writ::ports::forge::Permission;
use writ::ports::forge::conversation::ShownPull;
use writ::ports::forge::github::webhook::Secrets;
use writ::ports::forge::local::LocalForge;
use writ::ports::store::Run;

use super::http::{Answer, Request};
use super::manifests;
use super::records;
use super::repository::TestRepository;

/// The webhook secret of every test server.
pub const SECRET: &str = "a-secret-for-tests-only";
/// Long enough for a debug build on a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a bot is started on: folders that outlive a restart.
pub struct Home {
    folder: TempDir,
    /// The target repository, bare.
    pub repository: TestRepository,
}

/// A running bot with one repository, one issue, and `ada`, who may write.
pub struct Bot {
    /// What it runs on.
    pub home: Home,
    /// The server.
    pub running: Running,
    /// What people do.
    pub forge: LocalForge,
    /// The issue that comments are made on.
    pub issue: IssueNumber,
}

/// The repository that every test bot serves.
pub fn repository_name() -> RepositoryName {
    "example/lab".to_owned().try_into().unwrap()
}

/// GitHub's payload for a new comment, as far as anybody reads it.
pub fn comment_payload(
    issue: IssueNumber,
    login: &str,
    author: AccountId,
    comment: CommentId,
    body: &str,
) -> Value {
    let user = json!({"id": author.0, "login": login, "type": "User"});
    // Each a second later than the one before it.
    let at = jiff::Timestamp::from_second(1_770_892_495 + i64::try_from(comment.0).unwrap()).unwrap();
    let url = format!("https://forge.example/example/lab/issues/{issue}#issuecomment-{comment}");
    json!({
        "action": "created",
        "issue": {"number": issue.0},
        "comment": {
            "id": comment.0, "html_url": url, "body": body, "user": user,
            "created_at": at.to_string(), "updated_at": at.to_string(),
        },
        "repository": {"full_name": "example/lab"},
        "sender": user,
    })
}

/// A delivery signed with [`SECRET`], to be changed before it is sent.
pub fn signed(body: Vec<u8>) -> Request {
    Request::post("/webhooks/github")
        .header("content-type", "application/json")
        .header("x-github-event", "issue_comment")
        .header("x-github-delivery", &super::http::unique("delivery"))
        .header("x-hub-signature-256", &Secrets::new([SECRET.to_owned()]).sign(&body))
        .body(body)
}

impl Home {
    /// A repository with these files on `main`, by full path.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let repository = TestRepository::bare();
        repository.commit("main", files);
        Self { folder: TempDir::new().unwrap(), repository }
    }

    /// A repository with the small manifests.
    pub fn seeded() -> Self {
        let files = manifests::all();
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        Self::with(&files)
    }

    /// The folder of database, mirrors and key.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Settings of a server on this home, on free ports.
    pub fn settings(&self) -> Settings {
        let defaults = ServerSettings::defaults(&self.data()).unwrap();
        let server = ServerSettings {
            listen: ([127, 0, 0, 1], 0).into(),
            pages: ([127, 0, 0, 1], 0).into(),
            operations: ([127, 0, 0, 1], 0).into(),
            max_body_bytes: 64 * 1024,
            agents: vec!["machine".to_owned()],
            quotas: Quotas { commands: 1000, actor: 100, lane: 100, repository: 100 },
            ledger: LedgerSettings { origin: "example.com/ledger".into(), ..defaults.ledger },
            ..defaults
        };
        Settings {
            server,
            secrets: Secrets::new([SECRET.to_owned()]),
            forge: ForgeSettings::Local,
            repositories: vec![RepositorySettings {
                name: repository_name(),
                remote: self.repository.path().to_str().unwrap().to_owned(),
                base: "main".to_owned().try_into().unwrap(),
                gitops_path: Some(manifests::ROOT.to_owned()),
                observe: Vec::new(),
                calendar: None,
                notify_issue: None,
                watch: None,
            }],
            program: env!("CARGO_BIN_EXE_writ").into(),
            failpoint: None,
        }
    }
}

impl Bot {
    /// A bot on the small manifests.
    pub async fn start() -> Self {
        Self::on(Home::seeded(), |_| {}).await
    }

    /// A bot on a home, with changed settings.
    pub async fn on(home: Home, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = home.settings();
        change(&mut settings);
        let running = wiring::start(settings).await.unwrap();
        let forge = running.local_forge.clone().unwrap();
        let name = repository_name();
        forge.grant(&name, "ada", Permission::Write).await.unwrap();
        forge.grant(&name, "rex", Permission::Read).await.unwrap();
        let issue = forge.add_issue(&name, "Orders are being rejected", "").await.unwrap();
        Self { home, running, forge, issue }
    }

    /// Stops it, drained, and starts it again on what it left.
    pub async fn restart(self, change: impl FnOnce(&mut Settings)) -> Self {
        let Self { home, running, issue, .. } = self;
        running.stop().await;
        let mut settings = home.settings();
        change(&mut settings);
        let running = wiring::start(settings).await.unwrap();
        let forge = running.local_forge.clone().unwrap();
        Self { home, running, forge, issue }
    }

    /// Ada comments; the webhook must be taken. Gives the run.
    pub async fn comment(&self, body: &str) -> RunId {
        self.comment_as("ada", body).await
    }

    /// Somebody comments; the webhook must be taken. Gives the run.
    pub async fn comment_as(&self, login: &str, body: &str) -> RunId {
        let (_, answer) = self.deliver(login, body).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        answer.json()["run"].as_str().unwrap().to_owned().try_into().unwrap()
    }

    /// Somebody comments, and the forge's webhook is sent. Gives the comment and the answer.
    pub async fn deliver(&self, login: &str, body: &str) -> (CommentId, Answer) {
        let comment = self.forge.add_comment(&repository_name(), self.issue, login, body).await.unwrap();
        let payload = self.payload(login, comment.author, comment.id, body);
        (comment.id, self.send(&payload).await)
    }

    /// GitHub's payload for a new comment, as far as anybody reads it.
    pub fn payload(&self, login: &str, author: AccountId, comment: CommentId, body: &str) -> Value {
        comment_payload(self.issue, login, author, comment, body)
    }

    /// Sends a payload as GitHub does, signed, under a new delivery id.
    pub async fn send(&self, payload: &Value) -> Answer {
        self.request(payload.to_string().into_bytes()).send(self.running.address).await
    }

    /// A signed delivery, to be changed before it is sent.
    pub fn request(&self, body: Vec<u8>) -> Request {
        signed(body)
    }

    /// Waits until nothing is left to do.
    pub async fn settle(&self) {
        let mut progress = self.running.progress.clone();
        let settled = async {
            loop {
                progress.mark_unchanged();
                if self.running.store.next_due().await.unwrap().is_none() {
                    return;
                }
                progress.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.expect("the bot has come to an end");
    }

    /// Waits until the newest run is over, and gives the text of its one status comment.
    pub async fn reply(&self) -> String {
        self.settle().await;
        let run = self.runs().await.remove(0);
        assert_eq!(run.position, Position::Settled);
        let mut replies = self.replies(&run.id).await;
        assert_eq!(replies.len(), 1, "one status comment per run: {replies:?}");
        replies.remove(0)
    }

    /// The bot's comments for a run.
    pub async fn replies(&self, run: &RunId) -> Vec<String> {
        let marker = format!("<!-- writ:run:{run} -->");
        let comments = self.forge.comments(&repository_name(), self.issue).await.unwrap();
        let of_run = comments.into_iter().filter(|found| found.bot && found.comment.body.contains(&marker));
        of_run.map(|found| found.comment.body).collect()
    }

    /// All runs, newest first.
    pub async fn runs(&self) -> Vec<Run> {
        self.running.store.runs(100).await.unwrap()
    }

    /// The kinds of the newest run's records, oldest first.
    pub async fn records(&self) -> Vec<String> {
        let run = self.runs().await.remove(0);
        records::kinds(&self.running.store.leaves_of(&run.id).await.unwrap())
    }

    /// A run's first record of this kind.
    pub async fn record(&self, run: &RunId, kind: &str) -> Value {
        let leaves = self.running.store.leaves_of(run).await.unwrap();
        let mut records = leaves.iter().map(records::read);
        records.find(|record| record["kind"] == kind).unwrap_or_else(|| panic!("no `{kind}` of run `{run}`"))
    }

    /// A person takes a run's pull request out of draft and merges it.
    pub async fn merge(&self, run: &RunId) {
        let pulls = self.pulls().await;
        let pull = pulls.iter().find(|pull| pull.pull.branch.ends_with(run.as_str())).unwrap();
        self.forge.set_draft(&repository_name(), pull.pull.number, false).await.unwrap();
        self.forge.merge(&repository_name(), pull.pull.number).await.unwrap();
    }

    /// All pull requests, newest first.
    pub async fn pulls(&self) -> Vec<ShownPull> {
        self.forge.pulls(&repository_name()).await.unwrap()
    }

    /// The branches of the target repository beside `main`.
    pub fn branches(&self) -> Vec<String> {
        self.home.repository.branches()
    }
}
