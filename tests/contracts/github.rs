//! The forge `github` against an emulator of GitHub, each request checked against GitHub's OpenAPI description.

use axum::http::Method;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use writ::domain::credential::Credential;
use writ::domain::names::{BranchName, CommentId, IssueNumber, RepositoryName};
use writ::ports::forge::github::{Credentials, Github, Options, Timeouts};
use writ::ports::forge::{Forge as _, ForgeError, NewPull, Permission, Reaction};

use crate::support::emulator::{APP_ID, Emulator, PEOPLE, REPOSITORY, token_of};
use crate::support::recorder;

fn repository() -> RepositoryName {
    REPOSITORY.parse().unwrap()
}

fn branch(name: &str) -> BranchName {
    name.parse().unwrap()
}

fn as_app(emulator: &Emulator) -> Github {
    let credentials = Credentials::App { id: APP_ID, private_key: emulator.app_key.as_str().into() };
    connect(emulator, credentials)
}

fn connect(emulator: &Emulator, credentials: Credentials) -> Github {
    let options =
        Options { base_url: emulator.url(), credentials, timeouts: Timeouts::default(), now: Timestamp::now };
    Github::new(&options).expect("right options")
}

fn new_pull(head: &str) -> NewPull {
    NewPull {
        head: branch(head),
        base: branch("main"),
        title: "chore(torghut): pause trading".to_owned(),
        body: "Body with `code`, ünïcode and\nlines.".to_owned(),
        draft: true,
        labels: vec!["actuation".to_owned(), "do-not-automerge".to_owned()],
    }
}

#[tokio::test]
async fn permissions_are_those_of_the_role() {
    let Some(emulator) = Emulator::start("permissions on the emulator").await else { return };
    let forge = as_app(&emulator);
    let mut found = Vec::new();
    for (login, _) in PEOPLE.iter().filter(|(_, role)| !role.is_empty()) {
        let (account, permission) = forge.permission(&repository(), login).await.unwrap();
        let user = emulator.act("ada", Method::GET, &format!("/users/{login}"), &Value::Null).await;
        assert_eq!(Some(account.0), user["id"].as_u64());
        found.push((*login, permission));
    }
    let wanted = [
        ("ada", Permission::Admin),
        ("max", Permission::Write),
        ("wes", Permission::Write),
        ("tim", Permission::Read),
        ("rita", Permission::Read),
        ("machine", Permission::Write),
    ];
    assert_eq!(found, wanted);
    for nobody in ["otto", "nobody-at-all", "writ[bot]", "../../admin", ""] {
        let refused = forge.permission(&repository(), nobody).await;
        assert!(matches!(refused, Err(ForgeError::NotFound(_))), "{nobody}: {refused:?}");
    }
    emulator.recorder.assert_described();
}

#[tokio::test]
async fn a_comment_is_read_as_it_is() {
    let Some(emulator) = Emulator::start("comments on the emulator").await else { return };
    let forge = as_app(&emulator);
    let issue = emulator.open_issue("wes", "Stop it").await;
    let id = emulator.comment("wes", issue, "/actuate pause-trading").await;
    let comment = forge.comment(&repository(), CommentId(id)).await.unwrap().expect("a comment");
    assert_eq!((comment.id, comment.body.as_str()), (CommentId(id), "/actuate pause-trading"));
    let (wes, _) = forge.permission(&repository(), "wes").await.unwrap();
    assert_eq!(comment.author, wes);

    let path = format!("/repos/{REPOSITORY}/issues/comments/{id}");
    emulator.act("wes", Method::PATCH, &path, &json!({ "body": "never mind" })).await;
    let edited = forge.comment(&repository(), CommentId(id)).await.unwrap().expect("a comment");
    assert_eq!(edited.body, "never mind");
    assert!(edited.updated_at > comment.created_at && edited.created_at == comment.created_at);

    emulator.act("wes", Method::DELETE, &path, &Value::Null).await;
    assert_eq!(forge.comment(&repository(), CommentId(id)).await.unwrap(), None);
    emulator.recorder.assert_described();
}

#[tokio::test]
async fn a_repository_without_the_app_is_forbidden_not_empty() {
    let Some(emulator) = Emulator::start("installations on the emulator").await else { return };
    let forge = as_app(&emulator);
    for name in ["acme/other", "acme/nowhere"] {
        let refused = forge.comment(&name.parse().unwrap(), CommentId(1)).await;
        let Err(ForgeError::Forbidden(message)) = refused else { panic!("{name}: {refused:?}") };
        assert_eq!(message, format!("the App is not installed on `{name}`"));
    }
}

#[tokio::test]
async fn a_reaction_that_the_server_does_not_know_is_not_found() {
    let Some(emulator) = Emulator::start("reactions on the emulator").await else { return };
    let issue = emulator.open_issue("wes", "Stop it").await;
    let id = emulator.comment("wes", issue, "hello").await;
    let refused = as_app(&emulator).react(&repository(), CommentId(id), Reaction::Eyes).await;
    assert!(matches!(refused, Err(ForgeError::NotFound(_))), "{refused:?}");
    emulator.recorder.assert_described();
}

#[tokio::test]
async fn one_status_comment_is_kept_whatever_is_around_it() {
    let Some(emulator) = Emulator::start("status comments on the emulator").await else { return };
    let forge = as_app(&emulator);
    let issue = emulator.open_issue("wes", "Stop it").await;
    let marker = "<!-- writ:run:abcdefghijklmnop -->";
    // Somebody quotes the marker before the bot speaks; more comments than a page has follow.
    emulator.comment("rita", issue, &format!("{marker}\nfake")).await;
    let put = |text: &'static str| {
        let body = format!("{marker}\n{text}");
        let forge = &forge;
        async move { forge.put_status(&repository(), IssueNumber(issue), marker, &body).await }
    };
    for number in 0..120 {
        emulator.comment("rita", issue, &format!("noise {number}")).await;
    }
    let first = put("working").await.unwrap();
    assert_eq!(put("working").await.unwrap(), first);
    assert_eq!(emulator.recorder.count("PATCH", &format!("/comments/{first}")), 0, "same text, no write");
    assert_eq!(put("done").await.unwrap(), first);
    let comments = emulator.comments(issue).await;
    assert_eq!(comments.len(), 122);
    assert_eq!(comments[0].1, format!("{marker}\nfake"));
    assert_eq!(comments[121], ("writ[bot]".to_owned(), format!("{marker}\ndone")));

    // Another bot process, started anew, finds it too; so does one after a lost answer.
    let again = as_app(&emulator);
    emulator.recorder.lose_next(Method::PATCH, &format!("/comments/{first}"));
    let lost = again.put_status(&repository(), IssueNumber(issue), marker, &format!("{marker}\nlost")).await;
    assert!(matches!(lost, Err(ForgeError::Unavailable { .. })), "{lost:?}");
    let other = "<!-- writ:run:ponmlkjihgfedcba -->";
    emulator.recorder.lose_next(Method::POST, &format!("/issues/{issue}/comments"));
    // What may have been made is looked for at once.
    again.put_status(&repository(), IssueNumber(issue), other, &format!("{other}\nnew")).await.unwrap();
    again.put_status(&repository(), IssueNumber(issue), other, &format!("{other}\nend")).await.unwrap();
    let comments = emulator.comments(issue).await;
    let own: Vec<_> =
        comments.iter().filter(|(login, _)| login == "writ[bot]").map(|(_, body)| body).collect();
    assert_eq!(own, [&format!("{marker}\nlost"), &format!("{other}\nend")]);
    emulator.recorder.assert_described();
}

#[tokio::test]
async fn one_pull_request_is_opened_for_a_branch() {
    let Some(emulator) = Emulator::start("pull requests on the emulator").await else { return };
    let forge = as_app(&emulator);
    let head = "agentruns/torghut-actuation-20261121-0930-abcdefghijklmnop";
    assert_eq!(forge.find_pull(&repository(), &branch(head)).await.unwrap(), None);
    let opened = forge.open_pull(&repository(), &new_pull(head)).await.unwrap();
    assert!(opened.is_open() && opened.draft);
    assert_eq!(opened.body, new_pull(head).body);
    assert_eq!(forge.open_pull(&repository(), &new_pull(head)).await.unwrap(), opened);
    assert_eq!(forge.find_pull(&repository(), &branch(head)).await.unwrap(), Some(opened.clone()));
    assert_eq!(emulator.recorder.count("POST", "/pulls"), 1);
    assert_eq!(emulator.recorder.count("POST", "/labels"), 1);

    let pulls = emulator.pulls().await;
    assert_eq!(pulls.len(), 1);
    let labels: Vec<_> = pulls[0]["labels"].as_array().unwrap().iter().map(|label| &label["name"]).collect();
    assert_eq!(labels, ["actuation", "do-not-automerge"]);
    assert_eq!(pulls[0]["user"]["login"], "writ[bot]");

    // Closed by a person: still the one of this branch.
    let path = format!("/repos/{REPOSITORY}/pulls/{}", opened.number);
    emulator.act("ada", Method::PATCH, &path, &json!({ "state": "closed" })).await;
    let found = forge.open_pull(&repository(), &new_pull(head)).await.unwrap();
    assert!(!found.is_open() && found.number == opened.number);
    emulator.recorder.assert_described();
}

#[tokio::test]
async fn a_pull_request_whose_answer_was_lost_is_found() {
    let Some(emulator) = Emulator::start("lost answers on the emulator").await else { return };
    let forge = as_app(&emulator);
    emulator.recorder.lose_next(Method::POST, "/pulls");
    let found = forge.open_pull(&repository(), &new_pull("codex/torghut-v3-a")).await;
    assert!(found.is_ok(), "what may have been made is looked for at once: {found:?}");
    forge.open_pull(&repository(), &new_pull("codex/torghut-v3-a")).await.unwrap();
    let pulls = emulator.pulls().await;
    assert_eq!(pulls.len(), 1);
    assert_eq!(pulls[0]["labels"].as_array().unwrap().len(), 2);
    emulator.recorder.assert_described();
}

fn user_and_secret(credential: Credential) -> (String, String) {
    (credential.user, credential.secret.expose_secret().to_owned())
}

#[tokio::test]
async fn an_app_asks_for_one_token_and_keeps_it() {
    let Some(emulator) = Emulator::start("installation tokens on the emulator").await else { return };
    let forge = as_app(&emulator);
    let ask = || async { user_and_secret(forge.git_credential(&repository()).await.unwrap().expect("one")) };
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    assert_eq!(one.0, "x-access-token");
    assert!(one.1.len() > 20 && one == two && two == three);
    forge.permission(&repository(), "ada").await.unwrap();
    assert_eq!(emulator.recorder.count("POST", "/access_tokens"), 1);
    let shown = format!("{forge:?}");
    assert!(!shown.contains(&one.1) && !shown.contains("PRIVATE"), "{shown}");
    emulator.recorder.assert_described();
}

#[tokio::test]
async fn a_plain_token_does_the_same() {
    let Some(emulator) = Emulator::start("a plain token on the emulator").await else { return };
    let forge = connect(&emulator, Credentials::Token(token_of("machine").into()));
    let issue = emulator.open_issue("wes", "Stop it").await;
    let marker = "<!-- writ:run:abcdefghijklmnop -->";
    emulator.comment("wes", issue, marker).await;
    let id = forge.put_status(&repository(), IssueNumber(issue), marker, marker).await.unwrap();
    assert_eq!(
        forge.put_status(&repository(), IssueNumber(issue), marker, &format!("{marker}2")).await.unwrap(),
        id
    );
    assert_eq!(forge.permission(&repository(), "wes").await.unwrap().1, Permission::Write);
    let opened = forge.open_pull(&repository(), &new_pull("codex/torghut-v3-b")).await.unwrap();
    assert_eq!(forge.find_pull(&repository(), &branch("codex/torghut-v3-b")).await.unwrap(), Some(opened));
    let credential = forge.git_credential(&repository()).await.unwrap();
    assert_eq!(credential.map(user_and_secret), Some(("x-access-token".to_owned(), token_of("machine"))));
    assert_eq!(emulator.comments(issue).await.len(), 2);
    emulator.recorder.assert_described();
}

#[tokio::test]
async fn the_check_of_requests_can_fail() {
    let Some(emulator) = Emulator::start("the check of requests").await else { return };
    as_app(&emulator).permission(&repository(), "ada").await.unwrap();
    let right = emulator.recorder.requests().pop().expect("a request");
    assert_eq!(recorder::check(std::slice::from_ref(&right)), Ok(()));
    let request = |method: &str, path: &str, query: Option<&str>, body: Value| recorder::Recorded {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.map(str::to_owned),
        headers: vec!["user-agent".to_owned(), "content-type".to_owned()],
        body,
        status: 200,
    };
    let comment = "/repos/acme/lab/issues/comments/5";
    for (wrong, mistake) in [
        (request("POST", comment, None, json!({ "body": "x" })), "POST is not described for"),
        (request("PATCH", comment, None, json!({ "text": "x" })), "(`text`)"),
        (request("PATCH", comment, None, json!({ "body": 7 })), "body/body: must be string"),
        (request("GET", "/repos/acme/lab/pulls", Some("heads=a:b"), Value::Null), "`heads` is not described"),
        (request("GET", "/repos/acme/lab/pulls", Some("state=merged"), Value::Null), "allowed values"),
        (request("GET", "/repos/acme/lab/issues/x/comments", None, Value::Null), "must be integer"),
        (request("GET", "/repos/acme/lab/nonsense", None, Value::Null), "the path is not described"),
    ] {
        let mistakes = recorder::check(&[right.clone(), wrong]).expect_err("a mistake");
        assert!(mistakes.contains(mistake), "{mistakes}");
        assert!(mistakes.ends_with("2 requests, 1 wrong\n"), "{mistakes}");
    }
}
