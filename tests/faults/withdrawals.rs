//! A step has its effect, its outcome is lost, and meanwhile it may not be any more: what was published is taken back.

use std::time::Duration;

use writ::domain::names::{IssueNumber, RunId};
use writ::domain::run::{Outcome, Position, Step};

use crate::support::bot::repository_name;
use crate::support::manifests::paused;
use crate::support::workbench::{Workbench, code};

const RESUME: &str = "/actuate resume-trading reason=\"broker is back\" confirm=ACTUATE_TORGHUT";
const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";

/// How a run is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    CommentEdited,
    CommentDeleted,
    RightLost,
    TargetTaken,
}

/// A run whose step had its effect, of which the store knows nothing.
async fn after_the_effect_of(step: Step) -> (Workbench, RunId) {
    let mut bench = Workbench::on(paused()).await;
    let run = bench.comment(RESUME).await;
    bench.work_until(&run, step).await;
    bench.worker.failpoint = Some(format!("{}:repeat", step.as_str()).parse().unwrap());
    assert!(bench.worker.turn().await.unwrap());
    bench.worker.failpoint = None;
    assert_eq!(bench.run(&run).await.position, Position::At(step));
    (bench, run)
}

async fn stop(bench: &Workbench, run: &RunId, how: Stopped) {
    let comments = bench.people.comments(&repository_name(), IssueNumber(1)).await.unwrap();
    let comment = comments[0].comment.id;
    match how {
        Stopped::CommentEdited => bench.people.edit_comment(comment, "never mind").await.unwrap(),
        Stopped::CommentDeleted => bench.people.delete_comment(comment).await.unwrap(),
        Stopped::RightLost => {
            let read = writ::ports::forge::Permission::Read;
            bench.people.grant(&repository_name(), "ada", read).await.unwrap();
        }
        Stopped::TargetTaken => {
            bench.fall_asleep_over(run).await;
            let pause = bench.comment(PAUSE).await;
            bench.work_until(&pause, Step::Plan).await;
            bench.clock.pass(Duration::from_secs(60));
        }
    }
}

#[tokio::test]
async fn what_was_published_is_taken_back_and_recorded() {
    for step in [Step::Push, Step::Propose] {
        for how in [Stopped::CommentEdited, Stopped::CommentDeleted, Stopped::RightLost, Stopped::TargetTaken]
        {
            let story = format!("{step:?}, {how:?}");
            let (bench, run) = after_the_effect_of(step).await;
            assert_eq!(bench.home.repository.branches().len(), 1, "{story}");
            stop(&bench, &run, how).await;
            let over = bench.work(&run).await;
            match how {
                Stopped::CommentEdited | Stopped::CommentDeleted => {
                    assert!(
                        matches!(over.outcome, Some(Outcome::Void { .. })),
                        "{story}: {:?}",
                        over.outcome
                    );
                }
                Stopped::RightLost => assert_eq!(code(&over), "permission_missing", "{story}"),
                Stopped::TargetTaken => assert_eq!(code(&over), "contained", "{story}"),
            }
            assert_eq!(bench.home.repository.branches(), Vec::<String>::new(), "{story}");
            let pulls = bench.people.pulls(&repository_name()).await.unwrap();
            assert_eq!(pulls.len(), usize::from(step == Step::Propose), "{story}");
            assert!(pulls.iter().all(|pull| !pull.pull.is_open()), "{story}");

            let kinds = bench.kinds(&run).await;
            let closed = if how == Stopped::TargetTaken { "pull.superseded" } else { "pull.withdrawn" };
            let wanted: &[&str] = match step {
                Step::Push => &["branch.pushed", "branch.deleted"],
                _ => &["branch.pushed", "pull.proposed", closed, "branch.deleted"],
            };
            let published: Vec<&String> = kinds
                .iter()
                .filter(|kind| kind.starts_with("branch.") || kind.starts_with("pull."))
                .collect();
            assert_eq!(published, wanted, "{story}: {kinds:?}");

            let replies = bench.replies().await;
            let marker = format!("<!-- writ:run:{run} -->");
            let reply = replies.iter().find(|reply| reply.contains(&marker)).expect("a reply");
            let wanted = match step {
                Step::Push => "which it had pushed, is deleted again",
                _ => "which it had opened, is closed again",
            };
            assert!(reply.contains(wanted), "{story}: {reply}");
        }
    }
}

#[tokio::test]
async fn no_pull_request_is_opened_for_a_comment_that_was_edited_after_the_push() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.work_until(&run, Step::Propose).await;
    stop(&bench, &run, Stopped::CommentEdited).await;
    let over = bench.work(&run).await;
    assert!(matches!(over.outcome, Some(Outcome::Void { .. })), "{:?}", over.outcome);
    assert_eq!((bench.pulls().await, bench.home.repository.branches().len()), (0, 0));
    let kinds = bench.kinds(&run).await;
    assert!(kinds.iter().any(|kind| kind == "branch.deleted"), "{kinds:?}");
}

#[tokio::test]
async fn a_branch_that_others_have_pushed_to_is_left_and_named() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.work_until(&run, Step::Propose).await;
    let branch = bench.home.repository.branches().remove(0);
    let main = bench.home.repository.git(&["rev-parse", "main"]);
    bench.home.repository.git(&["update-ref", &format!("refs/heads/{branch}"), &main]);
    stop(&bench, &run, Stopped::CommentEdited).await;
    bench.work(&run).await;
    assert_eq!(bench.home.repository.branches(), std::slice::from_ref(&branch));
    let reply = bench.replies().await.remove(0);
    assert!(reply.contains(&branch) && reply.contains("delete it by hand"), "{reply}");
    let kinds = bench.kinds(&run).await;
    assert!(!kinds.iter().any(|kind| kind == "branch.deleted"), "{kinds:?}");
}
