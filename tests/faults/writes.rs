//! Every write of the forge `github` × everything that can go wrong with it: exactly one effect each.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use writ::domain::names::{CommentId, CommitId, IssueNumber, RepositoryName};
use writ::domain::pull::Conclusion;
use writ::ports::forge::check::{Annotation, AnnotationLevel, Check, CheckStatus};
use writ::ports::forge::github::{Credentials, Github, Options, Timeouts};
use writ::ports::forge::{Forge as _, ForgeError, NewPull, Permission, Reaction};

use crate::support::fake_github::{FakeGithub, Fault, State, account};

const ISSUE: IssueNumber = IssueNumber(7);
/// The pull request that is opened first.
const FIRST: IssueNumber = IssueNumber(101);
const MARKER: &str = "<!-- writ:run:x -->";

fn repository() -> RepositoryName {
    "acme/lab".parse().unwrap()
}

fn head() -> CommitId {
    "a".repeat(40).parse().unwrap()
}

fn forge(hub: &FakeGithub) -> Github {
    let timeouts = Timeouts {
        total: Duration::from_millis(1500),
        recheck: Duration::from_millis(1),
        ..Timeouts::default()
    };
    let credentials = Credentials::Token("ghp_plain".into());
    Github::new(&Options { base_url: hub.server.url.clone(), credentials, timeouts, now: Timestamp::now })
        .expect("right options")
}

type Done<'a> = Pin<Box<dyn Future<Output = Result<(), ForgeError>> + Send + 'a>>;

/// A write: what is there before it, how it is asked for, which request of it goes wrong, and what is there then.
struct Write {
    name: &'static str,
    before: for<'a> fn(&'a Github) -> Done<'a>,
    write: for<'a> fn(&'a Github) -> Done<'a>,
    request: &'static str,
    effect: fn(&State) -> String,
}

fn new_pull() -> NewPull {
    NewPull {
        head: "codex/torghut-v3-a".parse().unwrap(),
        base: "main".parse().unwrap(),
        title: "chore: x".to_owned(),
        body: "body".to_owned(),
        draft: true,
        labels: vec!["actuation".to_owned(), "do-not-automerge".to_owned()],
    }
}

fn check(lines: usize, status: CheckStatus) -> Check {
    let annotation = |line| Annotation {
        path: "a.yaml".to_owned(),
        line,
        level: AnnotationLevel::Warning,
        title: "policy: code".to_owned(),
        message: "it is wrong".to_owned(),
    };
    Check {
        name: "writ/policy".to_owned(),
        head: head(),
        status,
        title: "title".to_owned(),
        summary: "why".to_owned(),
        text: String::new(),
        details_url: None,
        digest: format!("{lines} {status:?}"),
        annotations: (1..=lines).map(annotation).collect(),
    }
}

fn nothing(_: &Github) -> Done<'_> {
    Box::pin(async { Ok(()) })
}

fn status<'a>(forge: &'a Github, body: &'static str) -> Done<'a> {
    Box::pin(async move {
        forge.put_status(&repository(), ISSUE, MARKER, &format!("{MARKER} {body}")).await.map(|_| ())
    })
}

fn opened(forge: &Github) -> Done<'_> {
    Box::pin(async { forge.open_pull(&repository(), &new_pull()).await.map(|_| ()) })
}

fn comments(state: &State) -> String {
    let bodies = state.comments.values().map(|comment| comment["body"].as_str().unwrap().to_owned());
    bodies.collect::<Vec<_>>().join(" | ")
}

fn pulls(state: &State) -> String {
    let line = |pull: &serde_json::Value| {
        let labels: Vec<_> =
            pull["labels"].as_array().unwrap().iter().map(|label| label["name"].as_str().unwrap()).collect();
        format!("{} draft {} {}", pull["state"].as_str().unwrap(), pull["draft"], labels.join(","))
    };
    state.pulls.values().map(line).collect::<Vec<_>>().join(" | ")
}

fn checks(state: &State) -> String {
    let line = |check: &serde_json::Value| {
        format!("{} {}", check["status"].as_str().unwrap(), check["annotations"].as_array().unwrap().len())
    };
    state.checks.values().map(line).collect::<Vec<_>>().join(" | ")
}

const PASSED: CheckStatus = CheckStatus::Completed(Conclusion::Success);

const WRITES: [Write; 11] = [
    Write {
        name: "make a comment",
        before: nothing,
        write: |forge| status(forge, "working"),
        request: "POST /repos/acme/lab/issues/7/comments",
        effect: comments,
    },
    Write {
        name: "edit a comment",
        before: |forge| status(forge, "working"),
        write: |forge| status(forge, "done"),
        request: "PATCH /repos/acme/lab/issues/comments/",
        effect: comments,
    },
    Write {
        name: "react",
        before: nothing,
        write: |forge| Box::pin(async { forge.react(&repository(), CommentId(3), Reaction::Eyes).await }),
        request: "/reactions",
        effect: |state| format!("{:?}", state.reactions),
    },
    Write {
        name: "open a pull request",
        before: nothing,
        write: opened,
        request: "POST /repos/acme/lab/pulls",
        effect: pulls,
    },
    Write { name: "add labels", before: nothing, write: opened, request: "/labels", effect: pulls },
    Write {
        name: "close a pull request",
        before: opened,
        write: |forge| Box::pin(async { forge.close_pull(&repository(), FIRST).await }),
        request: "PATCH /repos/acme/lab/pulls/",
        effect: pulls,
    },
    Write {
        name: "mark a pull request as ready",
        before: opened,
        write: |forge| Box::pin(async { forge.mark_ready(&repository(), FIRST).await }),
        request: "POST /graphql",
        effect: pulls,
    },
    Write {
        name: "make a check run",
        before: nothing,
        write: |forge| {
            Box::pin(async {
                forge.put_check(&repository(), &check(0, CheckStatus::InProgress)).await.map(|_| ())
            })
        },
        request: "POST /repos/acme/lab/check-runs",
        effect: checks,
    },
    Write {
        name: "make a check run with many annotations",
        before: nothing,
        write: |forge| {
            Box::pin(async { forge.put_check(&repository(), &check(120, PASSED)).await.map(|_| ()) })
        },
        request: "POST /repos/acme/lab/check-runs",
        effect: checks,
    },
    Write {
        name: "complete a check run",
        before: |forge| {
            Box::pin(async {
                forge.put_check(&repository(), &check(0, CheckStatus::InProgress)).await.map(|_| ())
            })
        },
        write: |forge| {
            Box::pin(async { forge.put_check(&repository(), &check(0, PASSED)).await.map(|_| ()) })
        },
        request: "PATCH /repos/acme/lab/check-runs/",
        effect: checks,
    },
    Write {
        name: "add annotations to a check run",
        before: |forge| {
            Box::pin(async {
                forge.put_check(&repository(), &check(0, CheckStatus::InProgress)).await.map(|_| ())
            })
        },
        write: |forge| {
            Box::pin(async { forge.put_check(&repository(), &check(120, PASSED)).await.map(|_| ()) })
        },
        request: "PATCH /repos/acme/lab/check-runs/",
        effect: checks,
    },
];

/// What a write comes to where nothing goes wrong.
async fn wanted(write: &Write) -> String {
    let hub = FakeGithub::start().await;
    let forge = forge(&hub);
    (write.before)(&forge).await.unwrap();
    (write.write)(&forge).await.unwrap();
    hub.holds(write.effect)
}

/// Writes as a worker does: again, later, where the forge did not answer. Gives the number of tries.
async fn try_until_done(story: &str, forge: &Github, write: &Write) -> u32 {
    for tried in 1..=3 {
        match (write.write)(forge).await {
            Ok(()) => return tried,
            Err(ForgeError::Unavailable { .. } | ForgeError::Malformed(_)) => {}
            Err(error) => panic!("{story}: {error:?}"),
        }
    }
    panic!("{story}: three tries were not enough")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_has_one_effect_whatever_is_answered() {
    let mut stories = 0;
    for write in &WRITES {
        let wanted = wanted(write).await;
        for fault in Fault::ALL {
            for lag in [0, 2] {
                let story = format!("{}, {fault:?}, seen after {lag} reads", write.name);
                let hub = FakeGithub::start().await;
                let forge = forge(&hub);
                hub.lag(lag);
                (write.before)(&forge).await.unwrap();
                hub.fail(write.request, fault);
                let tries = try_until_done(&story, &forge, write).await;
                assert!(!hub.waits_to_fail(), "{story}: nothing went wrong");
                assert_eq!(hub.holds(write.effect), wanted, "{story}");
                // What is answered in doubt is settled on the spot.
                let on_the_spot = matches!(fault, Fault::NotFound | Fault::Garbled | Fault::Cut);
                assert!(tries == 1 || !on_the_spot, "{story}: {tries} tries");
                // And what is done is done: once more changes nothing.
                (write.write)(&forge).await.unwrap();
                assert_eq!(hub.holds(write.effect), wanted, "{story}, once more");
                stories += 1;
            }
        }
    }
    assert_eq!(stories, 154);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_read_believes_one_answer_in_doubt() {
    for fault in [Fault::NotFound, Fault::Garbled, Fault::Cut, Fault::Page] {
        let hub = FakeGithub::start().await;
        let forge = forge(&hub);
        opened(&forge).await.unwrap();
        let comment = CommentId(hub.comment(7, &account(), "hello"));
        let repository = repository();
        let number = forge.find_pull(&repository, &new_pull().head).await.unwrap().unwrap().number;
        forge.put_check(&repository, &check(0, PASSED)).await.unwrap();

        hub.fail("/permission", fault);
        assert_eq!(forge.permission(&repository, "ada").await.unwrap().1, Permission::Write, "{fault:?}");
        hub.fail("/issues/comments/", fault);
        assert_eq!(forge.comment(&repository, comment).await.unwrap().unwrap().body, "hello", "{fault:?}");
        hub.fail("GET /repos/acme/lab/pulls/", fault);
        assert!(forge.pull(&repository, number).await.unwrap().is_open(), "{fault:?}");
        hub.fail("GET /repos/acme/lab/pulls?", fault);
        assert!(forge.find_pull(&repository, &new_pull().head).await.unwrap().is_some(), "{fault:?}");
        hub.fail("/reviews", fault);
        assert!(forge.reviews(&repository, number).await.unwrap().is_empty(), "{fault:?}");
        hub.fail("/check-runs", fault);
        let found = forge.find_check(&repository, &head(), "writ/policy").await.unwrap().unwrap();
        assert_eq!(found.status, Some(PASSED), "{fault:?}");
        assert!(!hub.waits_to_fail());
    }
}

/// The reply that follows "working on it" at once is that comment, edited, although no list shows it yet.
#[tokio::test]
async fn a_comment_that_no_list_shows_yet_is_edited() {
    let hub = FakeGithub::start().await;
    let forge = forge(&hub);
    hub.lag(3);
    status(&forge, "working").await.unwrap();
    status(&forge, "done").await.unwrap();
    assert_eq!(hub.holds(comments), format!("{MARKER} done"));
}
