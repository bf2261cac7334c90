//! `/rollback RUN`: one pull request that puts back exactly what a run changed, or the reason why not.

use writ::domain::names::RunId;
use writ::domain::run::Outcome;

use crate::support::bot::{Bot, Home};
use crate::support::manifests;

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const RESUME: &str = "/actuate resume-trading reason=\"broker is back\" confirm=ACTUATE_TORGHUT";

fn scheduler() -> String {
    format!("{}/scheduler-deployment.yaml", manifests::ROOT)
}

fn rollback(run: &RunId) -> String {
    format!("/rollback {run} reason=\"it was a false alarm\" confirm=ACTUATE_TORGHUT")
}

/// A bot on the small manifests with the technical analysis job, which may trade or not.
async fn bot(replicas: &str) -> Bot {
    let scheduler_text = manifests::SCHEDULER.replace("replicas: 1", &format!("replicas: {replicas}"));
    let mut files = manifests::all();
    files.push((format!("{}/ta/flinkdeployment.yaml", manifests::ROOT), manifests::TA));
    let text = |path: &str, text: &'static str| {
        if path == scheduler() { scheduler_text.clone() } else { text.to_owned() }
    };
    let files: Vec<(String, String)> =
        files.iter().map(|(path, old)| (path.clone(), text(path, old))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Bot::on(Home::with(&files), |_| {}).await
}

/// Carries a command out and merges its pull request.
async fn merged(bot: &Bot, command: &str) -> RunId {
    let run = bot.comment(command).await;
    bot.settle().await;
    bot.merge(&run).await;
    run
}

async fn refused(bot: &Bot, comment: &str, code: &str) -> String {
    let before = bot.pulls().await.len();
    bot.comment(comment).await;
    let reply = bot.reply().await;
    assert!(reply.contains(&format!("(`{code}`)")), "{code} in:\n{reply}");
    assert_eq!(bot.pulls().await.len(), before, "nothing was published");
    reply
}

#[tokio::test]
async fn what_a_run_changed_is_put_back_byte_for_byte_after_approval() {
    let bot = bot("1").await;
    let before = bot.home.repository.git(&["show", &format!("main:{}", scheduler())]);
    let paused = merged(&bot, PAUSE).await;
    assert_ne!(bot.home.repository.git(&["show", &format!("main:{}", scheduler())]), before);

    let run = bot.comment(&rollback(&paused)).await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Proposed:**") && reply.contains("`rollback`"), "{reply}");
    let pull = bot.pulls().await.remove(0);
    assert!(pull.pull.draft, "putting things back waits for another person");
    assert_eq!(pull.pull.title, "revert(torghut): undo pause-trading");
    assert!(pull.pull.body.contains(paused.as_str()), "{}", pull.pull.body);
    assert!(
        pull.pull.body.contains(&format!("/rollback {run} ")),
        "a rollback can be rolled back: {}",
        pull.pull.body
    );
    let after = bot.home.repository.git(&["show", &format!("{}:{}", pull.pull.branch, scheduler())]);
    assert_eq!(after, before);
    let planned = bot.record(&run, "change.planned").await;
    assert_eq!(planned["body"]["undoes"]["run"], paused.as_str());
    assert_eq!(planned["body"]["risk"], "restoring");

    // And that one can be rolled back: trading is paused again.
    bot.merge(&run).await;
    bot.comment(&rollback(&run)).await;
    assert!(bot.reply().await.contains("**Proposed:**"));
    let again = bot.pulls().await.remove(0);
    assert_eq!(again.pull.title, "revert(torghut): undo pause-trading");
}

#[tokio::test]
async fn undoing_a_resume_is_a_pause_and_waits_for_nobody() {
    let bot = bot("0").await;
    let resumed = merged(&bot, RESUME).await;
    let run = bot.comment(&rollback(&resumed)).await;
    assert!(bot.reply().await.contains("**Proposed:**"));
    let pull = bot.pulls().await.remove(0);
    assert!(!pull.pull.draft);
    assert_eq!(bot.record(&run, "change.planned").await["body"]["risk"], "containment");
    assert!(
        pull.pull.body.contains("nothing closes open positions"),
        "a pause's consequences: {}",
        pull.pull.body
    );
}

#[tokio::test]
async fn a_field_that_moved_since_is_left_alone() {
    let bot = bot("1").await;
    let paused = merged(&bot, PAUSE).await;
    let moved = manifests::SCHEDULER.replace("replicas: 1", "replicas: 3");
    bot.home.repository.commit("main", &[(&scheduler(), &moved)]);
    let reply = refused(&bot, &rollback(&paused), "moved_since").await;
    assert!(reply.contains("`/spec/replicas`") && reply.contains("`3`"), "{reply}");
}

#[tokio::test]
async fn what_is_as_it_was_needs_no_rollback() {
    let bot = bot("1").await;
    let run = bot.comment(PAUSE).await;
    bot.settle().await;
    // It was never merged.
    refused(&bot, &rollback(&run), "no_change").await;
}

#[tokio::test]
async fn a_rollback_is_no_way_around_the_gates_of_the_inverse() {
    // The technical analysis job is not there, so `resume-trading` would be refused.
    let bot = Bot::start().await;
    let paused = merged(&bot, PAUSE).await;
    let reply = refused(&bot, &rollback(&paused), "ta_not_running").await;
    assert!(reply.contains("`pause-trading` is undone by `resume-trading`"), "{reply}");
}

#[tokio::test]
async fn runs_without_a_change_and_unknown_runs_are_named() {
    let bot = bot("1").await;
    let planned = bot.comment("/plan pause-trading").await;
    bot.settle().await;
    refused(&bot, &rollback(&planned), "nothing_to_undo").await;

    let paused = merged(&bot, PAUSE).await;
    let mistyped =
        format!("{}{}", &paused.as_str()[..15], if paused.as_str().ends_with('a') { 'b' } else { 'a' });
    let reply = refused(&bot, &rollback(&mistyped.parse().unwrap()), "unknown_run").await;
    assert!(reply.contains(&format!("did you mean `{paused}`?")), "{reply}");
    refused(&bot, "/actuate rollback run=bogus reason=\"x\" confirm=ACTUATE_TORGHUT", "unknown_run").await;
}

#[tokio::test]
async fn a_rollback_is_asked_for_like_any_other_change() {
    let bot = bot("1").await;
    let paused = merged(&bot, PAUSE).await;
    refused(&bot, &format!("/rollback {paused} reason=\"x\""), "confirmation_missing").await;
    refused(&bot, &format!("/rollback {paused} reason=\"x\" confirm=YES"), "confirmation_wrong").await;
    refused(&bot, &format!("/rollback {paused} confirm=ACTUATE_TORGHUT"), "missing_reason").await;
    bot.comment_as("rex", &rollback(&paused)).await;
    assert!(bot.reply().await.contains("(`permission_missing`)"));
    // What it would do can be asked for, too.
    bot.comment(&format!("/plan rollback run={paused}")).await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Plan:**") && reply.contains("`/spec/replicas`"), "{reply}");
    bot.comment("/explain rollback").await;
    assert!(bot.reply().await.contains("/actuate rollback run=…"));
    let runs = bot.runs().await;
    assert!(!runs.iter().any(|run| matches!(run.outcome, Some(Outcome::Stuck { .. }))));
}
