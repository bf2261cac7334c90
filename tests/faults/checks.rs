//! Check runs on a GitHub that counts annotations as GitHub does: 50 a request, added to those that are there, never taken
//! back. The emulator exchanges them, so a script plays it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use writ::domain::lane::CheckResult;
use writ::domain::names::{CheckId, RepositoryName};
use writ::domain::pull::Conclusion;
use writ::ports::forge::check::{Annotation, AnnotationLevel, Check, CheckStatus};
use writ::ports::forge::github::{Credentials, Github, Options, Timeouts};
use writ::ports::forge::{Forge as _, ForgeError};

use crate::support::scripted::{Asked, Reply, Scripted};

/// The check runs of one commit, oldest first.
#[derive(Clone, Default)]
struct Checks(Arc<Mutex<Vec<Value>>>);

impl Checks {
    fn answer(&self, asked: &Asked) -> Reply {
        let mut checks = self.0.lock().unwrap();
        let (method, path) = asked.line.split_once(' ').unwrap();
        let body: Value = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
        let path = path.split('?').next().unwrap();
        match (method, path.rsplit('/').next().unwrap()) {
            ("GET", "check-runs") => {
                let newest: Vec<Value> = checks.last().map(shown).into_iter().collect();
                Reply::json(200, &json!({"total_count": newest.len(), "check_runs": newest}))
            }
            ("GET", "annotations") => {
                let page = usize::from(asked.line.contains("page=2"));
                let all = checks.last().unwrap()["annotations"].as_array().unwrap().clone();
                Reply::json(200, &json!(all.chunks(100).nth(page).unwrap_or_default()))
            }
            ("POST", _) => {
                let mut made = json!({"id": checks.len() + 1, "annotations": []});
                write(&mut made, &body);
                checks.push(made.clone());
                Reply::json(201, &shown(&made))
            }
            ("PATCH", id) => {
                let id: usize = id.parse().unwrap();
                write(&mut checks[id - 1], &body);
                Reply::json(200, &shown(&checks[id - 1]))
            }
            _ => Reply::json(404, &json!({"message": "Not Found"})),
        }
    }

    fn states(&self) -> Vec<(String, String, usize)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let count = |check: &Value| check["annotations"].as_array().unwrap().len();
        let checks = self.0.lock().unwrap();
        checks
            .iter()
            .map(|check| (text(&check["status"]), text(&check["external_id"]), count(check)))
            .collect()
    }
}

fn shown(check: &Value) -> Value {
    json!({
        "id": check["id"], "status": check["status"], "conclusion": check["conclusion"],
        "external_id": check["external_id"],
        "output": {"annotations_count": check["annotations"].as_array().unwrap().len()},
    })
}

fn write(check: &mut Value, body: &Value) {
    let given = body["output"]["annotations"].as_array().cloned().unwrap_or_default();
    assert!(given.len() <= 50, "GitHub takes 50 annotations a request, not {}", given.len());
    check["annotations"].as_array_mut().unwrap().extend(given);
    for field in ["status", "external_id"] {
        check[field] = body[field].clone();
    }
    check["conclusion"] = body["conclusion"].clone();
}

fn check(lines: std::ops::Range<usize>) -> Check {
    Check {
        name: "writ/policy".to_owned(),
        head: "a".repeat(40).parse().unwrap(),
        status: CheckStatus::Completed(Conclusion::Failure),
        title: "Denied".to_owned(),
        summary: "why".to_owned(),
        text: String::new(),
        details_url: None,
        digest: format!("sha256:{lines:?}"),
        annotations: lines
            .map(|line| Annotation {
                path: "a.yaml".to_owned(),
                line,
                level: AnnotationLevel::Warning,
                title: "policy: code".to_owned(),
                message: "it is wrong".to_owned(),
            })
            .collect(),
    }
}

fn connect(url: &str) -> Github {
    let credentials = Credentials::Token("ghp_plain".into());
    let timeouts = Timeouts { recheck: Duration::from_millis(1), ..Timeouts::default() };
    let options = Options { base_url: url.to_owned(), credentials, timeouts, now: Timestamp::now };
    Github::new(&options).expect("right options")
}

fn repository() -> RepositoryName {
    "acme/lab".parse().unwrap()
}

async fn put(url: &str, check: &Check) -> Result<CheckId, ForgeError> {
    connect(url).put_check(&repository(), check).await
}

#[tokio::test]
async fn annotations_go_in_batches_and_the_last_one_completes() {
    let checks = Checks::default();
    let script = checks.clone();
    let server = Scripted::start(move |asked| script.answer(asked)).await;
    put(&server.url, &check(1..121)).await.expect("written");
    let writes: Vec<Value> = server
        .asked()
        .iter()
        .filter(|asked| !asked.line.starts_with("GET"))
        .map(|asked| serde_json::from_str(&asked.body).unwrap())
        .collect();
    let statuses: Vec<_> = writes.iter().map(|body| body["status"].as_str().unwrap().to_owned()).collect();
    assert_eq!(statuses, ["in_progress", "in_progress", "completed"]);
    assert!(writes[0].get("conclusion").is_none() && writes[2]["conclusion"] == "failure");
    assert_eq!(checks.states(), [("completed".to_owned(), "sha256:1..121".to_owned(), 120)]);
    // The same again changes nothing.
    let asked = server.asked().len();
    put(&server.url, &check(1..121)).await.expect("as it is");
    assert_eq!(server.asked().len(), asked + 1, "one request");
}

#[tokio::test]
async fn what_a_broken_try_left_out_is_added_and_nothing_twice() {
    let checks = Checks::default();
    let (script, broken) = (checks.clone(), Mutex::new(true));
    let server = Scripted::start(move |asked| {
        let answer = script.answer(asked);
        // The first batch is written, and the answer to it is lost.
        let lost = asked.line.starts_with("POST") && std::mem::take(&mut *broken.lock().unwrap());
        if lost { Reply::Close } else { answer }
    })
    .await;
    put(&server.url, &check(1..151)).await.expect("written");
    assert_eq!(checks.states(), [("completed".to_owned(), "sha256:1..151".to_owned(), 150)]);
}

#[tokio::test]
async fn annotations_that_no_longer_hold_are_left_behind() {
    let checks = Checks::default();
    let script = checks.clone();
    let server = Scripted::start(move |asked| script.answer(asked)).await;
    let first = put(&server.url, &check(1..3)).await.expect("written");
    assert_eq!(put(&server.url, &check(1..5)).await.expect("more of them"), first);
    let other = put(&server.url, &check(2..4)).await.expect("others");
    assert_ne!(other, first, "annotations cannot be taken back: a new check run takes its place");
    let states = checks.states();
    assert_eq!(states.iter().map(|state| state.2).collect::<Vec<_>>(), [4, 2]);
    assert_eq!(put(&server.url, &check(4..4)).await.map(|id| id.0).expect("none"), 3);
}

#[tokio::test]
async fn an_account_that_may_not_write_check_runs_is_reported() {
    let refuse = |asked: &Asked| match asked.line.starts_with("GET") {
        true => Reply::json(200, &json!({"total_count": 0, "check_runs": []})),
        false => Reply::json(403, &json!({"message": "You must authenticate via a GitHub App."})),
    };
    let server = Scripted::start(refuse).await;
    let refused = put(&server.url, &check(1..2)).await;
    assert!(
        matches!(&refused, Err(ForgeError::Forbidden(said)) if said.contains("GitHub App")),
        "{refused:?}"
    );
}

/// Check runs of others, as GitHub lists them: of several apps, of none, and the bot's own.
#[tokio::test]
async fn check_runs_of_others_are_told_by_their_app() {
    let run = |app: Value, status: &str, conclusion: Value| json!({"id": 1, "name": "a b/c", "status": status, "conclusion": conclusion, "app": app});
    let runs = vec![
        run(json!({"id": 2, "slug": "github-actions"}), "completed", json!("success")),
        run(json!({"id": 3, "slug": "stranger"}), "in_progress", Value::Null),
        run(Value::Null, "completed", json!("skipped")),
    ];
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let server = Scripted::start(move |asked| {
        seen.lock().unwrap().push(asked.line.clone());
        Reply::json(200, &json!({"total_count": runs.len(), "check_runs": runs}))
    })
    .await;
    let forge = connect(&server.url);
    let head = "a".repeat(40).parse().unwrap();
    let found = forge.check_runs(&repository(), &head, "a b/c").await.unwrap();
    let told: Vec<_> = found.iter().map(|check| (check.app.as_deref(), check.result)).collect();
    let wanted = [
        (Some("github-actions"), CheckResult::Green),
        (Some("stranger"), CheckResult::Pending),
        (None, CheckResult::NotGreen),
    ];
    assert_eq!(told, wanted);
    let line = asked.lock().unwrap().last().unwrap().clone();
    assert!(line.contains("check_name=a%20b%2Fc&filter=latest"), "{line}");
}
