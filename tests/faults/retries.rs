//! What people are told while a step is tried again, and what they can do meanwhile.

use std::time::Duration;

use writ::domain::names::RunId;
use writ::domain::run::{Outcome, Step};
use writ::ports::clock::Clock as _;
use writ::ports::store::RunView as _;

use crate::support::workbench::{Failure, Workbench, code};

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const RESTART: &str = "/actuate restart-ws reason=\"feed is stale\" confirm=ACTUATE_TORGHUT";

#[tokio::test]
async fn a_containment_says_at_once_what_is_wrong_and_what_to_edit_by_hand() {
    let bench = Workbench::set().await;
    bench.fail("permission", &[Failure::Unavailable; 2]);
    let run = bench.comment(PAUSE).await;
    bench.work(&run).await;
    let said = bench.replies().await.remove(0);
    assert!(said.contains("the forge does not respond, since 10:35:00 UTC"), "{said}");
    assert!(said.contains("The next try is at 10:35:15 UTC"), "{said}");
    // Not planned yet: what the procedure does, for each layout of the tree.
    assert!(said.contains("Where Deployment `torghut-scheduler` is present and "), "{said}");
    assert!(said.contains("| `Deployment torghut-scheduler` | `/spec/replicas` | `0` |"), "{said}");
    assert!(said.contains("scheduler-deployment.yaml") && said.contains("`main`"), "{said}");
    assert!(!said.contains("made to fail"), "what the forge said may name addresses: {said}");
    bench.clock.pass(Duration::from_secs(15));
    bench.work(&run).await;
    let said = bench.replies().await.remove(0);
    assert!(
        said.contains("since 10:35:00 UTC") && said.contains("The next try is at 10:35:45 UTC"),
        "{said}"
    );
    bench.clock.pass(Duration::from_secs(30));
    assert!(matches!(bench.work(&run).await.outcome, Some(Outcome::Proposed { .. })));
    let replies = bench.replies().await;
    assert!(replies.len() == 1 && replies[0].contains("**Proposed:**"), "{replies:?}");
    assert!(!replies[0].contains("Delayed"), "{replies:?}");
}

#[tokio::test]
async fn a_planned_containment_names_its_own_edit() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.work_until(&run, Step::Push).await;
    bench.fail("git_credential", &[Failure::Unavailable; 5]);
    bench.work(&run).await;
    let said = bench.replies().await.remove(0);
    assert!(said.contains("| `Deployment torghut-scheduler` | `/spec/replicas` | `0` |"), "{said}");
    assert!(!said.contains("Where "), "the layout is known: {said}");
    insta::assert_snapshot!(said.replace(run.as_str(), "RUN"));
}

#[tokio::test]
async fn a_containment_that_is_given_up_names_the_edit() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.fail("permission", &[Failure::Unavailable; 122]);
    for _ in 0..122 {
        bench.work(&run).await;
        bench.clock.pass(Duration::from_secs(30));
    }
    let over = bench.work(&run).await;
    assert_eq!(code(&over), "unavailable");
    let said = bench.replies().await.remove(0);
    assert!(said.contains("**If you cannot wait**") && said.contains("/spec/replicas"), "{said}");
    assert!(bench.calls("put_status") <= 123, "one update for each failed try, and the end");
}

/// Moves the remote away, and gives how to put it back.
fn without_remote(bench: &Workbench) -> impl FnOnce() {
    let here = bench.home.repository.path().to_owned();
    let away = here.with_extension("away");
    std::fs::rename(&here, &away).unwrap();
    move || std::fs::rename(&away, &here).unwrap()
}

/// An outage of so long, with a try every 30 seconds; each time, the comment says when the next one is.
async fn outage(bench: &Workbench, run: &RunId, minutes: u64) {
    for half in 0..minutes * 2 {
        let waiting = bench.work(run).await;
        assert_eq!(waiting.outcome, None, "after {half} half minutes");
        let next = bench.clock.now() + Duration::from_secs(if half == 0 { 15 } else { 30 });
        let next = next.strftime("The next try is at %H:%M:%S UTC").to_string();
        let said = bench.replies().await.remove(0);
        assert!(said.contains(&next), "{next}: {said}");
        bench.clock.pass(Duration::from_secs(30));
    }
}

#[tokio::test]
async fn a_containment_outlasts_an_outage_of_an_hour() {
    let bench = Workbench::set().await;
    bench.fail("permission", &[Failure::Unavailable; 118]);
    let run = bench.comment(PAUSE).await;
    outage(&bench, &run, 59).await;
    bench.work_until(&run, Step::Plan).await;
    let put_back = without_remote(&bench);
    outage(&bench, &run, 59).await;
    put_back();
    assert!(matches!(bench.work(&run).await.outcome, Some(Outcome::Proposed { .. })));
    assert_eq!((bench.pulls().await, bench.replies().await.len()), (1, 1));
}

#[tokio::test]
async fn another_command_outlasts_an_outage_of_fifteen_minutes() {
    let bench = Workbench::set().await;
    let (short, long) = (bench.comment(RESTART).await, Duration::from_secs(120));
    bench.work_until(&short, Step::Plan).await;
    let put_back = without_remote(&bench);
    for minutes in [0, 2, 4, 6, 8, 10, 12, 14] {
        assert_eq!(bench.work(&short).await.outcome, None, "after {minutes} minutes");
        bench.clock.pass(long);
    }
    put_back();
    assert!(matches!(bench.work(&short).await.outcome, Some(Outcome::Proposed { .. })));
}

/// What ends a run is that a step took the process down, not that something outside was away for long.
#[tokio::test]
async fn outages_do_not_count_as_crashes() {
    let bench = Workbench::set().await;
    let run = bench.comment(PAUSE).await;
    bench.fail("permission", &[Failure::Unavailable; 20]);
    for _ in 0..20 {
        bench.work(&run).await;
        bench.clock.pass(Duration::from_secs(30));
    }
    // Workers that do not come back.
    for _ in 0..8 {
        bench.fall_asleep_over(&run).await;
        bench.clock.pass(Duration::from_secs(31));
    }
    assert_eq!(code(&bench.work(&run).await), "fault");
}

#[tokio::test]
async fn other_commands_say_so_once_they_are_authorized() {
    let bench = Workbench::set().await;
    bench.fail("permission", &[Failure::Unavailable]);
    let run = bench.comment(RESTART).await;
    bench.work(&run).await;
    assert_eq!(bench.replies().await, Vec::<String>::new(), "who asks is not known");
    bench.clock.pass(Duration::from_secs(15));
    bench.work_until(&run, Step::Plan).await;
    bench.fail("git_credential", &[Failure::Unavailable]);
    bench.work(&run).await;
    let said = bench.replies().await.remove(0);
    assert!(said.contains("**Delayed** (`unavailable`): the forge does not respond"), "{said}");
    assert!(said.contains("**In progress:** `/actuate` `restart-ws`"), "{said}");
    assert!(!said.contains("If you cannot wait"), "it makes nothing safer: {said}");
    let timeline = bench.store.timeline(&run).await.unwrap();
    let problems: Vec<_> = timeline.iter().filter_map(|entry| entry.problem.as_deref()).collect();
    assert_eq!(problems, ["the forge does not respond"; 2], "in words, for the page");
}
