//! Admission: quotas and one run at a time on a target; a run that waits reports its place and why, and goes on by itself.

use std::time::Duration;

use writ::domain::admission::Quotas;
use writ::domain::run::{Outcome, Position, Step};
use writ::ports::store::{SqliteStore, StepQueue as _};

use crate::support::bot::{Bot, Home};
use crate::support::workbench::Workbench;

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const RESTART: &str = "/actuate restart-ws reason=\"feed is stale\" confirm=ACTUATE_TORGHUT";

const ONE: Quotas = Quotas { commands: 1000, actor: 1, lane: 100, repository: 100 };

#[tokio::test]
async fn who_had_the_changes_of_the_hour_waits_and_learns_why() {
    let bench = Workbench::with(ONE).await;
    let first = bench.comment(RESTART).await;
    assert!(matches!(bench.work(&first).await.outcome, Some(Outcome::Proposed { .. })));
    bench.clock.pass(Duration::from_secs(600));
    let second = bench.comment(RESTART).await;
    let waiting = bench.work(&second).await;
    assert_eq!(waiting.position, Position::At(Step::Turn));
    let said = bench.replies().await.pop().unwrap();
    assert!(
        said.contains("**Waiting**, place 1") && said.contains("its limit of 1 change per hour"),
        "{said}"
    );
    assert!(said.contains("free at 11:35:0"), "{said}");
    let third = bench.comment(RESTART).await;
    bench.work(&third).await;
    assert!(bench.replies().await.pop().unwrap().contains("place 2"));

    // A containment passes.
    let pause = bench.comment(PAUSE).await;
    assert!(matches!(bench.work(&pause).await.outcome, Some(Outcome::Proposed { .. })));

    // It survives a restart: the store counts.
    let again = SqliteStore::open(&bench.home.data().join("writ.db")).await.unwrap();
    assert!(again.next_due().await.unwrap().unwrap() > writ::ports::clock::Clock::now(bench.clock.as_ref()));

    bench.clock.pass(Duration::from_secs(3001));
    assert!(matches!(bench.work(&second).await.outcome, Some(Outcome::Proposed { .. })));
    assert_eq!(bench.run(&third).await.position, Position::At(Step::Turn), "its turn is an hour later");
    bench.clock.pass(Duration::from_secs(3601));
    assert!(matches!(bench.work(&third).await.outcome, Some(Outcome::Proposed { .. })));
}

#[tokio::test]
async fn waiting_long_is_no_failure() {
    let bench = Workbench::with(Quotas { actor: 0, ..ONE }).await;
    let run = bench.comment(RESTART).await;
    for _ in 0..12 {
        assert_eq!(bench.work(&run).await.position, Position::At(Step::Turn));
        bench.clock.pass(Duration::from_secs(3601));
    }
    assert_eq!(bench.replies().await.len(), 1, "one comment, updated in place");
}

#[tokio::test]
async fn two_runs_on_one_target_go_one_after_the_other() {
    let bench = Workbench::set().await;
    let first = bench.comment(RESTART).await;
    bench.work_until(&first, Step::Push).await;
    bench.fall_asleep_over(&first).await;
    let second = bench.comment(RESTART).await;
    let waiting = bench.work(&second).await;
    assert_eq!(waiting.position, Position::At(Step::Turn));
    let said = bench.replies().await.pop().unwrap();
    assert!(said.contains(first.as_str()) && said.contains("ws/deployment.yaml"), "{said}");
    // What is done elsewhere meanwhile waits for nobody.
    let pause = bench.comment(PAUSE).await;
    assert!(matches!(bench.work(&pause).await.outcome, Some(Outcome::Proposed { .. })));

    // The first one goes on; the second one is answered at once, and finds what the first has opened.
    bench.clock.pass(Duration::from_secs(31));
    bench.work(&first).await;
    let (first, second) = (bench.run(&first).await, bench.run(&second).await);
    assert!(matches!(first.outcome, Some(Outcome::Proposed { .. })), "{:?}", first.outcome);
    assert!(
        matches!(second.outcome, Some(Outcome::Linked { .. } | Outcome::Proposed { .. })),
        "{:?}",
        second.outcome
    );
    let open = bench.people.pulls(&crate::support::bot::repository_name()).await.unwrap();
    assert_eq!(open.iter().filter(|pull| pull.pull.is_open()).count(), 2, "one restart, one pause");
}

#[tokio::test]
async fn many_at_once_open_one_pull_request() {
    let bot = Bot::on(Home::seeded(), |settings| settings.server.workers = 4).await;
    for number in 0..6 {
        bot.comment(&PAUSE.replace("broker", &format!("broker {number}"))).await;
    }
    bot.settle().await;
    assert_eq!((bot.pulls().await.len(), bot.branches().len()), (1, 1));
    let linked =
        bot.runs().await.iter().filter(|run| matches!(run.outcome, Some(Outcome::Linked { .. }))).count();
    assert_eq!(linked, 5);
}
