//! Reconciliations under failures: the server is killed at every point of every step and started again, the forge
//! fails, events come in bursts. One check run, nothing recorded twice, nothing missed.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use writ::domain::names::{CommitId, IssueNumber};
use writ::domain::pull::{Conclusion, POLICY_CHECK, PullState};
use writ::domain::run::{Outcome, Step};
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::conversation::ShownCheck;
use writ::ports::forge::local::LocalForge;
use writ::ports::store::SqliteStore;
use writ::service::failpoint::Moment;

use crate::support::bot::{repository_name, signed};
use crate::support::http::Request;
use crate::support::process::Stage;
use crate::support::pulls::{kinds, new_pull, pull_payload};
use crate::support::workbench::{Failure, Workbench, code};

/// What is on disk: a pull request that a person opened, and the delivery that reports it.
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

    /// What one reconciliation leaves behind, whatever happened on the way.
    async fn one_of_each(&self, story: &str) {
        let mut checks = self.forge.checks(&repository_name(), &self.head).await.unwrap();
        checks.retain(|check| check.name == POLICY_CHECK);
        let [check] = &checks[..] else { panic!("{story}: {checks:?}") };
        assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{story}");
        let runs = self.stage.runs().await;
        assert!(matches!(&runs[..], [(_, true)]), "{story}: {runs:?}");
        let recorded = recorded(&self.stage.home.data().join("writ.db")).await;
        assert_eq!(recorded, ["look.accepted", "pull.seen", "verdict.given", "check.concluded"], "{story}");
        self.stage.audit().await;
    }
}

fn payload(number: IssueNumber) -> Vec<u8> {
    pull_payload("opened", number, 0).to_string().into_bytes()
}

async fn recorded(database: &Path) -> Vec<String> {
    let store = SqliteStore::open_to_read(database).await.unwrap();
    let recorded = kinds(&store, 0).await;
    store.close().await;
    recorded
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
async fn killed_at_any_point_of_a_reconciliation_and_started_again() {
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

/// A workbench with a pull request of a person; its number and head.
async fn bench() -> (Workbench, IssueNumber, CommitId) {
    let bench = Workbench::set().await;
    bench.home.repository.git(&["branch", "work", "main"]);
    let head = bench.home.repository.commit("work", &[("docs/readme.md", "words\n")]);
    let pull = bench.people.propose(&repository_name(), "wes", &new_pull("work"), None).await.unwrap();
    (bench, pull, head)
}

async fn policy_checks(bench: &Workbench, head: &CommitId) -> Vec<ShownCheck> {
    let mut checks = bench.people.checks(&repository_name(), head).await.unwrap();
    checks.retain(|check| check.name == POLICY_CHECK);
    checks
}

async fn checks(bench: &Workbench, head: &CommitId) -> Vec<Option<CheckStatus>> {
    policy_checks(bench, head).await.into_iter().map(|check| check.status).collect()
}

const SUCCESS: [Option<CheckStatus>; 1] = [Some(CheckStatus::Completed(Conclusion::Success))];

#[tokio::test]
async fn a_burst_of_events_is_one_reconciliation_and_what_comes_later_is_another() {
    let (bench, pull, head) = bench().await;
    let run = bench.tell("pull_request", &pull_payload("opened", pull, 0)).await;
    for number in 1..5 {
        assert_eq!(bench.tell("pull_request", &pull_payload("edited", pull, number)).await, run);
    }
    // Begun: it has read the state, so what happens now needs another reconciliation.
    bench.work_until(&run, Step::Judge).await;
    bench.people.close(&repository_name(), pull).await.unwrap();
    let joined = bench.tell("pull_request", &pull_payload("closed", pull, 5)).await;
    assert_eq!(joined, run, "it waits between two steps: it begins again");
    let over = bench.work(&run).await;
    let wanted = Outcome::Reconciled { pull, state: PullState::Closed, conclusion: None };
    assert_eq!(over.outcome, Some(wanted));
    assert!(checks(&bench, &head).await.is_empty());
    assert_eq!(kinds(&bench.store, 0).await, ["look.accepted", "pull.seen", "pull.closed"]);
    let other = bench.tell("pull_request", &pull_payload("edited", pull, 6)).await;
    assert_ne!(other, run, "that one is over");
}

#[tokio::test]
async fn a_forge_that_fails_for_a_while_delays_a_reconciliation_and_no_more() {
    let (bench, pull, head) = bench().await;
    bench.fail("pull", &[Failure::Unavailable; 6]);
    bench.fail("put_check", &[Failure::AnswerLost, Failure::Unavailable, Failure::AnswerLost]);
    let run = bench.tell("pull_request", &pull_payload("opened", pull, 0)).await;
    let mut over = bench.work(&run).await;
    for _ in 0..12 {
        bench.clock.pass(Duration::from_secs(301));
        over = bench.work(&run).await;
    }
    assert!(matches!(over.outcome, Some(Outcome::Reconciled { .. })), "{:?}", over.outcome);
    assert_eq!(checks(&bench, &head).await, SUCCESS);
}

#[tokio::test]
async fn what_cannot_be_judged_fails_its_check_and_can_be_asked_for_again() {
    let (bench, pull, head) = bench().await;
    let run = bench.tell("pull_request", &pull_payload("opened", pull, 0)).await;
    bench.work_until(&run, Step::Judge).await;
    bench.fail("git_credential", &[Failure::Forbidden]);
    let over = bench.work(&run).await;
    assert_eq!(code(&over), "fault");
    assert_eq!(checks(&bench, &head).await, [Some(CheckStatus::Completed(Conclusion::Failure))]);
    let summary = policy_checks(&bench, &head).await.remove(0).summary;
    assert!(summary.contains("Not judged") && !summary.contains("secret detail"), "{summary}");
    let again = json!({
        "action": "rerequested", "check_run": {"name": "writ/policy", "head_sha": head},
        "repository": {"full_name": repository_name()},
    });
    let run = bench.tell("check_run", &again).await;
    bench.work(&run).await;
    assert_eq!(checks(&bench, &head).await, SUCCESS);
}

#[tokio::test]
async fn a_check_run_that_may_not_be_written_is_recorded() {
    let (bench, pull, head) = bench().await;
    bench.fail("put_check", &[Failure::Forbidden; 2]);
    let run = bench.tell("pull_request", &pull_payload("opened", pull, 0)).await;
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Reconciled { .. })), "{:?}", over.outcome);
    assert!(checks(&bench, &head).await.is_empty());
    assert!(kinds(&bench.store, 0).await.contains(&"check.failed".to_owned()));
}

#[tokio::test]
async fn a_head_that_moved_before_it_was_judged_is_left_to_its_next_reconciliation() {
    let (bench, pull, old) = bench().await;
    let run = bench.tell("pull_request", &pull_payload("opened", pull, 0)).await;
    bench.work_until(&run, Step::Judge).await;
    // Pushed by force, and the old commit is gone from the repository.
    let repository = &bench.home.repository;
    repository.git(&["update-ref", "refs/heads/work", "refs/heads/main"]);
    let new = repository.commit("work", &[("docs/other.md", "words\n")]);
    repository.git(&["update-ref", &format!("refs/pull/{pull}/head"), new.as_str()]);
    repository.git(&["gc", "--quiet", "--prune=now"]);
    bench.work(&run).await;
    assert_eq!(checks(&bench, &old).await, [Some(CheckStatus::Completed(Conclusion::Neutral))]);
    let next = bench.tell("pull_request", &pull_payload("synchronize", pull, 1)).await;
    bench.work(&next).await;
    assert_eq!(checks(&bench, &new).await, SUCCESS);
}

/// A check run that is waited for turns green, and its event is lost: a sweep finds it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_event_of_a_check_run_is_made_up_for_by_a_sweep() {
    let bench = Workbench::set().await;
    let (repository, branch) = (repository_name(), "codex/torghut-v3-E-20260822-run-1");
    bench.home.repository.git(&["branch", branch, "main"]);
    let head = bench.home.repository.commit(branch, &[("docs/torghut/runbook.md", "words\n")]);
    let mut pull = new_pull(branch);
    pull.body = "```reproducibility\nrun: run-1\nconfig: a@1\nmodel: none\nprompt: p@2\n```\n".to_owned();
    let number = bench.people.propose(&repository, "wes", &pull, None).await.unwrap();
    let run = bench.tell("pull_request", &pull_payload("opened", number, 0)).await;
    bench.work(&run).await;
    assert_eq!(policy_checks(&bench, &head).await[0].status, Some(CheckStatus::InProgress));
    assert_eq!(bench.intake.sweep().await.unwrap(), 0, "nothing is due yet");
    let check = ("github-actions", "Validate PR title");
    bench.people.report_check(&repository, &head, check, Some("success")).await.unwrap();
    bench.clock.pass(Duration::from_secs(121));
    assert_eq!(bench.intake.sweep().await.unwrap(), 1);
    assert_eq!(bench.intake.sweep().await.unwrap(), 0, "it is scheduled once");
    while bench.worker.turn().await.unwrap() {}
    let check = policy_checks(&bench, &head).await.remove(0);
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{check:#?}");
    bench.clock.pass(Duration::from_secs(864_000));
    assert_eq!(bench.intake.sweep().await.unwrap(), 0, "nothing is waited for any more");
}
