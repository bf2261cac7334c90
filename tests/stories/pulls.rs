//! Pull requests of people: each that is open gets a check run on its head, and its state is kept.

use serde_json::json;
use writ::domain::names::CommitId;
use writ::domain::pull::{Conclusion, PullState};
use writ::ports::forge::check::CheckStatus;

use crate::support::bot::{Bot, Home, repository_name};
use crate::support::http::Request;
use crate::support::manifests;
use crate::support::pulls::{guarded, pull_payload, released, scheduler};
use crate::support::records;

/// A bot on manifests whose scheduler has a kill switch that is on.
async fn bot() -> Bot {
    let home = Home::seeded();
    home.repository.commit("main", &[(&scheduler(), &guarded())]);
    Bot::on(home, |_| {}).await
}

fn tip(bot: &Bot, branch: &str) -> CommitId {
    bot.home.repository.tip(branch).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_switch_that_goes_off_in_a_moved_line_fails_the_check_at_that_line() {
    let bot = bot().await;
    let pull = bot.propose("tidy", &[(&scheduler(), &released())]).await;
    let head = tip(&bot, "tidy");
    let check = bot.check(&head).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
    assert!(check.title.starts_with("Denied: 1 finding"), "{}", check.title);
    assert!(check.summary.contains("safety_switch"), "{}", check.summary);
    assert!(check.text.contains("env[name=TRADING_KILL_SWITCH_ENABLED]/value"), "{}", check.text);
    let denied: Vec<_> = check.annotations.iter().filter(|line| line.level == "failure").collect();
    let [line] = denied[..] else { panic!("{:#?}", check.annotations) };
    let wanted = released().lines().position(|line| line.contains("TRADING_KILL_SWITCH")).unwrap() + 1;
    assert_eq!((line.path.as_str(), line.line), (scheduler().as_str(), wanted));
    let kept = bot.kept(pull).await;
    assert_eq!((kept.seen.state, kept.policy), (PullState::Open, Some(Conclusion::Failure)));
    assert_eq!(kept.seen.author.login, "wes");
    assert_eq!(bot.told(0).await, ["look.accepted", "pull.seen", "verdict.given", "check.concluded"]);
    assert!(bot.branches().contains(&"tidy".to_owned()), "nothing is pushed or opened for it");
    assert!(bot.forge.comments(&repository_name(), pull).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_change_and_one_elsewhere_succeed() {
    let bot = bot().await;
    let safer = guarded().replace("replicas: 1", "replicas: 0");
    bot.propose("safer", &[(&scheduler(), &safer)]).await;
    let check = bot.check(&tip(&bot, "safer")).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{check:#?}");
    assert!(check.text.contains("/spec/replicas"), "{}", check.text);
    bot.propose("docs", &[("docs/readme.md", "words\n")]).await;
    let check = bot.check(&tip(&bot, "docs")).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{check:#?}");
    assert_eq!(check.title, format!("No changes below {}", manifests::ROOT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_head_gets_its_own_check_and_a_repeated_reconciliation_leaves_it() {
    let bot = bot().await;
    let pull = bot.propose("work", &[(&scheduler(), &released())]).await;
    let first = tip(&bot, "work");
    bot.settle().await;
    let second = bot.push("work", &[(&scheduler(), &guarded())]);
    bot.tell("synchronize", pull).await;
    assert_eq!(bot.check(&second).await.status, Some(CheckStatus::Completed(Conclusion::Success)));
    assert_eq!(bot.check(&first).await.status, Some(CheckStatus::Completed(Conclusion::Failure)));
    assert_eq!(bot.kept(pull).await.policy, Some(Conclusion::Success));
    let size = bot.running.store.ledger_size().await.unwrap();
    bot.tell("edited", pull).await;
    bot.settle().await;
    // Asked for again, it is done again, in place.
    bot.rerequest(&second).await;
    assert_eq!(bot.check(&second).await.status, Some(CheckStatus::Completed(Conclusion::Success)));
    let accepted = ["look.accepted", "verdict.given", "check.concluded"];
    assert_eq!(bot.told(size).await, [accepted, accepted].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forks_head_is_judged_from_objects() {
    let bot = bot().await;
    let pull = bot.propose_from_fork("main", &[(&scheduler(), &released())]).await;
    let kept = bot.kept(pull).await;
    assert!(kept.seen.fork);
    assert_eq!(bot.check(&kept.seen.head).await.status, Some(CheckStatus::Completed(Conclusion::Failure)));
    // GitHub names no pull requests of forks in check events: the head identifies them.
    let size = bot.running.store.ledger_size().await.unwrap();
    bot.rerequest(&kept.seen.head).await;
    assert_eq!(bot.check(&kept.seen.head).await.status, Some(CheckStatus::Completed(Conclusion::Failure)));
    assert_eq!(bot.told(size).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_a_pull_request_is_recorded_once() {
    let bot = bot().await;
    let name = repository_name();
    let pull = bot.propose("work", &[("docs/readme.md", "words\n")]).await;
    bot.settle().await;
    let size = bot.running.store.ledger_size().await.unwrap();
    bot.forge.close(&name, pull).await.unwrap();
    bot.tell("closed", pull).await;
    assert_eq!(bot.kept(pull).await.seen.state, PullState::Closed);
    bot.forge.reopen(&name, pull).await.unwrap();
    bot.tell("reopened", pull).await;
    bot.settle().await;
    bot.forge.merge(&name, pull).await.unwrap();
    bot.tell("closed", pull).await;
    assert_eq!(bot.kept(pull).await.seen.state, PullState::Merged);
    bot.home.repository.git(&["branch", "-D", "work"]);
    let gone = json!({"ref": "work", "ref_type": "branch", "repository": {"full_name": name}});
    bot.tell_event("delete", &gone).await;
    assert!(bot.kept(pull).await.seen.branch_deleted);
    // Late: the forge reports the closing again, and of a push that was before it.
    bot.tell("closed", pull).await;
    bot.tell("synchronize", pull).await;
    bot.settle().await;
    let told = bot.told(size).await;
    let happened: Vec<_> = told.iter().filter(|kind| *kind != "look.accepted").collect();
    let wanted =
        ["pull.closed", "pull.reopened", "verdict.given", "check.concluded", "pull.merged", "branch.deleted"];
    assert_eq!(happened, wanted, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fate_of_writs_own_pull_request_belongs_to_its_run() {
    let bot = bot().await;
    let run = bot.comment("/actuate pause-trading reason=\"feed is stale\" confirm=ACTUATE_TORGHUT").await;
    assert!(bot.reply().await.contains("Proposed"));
    let pull = bot.pulls().await.remove(0).pull;
    bot.tell("opened", pull.number).await;
    let check = bot.check(&pull.head).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{check:#?}");
    assert!(check.summary.contains(&format!("planned by run `{run}`")), "{}", check.summary);
    bot.forge.merge(&repository_name(), pull.number).await.unwrap();
    bot.tell("closed", pull.number).await;
    assert_eq!(bot.kept(pull.number).await.seen.run, Some(run.clone()));
    let leaves = bot.running.store.leaves_of(&run).await.unwrap();
    let last = records::read(leaves.last().unwrap());
    assert_eq!((&last["kind"], &last["body"]["pull"]), (&json!("pull.merged"), &json!(pull.number)));
    // `/status` and the pages show it.
    bot.comment(&format!("/status {run}")).await;
    bot.settle().await;
    let comments = bot.forge.comments(&repository_name(), bot.issue).await.unwrap();
    let said = &comments.last().unwrap().comment.body;
    assert!(said.contains(", merged, policy success"), "{said}");
    let page = Request::get(&format!("/runs/{run}")).send(bot.running.pages).await.text;
    assert!(page.contains("merged") && page.contains("policy: success"), "{page}");
    let list = Request::get("/").send(bot.running.pages).await.text;
    assert!(list.contains("Pull requests") && list.contains("policy: success"), "{list}");
    let reconciliation = bot.kept(pull.number).await.look;
    let page = Request::get(&format!("/runs/{reconciliation}")).send(bot.running.pages).await.text;
    assert!(page.contains("reconcile pull request") && page.contains("observe"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replayed_deliveries_do_nothing_and_those_of_other_branches_are_only_seen() {
    let bot = bot().await;
    let pull = bot.propose("work", &[(&scheduler(), &released())]).await;
    bot.settle().await;
    let payload = pull_payload("edited", pull, 77);
    assert_eq!(bot.tell_event("pull_request", &payload).await.status, 202);
    let again = bot.tell_event("pull_request", &payload).await;
    assert_eq!((again.status, again.json()["status"].as_str()), (200, Some("duplicate")), "{}", again.text);
    bot.settle().await;
    let suite = json!({
        "action": "rerequested", "check_suite": {"head_sha": "0".repeat(40)},
        "repository": {"full_name": "example/lab"}
    });
    assert_eq!(bot.tell_event("check_suite", &suite).await.json()["reason"], "pull_request_not_known");
    bot.push("next", &[("docs/readme.md", "next\n")]);
    let head = bot.push("work-2", &[(&scheduler(), &released()), ("docs/readme.md", "another head\n")]);
    let mut other = crate::support::pulls::new_pull("work-2");
    other.base = "next".parse().unwrap();
    let number = bot.forge.propose(&repository_name(), "wes", &other, None).await.unwrap();
    bot.tell("opened", number).await;
    assert_eq!(bot.kept(number).await.policy, None);
    assert!(bot.forge.checks(&repository_name(), &head).await.unwrap().is_empty());
    // A number that is no pull request: reported once, and over.
    bot.tell("opened", bot.issue).await;
    bot.settle().await;
    assert_eq!(bot.told(0).await.last().map(String::as_str), Some("look.failed"));
}

/// What `no-secrets` denies is denied, and then it is neither in the check run nor in the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_pull_request_is_not_repeated() {
    let bot = bot().await;
    let path = format!("{}/secret.yaml", manifests::ROOT);
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: tr0ub4dor-and-more\n";
    let pull = bot.propose("leak", &[(&path, secret)]).await;
    let check = bot.check(&tip(&bot, "leak")).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
    let shown = format!("{check:?}{:?}", bot.kept(pull).await);
    assert!(shown.contains("secret_value") && shown.contains("[redacted]"), "{shown}");
    assert!(!shown.contains("tr0ub4d"), "{shown}");
    let data = bot.home.data();
    bot.running.stop().await;
    let stored = std::fs::read(data.join("writ.db")).unwrap();
    assert!(!stored.windows(7).any(|window| window == b"tr0ub4d"), "the database has it");
}

/// A `gitops_path` that is misspelt judges nothing: that is a failing check which says so, not a green one.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_without_manifests_does_not_pass() {
    let home = Home::seeded();
    home.repository.commit("main", &[(&scheduler(), &guarded())]);
    let bot =
        Bot::on(home, |settings| settings.repositories[0].gitops_path = Some("argocd/mistake".to_owned()))
            .await;
    bot.propose("tidy", &[(&scheduler(), &released())]).await;
    let check = bot.check(&tip(&bot, "tidy")).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
    assert!(check.summary.contains("no_manifests") && check.summary.contains("argocd/mistake"), "{check:#?}");
}

/// What the server makes is its user's alone.
#[tokio::test(flavor = "multi_thread")]
async fn data_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let bot = bot().await;
    let mode = |name: &str| {
        let path = bot.home.data().join(name);
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for name in ["writ.db", "writ.db-wal", "writ.db-shm", "forge.db", "ledger.key"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}
