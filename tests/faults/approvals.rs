//! What fails while an approval is looked at: it is recorded once, the draft is made ready once, and nothing counts by mistake.

use std::time::Duration;

use serde_json::{Value, json};
use writ::domain::approval::Opinion;
use writ::domain::names::{CommitId, RunId};
use writ::domain::pull::Conclusion;
use writ::domain::run::{Outcome, Position, Step};
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::conversation::ShownCheck;
use writ::ports::forge::local::Fork;
use writ::ports::forge::{NewPull, Permission, Pull};
use writ::ports::store::Run;
use writ::service::failpoint::Moment;

use crate::support::bot::{repository_name, signed};
use crate::support::manifests::paused;
use crate::support::process::Stage;
use crate::support::workbench::{Failure, Workbench};

const RESUME: &str = "/actuate resume-trading reason=\"broker is back\" confirm=ACTUATE_TORGHUT";

fn submitted(pull: u64) -> Value {
    json!({
        "action": "submitted", "review": {"id": 1},
        "pull_request": {"number": pull}, "repository": {"full_name": repository_name()},
    })
}

/// A resume that is proposed and approved by `bob`, and its reconciliation, which is at its last step.
async fn approved() -> (Workbench, RunId, RunId) {
    let bench = Workbench::on(paused()).await;
    bench.people.grant(&repository_name(), "bob", Permission::Write).await.unwrap();
    let run = bench.comment(RESUME).await;
    bench.work(&run).await;
    let pull = bench.people.pulls(&repository_name()).await.unwrap().remove(0).pull;
    bench.people.review(&repository_name(), pull.number, "bob", Opinion::Approved).await.unwrap();
    let reconciliation = bench.tell("pull_request_review", &submitted(pull.number.0)).await;
    bench.work_until(&reconciliation, Step::Approve).await;
    (bench, run, reconciliation)
}

async fn is_draft(bench: &Workbench) -> bool {
    bench.people.pulls(&repository_name()).await.unwrap().remove(0).pull.draft
}

/// The records of an approval.
fn approval_records(kinds: &[String]) -> Vec<&str> {
    let kinds = kinds.iter().map(String::as_str);
    kinds.filter(|kind| kind.starts_with("approval.") || *kind == "pull.readied").collect()
}

#[tokio::test]
async fn lost_answers_are_recorded_once() {
    for call in ["reviews", "permission", "put_check", "mark_ready"] {
        let (bench, run, reconciliation) = approved().await;
        bench.fail(call, &[Failure::AnswerLost]);
        assert_eq!(bench.work(&reconciliation).await.position, Position::At(Step::Approve), "{call}");
        bench.clock.pass(Duration::from_secs(15));
        assert_eq!(bench.work(&reconciliation).await.position, Position::Settled, "{call}");
        assert_eq!(approval_records(&bench.kinds(&run).await), ["approval.given", "pull.readied"], "{call}");
        assert!(!is_draft(&bench).await, "{call}");
    }
}

#[tokio::test]
async fn what_is_not_known_counts_as_no() {
    for call in ["reviews", "permission"] {
        let (bench, run, reconciliation) = approved().await;
        bench.fail(call, &[Failure::Forbidden; 8]);
        bench.work(&reconciliation).await;
        assert!(approval_records(&bench.kinds(&run).await).is_empty(), "{call}");
        assert!(is_draft(&bench).await, "{call}");
    }
}

#[tokio::test]
async fn a_right_that_is_lost_before_the_last_reading_counts_as_lost() {
    let (bench, run, reconciliation) = approved().await;
    bench.people.grant(&repository_name(), "bob", Permission::Read).await.unwrap();
    bench.work(&reconciliation).await;
    assert!(approval_records(&bench.kinds(&run).await).is_empty());
    assert!(is_draft(&bench).await);
}

#[tokio::test]
async fn an_approval_is_recorded_although_the_draft_cannot_be_made_ready() {
    let (bench, run, reconciliation) = approved().await;
    bench.fail("mark_ready", &[Failure::Forbidden]);
    assert_eq!(bench.work(&reconciliation).await.position, Position::Settled);
    assert_eq!(approval_records(&bench.kinds(&run).await), ["approval.given"]);
}

/// The conclusions of the approval's check runs of a commit.
async fn approval_checks(bench: &Workbench, head: &CommitId) -> Vec<ShownCheck> {
    let mut checks = bench.people.checks(&repository_name(), head).await.unwrap();
    checks.retain(|check| check.name == "writ/approval");
    checks
}

/// Asserts that no check run of a commit lets it pass without an approval, and gives it if there is one.
async fn held(bench: &Workbench, head: &CommitId) -> Option<ShownCheck> {
    let mut checks = approval_checks(bench, head).await;
    assert!(checks.len() <= 1, "{checks:?}");
    for check in &checks {
        let conclusion = check.status.and_then(CheckStatus::conclusion);
        assert!(matches!(conclusion, None | Some(Conclusion::Failure)), "{check:#?}");
    }
    checks.pop()
}

/// A resume whose pull request is open, which the run has not noted: the answer was lost.
async fn not_noted() -> (Workbench, RunId, Pull) {
    let bench = Workbench::on(paused()).await;
    bench.people.grant(&repository_name(), "bob", Permission::Write).await.unwrap();
    let run = bench.comment(RESUME).await;
    bench.work_until(&run, Step::Propose).await;
    bench.fail("open_pull", &[Failure::AnswerLost]);
    assert_eq!(bench.work(&run).await.position, Position::At(Step::Propose));
    let pull = bench.people.pulls(&repository_name()).await.unwrap().remove(0).pull;
    (bench, run, pull)
}

fn opened(pull: u64) -> Value {
    crate::support::pulls::pull_payload("opened", writ::domain::names::IssueNumber(pull), 1)
}

#[tokio::test]
async fn an_event_that_comes_before_the_run_has_noted_its_pull_request_waits() {
    let (bench, run, pull) = not_noted().await;
    let look = bench.tell("pull_request", &opened(pull.number.0)).await;
    assert_eq!(bench.work(&look).await.position, Position::At(Step::Approve));
    let check = held(&bench, &pull.head).await.expect("a check run that waits");
    assert_eq!(check.status, Some(CheckStatus::InProgress), "{check:#?}");
    assert!(check.summary.contains(run.as_str()), "{check:#?}");
    // Once the run has noted it, the approval is judged, by itself.
    bench.clock.pass(Duration::from_secs(15));
    assert_eq!(bench.work(&run).await.position, Position::Settled);
    bench.clock.pass(Duration::from_secs(15));
    assert_eq!(bench.work(&look).await.position, Position::Settled);
    let check = held(&bench, &pull.head).await.unwrap();
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
    assert_eq!(check.title, "Needs approval from someone other than ada");
}

#[tokio::test]
async fn a_pull_request_that_its_run_never_noted_still_needs_its_approval() {
    let (bench, run, pull) = not_noted().await;
    bench.clock.pass(Duration::from_secs(15));
    bench.fail("open_pull", &[Failure::Panic]);
    let stuck = bench.work(&run).await;
    assert!(matches!(stuck.outcome, Some(Outcome::Stuck { .. })), "{stuck:?}");
    let look = bench.tell("pull_request", &opened(pull.number.0)).await;
    assert_eq!(bench.work(&look).await.position, Position::Settled);
    let check = held(&bench, &pull.head).await.unwrap();
    assert_eq!(check.title, "Needs approval from someone other than ada");
    bench.people.review(&repository_name(), pull.number, "bob", Opinion::Approved).await.unwrap();
    let look = bench.tell("pull_request_review", &submitted(pull.number.0)).await;
    bench.work(&look).await;
    let check = approval_checks(&bench, &pull.head).await.remove(0);
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{check:#?}");
}

/// Wes opens a pull request of his own, and it is looked at. Gives the reconciliation, as far as it got.
async fn looked_at(bench: &Workbench, branch: &str, body: &str, fork: Option<&Fork>) -> Run {
    let new = NewPull { body: body.to_owned(), ..crate::support::pulls::new_pull(branch) };
    let number = bench.people.propose(&repository_name(), "wes", &new, fork).await.unwrap();
    let look = bench.tell("pull_request", &opened(number.0)).await;
    bench.work(&look).await
}

#[tokio::test]
async fn the_planned_commit_under_another_name_does_not_pass() {
    // Before the run has noted its pull request.
    let (bench, run, pull) = not_noted().await;
    let fork = Fork { repository: "wes/lab".to_owned(), head: pull.head.clone() };
    let look = looked_at(&bench, "topic", "", Some(&fork)).await;
    assert_eq!(look.position, Position::At(Step::Approve));
    held(&bench, &pull.head).await;
    bench.clock.pass(Duration::from_secs(15));
    bench.work(&run).await;
    bench.clock.pass(Duration::from_secs(15));
    assert_eq!(bench.work(&look.id).await.position, Position::Settled);
    held(&bench, &pull.head).await;
    // Afterwards: the check run of the commit is that of the run's own pull request.
    let own = bench.tell("pull_request", &opened(pull.number.0)).await;
    bench.work(&own).await;
    assert!(held(&bench, &pull.head).await.is_some());
    bench.home.repository.git(&["branch", "same", pull.head.as_str()]);
    assert_eq!(looked_at(&bench, "same", "", None).await.position, Position::Settled);
    assert_eq!(held(&bench, &pull.head).await.unwrap().title, "Needs approval from someone other than ada");
}

#[tokio::test]
async fn what_claims_to_be_ours_and_is_not_does_not_pass() {
    let bench = Workbench::on(paused()).await;
    let run = bench.comment(RESUME).await;
    bench.work(&run).await;
    let pull = bench.people.pulls(&repository_name()).await.unwrap().remove(0).pull;
    let claims = [
        ("agentruns/torghut-actuation-20260212-1035-abcdefgh234567ab", ""),
        ("copied-body", pull.body.as_str()),
    ];
    for (branch, body) in claims {
        bench.home.repository.git(&["branch", branch, "main"]);
        let head = bench.home.repository.commit(branch, &[("docs/readme.md", branch)]);
        assert_eq!(looked_at(&bench, branch, body, None).await.position, Position::Settled);
        let check = held(&bench, &head).await.expect("a check run");
        assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{branch}");
    }
}

async fn killed_at(moment: Moment) {
    let story = moment.as_str();
    let stage = Stage::on(paused()).await;
    stage.forge.grant(&repository_name(), "bob", Permission::Write).await.unwrap();
    let resume = stage.comment(RESUME).await;
    let mut process = stage.serve("").await;
    process.send("resume", &resume).await;
    process.runs_over(1).await;
    process.stop().await;
    let pull = stage.pulls().await.remove(0).pull;
    stage.forge.review(&repository_name(), pull.number, "bob", Opinion::Approved).await.unwrap();
    let doomed = stage.serve(&format!("approve:{story}")).await;
    let body = submitted(pull.number.0).to_string().into_bytes();
    let request = signed(body).header("x-github-event", "pull_request_review");
    let sent = tokio::spawn(request.try_send(doomed.address));
    assert!(!doomed.ended().await.success(), "{story}");
    // OK because a process that dies may not have answered.
    let _ = sent.await.unwrap();
    let mut process = stage.serve("").await;
    if stage.runs().await.iter().any(|(_, over)| !over) {
        process.runs_over(1).await;
    }
    process.stop().await;
    assert_eq!(approval_records(&stage.records().await), ["approval.given", "pull.readied"], "{story}");
    assert!(!stage.pulls().await.remove(0).pull.draft, "{story}");
    let checks = stage.forge.checks(&repository_name(), &pull.head).await.unwrap();
    assert_eq!(checks.iter().filter(|check| check.name == "writ/approval").count(), 1, "{story}");
    stage.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_and_started_again() {
    for moment in Moment::ALL.into_iter().filter(|moment| *moment != Moment::Repeat) {
        killed_at(moment).await;
    }
}
