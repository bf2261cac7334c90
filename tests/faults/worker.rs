//! What fails on a run's way, and how the run goes on or ends: retries, lost answers, lost rights, moved bases.

use std::time::Duration;

use writ::domain::run::{Outcome, Position, Step};
use writ::ports::forge::Permission;
use writ::ports::store::{LedgerStore as _, StepQueue as _};

use crate::support::bot::repository_name;
use crate::support::manifests;
use crate::support::workbench::{Failure, Workbench, code};

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const RESTART: &str = "/actuate restart-ws reason=\"feed is stale\" confirm=ACTUATE_TORGHUT";

fn scheduler() -> String {
    format!("{}/scheduler-deployment.yaml", manifests::ROOT)
}

#[tokio::test]
async fn a_forge_that_comes_back_is_asked_again_after_15_30_60_120_seconds() {
    let bench = Workbench::set().await;
    let run = bench.comment(RESTART).await;
    bench.fail("permission", &[Failure::Unavailable; 4]);
    for seconds in [15, 30, 60, 120] {
        let waiting = bench.work(&run).await;
        assert_eq!(waiting.position, Position::At(Step::Authorize), "before {seconds} s");
        bench.clock.pass(Duration::from_secs(seconds - 1));
        assert!(!bench.worker.turn().await.unwrap(), "not before {seconds} s");
        bench.clock.pass(Duration::from_secs(1));
    }
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Proposed { .. })), "{:?}", over.outcome);
    assert_eq!((bench.pulls().await, bench.replies().await.len()), (1, 1));
}

#[tokio::test]
async fn a_forge_that_stays_away_ends_the_run_with_nothing_changed() {
    let bench = Workbench::set().await;
    let run = bench.comment(RESTART).await;
    bench.fail("permission", &[Failure::Unavailable; 11]);
    for _ in 0..11 {
        bench.work(&run).await;
        bench.clock.pass(Duration::from_secs(120));
    }
    let over = bench.work(&run).await;
    assert_eq!((over.position.clone(), code(&over)), (Position::Settled, "unavailable"));
    assert!(bench.home.repository.branches().is_empty());
    assert!(bench.replies().await[0].contains("(`unavailable`)"));
}

#[tokio::test]
async fn a_lost_answer_opens_no_second_pull_request() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.fail("open_pull", &[Failure::AnswerLost, Failure::AnswerLost]);
    bench.fail("put_status", &[Failure::AnswerLost]);
    for _ in 0..4 {
        bench.work(&run).await;
        bench.clock.pass(Duration::from_secs(120));
    }
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Proposed { .. })), "{:?}", over.outcome);
    assert_eq!((bench.pulls().await, bench.replies().await.len()), (1, 1));
}

#[tokio::test]
async fn an_effect_that_cannot_be_known_stops_the_run_for_a_person() {
    let bench = Workbench::set().await;
    let run = bench.comment(RESTART).await;
    bench.work_until(&run, Step::Propose).await;
    bench.fail("open_pull", &[Failure::AnswerLost]);
    bench.fail("open_pull", &[Failure::Unavailable; 10]);
    for _ in 0..11 {
        bench.work(&run).await;
        bench.clock.pass(Duration::from_secs(120));
    }
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Stuck { .. })), "{:?}", over.outcome);
    let reply = bench.replies().await.remove(0);
    assert!(reply.contains("(`stuck`)") && reply.contains(&bench.home.repository.branches()[0]), "{reply}");
}

#[tokio::test]
async fn a_panic_ends_one_run_and_not_the_worker() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.fail("permission", &[Failure::Panic]);
    let over = bench.work(&run).await;
    assert_eq!(code(&over), "fault");
    let next = bench.comment("/help").await;
    assert_eq!(bench.work(&next).await.outcome, Some(Outcome::Answered));
}

#[tokio::test]
async fn a_faults_text_is_not_shown_to_people() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.fail("permission", &[Failure::Forbidden]);
    let over = bench.work(&run).await;
    assert_eq!(code(&over), "fault");
    let reply = bench.replies().await.remove(0);
    assert!(!reply.contains("secret detail") && reply.contains(&over.delivery), "{reply}");
}

#[tokio::test]
async fn a_reply_is_tried_for_a_day_and_a_place_without_comments_is_let_go() {
    let bench = Workbench::set().await;
    let run = bench.comment("/help").await;
    bench.fail("put_status", &[Failure::Unavailable; 20]);
    for _ in 0..20 {
        assert_ne!(bench.work(&run).await.position, Position::Settled);
        bench.clock.pass(Duration::from_secs(300));
    }
    assert_eq!(bench.work(&run).await.position, Position::Settled);
    assert_eq!(bench.replies().await.len(), 1);
    let run = bench.comment("/help").await;
    bench.fail("put_status", &[Failure::Forbidden]);
    assert_eq!(bench.work(&run).await.position, Position::Settled);
    let leaves = bench.store.leaves_of(&run).await.unwrap();
    assert!(String::from_utf8_lossy(&leaves.last().unwrap().data).contains("reply.failed"));
}

#[tokio::test]
async fn signs_that_fail_are_no_reason_to_fail() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.fail("react", &[Failure::Forbidden, Failure::Unavailable]);
    bench.fail("put_status", &[Failure::Unavailable]);
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Proposed { .. })), "{:?}", over.outcome);
}

#[tokio::test]
async fn rights_lost_before_the_push_stop_it() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.work_until(&run, Step::Push).await;
    bench.people.grant(&repository_name(), "ada", Permission::Read).await.unwrap();
    assert_eq!(code(&bench.work(&run).await), "permission_missing");
    assert!(bench.home.repository.branches().is_empty());
}

#[tokio::test]
async fn a_comment_edited_before_the_push_is_void() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.work_until(&run, Step::Push).await;
    let comments =
        bench.people.comments(&repository_name(), writ::domain::names::IssueNumber(1)).await.unwrap();
    bench.people.edit_comment(comments[0].comment.id, "/actuate resume-trading").await.unwrap();
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Void { .. })), "{:?}", over.outcome);
    assert!(bench.home.repository.branches().is_empty());
}

#[tokio::test]
async fn a_base_that_moved_elsewhere_changes_nothing() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.work_until(&run, Step::Push).await;
    bench.home.repository.commit("main", &[("README.md", "hello\n")]);
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Proposed { .. })), "{:?}", over.outcome);
    let branch = bench.home.repository.branches().remove(0);
    let planned = over.facts["plan"]["report"]["commit"].as_str().unwrap();
    assert_eq!(bench.home.repository.tip(&branch).unwrap().as_str(), planned);
}

#[tokio::test]
async fn an_upgrade_between_two_steps_changes_nothing() {
    let mut bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.work_until(&run, Step::Push).await;
    bench.upgrade();
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Proposed { .. })), "{:?}", over.outcome);
    let branch = bench.home.repository.branches().remove(0);
    let planned = over.facts["plan"]["report"]["commit"].as_str().unwrap();
    assert_eq!(bench.home.repository.tip(&branch).unwrap().as_str(), planned);
}

#[tokio::test]
async fn a_base_whose_target_was_touched_refuses() {
    for text in [
        manifests::SCHEDULER.replace("exactly one writer", "one writer"),
        manifests::SCHEDULER.replace("replicas: 1", "replicas: 0"),
    ] {
        let bench = Workbench::set().await;
        let run = bench.comment(PAUSE).await;
        bench.work_until(&run, Step::Push).await;
        bench.home.repository.commit("main", &[(&scheduler(), &text)]);
        assert_eq!(code(&bench.work(&run).await), "base_moved");
        assert!(bench.home.repository.branches().is_empty());
    }
}

#[tokio::test]
async fn a_remote_that_takes_no_such_branch_is_quoted() {
    let bench = Workbench::set().await;
    bench.home.repository.hook("pre-receive", "echo 'GH013: not here' >&2; exit 1");
    let run = bench.comment(PAUSE).await;
    let over = bench.work(&run).await;
    assert_eq!(code(&over), "push_rejected");
    assert_eq!(bench.pulls().await, 0);
}

#[tokio::test]
async fn a_branch_that_somebody_else_made_is_left_alone() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.work_until(&run, Step::Push).await;
    let branch = bench.run(&run).await.facts["plan"]["report"]["branch"].as_str().unwrap().to_owned();
    let theirs = bench.home.repository.commit(&branch, &[("theirs.txt", "theirs\n")]);
    assert_eq!(code(&bench.work(&run).await), "branch_exists");
    assert_eq!(bench.home.repository.tip(&branch), Some(theirs));
}

#[tokio::test]
async fn a_worker_whose_lease_was_lost_writes_nothing() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    let now = writ::ports::clock::Clock::now(bench.clock.as_ref());
    let stale = bench.store.lease("asleep", now, now + Duration::from_secs(30)).await.unwrap().unwrap();
    bench.clock.pass(Duration::from_secs(31));
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Proposed { .. })), "{:?}", over.outcome);
    let late = bench.store.record_intent(&stale, &serde_json::json!({}), now).await;
    assert!(late.is_err(), "an old fence writes nothing");
}
