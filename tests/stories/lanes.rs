//! Lanes: a pull request of an agent's lane keeps to the lane's paths, branch and duties, or its check fails.

use writ::domain::names::{CommitId, IssueNumber};
use writ::domain::pull::Conclusion;
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::conversation::ShownCheck;

use crate::support::bot::{Bot, repository_name};
use crate::support::manifests::{ROOT, SCHEDULER};
use crate::support::pulls::{VALIDATIONS, new_pull, scheduler};

const WHOLE: &str =
    "## Summary\n\n```reproducibility\nrun: run-1\nconfig: a@1\nmodel: none\nprompt: p@2\n```\n";

/// A lane's pull request with these files; its check when all work is done.
async fn propose(bot: &Bot, branch: &str, body: &str, files: &[(&str, &str)]) -> (IssueNumber, ShownCheck) {
    let head = bot.push(branch, files);
    bot.validate(&head).await;
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

/// A lane's pull request that its lane may propose, whose check runs nobody has reported yet.
async fn unvalidated(bot: &Bot) -> (IssueNumber, CommitId) {
    let branch = "codex/torghut-v3-C-20260822-run-1";
    let stopped = SCHEDULER.replace("replicas: 1", "replicas: 0");
    let head = bot.push(branch, &[(&scheduler(), &stopped)]);
    let mut pull = new_pull(branch);
    pull.body = WHOLE.to_owned();
    let number = bot.forge.propose(&repository_name(), "machine", &pull, None).await.unwrap();
    bot.tell("opened", number).await;
    (number, head)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lanes_head_waits_for_the_named_check_runs() {
    let bot = Bot::start().await;
    let (_, head) = unvalidated(&bot).await;
    let waits = async |what: &str| {
        let check = bot.check(&head).await;
        assert_eq!(check.status, Some(CheckStatus::InProgress), "{what}: {check:#?}");
        check
    };
    let check = waits("nothing has begun").await;
    assert_eq!(check.title, "Waiting for Validate PR title and 2 more");
    assert!(check.summary.contains("`validation_missing`"), "{}", check.summary);
    assert!(
        check.summary.contains("`PR validation (kubeconform)` of `github-actions`: has not begun"),
        "{}",
        check.summary
    );
    // Neither a stranger's of the same name nor one that is skipped counts.
    for name in VALIDATIONS {
        bot.complete_check(&head, ("stranger", name), "success").await;
    }
    waits("a stranger's are green").await;
    bot.complete_check(&head, ("github-actions", VALIDATIONS[0]), "success").await;
    bot.complete_check(&head, ("github-actions", VALIDATIONS[1]), "success").await;
    bot.report_check(&head, ("github-actions", VALIDATIONS[2]), None).await;
    assert_eq!(waits("one is missing").await.title, "Waiting for PR validation (argo-lint)");
    bot.complete_check(&head, ("github-actions", VALIDATIONS[2]), "success").await;
    let check = bot.check(&head).await;
    assert_eq!(conclusion(&check), Conclusion::Success, "{check:#?}");
    let told = bot.told(0).await;
    assert!(told.contains(&"check.waiting".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), "check.concluded", "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_check_run_that_is_not_green_denies_until_it_is() {
    let bot = Bot::start().await;
    let (number, head) = unvalidated(&bot).await;
    bot.validate(&head).await;
    for failed in ["failure", "skipped", "neutral", "cancelled"] {
        bot.complete_check(&head, ("github-actions", VALIDATIONS[1]), failed).await;
        let check = bot.check(&head).await;
        assert_eq!(conclusion(&check), Conclusion::Failure, "{failed}: {check:#?}");
        assert!(check.summary.contains("`validation_missing`"), "{}", check.summary);
        assert_eq!(bot.kept(number).await.policy, Some(Conclusion::Failure));
    }
    // Its run that was done again is the one that counts.
    bot.complete_check(&head, ("github-actions", VALIDATIONS[1]), "success").await;
    assert_eq!(conclusion(&bot.check(&head).await), Conclusion::Success);
    assert_eq!(bot.kept(number).await.recheck, None, "nothing is waited for");
    // Check runs are those of a commit: a new one begins anew.
    let branch = "codex/torghut-v3-C-20260822-run-1";
    let newer = bot.push(branch, &[(&scheduler(), &format!("{SCHEDULER}# stopped\n"))]);
    bot.tell("synchronize", number).await;
    assert_eq!(bot.check(&newer).await.status, Some(CheckStatus::InProgress));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_waits_and_other_check_runs_are_ignored() {
    let bot = Bot::start().await;
    let stopped = SCHEDULER.replace("replicas: 1", "replicas: 0");
    let number = bot.propose("tidy", &[(&scheduler(), &stopped)]).await;
    let head = bot.kept(number).await.seen.head;
    assert_eq!(conclusion(&bot.check(&head).await), Conclusion::Success, "a person's");
    let before = bot.runs().await.len();
    for name in ["unit tests", "writ/policy", VALIDATIONS[0]] {
        bot.complete_check(&head, ("github-actions", name), "success").await;
    }
    assert_eq!(bot.runs().await.len(), before, "no reconciliation");
}
