//! The server is killed at every point of every step of a look, and started again: one check run, nothing told twice.

use std::path::Path;

use tokio::task::JoinSet;
use writ::domain::names::{CommitId, IssueNumber};
use writ::domain::pull::Conclusion;
use writ::domain::run::Step;
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::local::LocalForge;
use writ::ports::store::SqliteStore;
use writ::service::failpoint::Moment;

use crate::support::bot::{repository_name, signed};
use crate::support::http::Request;
use crate::support::process::Stage;
use crate::support::pulls::{kinds, new_pull, pull_payload};

/// What stands on disk: a pull request that a person opened, and the delivery that tells of it.
struct Opened {
    stage: Stage,
    forge: LocalForge,
    head: CommitId,
    body: Vec<u8>,
}

impl Opened {
    async fn set() -> Self {
        let stage = Stage::set().await;
        let database = stage.home.data().join("forge.db");
        let forge = LocalForge::open(&database, "http://127.0.0.1", jiff::Timestamp::now).await.unwrap();
        let repository = &stage.home.repository;
        repository.git(&["branch", "work", "main"]);
        let head = repository.commit("work", &[("docs/readme.md", "words\n")]);
        let number = forge.propose(&repository_name(), "wes", &new_pull("work"), None).await.unwrap();
        let body = payload(number);
        Self { stage, forge, head, body }
    }

    fn delivery(&self) -> Request {
        let request = signed(self.body.clone()).header("x-github-delivery", "first");
        request.header("x-github-event", "pull_request")
    }

    /// What one look leaves behind, whatever happened on the way.
    async fn one_of_each(&self, story: &str) {
        let mut checks = self.forge.checks(&repository_name(), &self.head).await.unwrap();
        checks.retain(|check| check.name == "writ/policy");
        let [check] = &checks[..] else { panic!("{story}: {checks:?}") };
        assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{story}");
        let runs = self.stage.runs().await;
        assert!(matches!(&runs[..], [(_, true)]), "{story}: {runs:?}");
        let told = told(&self.stage.home.data().join("writ.db")).await;
        assert_eq!(told, ["look.accepted", "pull.seen", "verdict.given", "check.concluded"], "{story}");
        self.stage.audit().await;
    }
}

fn payload(number: IssueNumber) -> Vec<u8> {
    pull_payload("opened", number, 0).to_string().into_bytes()
}

async fn told(database: &Path) -> Vec<String> {
    let store = SqliteStore::open_to_read(database).await.unwrap();
    let told = kinds(&store, 0).await;
    store.close().await;
    told
}

async fn killed_at(failpoint: String) {
    let opened = Opened::set().await;
    let doomed = opened.stage.serve(&failpoint).await;
    // The process may die before it has answered; then GitHub does not know, and somebody redelivers.
    let sent = tokio::spawn(opened.delivery().try_send(doomed.address));
    let status = doomed.ended().await;
    assert!(!status.success(), "{failpoint}: {status}");
    let answered = sent.await.unwrap();
    let mut process = opened.stage.serve("").await;
    if !opened.stage.runs().await.iter().any(|(_, over)| *over) {
        process.runs_over(1).await;
    }
    let again = opened.delivery().send(process.address).await;
    assert_eq!(again.status, 200, "{failpoint}: answered {answered:?}, again {}", again.text);
    process.stop().await;
    opened.one_of_each(&failpoint).await;
}

async fn repeated(failpoint: String) {
    let opened = Opened::set().await;
    let mut process = opened.stage.serve(&failpoint).await;
    assert_eq!(opened.delivery().send(process.address).await.status, 202);
    process.runs_over(1).await;
    process.stop().await;
    opened.one_of_each(&failpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_of_a_look_and_started_again() {
    let mut stories = JoinSet::new();
    let mut count = 0;
    for step in [Step::Observe, Step::Judge, Step::Conclude, Step::Approve] {
        for moment in Moment::ALL {
            let failpoint = format!("{}:{}", step.as_str(), moment.as_str());
            match moment {
                Moment::Repeat => stories.spawn(repeated(failpoint)),
                _ => stories.spawn(killed_at(failpoint)),
            };
            count += 1;
            if stories.len() >= 6 {
                stories.join_next().await.unwrap().unwrap();
            }
        }
    }
    stories.join_all().await;
    assert_eq!(count, 20);
}
