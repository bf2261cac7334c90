//! Lanes: a pull request of an agent's lane keeps to the lane's paths, branch and duties, or its check fails.

use writ::domain::names::IssueNumber;
use writ::domain::pull::Conclusion;
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::conversation::ShownCheck;

use crate::support::bot::{Bot, repository_name};
use crate::support::manifests::{ROOT, SCHEDULER};
use crate::support::pulls::{new_pull, scheduler};

const WHOLE: &str =
    "## Summary\n\n```reproducibility\nrun: run-1\nconfig: a@1\nmodel: none\nprompt: p@2\n```\n";

/// A lane's pull request with these files; its check when all work is done.
async fn propose(bot: &Bot, branch: &str, body: &str, files: &[(&str, &str)]) -> (IssueNumber, ShownCheck) {
    let head = bot.push(branch, files);
    let mut pull = new_pull(branch);
    pull.body = body.to_owned();
    let number = bot.forge.propose(&repository_name(), "machine", &pull, None).await.unwrap();
    bot.tell("opened", number).await;
    (number, bot.check(&head).await)
}

fn conclusion(check: &ShownCheck) -> Conclusion {
    let Some(CheckStatus::Completed(conclusion)) = check.status else { panic!("{check:?}") };
    conclusion
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_keeps_to_its_own_succeeds() {
    let bot = Bot::start().await;
    let stopped = SCHEDULER.replace("replicas: 1", "replicas: 0");
    let files = [(scheduler(), stopped)];
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (_, check) = propose(&bot, "codex/torghut-v3-C-20260822-run-1", WHOLE, &files).await;
    assert_eq!(conclusion(&check), Conclusion::Success, "{check:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_lanes_path_is_refused_with_its_owner() {
    let bot = Bot::start().await;
    let path = format!("{ROOT}/ta/configmap.yaml");
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ta\ndata: {}\n";
    let (_, check) = propose(&bot, "codex/torghut-v3-C-20260822-run-1", WHOLE, &[(&path, text)]).await;
    assert_eq!(conclusion(&check), Conclusion::Failure);
    assert!(
        check.summary.contains("`foreign_path`") && check.summary.contains("swarm lane B"),
        "{}",
        check.summary
    );
    assert!(check.annotations.iter().any(|line| line.path == path), "{:#?}", check.annotations);
    bot.comment("/explain foreign_path").await;
    let reply = bot.reply().await;
    assert!(reply.contains("policy `lane-paths`") && reply.contains("`swarm B`"), "{reply}");
    // Also where nothing below the GitOps path is touched.
    let docs = [("docs/torghut/runbook.md", "words\n")];
    let (_, check) = propose(&bot, "codex/torghut-v3-A-20260822-run-1", WHOLE, &docs).await;
    assert_eq!(conclusion(&check), Conclusion::Failure);
    assert!(check.summary.contains("swarm lane E"), "{}", check.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_facts_are_mended_by_editing_the_body() {
    let bot = Bot::start().await;
    let docs = [("docs/torghut/runbook.md", "words\n")];
    let (number, check) = propose(&bot, "codex/torghut-v3-E-20260822-run-1", "## Summary\n", &docs).await;
    assert_eq!(conclusion(&check), Conclusion::Failure);
    assert!(check.summary.contains("`facts_missing`"), "{}", check.summary);
    bot.forge.edit_pull(&repository_name(), number, WHOLE).await.unwrap();
    bot.tell("edited", number).await;
    let head = bot.kept(number).await.seen.head;
    assert_eq!(conclusion(&bot.check(&head).await), Conclusion::Success);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commit_on_another_branch_does_not_wash_it_clean() {
    let bot = Bot::start().await;
    let docs = [("docs/torghut/runbook.md", "words\n")];
    let (_, check) = propose(&bot, "codex/torghut-v3-A-20260822-run-1", WHOLE, &docs).await;
    assert_eq!(conclusion(&check), Conclusion::Failure);
    let (_, check) = propose(&bot, "tidy", "", &docs).await;
    assert_eq!(conclusion(&check), Conclusion::Failure, "the commit is the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_names_no_lane_is_refused() {
    let bot = Bot::start().await;
    let docs = [("docs/torghut/runbook.md", "words\n")];
    let (_, check) = propose(&bot, "codex/torghut-v3-E-20260822", WHOLE, &docs).await;
    assert_eq!(conclusion(&check), Conclusion::Failure);
    assert!(check.summary.contains("`unknown_lane`"), "{}", check.summary);
}
