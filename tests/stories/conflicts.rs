//! Conflicts: pull requests of the same fields, linked where they do the same, superseded or refused where they do not.

use std::time::Duration;

use writ::domain::run::{Outcome, Step};
use writ::ports::forge::conversation::ShownPull;
use writ::ports::store::RunView as _;

use crate::support::bot::{Bot, repository_name};
use crate::support::manifests::{self, paused};
use crate::support::workbench::{Failure, Workbench, code};

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const RESUME: &str = "/actuate resume-trading reason=\"broker is back\" confirm=ACTUATE_TORGHUT";
const RESTART: &str = "/actuate restart-ws reason=\"feed is stale\" confirm=ACTUATE_TORGHUT";

fn scheduler() -> String {
    format!("{}/scheduler-deployment.yaml", manifests::ROOT)
}

/// What the bot said on a pull request.
async fn said_on(bot: &Bot, pull: &ShownPull) -> Vec<String> {
    let comments = bot.forge.comments(&repository_name(), pull.pull.number).await.unwrap();
    comments.into_iter().filter(|found| found.bot).map(|found| found.comment.body).collect()
}

#[tokio::test]
async fn a_pause_closes_an_open_resume_although_trading_is_paused_already() {
    let bot = Bot::on(paused(), |_| {}).await;
    let resume = bot.comment(RESUME).await;
    assert!(bot.reply().await.contains("**Proposed:**"));
    let pause = bot.comment(PAUSE).await;
    let reply = bot.reply().await;
    let pull = bot.pulls().await.remove(0);
    assert!(reply.contains("(`no_change`)") && reply.contains("**Superseded:**"), "{reply}");
    assert!(reply.contains(&format!("#{}", pull.pull.number)), "{reply}");
    assert!(!pull.pull.is_open());
    let said = said_on(&bot, &pull).await;
    assert!(
        said.len() == 1 && said[0].contains("**Superseded:**") && said[0].contains(pause.as_str()),
        "{said:?}"
    );
    let record = bot.record(&resume, "pull.superseded").await;
    assert_eq!(record["body"]["by"], pause.as_str());
    // It is reported once.
    bot.comment(PAUSE).await;
    assert!(!bot.reply().await.contains("**Superseded:**"));
    assert_eq!(said_on(&bot, &pull).await.len(), 1);
}

#[tokio::test]
async fn a_pause_supersedes_an_open_resume_and_names_its_own_pull_request() {
    let bot = Bot::on(paused(), |_| {}).await;
    bot.comment(RESUME).await;
    bot.settle().await;
    // Somebody started it by hand meanwhile.
    bot.home
        .repository
        .commit("main", &[(&scheduler(), &manifests::SCHEDULER.replace("replicas: 1", "replicas: 2"))]);
    bot.comment(PAUSE).await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Proposed:**") && reply.contains("**Superseded:**"), "{reply}");
    let pulls = bot.pulls().await;
    assert_eq!(pulls.iter().map(|pull| pull.pull.is_open()).collect::<Vec<_>>(), [true, false]);
    let said = said_on(&bot, &pulls[1]).await;
    assert!(said[0].contains(&format!("#{}", pulls[0].pull.number)), "{said:?}");
}

#[tokio::test]
async fn the_same_change_is_linked_and_not_opened_twice() {
    let bot = Bot::start().await;
    let first = bot.comment(PAUSE).await;
    bot.settle().await;
    let second = bot.comment_as("ada", &PAUSE.replace("broker", "the broker")).await;
    let reply = bot.reply().await;
    let pulls = bot.pulls().await;
    assert!(reply.contains("(`linked`)") && reply.contains(&pulls[0].pull.url), "{reply}");
    assert!(reply.contains(first.as_str()), "{reply}");
    assert_eq!((pulls.len(), bot.branches().len()), (1, 1));
    let record = bot.record(&second, "pull.linked").await;
    assert_eq!(record["body"]["outcome"]["run"], first.as_str());

    // Once that one is closed, the same is proposed anew.
    bot.forge.close(&repository_name(), pulls[0].pull.number).await.unwrap();
    bot.comment(PAUSE).await;
    assert!(bot.reply().await.contains("**Proposed:**"));
    assert_eq!(bot.pulls().await.len(), 2);
}

#[tokio::test]
async fn another_value_supersedes_and_what_contains_goes_first() {
    let bot = Bot::start().await;
    bot.comment(RESTART).await;
    bot.settle().await;
    bot.comment(RESTART).await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Proposed:**") && reply.contains("**Superseded:**"), "{reply}");
    let open = bot.pulls().await.iter().filter(|pull| pull.pull.is_open()).count();
    assert_eq!(open, 1);

    // A pause is open, and somebody scales by hand: then a resume meets it.
    let bot = Bot::on(paused(), |_| {}).await;
    bot.home
        .repository
        .commit("main", &[(&scheduler(), &manifests::SCHEDULER.replace("replicas: 1", "replicas: 2"))]);
    let pause = bot.comment(PAUSE).await;
    bot.settle().await;
    bot.comment(RESUME).await;
    let reply = bot.reply().await;
    assert!(reply.contains("(`contained`)") && reply.contains(pause.as_str()), "{reply}");
    assert_eq!(bot.pulls().await.len(), 1);
}

#[tokio::test]
async fn a_run_is_cancelled_as_long_as_it_is_not_merged() {
    let bot = Bot::start().await;
    let run = bot.comment(PAUSE).await;
    bot.settle().await;
    let cancel = format!("/cancel {run}");
    bot.comment_as("rex", &cancel).await;
    assert!(bot.reply().await.contains("(`permission_missing`)"));
    let by = bot.comment(&cancel).await;
    assert!(bot.reply().await.contains("**Cancelled:**"));
    let pull = bot.pulls().await.remove(0);
    assert!(!pull.pull.is_open());
    let said = said_on(&bot, &pull).await;
    assert!(said.len() == 1 && said[0].contains("**Cancelled:**") && said[0].contains("`ada`"), "{said:?}");
    assert_eq!(bot.record(&run, "pull.cancelled").await["body"]["by"], by.as_str());
    bot.comment(&cancel).await;
    assert!(bot.reply().await.contains("(`not_open`)"));

    let run = bot.comment(PAUSE).await;
    bot.settle().await;
    let number = bot.pulls().await.remove(0).pull.number;
    bot.forge.merge(&repository_name(), number).await.unwrap();
    bot.comment(&format!("/cancel {run}")).await;
    let reply = bot.reply().await;
    assert!(reply.contains("(`not_open`)") && reply.contains(&format!("/rollback {run}")), "{reply}");
    let helped = bot.comment("/help").await;
    bot.settle().await;
    bot.comment(&format!("/cancel {helped}")).await;
    assert!(bot.reply().await.contains("(`nothing_to_cancel`)"));
    bot.comment("/cancel aaaaaaaaaaaaaaaa").await;
    assert!(bot.reply().await.contains("(`unknown_run`)"));
}

#[tokio::test]
async fn a_lost_answer_supersedes_once() {
    let bench = Workbench::on(paused()).await;
    let resume = bench.comment(RESUME).await;
    bench.work(&resume).await;
    let pause = bench.comment(PAUSE).await;
    bench.work_until(&pause, Step::Close).await;
    bench.fail("close_pull", &[Failure::AnswerLost]);
    bench.work(&pause).await;
    bench.clock.pass(Duration::from_secs(15));
    let over = bench.work(&pause).await;
    assert!(matches!(over.outcome, Some(Outcome::NoChange { .. })), "{:?}", over.outcome);
    let kinds = bench.kinds(&resume).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "pull.superseded").count(), 1, "{kinds:?}");
    assert!(bench.store.proposed(&repository_name()).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_cannot_be_closed_is_named_and_the_answer_comes() {
    let bench = Workbench::on(paused()).await;
    let resume = bench.comment(RESUME).await;
    bench.work(&resume).await;
    let pause = bench.comment(PAUSE).await;
    bench.work_until(&pause, Step::Close).await;
    bench.fail("close_pull", &[Failure::Forbidden]);
    let over = bench.work(&pause).await;
    assert!(matches!(over.outcome, Some(Outcome::NoChange { .. })), "{:?}", over.outcome);
    assert!(bench.replies().await.last().unwrap().contains("close them by hand"));
}

#[tokio::test]
async fn a_containment_takes_the_target_from_a_run_that_is_under_way() {
    for step in [Step::Push, Step::Close] {
        let bench = Workbench::on(paused()).await;
        let resume = bench.comment(RESUME).await;
        bench.work_until(&resume, step).await;
        bench.fall_asleep_over(&resume).await;
        let pause = bench.comment(PAUSE).await;
        bench.work_until(&pause, Step::Plan).await;
        bench.clock.pass(Duration::from_secs(60));
        bench.work(&pause).await;
        let over = bench.run(&resume).await;
        assert_eq!(code(&over), "contained", "{step:?}");
        let open = bench.people.pulls(&repository_name()).await.unwrap();
        assert!(open.iter().all(|pull| !pull.pull.is_open()), "{step:?}: {open:?}");
        let kinds = bench.kinds(&resume).await;
        assert!(kinds.iter().any(|kind| kind == "target.taken"), "{kinds:?}");
        assert_eq!(kinds.iter().any(|kind| kind == "pull.superseded"), step == Step::Close, "{kinds:?}");
    }
}
