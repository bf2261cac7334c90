//! What people comment, and the one reply they get.

use writ::service::stored_command::StoredCommand;

use crate::support::bot::{Bot, Home, repository_name};
use crate::support::manifests;

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";

/// Comments, and checks that the one reply refuses with this code and that nothing was published.
async fn refused(bot: &Bot, comment: &str, code: &str) -> String {
    bot.comment(comment).await;
    refusal(bot, code).await
}

async fn refusal(bot: &Bot, code: &str) -> String {
    let reply = bot.reply().await;
    assert!(reply.contains(&format!("(`{code}`)")), "{code} in:\n{reply}");
    assert!(reply.contains("**Next:**"), "{reply}");
    assert!(bot.pulls().await.is_empty() && bot.branches().is_empty(), "nothing was published");
    reply
}

#[tokio::test]
async fn help_and_explain_are_answered() {
    let bot = Bot::start().await;
    bot.comment("/help").await;
    let reply = bot.reply().await;
    assert!(reply.contains("/actuate") && reply.contains("`pause-trading`"), "{reply}");
    bot.comment("/explain pause-trading").await;
    let reply = bot.reply().await;
    assert!(reply.contains("confirm=ACTUATE_TORGHUT") && reply.contains("`resume-trading`"), "{reply}");
    bot.comment("/explain warp-drive").await;
    assert!(bot.reply().await.contains("`warp-drive` is neither a procedure nor a reason code"));
    bot.comment("/explain live_transition").await;
    let reply = bot.reply().await;
    assert!(reply.contains("`no-live-transition`") && reply.contains("+value: live"), "{reply}");
    assert!(reply.contains("**What to do:** "), "{reply}");
    bot.comment("/explain base_moved").await;
    let reply = bot.reply().await;
    assert!(reply.contains("Emitted by: runs.") && reply.contains("**What to do:** "), "{reply}");
    bot.comment("/explain live_transitoin").await;
    assert!(bot.reply().await.contains("Did you mean `live_transition`?"));
}

#[tokio::test]
async fn mistakes_are_pointed_at() {
    let bot = Bot::start().await;
    let reply =
        refused(&bot, "/actuate pause-tradign reason=\"x\" confirm=ACTUATE_TORGHUT", "unknown_procedure")
            .await;
    assert!(reply.contains("Did you mean `") && reply.contains("pause-trading"), "{reply}");
    refused(&bot, "/actuate pause-trading confirm=ACTUATE_TORGHUT", "missing_reason").await;
    let ten = [PAUSE; 10].join("\n\n");
    refused(&bot, &ten, "several_commands").await;
    refused(&bot, "/actuate suspend-ta target=moon reason=\"x\" confirm=ACTUATE_TORGHUT", "argument_invalid")
        .await;
}

#[tokio::test]
async fn the_confirmation_must_be_the_phrase() {
    let bot = Bot::start().await;
    refused(&bot, "/actuate pause-trading reason=\"x\"", "confirmation_missing").await;
    refused(&bot, "/actuate pause-trading reason=\"x\" confirm=actuate_torghut", "confirmation_wrong").await;
}

#[tokio::test]
async fn who_may_not_write_is_answered_so() {
    let bot = Bot::start().await;
    bot.comment_as("rex", PAUSE).await;
    let reply = refusal(&bot, "permission_missing").await;
    assert!(reply.contains("`rex` has read permission"), "{reply}");
    bot.comment_as("nobody", PAUSE).await;
    refusal(&bot, "permission_missing").await;
}

#[tokio::test]
async fn a_name_that_changed_hands_is_refused() {
    let bot = Bot::start().await;
    let comment = bot.forge.add_comment(&repository_name(), bot.issue, "rex", PAUSE).await.unwrap();
    // The login of the payload is ada's by now, the account is still rex's.
    let payload = bot.payload("ada", comment.author, comment.id, PAUSE);
    assert_eq!(bot.send(&payload).await.status, 202);
    refusal(&bot, "account_mismatch").await;
}

#[tokio::test]
async fn a_comment_through_an_app_is_refused() {
    let bot = Bot::start().await;
    let comment = bot.forge.add_comment(&repository_name(), bot.issue, "ada", PAUSE).await.unwrap();
    let mut payload = bot.payload("ada", comment.author, comment.id, PAUSE);
    payload["comment"]["performed_via_github_app"] = serde_json::json!({"id": 1, "slug": "agent"});
    assert_eq!(bot.send(&payload).await.status, 202);
    refusal(&bot, "through_an_app").await;
}

#[tokio::test]
async fn an_edited_or_deleted_comment_is_void() {
    for deleted in [false, true] {
        let bot = Bot::on(Home::seeded(), |settings| settings.server.workers = 0).await;
        let (comment, _) = bot.deliver("ada", PAUSE).await;
        if deleted {
            bot.forge.delete_comment(comment).await.unwrap();
        } else {
            bot.forge.edit_comment(comment, &PAUSE.replace("pause", "resume")).await.unwrap();
        }
        let bot = bot.restart(|_| {}).await;
        refusal(&bot, "void").await;
    }
}

#[tokio::test]
async fn a_base_without_the_target_is_refused_with_what_was_looked_for() {
    let kustomization = format!("{}/kustomization.yaml", manifests::ROOT);
    let bot = Bot::on(Home::with(&[(&kustomization, "resources: []\n")]), |_| {}).await;
    let reply = refused(&bot, PAUSE, "no_variant").await;
    assert!(reply.contains("pause-trading"), "{reply}");
}

#[tokio::test]
async fn what_is_so_already_is_no_change() {
    let bot = Bot::start().await;
    let path = format!("{}/scheduler-deployment.yaml", manifests::ROOT);
    let paused = manifests::SCHEDULER.replace("replicas: 1", "replicas: 0");
    bot.home.repository.commit("main", &[(&path, &paused)]);
    let reply = refused(&bot, PAUSE, "no_change").await;
    assert!(reply.contains("Nothing to do"), "{reply}");
}

#[tokio::test]
async fn a_comment_that_is_no_command_is_left_alone() {
    let bot = Bot::start().await;
    for comment in
        ["Looks good to me.", "> /actuate pause-trading", "```\n/actuate pause-trading\n```", "/lgtm"]
    {
        let (_, answer) = bot.deliver("ada", comment).await;
        assert_eq!(answer.json()["reason"], "not_a_command", "{comment}");
    }
    assert!(bot.runs().await.is_empty());
}

#[tokio::test]
async fn what_was_asked_is_kept_as_it_was_asked() {
    let bot = Bot::start().await;
    bot.comment(PAUSE).await;
    let run = bot.runs().await.remove(0);
    let stored: StoredCommand = serde_json::from_value(run.command).unwrap();
    assert_eq!((stored.actor.login.as_str(), stored.verb()), ("ada", "actuate"));
    let request = run.request.unwrap();
    assert_eq!(
        (request.procedure.as_str(), request.reason.as_str()),
        ("pause-trading", "broker rejects orders")
    );
    bot.settle().await;
}
