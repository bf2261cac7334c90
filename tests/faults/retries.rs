//! What people are told while a step is tried again, and what they can do meanwhile.

use std::time::Duration;

use writ::domain::run::{Outcome, Step};
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
    bench.fail("permission", &[Failure::Unavailable; 5]);
    for _ in 0..5 {
        bench.work(&run).await;
        bench.clock.pass(Duration::from_secs(120));
    }
    let over = bench.work(&run).await;
    assert_eq!(code(&over), "unavailable");
    let said = bench.replies().await.remove(0);
    assert!(said.contains("**If you cannot wait**") && said.contains("/spec/replicas"), "{said}");
    assert!(bench.calls("put_status") <= 5, "one update for each failed try, and the end");
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
