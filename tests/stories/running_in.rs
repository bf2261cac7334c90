//! How writ is run in: rules that only observe, freezes, and what is merged over a denial all the same.

use jiff::{SignedDuration, Timestamp};
use writ::cli::settings::RepositorySettings;
use writ::domain::approval::Opinion;
use writ::domain::calendar::{Calendar, Freeze};
use writ::domain::merge::{Merge, MergeFault, Settlement};
use writ::domain::names::{CommitId, IssueNumber};
use writ::domain::policy::ObservedRule;
use writ::domain::pull::Conclusion;
use writ::ports::clock::system_time;
use writ::ports::forge::Permission;
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::conversation::ShownCheck;

use crate::support::bot::{Bot, Home, repository_name};
use crate::support::http::Request;
use crate::support::manifests::SCHEDULER;
use crate::support::pulls::{guarded, released, scheduler};

/// A bot with changed settings of its repository; `wes` and `bob` may write. The kill switch is on in `main`.
async fn begin(change: impl FnOnce(&mut RepositorySettings)) -> Bot {
    let bot = Bot::on(Home::seeded(), |settings| change(&mut settings.repositories[0])).await;
    for login in ["wes", "bob"] {
        bot.forge.grant(&repository_name(), login, Permission::Write).await.unwrap();
    }
    bot.home.repository.commit("main", &[(&scheduler(), &guarded())]);
    bot
}

fn hours_from_now(hours: i64) -> Timestamp {
    system_time() + SignedDuration::from_hours(hours)
}

/// A pull request that switches the kill switch off, which is denied.
async fn deny(bot: &Bot) -> (IssueNumber, CommitId) {
    let number = bot.propose("release", &[(&scheduler(), &released())]).await;
    let head = bot.kept(number).await.seen.head;
    (number, head)
}

async fn merge(bot: &Bot, pull: IssueNumber) {
    bot.forge.merge(&repository_name(), pull).await.unwrap();
    bot.tell("closed", pull).await;
}

fn is(check: &ShownCheck, conclusion: Conclusion) {
    assert_eq!(check.status, Some(CheckStatus::Completed(conclusion)), "{check:#?}");
}

/// The rules that deny it here.
const RULES: [&str; 2] = ["no-safety-weakening", "env-parity"];

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_observed_is_shown_and_decides_nothing() {
    let until = hours_from_now(24);
    let bot = begin(|repository| {
        let rule = |rule: &str| ObservedRule { rule: rule.to_owned(), until };
        repository.observe = RULES.map(rule).to_vec();
    })
    .await;
    let (number, head) = deny(&bot).await;
    let check = bot.check(&head).await;
    is(&check, Conclusion::Success);
    assert!(check.summary.contains("would be denied"), "{}", check.summary);
    assert!(check.summary.contains("`safety_switch`"), "{}", check.summary);
    let kept = bot.kept(number).await;
    assert_eq!(kept.recheck.unwrap().at.as_second(), until.as_second(), "it enforces by itself");
    let record = bot.record(&kept.look, "verdict.given").await;
    assert_eq!(record["body"]["verdict"]["observed"][0]["level"], "deny", "{record:#}");
    assert_eq!(record["body"]["inputs"]["circumstances"]["observe"][0]["rule"], "no-safety-weakening");
    // The time is over: the same commit is denied.
    let bot = bot
        .restart(|settings| {
            let rule = |rule: &str| ObservedRule { rule: rule.to_owned(), until: hours_from_now(-1) };
            settings.repositories[0].observe = RULES.map(rule).to_vec();
        })
        .await;
    bot.rerequest(&head).await;
    is(&bot.check(&head).await, Conclusion::Failure);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_asks_about_what_restores_and_never_about_a_containment() {
    let bot = begin(|repository| {
        let civil = |hours: i64| hours_from_now(hours).to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let freeze = Freeze { name: "quarter end".to_owned(), from: civil(-1), to: civil(30) };
        repository.calendar =
            Some(Calendar { time_zone: "UTC".to_owned(), hours: None, freezes: vec![freeze] });
    })
    .await;
    // A containment.
    bot.comment("/plan pause-trading reason=\"broker rejects orders\"").await;
    let reply = bot.reply().await;
    assert!(!reply.contains("frozen"), "{reply}");
    let stopped = guarded().replace("replicas: 1", "replicas: 0");
    let number = bot.propose("stop", &[(&scheduler(), &stopped)]).await;
    let head = bot.kept(number).await.seen.head;
    is(&bot.check(&head).await, Conclusion::Success);
    assert!(!bot.check(&head).await.summary.contains("frozen"));
    // What puts it back.
    bot.forge.merge(&repository_name(), number).await.unwrap();
    let number = bot.propose("start", &[(&scheduler(), &guarded())]).await;
    let head = bot.kept(number).await.seen.head;
    let check = bot.check(&head).await;
    assert!(check.summary.contains("`frozen`"), "{}", check.summary);
    assert!(check.summary.contains("in the freeze"), "{}", check.summary);
    assert!(bot.kept(number).await.recheck.is_some(), "it is judged again when the window opens");
    is(&bot.approval(&head).await, Conclusion::Failure);
    bot.comment("/plan restart-ws reason=\"the forwarder is stuck\"").await;
    let reply = bot.reply().await;
    assert!(reply.contains("Policies: **review**") && reply.contains("`quarter end`"), "{reply}");
    assert!(reply.contains(", until 20"), "it says when the window opens: {reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_merged_over_a_denial_never_stands_silently() {
    let bot = begin(|_| {}).await;
    let (number, head) = deny(&bot).await;
    is(&bot.check(&head).await, Conclusion::Failure);
    merge(&bot, number).await;
    let kept = bot.kept(number).await;
    let Some(Merge::OverDenial(over)) = &kept.merge else { panic!("{:#?}", kept.merge) };
    assert_eq!((over.fault, &over.head), (MergeFault::Denied, &head));
    assert!(over.findings.iter().any(|finding| finding.code == "safety_switch"), "{:#?}", over.findings);
    assert!(bot.told(0).await.contains(&"merge.over_denial".to_owned()));
    let said = told(&bot, number).await;
    assert!(said.contains("**Merged over a denial**") && said.contains("`safety_switch`"), "{said}");
    // First on the page and in `/status`.
    let page = Request::get("/").send(bot.running.pages).await.text;
    let (first, rest) = (page.find("Merged over a denial").unwrap(), page.find("<h1>Runs").unwrap());
    assert!(first < rest, "{page}");
    bot.comment("/status").await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Merged over a denial:** [#"), "{reply}");
    // An event changes nothing about it, nor does the approval of its author.
    bot.forge.review(&repository_name(), number, "wes", Opinion::Approved).await.unwrap();
    bot.tell("edited", number).await;
    assert!(matches!(bot.kept(number).await.merge, Some(Merge::OverDenial(_))));
    // The switch is on again.
    bot.home.repository.commit("main", &[(&scheduler(), &guarded())]);
    bot.tell("edited", number).await;
    let kept = bot.kept(number).await;
    assert!(
        matches!(&kept.merge, Some(Merge::Settled { by: Settlement::Mended { .. }, .. })),
        "{:#?}",
        kept.merge
    );
    assert_eq!(kept.recheck, None);
    assert!(told(&bot, number).await.contains("**Mended:**"));
    assert!(!Request::get("/").send(bot.running.pages).await.text.contains("Merged over a denial"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_human_acknowledges_what_was_merged_without_approval() {
    let bot = begin(|_| {}).await;
    let universe =
        format!("{SCHEDULER}            - name: TRADING_NOBODY_KNOWS\n              value: chips\n");
    bot.home.repository.commit("main", &[(&scheduler(), SCHEDULER)]);
    let number = bot.propose("tidy", &[(&scheduler(), &universe)]).await;
    let head = bot.kept(number).await.seen.head;
    is(&bot.approval(&head).await, Conclusion::Failure);
    merge(&bot, number).await;
    let kept = bot.kept(number).await;
    let Some(Merge::OverDenial(over)) = &kept.merge else { panic!("{:#?}", kept.merge) };
    assert_eq!(over.fault, MergeFault::Unapproved);
    bot.forge.review(&repository_name(), number, "bob", Opinion::Approved).await.unwrap();
    bot.tell("edited", number).await;
    let kept = bot.kept(number).await;
    let Some(Merge::Settled { by: Settlement::Acknowledged { by }, .. }) = &kept.merge else {
        panic!("{:#?}", kept.merge)
    };
    assert_eq!(by[0].login, "bob");
    let kinds = bot.told(0).await;
    assert_eq!(kinds.iter().filter(|kind| kind.starts_with("merge.")).count(), 2, "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regular_merge_is_no_news() {
    let bot = begin(|repository| repository.notify_issue = Some(IssueNumber(1))).await;
    let stopped = guarded().replace("replicas: 1", "replicas: 0");
    let number = bot.propose("stop", &[(&scheduler(), &stopped)]).await;
    bot.settle().await;
    merge(&bot, number).await;
    assert_eq!(bot.kept(number).await.merge, Some(Merge::Regular));
    assert!(!bot.told(0).await.iter().any(|kind| kind.starts_with("merge.")));
    // Its approval came in time, although nobody had reconciled it.
    let number = bot.propose("start", &[(&scheduler(), &guarded())]).await;
    bot.settle().await;
    bot.forge.review(&repository_name(), number, "bob", Opinion::Approved).await.unwrap();
    merge(&bot, number).await;
    assert_eq!(bot.kept(number).await.merge, Some(Merge::Regular));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issue_of_the_settings_is_told_too() {
    let bot = begin(|repository| repository.notify_issue = Some(IssueNumber(1))).await;
    assert_eq!(bot.issue, IssueNumber(1));
    let (number, _) = deny(&bot).await;
    merge(&bot, number).await;
    bot.settle().await;
    let said = told(&bot, bot.issue).await;
    assert!(said.contains(&format!("revert #{number}")), "{said}");
}

/// What the bot says about a merge, on an issue or a pull request.
async fn told(bot: &Bot, place: IssueNumber) -> String {
    let comments = bot.forge.comments(&repository_name(), place).await.unwrap();
    let of_merge =
        comments.into_iter().filter(|one| one.bot && one.comment.body.contains("<!-- writ:merge:"));
    let mut bodies: Vec<String> = of_merge.map(|one| one.comment.body).collect();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    bodies.remove(0)
}

/// The settings of today do not matter: clock and settings of that day are in the records.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_comes_to_the_same_under_the_circumstances_of_that_day() {
    let bot = begin(|repository| {
        let rule = |rule: &str| ObservedRule { rule: rule.to_owned(), until: hours_from_now(24) };
        repository.observe = RULES.map(rule).to_vec();
        let civil = |hours: i64| hours_from_now(hours).to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let freeze = Freeze { name: "quarter end".to_owned(), from: civil(-1), to: civil(30) };
        repository.calendar =
            Some(Calendar { time_zone: "UTC".to_owned(), hours: None, freezes: vec![freeze] });
    })
    .await;
    deny(&bot).await;
    bot.comment("/actuate restart-ws reason=\"the forwarder is stuck\" confirm=ACTUATE_TORGHUT").await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Proposed:**") && reply.contains("quarter end"), "{reply}");
    let own = bot.pulls().await.remove(0).pull;
    assert!(own.body.contains("`frozen`"), "{}", own.body);
    bot.tell("opened", own.number).await;
    bot.settle().await;
    let bot = bot.restart(|_| {}).await;
    let database = bot.home.data().join("writ.db");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_writ"));
    command.args(["replay", "--all", "--format", "json", "--database", database.to_str().unwrap()]);
    let output = command.output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    let runs = report["runs"].as_array().unwrap();
    assert!(runs.len() >= 3 && runs.iter().all(|run| run["result"] == "same"), "{report:#}");
}
