//! One 404 or one unreadable answer, at each request of a whole story: a pause, its check runs, its cancellation.

use std::collections::BTreeSet;

use serde_json::Value;
use tokio::task::JoinSet;
use writ::cli::settings::{ForgeAccount, ForgeSettings};
use writ::cli::wiring::{self, Running};
use writ::domain::names::{AccountId, CommentId, IssueNumber};

use crate::support::bot::{Home, comment_payload, signed};
use crate::support::fake_github::{FakeGithub, Fault};
use crate::support::pulls::pull_payload;

const PAUSE: &str = "/actuate pause-trading reason=\"broker rejects orders\" confirm=ACTUATE_TORGHUT";
const ISSUE: IssueNumber = IssueNumber(7);

/// A bot on a GitHub that can fail.
struct Story {
    hub: FakeGithub,
    running: Running,
    _home: Home,
}

impl Story {
    async fn begin() -> Self {
        let hub = FakeGithub::start().await;
        let home = Home::seeded();
        let path = home.repository.path().to_owned();
        hub.point(move |branch| crate::support::repository::git(&path, &["rev-parse", branch]));
        let mut settings = home.settings();
        settings.forge = ForgeSettings::GitHub {
            base_url: hub.server.url.clone(),
            account: ForgeAccount::Token("ghp_plain".into()),
        };
        let running = wiring::start(settings).await.unwrap();
        Self { hub, running, _home: home }
    }

    async fn comment(&self, body: &str) {
        let ada = serde_json::json!({"id": 1, "login": "ada", "type": "User"});
        let comment = CommentId(self.hub.comment(ISSUE.0, &ada, body));
        let payload = comment_payload(ISSUE, "ada", AccountId(1), comment, body);
        self.deliver("issue_comment", &payload).await;
    }

    async fn deliver(&self, event: &str, payload: &Value) {
        let request = signed(payload.to_string().into_bytes()).header("x-github-event", event);
        let answer = request.send(self.running.address).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        let mut progress = self.running.progress.clone();
        loop {
            progress.mark_unchanged();
            if self.running.store.next_due().await.unwrap().is_none() {
                return;
            }
            progress.changed().await.unwrap();
        }
    }

    /// The whole story, and what it must come to.
    async fn run(&self, name: &str) {
        self.comment(PAUSE).await;
        let pulls: Vec<(u64, Value)> = self
            .hub
            .holds(|state| state.pulls.iter().map(|(number, pull)| (*number, pull.clone())).collect());
        let [(number, pull)] = &pulls[..] else { panic!("{name}: {pulls:?} {:?}", self.replies()) };
        assert_eq!((&pull["state"], pull["labels"].as_array().unwrap().len()), (&"open".into(), 2), "{name}");

        self.deliver("pull_request", &pull_payload("opened", IssueNumber(*number), 1)).await;
        let checks = self.hub.holds(|state| {
            let line = |check: &Value| format!("{} {}", check["name"], check["status"]);
            state.checks.values().map(line).collect::<BTreeSet<_>>()
        });
        let wanted = ["\"writ/approval\" \"completed\"", "\"writ/policy\" \"completed\""];
        assert!(checks.iter().eq(wanted.iter()), "{name}: {checks:?}");
        assert_eq!(self.hub.holds(|state| state.checks.len()), 2, "{name}");

        let run = pull["head"]["ref"].as_str().unwrap().rsplit('-').next().unwrap();
        self.comment(&format!("/cancel {run}")).await;
        assert_eq!(self.hub.holds(|state| state.pulls[number]["state"].clone()), "closed", "{name}");
        let replies = self.replies();
        assert_eq!(replies.len(), 2, "{name}: {replies:?}");
        assert!(replies[0].contains("**Proposed:**") && replies[1].contains("**Cancelled:**"), "{name}");
    }

    fn replies(&self) -> Vec<String> {
        self.hub.holds(|state| {
            let own = state.comments.values().filter(|comment| comment["issue"] == ISSUE.0);
            let bodies = own.map(|comment| comment["body"].as_str().unwrap().to_owned());
            bodies.filter(|body| body.contains("<!-- writ:run:")).collect()
        })
    }
}

/// The part of a request's line that names the call. Ids of things are the same in each story.
fn call(line: &str) -> String {
    let path = line.split('?').next().unwrap();
    let path = path.split("/commits/").next().unwrap();
    path.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_ends_well_whichever_answer_is_in_doubt() {
    const AT_ONCE: usize = 6;
    let plain = Story::begin().await;
    plain.run("as it should be").await;
    let calls: BTreeSet<String> = plain.hub.server.asked().iter().map(|asked| call(&asked.line)).collect();
    assert!(calls.len() >= 14, "{calls:#?}");
    let mut under_way = JoinSet::new();
    for call in calls {
        for fault in [Fault::NotFound, Fault::Garbled] {
            if under_way.len() >= AT_ONCE {
                under_way.join_next().await.unwrap().unwrap();
            }
            let call = call.clone();
            under_way.spawn(async move {
                let story = Story::begin().await;
                story.hub.fail(&call, fault);
                story.run(&format!("{fault:?} at {call}")).await;
                assert!(!story.hub.waits_to_fail(), "{call}: nothing went wrong");
            });
        }
    }
    under_way.join_all().await;
}
