//! The server is killed at every point of every step and started again: nothing is lost, nothing happens twice.

use tokio::task::JoinSet;
use writ::domain::run::Step;
use writ::service::failpoint::Moment;

use crate::support::manifests::paused;
use crate::support::process::Stage;

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";

const RESUME: &str = "/actuate resume-trading reason=\"broker is back\" confirm=ACTUATE_TORGHUT";

/// What one command leaves behind, whatever happened on the way.
async fn one_of_each(stage: &Stage, story: &str) {
    let runs = stage.runs().await;
    assert!(matches!(&runs[..], [(_, true)]), "{story}: {runs:?}");
    assert_eq!(stage.branches().len(), 1, "{story}: {:?}", stage.branches());
    assert_eq!(stage.pulls().await.len(), 1, "{story}");
    let replies = stage.replies().await;
    assert_eq!(replies.len(), 1, "{story}: {replies:?}");
    assert!(replies[0].contains("**Proposed:**"), "{story}: {}", replies[0]);
    let records = stage.records().await;
    let wanted = [
        "request.accepted",
        "request.authorized",
        "verdict.given",
        "change.planned",
        "branch.pushed",
        "pull.proposed",
        "reply.posted",
    ];
    assert_eq!(records, wanted, "{story}");
    stage.audit().await;
}

async fn killed_at(failpoint: String) {
    let stage = Stage::set().await;
    let body = stage.comment(PAUSE).await;
    let doomed = stage.serve(&failpoint).await;
    // The process may die before it has answered; then GitHub does not know, and somebody redelivers.
    let sent = tokio::spawn({
        let body = body.clone();
        let request = crate::support::bot::signed(body).header("x-github-delivery", "first");
        request.try_send(doomed.address)
    });
    let status = doomed.ended().await;
    assert!(!status.success(), "{failpoint}: {status}");
    let answered = sent.await.unwrap();
    let mut process = stage.serve("").await;
    if !stage.runs().await.iter().any(|(_, over)| *over) {
        process.runs_over(1).await;
    }
    let again = process.send("first", &body).await;
    assert_eq!(again.status, 200, "{failpoint}: answered {answered:?}, again {}", again.text);
    process.stop().await;
    one_of_each(&stage, &failpoint).await;
}

async fn repeated(failpoint: String) {
    let stage = Stage::set().await;
    let body = stage.comment(PAUSE).await;
    let mut process = stage.serve(&failpoint).await;
    assert_eq!(process.send("first", &body).await.status, 202);
    process.runs_over(1).await;
    process.stop().await;
    one_of_each(&stage, &failpoint).await;
}

fn commands_steps() -> impl Iterator<Item = Step> {
    Step::ALL.into_iter().filter(|step| !step.is_of_reconciliation())
}

/// Runs the stories a few at a time: each waits for a lease to expire.
async fn all<F: Future<Output = ()> + Send + 'static>(stories: impl Iterator<Item = F>) -> usize {
    const AT_ONCE: usize = 6;
    let (mut under_way, mut count) = (JoinSet::new(), 0);
    for story in stories {
        if under_way.len() >= AT_ONCE {
            under_way.join_next().await.unwrap().unwrap();
        }
        under_way.spawn(story);
        count += 1;
    }
    under_way.join_all().await;
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_and_started_again() {
    let moments = Moment::ALL.into_iter().filter(|moment| *moment != Moment::Repeat);
    let points: Vec<_> = commands_steps()
        .flat_map(|step| moments.clone().map(move |moment| format!("{}:{}", step.as_str(), moment.as_str())))
        .collect();
    assert_eq!(all(points.into_iter().map(killed_at)).await, 36);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_performed_twice() {
    let points = commands_steps().map(|step| format!("{}:{}", step.as_str(), Moment::Repeat.as_str()));
    assert_eq!(all(points.map(repeated)).await, 9);
}

async fn killed_while_superseding(failpoint: String) {
    let stage = Stage::on(paused()).await;
    let resume = stage.comment(RESUME).await;
    let mut process = stage.serve("").await;
    process.send("resume", &resume).await;
    process.runs_over(1).await;
    process.stop().await;
    let pause = stage.comment(PAUSE).await;
    let doomed = stage.serve(&failpoint).await;
    let request = crate::support::bot::signed(pause).header("x-github-delivery", "pause");
    let sent = tokio::spawn(request.try_send(doomed.address));
    assert!(!doomed.ended().await.success(), "{failpoint}");
    // OK because a process that dies may not have answered.
    let _ = sent.await.unwrap();
    let mut process = stage.serve("").await;
    if stage.runs().await.iter().any(|(_, over)| !over) {
        process.runs_over(1).await;
    }
    process.stop().await;
    let pulls = stage.pulls().await;
    assert!(pulls.len() == 1 && !pulls[0].pull.is_open(), "{failpoint}: {pulls:?}");
    let superseded = stage.records().await.iter().filter(|kind| *kind == "pull.superseded").count();
    assert_eq!(superseded, 1, "{failpoint}");
    assert_eq!(stage.said_on(pulls[0].pull.number).await.len(), 1, "{failpoint}");
    let replies = stage.replies().await;
    assert!(replies.len() == 2 && replies[1].contains("**Superseded:**"), "{failpoint}: {replies:?}");
    stage.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_superseding_and_started_again() {
    let moments = Moment::ALL.into_iter().filter(|moment| *moment != Moment::Repeat);
    let points = moments.map(|moment| format!("close:{}", moment.as_str()));
    assert_eq!(all(points.map(killed_while_superseding)).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_database_double_nothing() {
    let stage = Stage::set().await;
    let (mut one, mut other) = (stage.serve("").await, stage.serve("").await);
    let mut bodies = Vec::new();
    for number in 0..4 {
        bodies.push(stage.comment(&PAUSE.replace("broker", &format!("broker {number}"))).await);
    }
    // Every delivery reaches both, at the same time, under different ids.
    for (number, body) in bodies.iter().enumerate() {
        let (here, there) = (format!("here-{number}"), format!("there-{number}"));
        let (first, second) = tokio::join!(one.send(&here, body), other.send(&there, body));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 202], "{} {}", first.text, second.text);
    }
    let store =
        writ::ports::store::SqliteStore::open_to_read(&stage.home.data().join("writ.db")).await.unwrap();
    drop(store);
    while stage.runs().await.iter().filter(|(_, over)| *over).count() < bodies.len() {
        tokio::select! {
            () = one.runs_over(1) => {}
            () = other.runs_over(1) => {}
        }
    }
    one.stop().await;
    other.stop().await;
    assert_eq!(stage.runs().await.len(), 4);
    // They ask for the same: the first one proposes it, the others are told where.
    assert_eq!((stage.branches().len(), stage.pulls().await.len(), stage.replies().await.len()), (1, 1, 4));
    stage.audit().await;
}
