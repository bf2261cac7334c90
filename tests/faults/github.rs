//! The forge `github` against servers that fail, lie, stall or tempt.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use writ::domain::names::{BranchName, CommentId, IssueNumber, RepositoryName};
use writ::ports::forge::github::{Credentials, Github, Options, SetupError, Timeouts};
use writ::ports::forge::{Forge as _, ForgeError, NewPull};

use crate::support;
use crate::support::scripted::{Asked, Reply, Scripted};

fn repository() -> RepositoryName {
    "acme/lab".parse().unwrap()
}

fn branch() -> BranchName {
    "codex/torghut-v3-a".parse().unwrap()
}

/// Gives up soon, by the whole.
fn quick() -> Timeouts {
    Timeouts { total: Duration::from_millis(400), ..slow() }
}

/// Gives up soon, by each read.
fn quick_read() -> Timeouts {
    Timeouts { read: Duration::from_millis(400), ..slow() }
}

fn slow() -> Timeouts {
    let minute = Duration::from_secs(60);
    Timeouts { connect: minute, read: minute, total: minute, recheck: Duration::from_millis(1) }
}

fn patient() -> Timeouts {
    Timeouts { recheck: Duration::from_millis(1), ..Timeouts::default() }
}

fn with_token(url: &str, timeouts: Timeouts) -> Github {
    let credentials = Credentials::Token("ghp_plain".into());
    Github::new(&Options { base_url: url.to_owned(), credentials, timeouts, now: Timestamp::now })
        .expect("right options")
}

fn with_app(url: &str, private_key: &str) -> Result<Github, SetupError> {
    let credentials = Credentials::App { id: 7, private_key: private_key.into() };
    Github::new(&Options { base_url: url.to_owned(), credentials, timeouts: patient(), now: Timestamp::now })
}

/// A fresh RSA key by node, which makes no use of the installed packages.
fn fresh_key(what: &str) -> Option<String> {
    let Some(node) = support::program("node") else {
        support::left_out(what, "node is not installed");
        return None;
    };
    let script = "process.stdout.write(require('node:crypto').generateKeyPairSync('rsa', { modulusLength: 2048, \
                  publicKeyEncoding: { type: 'spki', format: 'pem' }, \
                  privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }).privateKey)";
    let output = std::process::Command::new(node).args(["-e", script]).output().expect("node runs");
    Some(String::from_utf8(output.stdout).expect("a key"))
}

/// The kind of an error with what decides about it: the wait, or the words.
fn kind<T: std::fmt::Debug>(result: Result<T, ForgeError>) -> String {
    match result.expect_err("a failure") {
        ForgeError::Forbidden(message) => format!("forbidden: {message}"),
        ForgeError::NotFound(what) => format!("no {what}"),
        ForgeError::Rejected(message) => format!("rejected: {message}"),
        ForgeError::Unavailable { retry_after, .. } => format!("unavailable {retry_after:?}"),
        ForgeError::Malformed(_) => "malformed".to_owned(),
    }
}

fn answer(status: u16, headers: &str, body: &str) -> Reply {
    Reply::Answer(status, headers.to_owned(), body.as_bytes().to_vec())
}

fn account() -> Value {
    json!({ "id": 5, "login": "writ-machine" })
}

fn comment(id: u64, body: &str) -> Value {
    let at = "2026-11-21T09:30:00Z";
    json!({ "id": id, "user": account(), "body": body, "created_at": at, "updated_at": at })
}

fn pull(number: u64, repository: &str) -> Value {
    json!({
        "number": number, "html_url": "https://example.test/1", "state": "open", "body": null, "draft": false,
        "base": { "ref": "main" }, "head": { "ref": branch(), "sha": "a".repeat(40), "repo": { "full_name": repository } }, "labels": []
    })
}

fn new_pull() -> NewPull {
    NewPull {
        head: branch(),
        base: "main".parse().unwrap(),
        title: "chore: x".to_owned(),
        body: String::new(),
        draft: false,
        labels: Vec::new(),
    }
}

#[tokio::test]
async fn each_failure_has_its_kind_and_only_what_is_in_doubt_is_asked_again() {
    let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait."}"#;
    let forbidden = r#"{"message":"Resource not accessible by integration"}"#;
    let cases: [(fn() -> Reply, &str, usize); 11] = [
        (|| answer(500, "", "{}"), "unavailable None", 1),
        (|| answer(502, "", "<html>Bad gateway</html>"), "unavailable None", 1),
        (|| answer(503, "retry-after: 4\r\n", ""), "unavailable Some(4s)", 1),
        (|| answer(429, "retry-after: 7\r\n", "{}"), "unavailable Some(7s)", 1),
        (|| Reply::Close, "unavailable None", 1),
        (|| answer(200, "", "{\"permission\": \"adm"), "malformed", 4),
        (|| answer(200, "", ""), "malformed", 4),
        (|| answer(200, "", "<html>Welcome</html>"), "malformed", 4),
        (|| answer(204, "", ""), "malformed", 4),
        (|| answer(200, "", r#"{"permission":"owner","user":{"id":1,"login":"a"}}"#), "malformed", 1),
        (|| answer(404, "", "{}"), "no account `ada`", 4),
    ];
    for (reply, wanted, asked) in cases {
        let server = Scripted::start(move |_| reply()).await;
        let forge = with_token(&server.url, patient());
        assert_eq!(kind(forge.permission(&repository(), "ada").await), wanted);
        assert_eq!(server.asked().len(), asked, "{wanted}");
    }
    let server = Scripted::start(|_| Reply::Answer(200, String::new(), vec![b' '; 33 << 20])).await;
    let huge =
        with_token(&server.url, patient()).permission(&repository(), "ada").await.expect_err("too much");
    assert!(huge.to_string().ends_with("a response of more than 33554432 bytes"), "{huge}");
    let server = Scripted::start(move |_| answer(403, "", secondary)).await;
    let forge = with_token(&server.url, patient());
    assert_eq!(kind(forge.permission(&repository(), "ada").await), "unavailable Some(60s)");
    let server = Scripted::start(move |_| answer(403, "", forbidden)).await;
    let forge = with_token(&server.url, patient());
    let wanted = "forbidden: Resource not accessible by integration (status 403)";
    assert_eq!(kind(forge.permission(&repository(), "ada").await), wanted);
}

#[tokio::test]
async fn nothing_waits_longer_than_it_may() {
    let cases: [fn() -> Reply; 2] = [
        || Reply::Silence,
        || Reply::Stalled(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"permission\":".to_vec()),
    ];
    for reply in cases {
        for timeouts in [quick(), quick_read()] {
            let server = Scripted::start(move |_| reply()).await;
            let started = Instant::now();
            let result = with_token(&server.url, timeouts).permission(&repository(), "ada").await;
            assert_eq!(kind(result), "unavailable None");
            assert!(started.elapsed() < Duration::from_secs(20), "{timeouts:?}");
        }
    }
    // Nobody listens there (any more).
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(kind(with_token(&url, quick()).permission(&repository(), "ada").await), "unavailable None");
}

#[tokio::test]
async fn a_write_whose_connection_breaks_is_not_sent_again() {
    let server = Scripted::start(|asked| match asked.line.as_str() {
        "GET /user" => Reply::json(200, &account()),
        line if line.starts_with("GET ") => Reply::json(200, &json!([])),
        _ => Reply::Close,
    })
    .await;
    let forge = with_token(&server.url, patient());
    assert_eq!(kind(forge.put_status(&repository(), IssueNumber(1), "m", "m").await), "unavailable None");
    assert_eq!(kind(forge.open_pull(&repository(), &new_pull()).await), "unavailable None");
    let writes: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    let writes: Vec<&String> = writes.iter().filter(|line| line.starts_with("POST")).collect();
    assert_eq!(writes, ["POST /repos/acme/lab/issues/1/comments", "POST /repos/acme/lab/pulls"]);
}

#[tokio::test]
async fn addresses_in_answers_are_never_used() {
    let elsewhere = Scripted::start(|_| Reply::json(200, &json!([]))).await;
    let away = elsewhere.url.clone();
    let server = Scripted::start(move |asked| match asked.line.as_str() {
        "GET /user" => Reply::json(200, &account()),
        line if line.ends_with("&page=1") => {
            let link = format!("link: <{away}/steal?page=2>; rel=\"next\"\r\n");
            Reply::Answer(200, link, json!([comment(1, "other")]).to_string().into_bytes())
        }
        line if line.ends_with("&page=2") => Reply::json(200, &json!([comment(2, "the marker")])),
        line if line.starts_with("PATCH") => Reply::json(200, &comment(2, "new")),
        _ => answer(301, &format!("location: {away}/moved\r\n"), "{}"),
    })
    .await;
    let forge = with_token(&server.url, patient());
    let id = forge.put_status(&repository(), IssueNumber(1), "the marker", "the marker, new").await.unwrap();
    assert_eq!(id, CommentId(2));
    let moved = kind(forge.permission(&repository(), "ada").await);
    assert_eq!(moved, "rejected: account `ada` has moved to another address (301); was it renamed?");
    assert_eq!(elsewhere.asked(), []);
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let server = Scripted::start(|asked| match asked.line.as_str() {
        "GET /user" => Reply::json(200, &account()),
        _ => Reply::Answer(200, "link: </x>; rel=\"next\"\r\n".to_owned(), b"[]".to_vec()),
    })
    .await;
    let forge = with_token(&server.url, patient());
    assert_eq!(kind(forge.put_status(&repository(), IssueNumber(1), "m", "m").await), "malformed");
    assert!(server.asked().iter().all(|asked| !asked.line.starts_with("POST")));
}

#[tokio::test]
async fn a_missing_comment_is_told_from_a_missing_repository() {
    let server = Scripted::start(|asked| match asked.line.as_str() {
        "GET /repos/acme/lab" => Reply::json(200, &json!({ "id": 1 })),
        _ => Reply::json(404, &json!({ "message": "Not Found" })),
    })
    .await;
    let forge = with_token(&server.url, patient());
    assert_eq!(forge.comment(&repository(), CommentId(3)).await.unwrap(), None);
    let other = forge.comment(&"acme/gone".parse().unwrap(), CommentId(3)).await;
    assert_eq!(kind(other), "forbidden: `acme/gone` is not visible (any more)");
}

#[tokio::test]
async fn a_status_comment_deleted_meanwhile_is_made_anew() {
    let server = Scripted::start(|asked| match asked.line.as_str() {
        "GET /user" => Reply::json(200, &account()),
        line if line.starts_with("GET") => Reply::json(200, &json!([comment(4, "m old")])),
        line if line.starts_with("PATCH") => Reply::json(404, &json!({ "message": "Not Found" })),
        _ => Reply::json(201, &comment(9, "m new")),
    })
    .await;
    let forge = with_token(&server.url, patient());
    assert_eq!(forge.put_status(&repository(), IssueNumber(1), "m", "m new").await.unwrap(), CommentId(9));
}

#[tokio::test]
async fn a_422_means_look_again() {
    let exists = json!({
        "message": "Validation Failed",
        "errors": [{ "message": "A pull request already exists for acme:codex/torghut-v3-a." }]
    });
    // The list shows first a fork's pull request only, then ours as well.
    let listed = AtomicUsize::new(0);
    let refusal = exists.clone();
    let server = Scripted::start(move |asked| match asked.line.starts_with("GET") {
        true if listed.fetch_add(1, Ordering::SeqCst) == 0 => {
            Reply::json(200, &json!([pull(8, "acme/fork")]))
        }
        true => Reply::json(200, &json!([pull(8, "acme/fork"), pull(7, "acme/lab")])),
        false => Reply::json(422, &refusal),
    })
    .await;
    let found = with_token(&server.url, patient()).open_pull(&repository(), &new_pull()).await.unwrap();
    assert_eq!(found.number, IssueNumber(7));

    let server = Scripted::start(move |asked| match asked.line.starts_with("GET") {
        true => Reply::json(200, &json!([])),
        false => Reply::json(422, &exists),
    })
    .await;
    let lagging = with_token(&server.url, patient()).open_pull(&repository(), &new_pull()).await;
    assert_eq!(kind(lagging), "unavailable None");

    let server = Scripted::start(|asked| match asked.line.starts_with("GET") {
        true => Reply::json(200, &json!([])),
        false => {
            Reply::json(422, &json!({ "message": "Validation Failed", "errors": ["No commits between"] }))
        }
    })
    .await;
    let refused = with_token(&server.url, patient()).open_pull(&repository(), &new_pull()).await;
    assert_eq!(kind(refused), "rejected: Validation Failed; No commits between (status 422)");
}

/// An App's server: tokens are numbered; `lives` tells how many seconds each is said to live.
fn app_server(asked: &Asked, issued: &AtomicUsize, lives: i64, good: &str) -> Reply {
    match asked.line.as_str() {
        "GET /repos/acme/lab/installation" => Reply::json(200, &json!({ "id": 3 })),
        "POST /app/installations/3/access_tokens" => {
            assert_eq!(asked.body, r#"{"repositories":["lab"]}"#);
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            let ends = Timestamp::now() + SignedDuration::from_secs(lives);
            // As long and as opaque as GitHub's longest.
            let token = format!("ghs_{number}_{}", "x".repeat(510));
            Reply::json(201, &json!({ "token": token, "expires_at": ends.to_string() }))
        }
        _ if asked.token.starts_with(good) => {
            Reply::json(200, &json!({ "permission": "write", "role_name": "write", "user": account() }))
        }
        _ => Reply::json(401, &json!({ "message": "Bad credentials" })),
    }
}

#[tokio::test]
async fn a_token_that_ends_midway_is_renewed_once() {
    let Some(key) = fresh_key("renewal of installation tokens") else { return };
    let issued = AtomicUsize::new(0);
    let server = Scripted::start(move |asked| app_server(asked, &issued, 3600, "ghs_2_")).await;
    let forge = with_app(&server.url, &key).unwrap();
    forge.permission(&repository(), "ada").await.unwrap();
    forge.permission(&repository(), "ada").await.unwrap();
    let tokens = |server: &Scripted| {
        let asked = server.asked().into_iter();
        let lines = asked.filter(|asked| asked.line.ends_with("/permission"));
        lines.map(|asked| asked.token[..6].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(tokens(&server), ["ghs_1_", "ghs_2_", "ghs_2_"]);

    // A server that refuses every token is asked twice, then it is final.
    let issued = AtomicUsize::new(0);
    let server = Scripted::start(move |asked| app_server(asked, &issued, 3600, "never")).await;
    let refused = with_app(&server.url, &key).unwrap().permission(&repository(), "ada").await;
    assert_eq!(kind(refused), "forbidden: Bad credentials (status 401)");
    assert_eq!(tokens(&server), ["ghs_1_", "ghs_2_"]);
}

#[tokio::test]
async fn a_token_about_to_end_is_not_used() {
    let Some(key) = fresh_key("age of installation tokens") else { return };
    for (lives, wanted) in [(200, 2), (3600, 1)] {
        let issued = AtomicUsize::new(0);
        let server = Scripted::start(move |asked| app_server(asked, &issued, lives, "ghs_")).await;
        let forge = with_app(&server.url, &key).unwrap();
        forge.git_credential(&repository()).await.unwrap();
        let credential = forge.git_credential(&repository()).await.unwrap().unwrap();
        let length = credential.secret.expose_secret().len();
        assert_eq!((credential.user.as_str(), length), ("x-access-token", 516));
        let posts = server.asked().iter().filter(|asked| asked.line.starts_with("POST")).count();
        assert_eq!(posts, wanted, "tokens that live {lives} s");
    }
}

#[tokio::test]
async fn a_suspended_installation_is_forbidden() {
    let Some(key) = fresh_key("suspended installations") else { return };
    let server = Scripted::start(|asked| match asked.line.as_str() {
        "GET /repos/acme/lab/installation" => Reply::json(200, &json!({ "id": 3 })),
        _ => Reply::json(403, &json!({ "message": "This installation has been suspended" })),
    })
    .await;
    let refused = with_app(&server.url, &key).unwrap().git_credential(&repository()).await;
    assert_eq!(kind(refused), "forbidden: This installation has been suspended (status 403)");
}

#[tokio::test]
async fn a_wrong_key_token_or_address_is_found_at_the_start() {
    let pem =
        |text: &str| format!("-----BEGIN RSA PRIVATE KEY-----\n{text}\n-----END RSA PRIVATE KEY-----\n");
    for wrong in ["", "not a key", &pem(""), &pem("bm90IGEga2V5"), &pem("%%%")] {
        let refused = with_app("https://api.github.com", wrong);
        let Err(SetupError::PrivateKey(message)) = refused else { panic!("{wrong:?}: {refused:?}") };
        assert!(!message.contains("bm90"), "{message}");
    }
    let start = |base_url: &str, token: &str| {
        let credentials = Credentials::Token(token.into());
        Github::new(&Options {
            base_url: base_url.to_owned(),
            credentials,
            timeouts: quick(),
            now: Timestamp::now,
        })
    };
    for wrong in ["", "two words", "line\nbreak", "ü"] {
        assert!(matches!(start("https://api.github.com", wrong), Err(SetupError::Token)), "{wrong:?}");
    }
    for wrong in
        ["", "api.github.com", "ftp://host", "https://me:secret@host", "https://host/?a=b", "https://"]
    {
        assert!(matches!(start(wrong, "t"), Err(SetupError::BaseUrl(_))), "{wrong:?}");
    }
    assert!(start("https://ghe.example.test/api/v3", "t").is_ok());
}

#[tokio::test]
async fn the_path_of_the_base_address_is_kept() {
    let server = Scripted::start(|_| answer(404, "", "{}")).await;
    for base in ["/api/v3", "/api/v3/"] {
        let forge = with_token(&format!("{}{base}", server.url), patient());
        assert_eq!(kind(forge.permission(&repository(), "ada").await), "no account `ada`");
    }
    for asked in server.asked() {
        assert_eq!(asked.line, "GET /api/v3/repos/acme/lab/collaborators/ada/permission");
        assert_eq!(asked.token, "ghp_plain");
    }
}

/// A draft, and what GraphQL says to taking it out of draft.
fn draft(asked: &Asked, answer: &Value) -> Reply {
    match asked.line.as_str() {
        line if line.ends_with("/graphql") => Reply::json(200, answer),
        _ => Reply::json(
            200,
            &json!({
                "number": 7, "html_url": "https://forge/7", "state": "open", "draft": true, "node_id": "PR_7",
                "merged_at": null, "user": null, "body": null,
                "head": {"ref": "topic", "sha": "a".repeat(40), "repo": null}, "base": {"ref": "main"}
            }),
        ),
    }
}

#[tokio::test]
async fn a_draft_is_made_ready_by_graphql() {
    let done = json!({"data": {"markPullRequestReadyForReview": {"pullRequest": {"isDraft": false}}}});
    let server = Scripted::start(move |asked| draft(asked, &done)).await;
    let forge = with_token(&server.url, patient());
    forge.mark_ready(&repository(), IssueNumber(7)).await.expect("ready");
    let asked = server.asked();
    assert_eq!((asked.len(), asked[1].line.as_str()), (2, "POST /graphql"));
    let body: Value = serde_json::from_str(&asked[1].body).expect("JSON");
    assert!(body["query"].as_str().expect("a query").contains("markPullRequestReadyForReview"));
    assert_eq!((&body["variables"]["id"], asked[1].token.as_str()), (&json!("PR_7"), "ghp_plain"));
}

#[tokio::test]
async fn graphql_has_its_own_address_on_an_enterprise_server() {
    let server = Scripted::start(|asked| draft(asked, &json!({"data": {}}))).await;
    let forge = with_token(&format!("{}/api/v3", server.url), patient());
    forge.mark_ready(&repository(), IssueNumber(7)).await.expect("ready");
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines, ["GET /api/v3/repos/acme/lab/pulls/7", "POST /api/graphql"]);
}

#[tokio::test]
async fn an_error_in_a_graphql_answer_is_no_success() {
    for (kind_of_error, wanted) in [
        ("FORBIDDEN", "forbidden: no"),
        ("NOT_FOUND", "no pull request 7"),
        ("RATE_LIMITED", "unavailable None"),
        ("UNPROCESSABLE", "rejected: no"),
    ] {
        let answer = json!({"data": null, "errors": [{"type": kind_of_error, "message": "no"}]});
        let server = Scripted::start(move |asked| draft(asked, &answer)).await;
        let refused = with_token(&server.url, patient()).mark_ready(&repository(), IssueNumber(7)).await;
        assert_eq!(kind(refused), wanted);
    }
}
