//! From one comment to one pull request: what is published, what is said, what is recorded.

use writ::ports::forge::Reaction;

use crate::support::bot::{Bot, repository_name};

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";

#[tokio::test]
async fn one_comment_becomes_one_pull_request() {
    let bot = Bot::start().await;
    let run = bot.comment(PAUSE).await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Proposed:**"), "{reply}");
    let pulls = bot.pulls().await;
    assert_eq!(pulls.len(), 1);
    let pull = &pulls[0];
    assert!(reply.contains(&pull.pull.url), "{reply}");
    assert!(!pull.pull.draft, "containment waits for nobody");
    assert_eq!(pull.labels, ["actuation", "do-not-automerge"]);
    assert_eq!(bot.branches(), [pull.pull.branch.as_str()]);
    assert!(pull.pull.branch.as_str().ends_with(run.as_str()), "{}", pull.pull.branch);
    let diff = bot.home.repository.git(&["diff", "--unified=0", "main", pull.pull.branch.as_str()]);
    let changed: Vec<_> = diff
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---"))
        .collect();
    assert_eq!(changed, ["-  replicas: 1 # exactly one writer", "+  replicas: 0 # exactly one writer"]);
    let comments = bot.forge.comments(&repository_name(), bot.issue).await.unwrap();
    assert_eq!(comments[0].reactions, [Reaction::Eyes, Reaction::Rocket]);
    assert_eq!(comments.len(), 2, "the command and its one reply");
    let kinds = bot.records().await;
    let wanted = [
        "request.accepted",
        "request.authorized",
        "verdict.given",
        "change.planned",
        "branch.pushed",
        "pull.proposed",
        "reply.posted",
    ];
    assert_eq!(kinds, wanted);
}

#[tokio::test]
async fn plan_says_what_would_change_and_changes_nothing() {
    let bot = Bot::start().await;
    bot.comment("/plan pause-trading").await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Plan:**") && reply.contains("`/spec/replicas`"), "{reply}");
    assert!(bot.pulls().await.is_empty() && bot.branches().is_empty());
}

#[tokio::test]
async fn status_says_where_runs_are() {
    let bot = Bot::start().await;
    let run = bot.comment(PAUSE).await;
    bot.settle().await;
    bot.comment("/status").await;
    let reply = bot.reply().await;
    assert!(reply.contains(run.as_str()) && reply.contains("proposed"), "{reply}");
    bot.comment(&format!("/status {run}")).await;
    assert!(bot.reply().await.contains(run.as_str()));
}
