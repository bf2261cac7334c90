//! What fails while an approval is looked at: it is recorded once, the draft is made ready once, and nothing counts by mistake.

use std::time::Duration;

use serde_json::{Value, json};
use writ::domain::approval::Opinion;
use writ::domain::names::RunId;
use writ::domain::run::{Position, Step};
use writ::ports::forge::Permission;
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
