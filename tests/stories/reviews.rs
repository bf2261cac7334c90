//! The level `review`: a pull request with such a finding is held until another human has approved exactly its head.

use tempfile::TempDir;
use writ::domain::approval::Opinion;
use writ::domain::names::{CommitId, IssueNumber};
use writ::domain::pull::Conclusion;
use writ::ports::forge::Permission;
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::conversation::ShownCheck;

use crate::support::bot::{Bot, Home, repository_name};
use crate::support::manifests::SCHEDULER;
use crate::support::pulls::{new_pull, scheduler};

/// Finds a scheduler that would stop, which nobody can take back here, and one with another universe, which people can.
pub(super) const RULE: &str = r#"# METADATA
# title: Asked about
# description: For tests.
# custom:
#   codes:
#     universe_changed: The universe of symbols would change.
#     scheduler_gone: The scheduler would stop for good.
#     always_there: It stood before.
#   irreversible: [scheduler_gone]
package writ.asked_about

import rego.v1

import data.writ.lib.objects

review contains objects.finding("universe_changed", "the universe would change", change.path, change.pointer, "ask") if {
	some change in input.changes
	contains(change.pointer, "TRADING_UNIVERSE")
}

review contains objects.finding("scheduler_gone", "the scheduler would stop", change.path, change.pointer, "ask") if {
	some change in input.changes
	change.pointer == "/spec/replicas"
	change.after == 0
}

standing contains objects.finding("always_there", "it was always there", input.gitops_path, "", "nothing")
"#;

/// A library folder with the rule.
pub(super) fn library() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    std::fs::write(folder.path().join("policies/asked_about.rego"), RULE).unwrap();
    folder
}

/// The scheduler with another universe of symbols.
fn universe(symbols: &str) -> String {
    format!("{SCHEDULER}            - name: TRADING_UNIVERSE\n              value: {symbols}\n")
}

/// A bot whose library has the rule; `wes`, `bob` and `machine` may write, and the last one is an agent.
struct Story {
    bot: Bot,
    _library: TempDir,
}

impl Story {
    async fn begin() -> Self {
        let library = library();
        let path = library.path().to_owned();
        let bot = Bot::on(Home::seeded(), |settings| settings.server.library = Some(path)).await;
        for login in ["wes", "bob", "machine"] {
            bot.forge.grant(&repository_name(), login, Permission::Write).await.unwrap();
        }
        Self { bot, _library: library }
    }

    /// Somebody opens a pull request from a branch with this scheduler.
    async fn propose(&self, login: &str, branch: &str, scheduled: &str) -> (IssueNumber, CommitId) {
        let head = self.bot.push(branch, &[(&scheduler(), scheduled)]);
        let mut pull = new_pull(branch);
        pull.body = "```reproducibility\nrun: run-1\nconfig: a@1\nmodel: none\nprompt: p@2\n```\n".to_owned();
        let number = self.bot.forge.propose(&repository_name(), login, &pull, None).await.unwrap();
        self.bot.tell("opened", number).await;
        (number, head)
    }

    async fn review(&self, pull: IssueNumber, login: &str, opinion: Opinion) {
        self.bot.forge.review(&repository_name(), pull, login, opinion).await.unwrap();
        self.bot.tell("edited", pull).await;
    }

    /// Asserts how the approval of a commit is, and gives what its check run says.
    async fn is(&self, head: &CommitId, conclusion: Conclusion) -> String {
        let check: ShownCheck = self.bot.approval(head).await;
        let said = format!("{}\n{}", check.title, check.summary);
        assert_eq!(check.status, Some(CheckStatus::Completed(conclusion)), "{said}");
        said
    }

    /// The records of reviews, oldest first.
    async fn records(&self) -> Vec<String> {
        let kinds = self.bot.told(0).await.into_iter();
        kinds.filter(|kind| kind.starts_with("review.")).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_pull_request_is_held_until_another_human_approves_its_head() {
    let story = Story::begin().await;
    let (pull, head) = story.propose("wes", "tidy", &universe("chips")).await;
    let policy = story.bot.check(&head).await;
    assert_eq!(policy.status, Some(CheckStatus::Completed(Conclusion::Success)), "{policy:#?}");
    assert!(policy.title.contains("needs review: the universe would change"), "{}", policy.title);
    assert!(policy.summary.contains("1 finding stood before this change"), "{}", policy.summary);
    let said = story.is(&head, Conclusion::Failure).await;
    assert!(said.contains("Needs review: the universe would change"), "{said}");
    assert!(said.contains("`universe_changed`") && said.contains("someone other than `wes`"), "{said}");
    for (login, why) in
        [("wes", "cannot approve their own"), ("machine", "agent account"), ("rex", "write access")]
    {
        story.review(pull, login, Opinion::Approved).await;
        let said = story.is(&head, Conclusion::Failure).await;
        assert!(said.contains(why), "{login}: {said}");
    }
    assert!(story.records().await.is_empty());
    story.review(pull, "bob", Opinion::Approved).await;
    let said = story.is(&head, Conclusion::Success).await;
    assert!(said.starts_with("Approved by bob"), "{said}");
    // Told again, nothing is new.
    story.bot.tell("edited", pull).await;
    story.bot.settle().await;
    assert_eq!(story.records().await, ["review.approved"]);
    // Of exactly the head: a new commit is another one.
    let newer = story.bot.push("tidy", &[(&scheduler(), &universe("metals"))]);
    story.bot.tell("synchronize", pull).await;
    let said = story.is(&newer, Conclusion::Failure).await;
    assert!(said.contains("it is for a different commit"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_is_taken_back_is_recorded() {
    let story = Story::begin().await;
    let (pull, head) = story.propose("wes", "tidy", &universe("chips")).await;
    story.review(pull, "bob", Opinion::Approved).await;
    story.is(&head, Conclusion::Success).await;
    story.review(pull, "bob", Opinion::ChangesRequested).await;
    story.is(&head, Conclusion::Failure).await;
    assert_eq!(story.records().await, ["review.approved", "review.voided"]);
}

/// The check run belongs to the commit: who opened another pull request with it is not another human.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_their_own_commit_through_another_pull_request() {
    let story = Story::begin().await;
    let (_, head) = story.propose("wes", "tidy", &universe("chips")).await;
    story.bot.home.repository.git(&["branch", "copy", "tidy"]);
    let copy = story.bot.forge.propose(&repository_name(), "machine", &new_pull("copy"), None).await.unwrap();
    story.bot.tell("opened", copy).await;
    story.review(copy, "wes", Opinion::Approved).await;
    let said = story.is(&head, Conclusion::Failure).await;
    assert!(said.contains("cannot approve their own"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_review_blocks_nobody() {
    let story = Story::begin().await;
    let head = story.bot.push("docs", &[("docs/readme.md", "words\n")]);
    story.bot.propose("docs", &[("docs/readme.md", "more words\n")]).await;
    let newer = story.bot.home.repository.tip("docs").unwrap();
    assert_ne!(head, newer);
    story.is(&newer, Conclusion::Neutral).await;
}

/// An agent's pull request is approved by any person; what cannot be taken back is denied in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lane_is_held_too_and_its_irreversible_changes_are_denied() {
    let story = Story::begin().await;
    let lane = |run: &str| format!("codex/torghut-v3-C-20260822-{run}");
    let (pull, head) = story.propose("machine", &lane("run-1"), &universe("chips")).await;
    story.is(&head, Conclusion::Failure).await;
    story.review(pull, "machine", Opinion::Approved).await;
    story.is(&head, Conclusion::Failure).await;
    story.review(pull, "wes", Opinion::Approved).await;
    story.is(&head, Conclusion::Success).await;
    let stopped = SCHEDULER.replace("replicas: 1", "replicas: 0");
    let (_, head) = story.propose("machine", &lane("run-2"), &stopped).await;
    let policy = story.bot.check(&head).await;
    assert_eq!(policy.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{policy:#?}");
    assert!(policy.summary.contains("scheduler_gone"), "{}", policy.summary);
    let (_, head) = story.propose("wes", "stop", &format!("{stopped}# for good\n")).await;
    let policy = story.bot.check(&head).await;
    assert_eq!(policy.status, Some(CheckStatus::Completed(Conclusion::Success)), "a person's: {policy:#?}");
    story.is(&head, Conclusion::Failure).await;
}

/// Also a containment: its pull request is a draft until somebody else has approved it.
#[tokio::test(flavor = "multi_thread")]
async fn writs_own_pull_request_is_held_by_a_finding() {
    let story = Story::begin().await;
    let bot = &story.bot;
    bot.comment("/plan pause-trading reason=\"broker rejects orders\"").await;
    let reply = bot.reply().await;
    assert!(reply.contains("Policies: **review**"), "{reply}");
    assert!(reply.contains("would need the approval of another person"), "{reply}");
    bot.comment("/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT").await;
    let reply = bot.reply().await;
    assert!(reply.contains("**Needs review:** `the scheduler would stop`"), "{reply}");
    let pull = bot.pulls().await.remove(0).pull;
    assert!(pull.draft);
    assert!(pull.body.contains("## Policies: review"), "{}", pull.body);
    bot.tell("opened", pull.number).await;
    let said = story.is(&pull.head, Conclusion::Failure).await;
    assert!(said.contains("Needs review: the scheduler would stop"), "{said}");
    story.review(pull.number, "bob", Opinion::Approved).await;
    story.is(&pull.head, Conclusion::Success).await;
    bot.settle().await;
    assert!(!bot.pulls().await.remove(0).pull.draft);
}
