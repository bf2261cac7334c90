//! A crowd of commands by people without rights: what it costs, what it is told, and that it delays no containment.

use std::time::Duration;

use writ::domain::admission::Quotas;
use writ::domain::priority::Priority;
use writ::domain::run::{Outcome, Step};
use writ::ports::clock::Clock as _;
use writ::ports::forge::Permission;
use writ::ports::store::StepQueue as _;

use crate::support::bot::{Bot, Home, repository_name};
use crate::support::manifests::paused;
use crate::support::workbench::{AGENT, Workbench, code};

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const RESUME: &str = "/actuate resume-trading reason=\"broker is back\" confirm=ACTUATE_TORGHUT";
const RESTART: &str = "/actuate restart-ws reason=\"feed is stale\" confirm=ACTUATE_TORGHUT";

/// From `authorize` to `propose`.
const STEPS_TO_THE_PULL_REQUEST: usize = 7;

#[tokio::test]
async fn a_pause_is_behind_no_crowd() {
    let bench = Workbench::set().await;
    for number in 0..100 {
        bench.comment_as(&format!("crowd-{}", number % 10), "/actuate nonsense").await;
    }
    let waiting = bench.comment(RESTART).await;
    let pause = bench.comment(PAUSE).await;
    for _ in 0..STEPS_TO_THE_PULL_REQUEST {
        assert!(bench.worker.turn().await.unwrap());
    }
    let run = bench.run(&pause).await;
    assert!(matches!(run.outcome, Some(Outcome::Proposed { .. })), "{:?}", run.position);
    assert_eq!(bench.replies().await.len(), 1, "nothing else was begun");
    // That this account may write is known by now, so its other command comes next.
    bench.work_until(&pause, Step::Report).await;
    for _ in 0..STEPS_TO_THE_PULL_REQUEST + 1 {
        assert!(bench.worker.turn().await.unwrap());
    }
    assert!(matches!(bench.run(&waiting).await.outcome, Some(Outcome::Proposed { .. })));
    assert_eq!(bench.calls("permission"), 6, "three for each: nobody of the crowd was asked for");
}

#[tokio::test]
async fn a_crowd_gets_one_refusal_for_each_account_and_day() {
    let bench = Workbench::set().await;
    let mut runs = Vec::new();
    for command in ["/actuate nonsense", PAUSE, "/cancel abcdefgh234567ab", "/actuate"] {
        for _ in 0..10 {
            runs.push(bench.comment_as("rex", command).await);
        }
    }
    bench.comment_as("wes", "/actuate nonsense").await;
    let last = bench.work(&runs[39]).await;
    assert!(matches!(last.outcome, Some(Outcome::Refused { .. })), "{:?}", last.outcome);
    assert_eq!((bench.replies().await.len(), bench.calls("put_status")), (2, 2));
    let mut withheld = 0;
    for run in &runs {
        withheld += bench.kinds(run).await.iter().filter(|kind| *kind == "reply.withheld").count();
    }
    assert_eq!(withheld, 39);
    // The text of a mistake names what is wrong; what the account may do was asked once.
    bench.clock.pass(Duration::from_secs(24 * 3600 + 1));
    let run = bench.comment_as("rex", PAUSE).await;
    assert_eq!(code(&bench.work(&run).await), "permission_missing");
    assert_eq!(bench.replies().await.len(), 3, "a day later it is told again");
    // Who may write is always told.
    for number in 4..8 {
        let run = bench.comment("/actuate nonsense").await;
        assert_eq!(code(&bench.work(&run).await), "unknown_procedure");
        assert_eq!(bench.replies().await.len(), number);
    }
}

#[tokio::test]
async fn a_comment_that_is_deleted_at_once_gains_nothing() {
    let bench = Workbench::set().await;
    for _ in 0..5 {
        let (comment, run) = bench.comment_and_id("rex", PAUSE).await;
        bench.people.delete_comment(comment).await.unwrap();
        assert!(matches!(bench.work(&run).await.outcome, Some(Outcome::Void { .. })));
    }
    assert_eq!(bench.replies().await.len(), 1);
    bench.comment_as("rex", PAUSE).await;
    assert_eq!(next_priority(&bench).await, Priority::Last);
}

#[tokio::test]
async fn who_gets_rights_is_known_with_the_next_command() {
    let bench = Workbench::set().await;
    let run = bench.comment_as("rex", PAUSE).await;
    assert_eq!(code(&bench.work(&run).await), "permission_missing");
    bench.people.grant(&repository_name(), "rex", Permission::Write).await.unwrap();
    let run = bench.comment_as("rex", PAUSE).await;
    assert!(matches!(bench.work(&run).await.outcome, Some(Outcome::Proposed { .. })));
    bench.comment_as("rex", RESUME).await;
    assert_eq!(next_priority(&bench).await, Priority::Command);
}

#[tokio::test]
async fn every_verb_has_its_quota_and_a_containment_none() {
    let quotas = Quotas { commands: 10, actor: 100, lane: 100, repository: 100 };
    let bench = Workbench::with(quotas).await;
    bench.people.grant(&repository_name(), "rex", Permission::Read).await.unwrap();
    for command in ["/help", "/status", "/explain pause-trading", "/plan restart-ws", "/help"] {
        for _ in 0..2 {
            let run = bench.comment(command).await;
            assert_eq!(bench.work(&run).await.outcome, Some(Outcome::Answered), "{command}");
        }
    }
    for command in ["/help", "/plan restart-ws", RESTART, "/cancel abcdefgh234567ab"] {
        let run = bench.comment(command).await;
        assert_eq!(code(&bench.work(&run).await), "quota_reached", "{command}");
    }
    let pause = bench.comment(PAUSE).await;
    assert!(matches!(bench.work(&pause).await.outcome, Some(Outcome::Proposed { .. })));
    let run = bench.comment_as("rex", "/help").await;
    assert_eq!(bench.work(&run).await.outcome, Some(Outcome::Answered));
    let before = bench.replies().await.len();
    for _ in 0..3 {
        let run = bench.comment_as("rex", "/help").await;
        assert_eq!(code(&bench.work(&run).await), "quota_reached", "who only reads gets a tenth");
    }
    assert_eq!(bench.replies().await.len(), before + 1);
    bench.clock.pass(Duration::from_secs(3601));
    let run = bench.comment("/help").await;
    assert_eq!(bench.work(&run).await.outcome, Some(Outcome::Answered));
}

#[tokio::test]
async fn a_rollback_that_makes_things_safer_is_a_containment() {
    let bench = Workbench::on(paused()).await;
    let resume = bench.comment(RESUME).await;
    assert!(matches!(bench.work(&resume).await.outcome, Some(Outcome::Proposed { .. })));
    let command = format!("/rollback {resume} reason=\"too early\" confirm=ACTUATE_TORGHUT");
    bench.comment(RESTART).await;
    bench.comment(&command).await;
    assert_eq!(next_priority(&bench).await, Priority::Containment);
}

#[tokio::test]
async fn a_program_that_asks_for_pauses_holds_nobody_up() {
    let bench = Workbench::set().await;
    bench.people.grant(&repository_name(), AGENT, Permission::Write).await.unwrap();
    let run = bench.comment_as(AGENT, "/status").await;
    bench.work(&run).await;
    bench.comment_as(AGENT, PAUSE).await;
    assert_eq!(next_priority(&bench).await, Priority::Answer, "it may write and may not confirm");
}

/// The priority of the step that comes first. It is leased with that.
async fn next_priority(bench: &Workbench) -> Priority {
    let now = bench.clock.now();
    let lease = bench.store.lease("asked", now, now + Duration::from_secs(30)).await.unwrap();
    lease.expect("a step is due").priority
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_side_by_side_begin_nothing_else_before_the_pull_request() {
    const WORKERS: usize = 4;
    // Everything is accepted before the first worker starts.
    let bot = Bot::on(Home::seeded(), |settings| settings.server.workers = 0).await;
    for number in 0..40 {
        bot.comment_as(&format!("crowd-{number}"), "/actuate nonsense").await;
        bot.comment_as("rex", PAUSE).await;
    }
    for _ in 0..4 {
        bot.comment(RESTART).await;
    }
    let pause = bot.comment(PAUSE).await;
    let bot = bot.restart(|settings| settings.server.workers = WORKERS).await;
    bot.settle().await;
    let own = bot.running.store.timeline(&pause).await.unwrap();
    let open = own.iter().find(|entry| entry.step == Step::Propose).unwrap().finished_at.unwrap();
    let (mut begun, mut all) = (0, 0);
    for run in bot.running.store.runs(500).await.unwrap().iter().filter(|run| run.id != pause) {
        let timeline = bot.running.store.timeline(&run.id).await.unwrap();
        begun += timeline.iter().filter(|entry| entry.started_at < open).count();
        all += timeline.len();
    }
    // One of them is the first pause of the other account that nobody knows yet. The others may have read the clock just
    // before the pull request was open, and begun just after.
    assert!(begun <= WORKERS, "{begun} other steps were begun while the pause was under way");
    let open = bot.pulls().await.iter().filter(|pull| pull.pull.is_open()).count();
    assert!(all > 100 && open == 2, "the pause and one restart, {open}, and the crowd, {all}");
}
