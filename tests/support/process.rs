//! `writ serve` as a process of its own, which can die.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use writ::domain::names::{IssueNumber, RunId};
use writ::domain::run::Position;
use writ::ports::forge::Permission;
use writ::ports::forge::conversation::ShownPull;
use writ::ports::forge::local::{BOT_LOGIN, LocalForge};
use writ::ports::store::{LedgerStore as _, RunView as _, SqliteStore};

use super::bot::{Home, SECRET, comment_payload, repository_name, signed};
use super::http::Answer;
use super::{manifests, records};

/// Long enough for a debug build on a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server process.
pub struct Process {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    /// Where webhooks are taken.
    pub address: SocketAddr,
}

/// What is on disk around server processes, and what people do there.
pub struct Stage {
    /// Folders and repository.
    pub home: Home,
    /// What people do.
    pub forge: LocalForge,
    issue: IssueNumber,
}

impl Stage {
    /// A repository with the small manifests, an issue, and `ada`, who may write.
    pub async fn set() -> Self {
        Self::on(Home::seeded()).await
    }

    /// The same on another home.
    pub async fn on(home: Home) -> Self {
        std::fs::create_dir_all(home.data()).unwrap();
        let url = "http://127.0.0.1";
        let forge = LocalForge::open(&home.data().join("forge.db"), url, jiff::Timestamp::now).await.unwrap();
        forge.host(&repository_name(), home.repository.path()).await.unwrap();
        forge.grant(&repository_name(), "ada", Permission::Write).await.unwrap();
        let issue = forge.add_issue(&repository_name(), "Orders are being rejected", "").await.unwrap();
        let settings = format!(
            "listen: 127.0.0.1:0\npages: 127.0.0.1:0\noperations: 127.0.0.1:0\ndata: {data}\nlease_seconds: 2\n\
             forge:\n  kind: local\nrepositories:\n  - name: {name}\n    remote: {remote}\n    gitops_path: {path}\n",
            data = home.data().display(),
            name = repository_name(),
            remote = home.repository.path().display(),
            path = manifests::ROOT,
        );
        std::fs::write(home.data().join("writ.yaml"), settings).unwrap();
        Self { home, forge, issue }
    }

    /// Starts a server; `failpoint` is where it ends itself, empty for nowhere.
    pub async fn serve(&self, failpoint: &str) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_writ"))
            .args(["serve", "--file"])
            .arg(self.home.data().join("writ.yaml"))
            .env("WRIT_WEBHOOK_SECRET", SECRET)
            .env("WRIT_FAILPOINT", failpoint)
            .env("WRIT_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = said.next_line().await.unwrap().expect("the server says where it listens");
            if let Some(address) = line.strip_prefix("webhooks            http://") {
                break address.parse().unwrap();
            }
        };
        Process { child, log, address }
    }

    /// Ada comments; the delivery can be sent to any process, any number of times.
    pub async fn comment(&self, body: &str) -> Vec<u8> {
        let comment = self.forge.add_comment(&repository_name(), self.issue, "ada", body).await.unwrap();
        comment_payload(self.issue, "ada", comment.author, comment.id, body).to_string().into_bytes()
    }

    /// The branches beside `main`.
    pub fn branches(&self) -> Vec<String> {
        self.home.repository.branches()
    }

    /// All pull requests.
    pub async fn pulls(&self) -> Vec<ShownPull> {
        self.forge.pulls(&repository_name()).await.unwrap()
    }

    /// The texts of the bot's comments under the commands.
    pub async fn replies(&self) -> Vec<String> {
        self.said_on(self.issue).await
    }

    /// The texts of the bot's comments on an issue or pull request.
    pub async fn said_on(&self, number: IssueNumber) -> Vec<String> {
        let comments = self.forge.comments(&repository_name(), number).await.unwrap();
        comments.into_iter().filter(|found| found.bot).map(|found| found.comment.body).collect()
    }

    /// The runs: id and whether it is over.
    pub async fn runs(&self) -> Vec<(RunId, bool)> {
        let store = SqliteStore::open_to_read(&self.home.data().join("writ.db")).await.unwrap();
        let runs = store.runs(100).await.unwrap();
        runs.into_iter().map(|run| (run.id, run.position == Position::Settled)).collect()
    }

    /// The kinds of all records, oldest first.
    pub async fn records(&self) -> Vec<String> {
        let store = SqliteStore::open_to_read(&self.home.data().join("writ.db")).await.unwrap();
        records::kinds(&store.leaves(0, 1000).await.unwrap())
    }

    /// Runs `writ audit` on what is on disk; panics where it finds something.
    pub async fn audit(&self) {
        let data = self.home.data();
        let key = data.join("ledger.vkey");
        let made =
            self.writ(&["audit", "key", "--signing-key", data.join("ledger.key").to_str().unwrap()]).await;
        std::fs::write(&key, made).unwrap();
        let (key, database) = (key.to_str().unwrap(), data.join("writ.db"));
        self.writ(&["audit", "verify", "--database", database.to_str().unwrap(), "--key", key]).await;
        for pull in self.pulls().await.into_iter().filter(|pull| pull.pull.author.login == BOT_LOGIN) {
            let body = data.join("body.md");
            std::fs::write(&body, pull.pull.body).unwrap();
            self.writ(&["audit", "verify-pr", "--body", body.to_str().unwrap(), "--key", key]).await;
        }
    }

    /// Runs writ to its end and gives what it prints; panics where it fails.
    pub async fn writ(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_writ")).args(arguments).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "writ {arguments:?}: {said}{complained}");
        said
    }
}

impl Process {
    /// Sends a delivery, signed, under an id.
    pub async fn send(&self, id: &str, body: &[u8]) -> Answer {
        signed(body.to_vec()).header("x-github-delivery", id).send(self.address).await
    }

    /// Waits until this process has brought `count` runs to their end.
    pub async fn runs_over(&mut self, count: usize) {
        let read = async {
            let mut over = 0;
            while over < count {
                let line =
                    self.log.next_line().await.unwrap().expect("the server lives until the run is over");
                assert!(!line.contains('\u{1b}'), "colours outside of a terminal: {line}");
                over += usize::from(line.contains("run finished"));
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("the run comes to its end");
    }

    /// Waits until it has ended by itself.
    pub async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the failpoint is reached").unwrap()
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it stops").unwrap();
        assert!(status.success(), "a stop is no failure: {status}");
    }
}
