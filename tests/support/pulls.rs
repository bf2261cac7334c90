//! What people do with pull requests, on a bot with the local forge: the forge's webhook is sent as GitHub does.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use writ::domain::names::{BranchName, CommitId, IssueNumber};
use writ::ports::forge::NewPull;
use writ::ports::forge::conversation::ShownCheck;
use writ::ports::forge::local::Fork;
use writ::ports::store::{Pulls, Store, StoredPull};

use super::bot::{Bot, repository_name, signed};
use super::http::Answer;
use super::manifests::{ROOT, SCHEDULER};
use super::records;

/// The check runs that the lanes' table names for a change of manifests.
pub const VALIDATIONS: [&str; 3] =
    ["Validate PR title", "PR validation (kubeconform)", "PR validation (argo-lint)"];

/// The scheduler's manifest, full path.
pub fn scheduler() -> String {
    format!("{ROOT}/scheduler-deployment.yaml")
}

/// The scheduler with two more variables; the second one is a kill switch, which is on.
pub fn guarded() -> String {
    SCHEDULER.to_owned()
        + "            - name: TRADING_UNIVERSE\n              value: chips\n            - name: TRADING_KILL_SWITCH_ENABLED\n              value: \"true\"\n"
}

/// The same with both in the other order, and the kill switch off: a line diff shows a line that moved.
pub fn released() -> String {
    SCHEDULER.to_owned()
        + "            - name: TRADING_KILL_SWITCH_ENABLED\n              value: \"false\"\n            - name: TRADING_UNIVERSE\n              value: chips\n"
}

/// A pull request to open.
pub fn new_pull(branch: &str) -> NewPull {
    NewPull {
        head: branch.parse::<BranchName>().unwrap(),
        base: "main".parse().unwrap(),
        title: "fix(torghut): a thing".to_owned(),
        body: "## Summary\n".to_owned(),
        draft: false,
        labels: vec![],
    }
}

/// GitHub's payload for an event of a pull request, as far as anybody reads it. `number` makes each event another.
pub fn pull_payload(action: &str, pull: IssueNumber, number: usize) -> Value {
    json!({
        "action": action, "number": pull.0, "pull_request": {"number": pull.0, "updated_at": number},
        "repository": {"full_name": "example/lab"},
        "sender": {"id": 1, "login": "wes", "type": "User"},
    })
}

impl Bot {
    /// Wes pushes files to a branch off `main` and opens a pull request; the webhook is sent.
    pub async fn propose(&self, branch: &str, files: &[(&str, &str)]) -> IssueNumber {
        let head = self.push(branch, files);
        let number = self.forge.propose(&repository_name(), "wes", &new_pull(branch), None).await.unwrap();
        assert_eq!(
            self.home.repository.git(&["rev-parse", &format!("refs/pull/{number}/head")]),
            head.as_str()
        );
        self.tell("opened", number).await;
        number
    }

    /// The same from a fork: no branch here has the commit.
    pub async fn propose_from_fork(&self, branch: &str, files: &[(&str, &str)]) -> IssueNumber {
        let head = self.push("scratch", files);
        self.home.repository.git(&["branch", "-D", "scratch"]);
        let fork = Fork { repository: "wes/lab".to_owned(), head };
        let name = repository_name();
        let number = self.forge.propose(&name, "wes", &new_pull(branch), Some(&fork)).await.unwrap();
        self.tell("opened", number).await;
        number
    }

    /// Pushes files to a branch, which begins at `main` where it is new.
    pub fn push(&self, branch: &str, files: &[(&str, &str)]) -> CommitId {
        let repository = &self.home.repository;
        if repository.tip(branch).is_none() {
            repository.git(&["branch", branch, "main"]);
        }
        repository.commit(branch, files)
    }

    /// Sends the webhook of something that happened at a pull request.
    pub async fn tell(&self, action: &str, pull: IssueNumber) -> Answer {
        // Each event has a body of its own, as it has a time of its own on GitHub.
        static TOLD: AtomicUsize = AtomicUsize::new(0);
        let number = TOLD.fetch_add(1, Ordering::Relaxed);
        self.tell_event("pull_request", &pull_payload(action, pull, number)).await
    }

    /// Sends the webhook of an event; it must be taken.
    pub async fn tell_event(&self, event: &str, payload: &Value) -> Answer {
        let request = signed(payload.to_string().into_bytes()).header("x-github-event", event);
        let answer = request.send(self.running.address).await;
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
        answer
    }

    /// Asks for the policy check of a commit again.
    pub async fn rerequest(&self, head: &CommitId) {
        self.forge.rerequest(&repository_name(), head, "writ/policy").await.unwrap();
        let payload = json!({
            "action": "rerequested", "check_run": {"name": "writ/policy", "head_sha": head},
            "repository": {"full_name": "example/lab"},
        });
        self.tell_event("check_run", &payload).await;
    }

    /// Another app's check run of a commit is as GitHub calls it (`None`: in progress), without an event.
    pub async fn report_check(&self, head: &CommitId, check: (&str, &str), conclusion: Option<&str>) {
        self.forge.report_check(&repository_name(), head, check, conclusion).await.unwrap();
    }

    /// The same, with the event of it.
    pub async fn complete_check(&self, head: &CommitId, (app, name): (&str, &str), conclusion: &str) {
        self.report_check(head, (app, name), Some(conclusion)).await;
        let payload = json!({
            "action": "completed", "check_run": {"name": name, "head_sha": head, "app": {"slug": app}},
            "repository": {"full_name": "example/lab"},
        });
        self.tell_event("check_run", &payload).await;
    }

    /// All check runs that the lanes' table names are green on a commit; no event is sent.
    pub async fn validate(&self, head: &CommitId) {
        for name in VALIDATIONS {
            self.report_check(head, ("github-actions", name), Some("success")).await;
        }
    }

    /// The one policy check of a commit, when all work is done.
    pub async fn check(&self, head: &CommitId) -> ShownCheck {
        self.settle().await;
        self.named_check(head, "writ/policy").await
    }

    /// Whether all is approved that must be, as its check run on a commit says, when all work is done.
    pub async fn approval(&self, head: &CommitId) -> ShownCheck {
        self.settle().await;
        self.named_check(head, "writ/approval").await
    }

    async fn named_check(&self, head: &CommitId, name: &str) -> ShownCheck {
        let mut checks = self.forge.checks(&repository_name(), head).await.unwrap();
        checks.retain(|check| check.name == name);
        assert_eq!(checks.len(), 1, "{checks:?}");
        checks.remove(0)
    }

    /// The pull request as the bot keeps it, when all work is done.
    pub async fn kept(&self, pull: IssueNumber) -> StoredPull {
        self.settle().await;
        let mut kept = self.running.store.pulls(Pulls::Numbered(&repository_name(), pull)).await.unwrap();
        kept.pop().expect("a pull request that was looked at")
    }

    /// The kinds of all records since the first `from`, oldest first.
    pub async fn told(&self, from: u64) -> Vec<String> {
        kinds(self.running.store.as_ref(), from).await
    }
}

/// The kinds of all records since the first `from`, oldest first.
pub async fn kinds(store: &dyn Store, from: u64) -> Vec<String> {
    records::kinds(&store.leaves(from, 1000).await.unwrap())
}
