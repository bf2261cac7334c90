//! `/rollback RUN`: one pull request that puts back exactly what a run changed, or the reason why not.

use writ::domain::names::RunId;
use writ::domain::run::Outcome;

use crate::support::bot::{Bot, Home};
use crate::support::http::Request;
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
        if path == scheduler() {
            scheduler_text.clone()
        } else if path.ends_with("/kustomization.yaml") {
            format!("{text}  - ta/flinkdeployment.yaml\n")
        } else {
            text.to_owned()
        }
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
    let reply = refused(&bot, &rollback(&run), "not_merged").await;
    assert!(reply.contains(&format!("`/cancel {run}`")), "{reply}");
    refused(&bot, &format!("/plan rollback run={run}"), "not_merged").await;
    bot.comment(&format!("/cancel {run}")).await;
    assert!(bot.reply().await.contains("**Cancelled:**"));
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

/// What a command leaves to be undone on the small manifests.
struct Undo {
    /// Replicas of the scheduler and state of the technical analysis job before it.
    before: (&'static str, &'static str),
    command: &'static str,
    /// The procedure that undoes it; `None` where nothing is to be undone.
    by: Option<&'static str>,
}

const UNDOS: [Undo; 8] = [
    Undo { before: ("1", "running"), command: "pause-trading", by: Some("resume-trading") },
    Undo { before: ("0", "running"), command: "resume-trading", by: Some("pause-trading") },
    Undo { before: ("1", "running"), command: "suspend-ta", by: Some("resume-ta") },
    Undo { before: ("1", "suspended"), command: "resume-ta", by: Some("suspend-ta") },
    Undo { before: ("1", "suspended"), command: "resume-ta restart=true", by: Some("suspend-ta") },
    Undo { before: ("1", "running"), command: "resume-ta restart=true", by: None },
    Undo { before: ("1", "running"), command: "restart-ta", by: None },
    Undo { before: ("1", "running"), command: "restart-ws", by: None },
];

async fn page_of(bot: &Bot, run: &RunId) -> String {
    Request::get(&format!("/runs/{run}")).send(bot.running.pages).await.text
}

/// All commands in a text that undo something: what stands in code and begins as commands do that change things.
fn undo_commands(text: &str) -> Vec<String> {
    let spans = text.split(['`', '\n']).map(str::trim);
    let undoes = |span: &&str| ["/actuate ", "/rollback "].iter().any(|verb| span.starts_with(verb));
    spans.filter(undoes).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_is_printed_to_undo_a_run_undoes_it() {
    for Undo { before: (replicas, state), command, by } in UNDOS {
        let bot = bot(replicas).await;
        let job = format!("{}/ta/flinkdeployment.yaml", manifests::ROOT);
        bot.home.repository.commit("main", &[(&job, &manifests::TA.replace("running", state))]);
        let run =
            bot.comment(&format!("/actuate {command} reason=\"as asked\" confirm=ACTUATE_TORGHUT")).await;
        let reply = bot.reply().await;
        assert!(reply.contains("**Proposed:**"), "{command}: {reply}");
        let body = bot.pulls().await.remove(0).pull.body;
        let page = page_of(&bot, &run).await;
        bot.merge(&run).await;
        let Some(by) = by else {
            for text in [&reply, &body, &page] {
                let told = undo_commands(text);
                assert!(told.is_empty() && !text.contains("/rollback "), "{command}: {told:?} in:\n{text}");
                assert!(text.to_lowercase().contains("needs no undoing"), "{command}:\n{text}");
            }
            refused(&bot, &rollback(&run), "needs_no_undo").await;
            let reply = refused(&bot, &format!("/cancel {run}"), "not_open").await;
            assert!(undo_commands(&reply).is_empty() && !reply.contains("/rollback"), "{command}: {reply}");
            continue;
        };
        let told = undo_commands(&reply);
        assert!(!told.is_empty() && told == undo_commands(&body), "{command}: {told:?} in:\n{body}");
        assert!(told[0].starts_with(&format!("/actuate {by} ")), "{command}: {told:?}");
        let shown = page.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#x2f;", "/");
        assert!(shown.contains(&told[0]), "{command}: {} in:\n{shown}", told[0]);
        // A merged pull request cannot be cancelled; what is said to do instead works, too.
        let instead = undo_commands(&refused(&bot, &format!("/cancel {run}"), "not_open").await);
        assert_eq!(instead.len(), 1, "{command}: {instead:?}");
        for undo in [&instead[0], &told[0]] {
            let undone = bot.comment(undo).await;
            let reply = bot.reply().await;
            assert!(reply.contains("**Proposed:**"), "{command}, undone by {undo}:\n{reply}");
            // What a rollback prints works as well, once it is merged.
            let again = undo_commands(&bot.pulls().await.remove(0).pull.body);
            assert_eq!(again.len(), 1, "{undo}: {again:?}");
            bot.comment(&format!("/cancel {undone}")).await;
            assert!(bot.reply().await.contains("**Cancelled:**"), "{undo}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_plan_shows_no_failure_and_offers_no_undo() {
    let bot = bot("1").await;
    for (command, offers) in [("/plan pause-trading", false), (PAUSE, true)] {
        let run = bot.comment(command).await;
        bot.settle().await;
        let page = page_of(&bot, &run).await;
        assert!(page.contains("class=\"done\"") && !page.contains("class=\"stopped\""), "{command}:\n{page}");
        assert_eq!(page.contains("How to undo it"), offers, "{command}:\n{page}");
    }
}
