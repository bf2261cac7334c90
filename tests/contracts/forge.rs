//! One suite for every forge: what the bot asks of it, on a stage where people act.
//!
//! `forge_suite!` at the end runs each contract on each adapter. What only one adapter has (rate limits, tokens, branches
//! that must exist) is tested beside it.

use async_trait::async_trait;
use jiff::SignedDuration;
use writ::domain::approval::Opinion;
use writ::domain::lane::{CheckResult, SeenCheck};
use writ::domain::names::{BranchName, CheckId, CommentId, CommitId, IssueNumber, RepositoryName};
use writ::domain::pull::{Conclusion, PullState};
use writ::ports::forge::check::{Annotation, AnnotationLevel, Check, CheckStatus, FoundCheck};
use writ::ports::forge::{Forge, ForgeError, NewPull, Permission, Reaction};

use super::forge_stages::{GithubStage, LocalStage};

/// A forge with one repository, and the people around it: `ada` (admin), `wes` (write), `rita` (read).
#[async_trait]
pub trait Stage {
    /// The adapter under test, as the bot.
    fn forge(&self) -> &dyn Forge;
    /// The repository.
    fn repository(&self) -> RepositoryName;
    /// Opens an issue.
    async fn open_issue(&self, login: &str) -> IssueNumber;
    /// Comments.
    async fn comment(&self, login: &str, issue: IssueNumber, body: &str) -> CommentId;
    /// Changes a comment.
    async fn edit(&self, login: &str, comment: CommentId, body: &str);
    /// Deletes a comment.
    async fn delete(&self, login: &str, comment: CommentId);
    /// The comments: login and body, oldest first.
    async fn comments(&self, issue: IssueNumber) -> Vec<(String, String)>;
    /// Makes a branch with a commit that `main` does not have.
    async fn branch(&self, branch: &BranchName);
    /// A commit that can have check runs.
    async fn commit(&self) -> CommitId;
    /// Asks for a check run to be done again, as a person does by its button.
    async fn rerequest(&self, check: CheckId, of: &Check);
    /// Another app, or a person's program, reports a check run that is completed so; gives its app's slug as the forge
    /// tells it. `None` where this stage has no other app.
    async fn report(&self, head: &CommitId, name: &str, conclusion: &str) -> Option<String>;
    /// Merges a pull request that is no draft.
    async fn merge_pull(&self, login: &str, pull: IssueNumber);
    /// Closes a pull request.
    async fn close_pull(&self, login: &str, pull: IssueNumber);
    /// Reviews a pull request's head; gives the review's id.
    async fn review(&self, login: &str, pull: IssueNumber, opinion: Opinion) -> u64;
    /// Dismisses a review.
    async fn dismiss(&self, login: &str, pull: IssueNumber, review: u64);
    /// The pull requests, open and closed: title and sorted labels, newest first.
    async fn pulls(&self) -> Vec<(String, Vec<String>)>;
    /// What is checked at the end of each contract.
    fn finish(&self);
}

const MARKER: &str = "<!-- writ:run:abcdefghijklmnop -->";
const BOT: &str = "writ[bot]";

fn branch(name: &str) -> BranchName {
    name.parse().expect("a branch name")
}

fn new_pull(head: &str) -> NewPull {
    NewPull {
        head: branch(head),
        base: branch("main"),
        title: "chore(torghut): pause trading".to_owned(),
        body: "Body with `code`, ünïcode and\nlines.".to_owned(),
        draft: true,
        labels: vec!["do-not-automerge".to_owned(), "actuation".to_owned()],
    }
}

async fn permissions_are_what_was_granted(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let mut ids = Vec::new();
    for (login, wanted) in
        [("ada", Permission::Admin), ("wes", Permission::Write), ("rita", Permission::Read)]
    {
        let (id, found) = forge.permission(&repository, login).await.expect(login);
        assert_eq!(found, wanted, "{login}");
        ids.push(id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 3, "each has an id of their own");
    for nobody in ["nobody-at-all", "", "../../admin", "ada; drop"] {
        let refused = forge.permission(&repository, nobody).await;
        assert!(matches!(refused, Err(ForgeError::NotFound(_))), "{nobody}: {refused:?}");
    }
    let elsewhere = forge.permission(&"acme/nowhere".parse().expect("a name"), "ada").await;
    assert!(matches!(elsewhere, Err(ForgeError::NotFound(_) | ForgeError::Forbidden(_))), "{elsewhere:?}");
}

async fn a_comment_is_read_as_it_is(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let issue = stage.open_issue("wes").await;
    let body = "/actuate pause-trading\r\nreason=\"ünïcode\" <b>&amp;</b>";
    let id = stage.comment("wes", issue, body).await;
    let comment = forge.comment(&repository, id).await.expect("an answer").expect("a comment");
    assert_eq!((comment.id, comment.body.as_str()), (id, body));
    // The emulator takes both times by themselves.
    assert!(comment.updated_at.duration_since(comment.created_at) < SignedDuration::from_millis(50));
    let (wes, _) = forge.permission(&repository, "wes").await.expect("wes");
    assert_eq!(comment.author, wes);

    stage.edit("wes", id, "never mind").await;
    let edited = forge.comment(&repository, id).await.expect("an answer").expect("a comment");
    assert_eq!(edited.body, "never mind");
    assert_eq!((edited.created_at, edited.author), (comment.created_at, wes));
    assert!(edited.updated_at > edited.created_at);

    stage.delete("wes", id).await;
    assert_eq!(forge.comment(&repository, id).await.expect("an answer"), None);
    assert_eq!(forge.comment(&repository, CommentId(u64::MAX / 4)).await.expect("an answer"), None);
}

async fn a_reaction_can_be_repeated(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let issue = stage.open_issue("wes").await;
    let id = stage.comment("wes", issue, "hello").await;
    for reaction in [Reaction::Eyes, Reaction::Eyes, Reaction::Rocket] {
        forge.react(&repository, id, reaction).await.expect("a reaction");
    }
    stage.delete("wes", id).await;
    let gone = forge.react(&repository, id, Reaction::Confused).await;
    assert!(matches!(gone, Err(ForgeError::NotFound(_))), "{gone:?}");
}

async fn one_status_comment_is_updated_in_place(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let issue = stage.open_issue("wes").await;
    // Somebody quotes the marker before the bot speaks.
    let fake = format!("{MARKER}\nfake");
    stage.comment("rita", issue, &fake).await;
    let put = async |marker: &str, text: &str| {
        forge.put_status(&repository, issue, marker, &format!("{marker}\n{text}")).await.expect("a status")
    };
    let first = put(MARKER, "working").await;
    stage.comment("rita", issue, "noise").await;
    assert_eq!(put(MARKER, "working").await, first);
    assert_eq!(put(MARKER, "done").await, first);
    let other = "<!-- writ:run:ponmlkjihgfedcba -->";
    assert_ne!(put(other, "another run").await, first);

    let of = |login: &str, body: &str| (login.to_owned(), body.to_owned());
    let wanted = [
        of("rita", &fake),
        of(BOT, &format!("{MARKER}\ndone")),
        of("rita", "noise"),
        of(BOT, &format!("{other}\nanother run")),
    ];
    assert_eq!(stage.comments(issue).await, wanted);
    let missing = forge.put_status(&repository, IssueNumber(4_000_000), MARKER, MARKER).await;
    assert!(matches!(missing, Err(ForgeError::NotFound(_))), "{missing:?}");
}

async fn one_pull_request_is_opened_for_a_branch(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let head = "agentruns/torghut-actuation-20261121-0930-abcdefghijklmnop";
    stage.branch(&branch(head)).await;
    assert_eq!(forge.find_pull(&repository, &branch(head)).await.expect("an answer"), None);
    let opened = forge.open_pull(&repository, &new_pull(head)).await.expect("a pull request");
    assert!(opened.is_open() && opened.draft);
    assert_eq!(opened.body, new_pull(head).body);
    assert!(opened.url.ends_with(&format!("/{}", opened.number)), "{}", opened.url);
    assert_eq!(forge.open_pull(&repository, &new_pull(head)).await.expect("the same"), opened);
    assert_eq!(forge.find_pull(&repository, &branch(head)).await.expect("an answer"), Some(opened.clone()));
    let wanted = (
        "chore(torghut): pause trading".to_owned(),
        vec!["actuation".to_owned(), "do-not-automerge".to_owned()],
    );
    assert_eq!(stage.pulls().await, std::slice::from_ref(&wanted));
    assert_eq!(forge.find_pull(&repository, &branch("agentruns/torghut")).await.expect("an answer"), None);

    // Its number is an issue's too.
    forge.put_status(&repository, opened.number, MARKER, MARKER).await.expect("a status on the pull request");

    stage.close_pull("ada", opened.number).await;
    let found = forge.open_pull(&repository, &new_pull(head)).await.expect("the closed one");
    assert_eq!((found.state, found.number), (PullState::Closed, opened.number));
    assert_eq!(stage.pulls().await, [wanted], "a person closed it: it is not opened again");
}

async fn a_pull_request_is_read_by_its_number(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let head = "codex/torghut-v3-c-20261121-abc123";
    stage.branch(&branch(head)).await;
    let mut new = new_pull(head);
    new.draft = false;
    let opened = forge.open_pull(&repository, &new).await.expect("a pull request");
    let read = async || forge.pull(&repository, opened.number).await.expect("the pull request");
    assert_eq!(read().await, opened);
    assert_eq!((opened.branch.as_str(), opened.base.as_str()), (head, "main"));
    assert_eq!((opened.title.as_str(), opened.author.login.as_str()), (new.title.as_str(), BOT));
    assert!(opened.is_open() && !opened.draft && !opened.is_from_fork(&repository));
    stage.close_pull("ada", opened.number).await;
    assert_eq!(read().await.state, PullState::Closed);
    let other = "codex/torghut-v3-c-20261121-abc124";
    stage.branch(&branch(other)).await;
    let merged =
        forge.open_pull(&repository, &NewPull { head: branch(other), ..new }).await.expect("another");
    stage.merge_pull("ada", merged.number).await;
    assert_eq!(
        forge.pull(&repository, merged.number).await.expect("the merged one").state,
        PullState::Merged
    );
    let missing = forge.pull(&repository, IssueNumber(4_000_000)).await;
    assert!(matches!(missing, Err(ForgeError::NotFound(_))), "{missing:?}");
    let issue = stage.open_issue("wes").await;
    let issue = forge.pull(&repository, issue).await;
    assert!(matches!(issue, Err(ForgeError::NotFound(_))), "an issue is no pull request: {issue:?}");
}

fn check(head: &CommitId, status: CheckStatus, lines: usize) -> Check {
    Check {
        name: "writ/policy".to_owned(),
        head: head.clone(),
        status,
        title: "Denied: 1 finding".to_owned(),
        summary: "| policy | what |\n| --- | --- |\n| `a` | ünïcode |".to_owned(),
        text: "### What changes".to_owned(),
        details_url: Some("https://writ.example/runs/abcdefghijklmnop".to_owned()),
        digest: format!("sha256:{status:?}-{lines}"),
        annotations: (1..=lines)
            .map(|line| Annotation {
                path: "argocd/applications/torghut/a.yaml".to_owned(),
                line,
                level: AnnotationLevel::Failure,
                title: "no-safety-weakening: safety_switch".to_owned(),
                message: format!("line {line}"),
            })
            .collect(),
    }
}

async fn a_pull_request_is_closed_and_stays_closed(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let head = "agentruns/torghut-actuation-20261121-0931-abcdefghijklmnop";
    stage.branch(&branch(head)).await;
    let opened = forge.open_pull(&repository, &new_pull(head)).await.expect("a pull request");
    for _ in 0..2 {
        forge.close_pull(&repository, opened.number).await.expect("closed");
        let found = forge.pull(&repository, opened.number).await.expect("the pull request");
        assert_eq!(found.state, PullState::Closed);
    }
    let missing = forge.close_pull(&repository, IssueNumber(4_000_000)).await;
    assert!(matches!(missing, Err(ForgeError::NotFound(_))), "{missing:?}");
}

async fn reviews_are_read_as_they_are(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let head = "agentruns/torghut-actuation-20261121-0932-abcdefghijklmnop";
    stage.branch(&branch(head)).await;
    let pull = forge.open_pull(&repository, &new_pull(head)).await.expect("a pull request");
    assert_eq!(forge.reviews(&repository, pull.number).await.expect("an answer"), []);
    let first = stage.review("wes", pull.number, Opinion::Approved).await;
    stage.review("ada", pull.number, Opinion::ChangesRequested).await;
    stage.review("ada", pull.number, Opinion::Commented).await;
    stage.dismiss("ada", pull.number, first).await;
    let found = forge.reviews(&repository, pull.number).await.expect("reviews");
    let (wes, _) = forge.permission(&repository, "wes").await.expect("wes");
    let opinions: Vec<_> = found.iter().map(|one| (one.reviewer.login.as_str(), one.opinion)).collect();
    let wanted =
        [("wes", Opinion::Dismissed), ("ada", Opinion::ChangesRequested), ("ada", Opinion::Commented)];
    assert_eq!(opinions, wanted);
    assert_eq!((found[0].id, found[0].reviewer.id), (first, wes));
    assert!(found.iter().all(|one| one.human && one.commit.as_ref() == Some(&pull.head)), "{found:?}");
    let missing = forge.reviews(&repository, IssueNumber(4_000_000)).await;
    assert!(matches!(missing, Err(ForgeError::NotFound(_))), "{missing:?}");
}

async fn a_commit_has_one_check_run_of_a_name(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let head = stage.commit().await;
    let find = async |name: &str| forge.find_check(&repository, &head, name).await.expect("an answer");
    assert_eq!(find("writ/policy").await, None);
    let working = check(&head, CheckStatus::InProgress, 0);
    let id = forge.put_check(&repository, &working).await.expect("a check run");
    let found = |check: &Check, status| Some(FoundCheck { id, status, digest: check.digest.clone() });
    assert_eq!(find("writ/policy").await, found(&working, Some(CheckStatus::InProgress)));
    assert_eq!(find("writ/approval").await, None);
    for (conclusion, lines) in [(Conclusion::Neutral, 0), (Conclusion::Success, 0), (Conclusion::Failure, 2)]
    {
        let done = check(&head, CheckStatus::Completed(conclusion), lines);
        assert_eq!(forge.put_check(&repository, &done).await.expect("the same"), id);
        assert_eq!(forge.put_check(&repository, &done).await.expect("the same, again"), id);
        assert_eq!(find("writ/policy").await, found(&done, Some(done.status)));
    }
    let done = check(&head, CheckStatus::Completed(Conclusion::Failure), 2);
    stage.rerequest(id, &done).await;
    assert_eq!(find("writ/policy").await, found(&done, None), "queued by a person");
    assert_eq!(forge.put_check(&repository, &done).await.expect("done again"), id);
    assert_eq!(find("writ/policy").await, found(&done, Some(done.status)));
}

async fn check_runs_of_others_are_read_and_the_bots_own_are_not(stage: &dyn Stage) {
    let (forge, repository) = (stage.forge(), stage.repository());
    let head = stage.commit().await;
    let read = async |name: &str| forge.check_runs(&repository, &head, name).await.expect("an answer");
    assert_eq!(read("PR validation (kubeconform)").await, []);
    forge
        .put_check(&repository, &check(&head, CheckStatus::Completed(Conclusion::Success), 0))
        .await
        .expect("own");
    assert_eq!(read("writ/policy").await, [], "its own");
    for (conclusion, result) in [("success", CheckResult::Green), ("failure", CheckResult::NotGreen)] {
        let name = format!("PR validation ({conclusion}) + more");
        let Some(app) = stage.report(&head, &name, conclusion).await else { return };
        let wanted = SeenCheck { name: name.clone(), app: Some(app), result };
        assert_eq!(read(&name).await, [wanted]);
    }
    let nowhere = "b".repeat(40).parse().expect("a commit");
    let missing = forge.check_runs(&repository, &nowhere, "tests").await;
    assert!(matches!(missing.as_deref(), Ok([]) | Err(ForgeError::NotFound(_))), "{missing:?}");
}

macro_rules! forge_suite {
    ($forge:ident on $start:expr, $($contract:ident),* $(,)?) => {
        mod $forge {
            $(#[tokio::test]
            async fn $contract() {
                let Some(stage) = $start.await else { return };
                super::$contract(&stage).await;
                super::Stage::finish(&stage);
            })*
        }
    };
}

forge_suite!(
    local on super::LocalStage::start(),
    permissions_are_what_was_granted,
    a_comment_is_read_as_it_is,
    a_reaction_can_be_repeated,
    one_status_comment_is_updated_in_place,
    one_pull_request_is_opened_for_a_branch,
    a_pull_request_is_read_by_its_number,
    a_pull_request_is_closed_and_stays_closed,
    reviews_are_read_as_they_are,
    a_commit_has_one_check_run_of_a_name,
    check_runs_of_others_are_read_and_the_bots_own_are_not,
);

// The emulator has no reactions; `github.rs` tests what is said about that.
forge_suite!(
    github on super::GithubStage::start(),
    permissions_are_what_was_granted,
    a_comment_is_read_as_it_is,
    one_status_comment_is_updated_in_place,
    one_pull_request_is_opened_for_a_branch,
    a_pull_request_is_read_by_its_number,
    a_pull_request_is_closed_and_stays_closed,
    reviews_are_read_as_they_are,
    a_commit_has_one_check_run_of_a_name,
    check_runs_of_others_are_read_and_the_bots_own_are_not,
);
