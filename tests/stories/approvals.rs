//! Approvals: another human approves exactly what was planned, or the check run says why not.

use serde_json::json;
use writ::domain::approval::Opinion;
use writ::domain::names::{CommitId, IssueNumber, RunId};
use writ::domain::pull::Conclusion;
use writ::ports::forge::Permission;
use writ::ports::forge::check::CheckStatus;
use writ::ports::forge::conversation::ShownCheck;

use crate::support::bot::{Bot, Home, repository_name};
use crate::support::manifests::{self, paused};
use crate::support::records;

const RESUME: &str = "/actuate resume-trading reason=\"broker is back\" confirm=ACTUATE_TORGHUT";
const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";

/// A bot with an open, unapproved pull request that resumes trading, asked for by `ada`.
struct Story {
    bot: Bot,
    run: RunId,
    pull: IssueNumber,
    head: CommitId,
}

impl Story {
    async fn begin() -> Self {
        Self::of(RESUME, paused()).await
    }

    async fn of(command: &str, home: Home) -> Self {
        let bot = Bot::on(home, |_| {}).await;
        for login in ["bob", "machine"] {
            bot.forge.grant(&repository_name(), login, Permission::Write).await.unwrap();
        }
        let run = bot.comment(command).await;
        assert!(bot.reply().await.contains("**Proposed:**"));
        let pull = bot.pulls().await.remove(0).pull;
        bot.tell("opened", pull.number).await;
        bot.settle().await;
        Self { bot, run, pull: pull.number, head: pull.head }
    }

    /// Somebody reviews, and the forge tells.
    async fn review(&self, login: &str, opinion: Opinion) -> u64 {
        let review = self.bot.forge.review(&repository_name(), self.pull, login, opinion).await.unwrap();
        self.tell("submitted").await;
        review
    }

    async fn tell(&self, action: &str) {
        let payload = json!({
            "action": action, "review": {"id": 1, "told": crate::support::http::unique("review")},
            "pull_request": {"number": self.pull.0}, "repository": {"full_name": repository_name()},
        });
        assert_eq!(self.bot.tell_event("pull_request_review", &payload).await.status, 202);
        self.bot.settle().await;
    }

    async fn check(&self) -> ShownCheck {
        self.bot.approval(&self.head).await
    }

    async fn is_draft(&self) -> bool {
        let pulls = self.bot.pulls().await;
        pulls.into_iter().find(|pull| pull.pull.number == self.pull).unwrap().pull.draft
    }

    /// The records of the approval, oldest first.
    async fn records(&self) -> Vec<String> {
        let leaves = self.bot.running.store.leaves_of(&self.run).await.unwrap();
        let kinds = records::kinds(&leaves).into_iter();
        kinds.filter(|kind| kind.starts_with("approval.") || kind == "pull.readied").collect()
    }

    /// Asserts that it is not approved, with these words in the check run, and that nothing was recorded.
    async fn held_back(&self, words: &str) {
        let check = self.check().await;
        assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
        let said = format!("{}\n{}", check.title, check.summary);
        assert!(said.contains(words), "{words} in:\n{said}");
        assert!(self.is_draft().await);
        assert!(self.records().await.is_empty(), "{:?}", self.records().await);
    }

    /// Asserts that it was approved, and is not any more.
    async fn voided(&self, head: &CommitId, words: &str) {
        let check = self.bot.approval(head).await;
        assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
        let said = format!("{}\n{}", check.title, check.summary);
        assert!(said.contains(words), "{words} in:\n{said}");
        assert_eq!(self.records().await, ["approval.given", "pull.readied", "approval.voided"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_human_approves_and_the_draft_is_ready() {
    let story = Story::begin().await;
    story.held_back("approval from someone other than ada").await;
    let review = story.review("bob", Opinion::Approved).await;
    let check = story.check().await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{check:#?}");
    assert_eq!(check.title, "Approved by bob");
    assert!(!story.is_draft().await);
    let given = story.bot.record(&story.run, "approval.given").await;
    assert_eq!(given["body"]["by"][0]["review"], review);
    assert_eq!(
        (&given["body"]["head"], &given["body"]["by"][0]["login"]),
        (&json!(story.head), &json!("bob"))
    );
    // Told again, nothing is new; one more approval is told, and voids none.
    story.tell("edited").await;
    assert_eq!(story.records().await, ["approval.given", "pull.readied"]);
    story.bot.forge.grant(&repository_name(), "eve", Permission::Write).await.unwrap();
    story.review("eve", Opinion::Approved).await;
    assert_eq!(story.records().await, ["approval.given", "pull.readied", "approval.given"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_a_person_makes_again_stays_one() {
    let story = Story::begin().await;
    story.review("bob", Opinion::Approved).await;
    story.bot.forge.set_draft(&repository_name(), story.pull, true).await.unwrap();
    story.bot.tell("converted_to_draft", story.pull).await;
    story.bot.settle().await;
    assert!(story.is_draft().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_who_asked_does_not_approve() {
    let story = Story::begin().await;
    story.review("ada", Opinion::Approved).await;
    story.held_back("the requester cannot approve their own request").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_does_not_approve_and_does_not_confirm() {
    let story = Story::begin().await;
    story.review("machine", Opinion::Approved).await;
    story.held_back("the reviewer is an agent account").await;
    story.bot.comment_as("machine", PAUSE).await;
    assert!(story.bot.reply().await.contains("(`agent_may_not_confirm`)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_does_not_approve() {
    let story = Story::begin().await;
    story.review("rex", Opinion::Approved).await;
    story.held_back("does not have write access").await;
    story.review("stranger", Opinion::Approved).await;
    story.held_back("`stranger`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_approval_is_none() {
    let story = Story::begin().await;
    let review = story.review("bob", Opinion::Approved).await;
    story.bot.forge.dismiss(review).await.unwrap();
    story.tell("dismissed").await;
    story.voided(&story.head, "it was dismissed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_was_lost_since_voids() {
    let story = Story::begin().await;
    story.review("bob", Opinion::Approved).await;
    story.bot.forge.grant(&repository_name(), "bob", Permission::Read).await.unwrap();
    story.tell("edited").await;
    story.voided(&story.head, "does not have write access").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_was_edited_since_voids() {
    let story = Story::begin().await;
    story.review("bob", Opinion::Approved).await;
    let comments = story.bot.forge.comments(&repository_name(), story.bot.issue).await.unwrap();
    story.bot.forge.edit_comment(comments[0].comment.id, "never mind").await.unwrap();
    story.tell("edited").await;
    story.voided(&story.head, "the comment was edited").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_change_of_mind_voids_and_holds_back() {
    let story = Story::begin().await;
    story.review("bob", Opinion::Approved).await;
    story.review("bob", Opinion::ChangesRequested).await;
    story.voided(&story.head, "Changes requested by bob").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_commit_voids_and_is_approved_by_nobody() {
    let story = Story::begin().await;
    story.review("bob", Opinion::Approved).await;
    let branch = story.bot.branches().remove(0);
    let file = format!("{}/scheduler-deployment.yaml", manifests::ROOT);
    let more = manifests::SCHEDULER.replace("paper", "live");
    let head = story.bot.push(&branch, &[(&file, &more)]);
    story.bot.tell("synchronize", story.pull).await;
    story.voided(&head, "not at the planned commit").await;
    story.review("bob", Opinion::Approved).await;
    story.voided(&head, "not at the planned commit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_was_made_of_another_commit_does_not_count() {
    let story = Story::begin().await;
    let branch = story.bot.branches().remove(0);
    let file = format!("{}/docs.yaml", manifests::ROOT);
    story.bot.push(&branch, &[(&file, "a: 1\n")]);
    story.bot.forge.review(&repository_name(), story.pull, "bob", Opinion::Approved).await.unwrap();
    // The other commit is taken back, so that the head is what was planned.
    story.bot.home.repository.git(&["update-ref", &format!("refs/heads/{branch}"), story.head.as_str()]);
    story.tell("submitted").await;
    story.held_back("it is for a different commit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_containment_needs_nobody_unless_somebody_adds_to_it() {
    let story = Story::of(PAUSE, Home::seeded()).await;
    let check = story.check().await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Success)), "{check:#?}");
    assert_eq!(check.title, "Risk-reducing change: no approval required");
    let branch = story.bot.branches().remove(0);
    let head = story.bot.push(&branch, &[("docs/more.md", "more\n")]);
    story.bot.tell("synchronize", story.pull).await;
    let check = story.bot.approval(&head).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Failure)), "{check:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_peoples_pull_requests_are_not_held_back() {
    let bot = Bot::start().await;
    bot.propose("docs", &[("docs/readme.md", "words\n")]).await;
    let head = bot.home.repository.tip("docs").unwrap();
    let check = bot.approval(&head).await;
    assert_eq!(check.status, Some(CheckStatus::Completed(Conclusion::Neutral)), "{check:#?}");
}
