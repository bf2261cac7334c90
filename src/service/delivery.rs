//! What a webhook delivery says: the few fields of GitHub's payload that matter, read strictly.
//!
//! Source: GitHub, «Webhook events and payloads», `issue_comment`; the events about pull requests are in `happening.rs`.
//! Nothing else of a payload is looked at, so that a change there, or a number too large for us, is no reason to refuse
//! it.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::names::{AccountId, CommentId, IssueNumber, RepositoryName};
use crate::domain::request::Actor;

use super::asked::Place;
use super::happening::{self, Happening};

/// A delivery whose signature held.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// `X-GitHub-Delivery`.
    pub id: &'a str,
    /// `X-GitHub-Event`.
    pub event: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

/// What a delivery turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing that writ acts on, and why.
    Nothing(&'static str),
    /// A person's new comment.
    Comment(NewComment),
    /// Something happened at a pull request.
    Happening(Happening),
}

/// A comment that was just made by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// Where it stands.
    pub place: Place,
    /// Who wrote it.
    pub actor: Actor,
    /// Its text.
    pub body: String,
    /// When it was made, whole seconds.
    pub created_at: Timestamp,
    /// Whether it was made through a GitHub App on the person's behalf.
    pub through_app: bool,
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DeliveryError {
    /// It is not UTF-8.
    #[error("the body is not UTF-8 from byte {0} on")]
    NotText(usize),
    /// It is not a JSON object.
    #[error("the body is not a JSON object: {0}")]
    NotJson(String),
    /// A field is missing or of the wrong type.
    #[error("the payload's `{place}`: {problem}")]
    Field {
        /// The field's path.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
struct Head {
    action: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    issue: Issue,
    comment: Comment,
    repository: Repository,
    sender: Account,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    html_url: String,
    body: Option<String>,
    created_at: Timestamp,
    user: Option<Account>,
    performed_via_github_app: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Repository {
    pub(super) full_name: RepositoryName,
}

#[derive(Deserialize)]
struct Account {
    id: u64,
    login: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Delivery<'_> {
    /// Reads the body.
    ///
    /// # Errors
    /// - the body is not UTF-8 or not a JSON object, whatever the event
    /// - a field of a new comment is missing, of the wrong type, or out of range
    pub fn content(&self) -> Result<Content, DeliveryError> {
        let text =
            std::str::from_utf8(self.body).map_err(|error| DeliveryError::NotText(error.valid_up_to()))?;
        let head: Head =
            serde_json::from_str(text).map_err(|error| DeliveryError::NotJson(error.to_string()))?;
        if self.event != "issue_comment" {
            return happening::read(self.event, head.action.as_deref(), text);
        }
        if head.action.as_deref() != Some("created") {
            return Ok(Content::Nothing("action_not_used"));
        }
        fields::<Payload>(text)?.comment()
    }
}

/// The fields of a payload that matter.
pub(super) fn fields<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, DeliveryError> {
    let mut reading = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reading).map_err(|error| DeliveryError::Field {
        place: error.path().to_string(),
        problem: error.inner().to_string(),
    })
}

impl Payload {
    fn comment(self) -> Result<Content, DeliveryError> {
        let Some(author) = self.comment.user else { return Ok(Content::Nothing("author_unknown")) };
        if author.kind != "User" || self.sender.kind != "User" {
            return Ok(Content::Nothing("author_not_a_person"));
        }
        if author.id != self.sender.id {
            return Ok(Content::Nothing("sender_not_the_author"));
        }
        check("comment.user.login", &author.login, is_login)?;
        check("comment.html_url", &self.comment.html_url, is_web_address)?;
        let created_at = Timestamp::from_second(self.comment.created_at.as_second())
            .map_err(|error| field("comment.created_at", &error.to_string()))?;
        Ok(Content::Comment(NewComment {
            place: Place {
                repository: self.repository.full_name,
                issue: IssueNumber(self.issue.number),
                comment: CommentId(self.comment.id),
                url: self.comment.html_url,
            },
            actor: Actor { id: AccountId(author.id), login: author.login },
            body: self.comment.body.unwrap_or_default(),
            created_at,
            through_app: self.comment.performed_via_github_app.is_some(),
        }))
    }
}

fn check(place: &str, text: &str, holds: fn(&str) -> bool) -> Result<(), DeliveryError> {
    if holds(text) { Ok(()) } else { Err(field(place, "not what GitHub sends in this field")) }
}

fn field(place: &str, problem: &str) -> DeliveryError {
    DeliveryError::Field { place: place.to_owned(), problem: problem.to_owned() }
}

fn is_login(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_[]".contains(&byte))
}

fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty())
        && text.len() <= 1000
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[]\"'`\\".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn payload() -> Value {
        json!({
            "action": "created",
            "issue": {"number": 7},
            "comment": {
                "id": 11, "html_url": "https://github.com/o/r/issues/7#issuecomment-11", "body": "/help",
                "created_at": "2026-02-12T10:00:00Z", "user": {"id": 5, "login": "ada", "type": "User"},
                "performed_via_github_app": null
            },
            "repository": {"full_name": "o/r", "size": 1},
            "sender": {"id": 5, "login": "ada", "type": "User"}
        })
    }

    fn read(event: &str, body: &str) -> Result<Content, DeliveryError> {
        Delivery { id: "d", event, body: body.as_bytes() }.content()
    }

    #[test]
    fn a_new_comment_is_read() {
        let Ok(Content::Comment(comment)) = read("issue_comment", &payload().to_string()) else {
            panic!("not read")
        };
        assert_eq!(comment.place.subject(), "o/r#7");
        assert_eq!(comment.actor.login, "ada");
        assert!(!comment.through_app);
    }

    #[test]
    fn what_is_not_a_persons_new_comment_is_nothing() {
        let changed = |pointer: &str, value: Value| {
            let mut payload = payload();
            *payload.pointer_mut(pointer).unwrap() = value;
            read("issue_comment", &payload.to_string())
        };
        assert_eq!(changed("/action", json!("edited")), Ok(Content::Nothing("action_not_used")));
        assert_eq!(changed("/sender/type", json!("Bot")), Ok(Content::Nothing("author_not_a_person")));
        assert_eq!(changed("/comment/user/type", json!("Bot")), Ok(Content::Nothing("author_not_a_person")));
        assert_eq!(changed("/comment/user/id", json!(6)), Ok(Content::Nothing("sender_not_the_author")));
        assert_eq!(changed("/comment/user", json!(null)), Ok(Content::Nothing("author_unknown")));
        assert_eq!(read("push", "{}"), Ok(Content::Nothing("event_not_used")));
    }

    #[test]
    fn numbers_that_do_not_matter_may_be_huge_and_those_that_do_are_named() {
        let huge = payload().to_string().replace("\"size\":1", "\"size\":1e999");
        assert!(matches!(read("issue_comment", &huge), Ok(Content::Comment(_))));
        let huge = payload().to_string().replace("\"id\":11", "\"id\":99999999999999999999");
        let Err(DeliveryError::Field { place, .. }) = read("issue_comment", &huge) else { panic!("taken") };
        assert_eq!(place, "comment.id");
    }

    #[test]
    fn bodies_that_are_no_json_object_are_refused() {
        for body in ["", "null", "[]", "{\"action\":", "\u{0}"] {
            assert!(matches!(read("push", body), Err(DeliveryError::NotJson(_))), "{body}");
        }
        let bad = Delivery { id: "d", event: "push", body: b"{\"a\":\"\xff\"}" };
        assert_eq!(bad.content(), Err(DeliveryError::NotText(6)));
    }
}
