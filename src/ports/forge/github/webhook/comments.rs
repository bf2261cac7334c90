//! Comments: the payload of `issue_comment`.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::fields::{PayloadError, PayloadRepository, fields, wrong};
use crate::domain::event::{Event, NewComment};
use crate::domain::names::{AccountId, CommentId, IssueNumber};
use crate::domain::reason;
use crate::domain::request::{Actor, CommentPlace};

#[derive(Deserialize)]
struct Payload {
    issue: Issue,
    comment: CommentPayload,
    repository: PayloadRepository,
    sender: CommentAuthor,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
}

#[derive(Deserialize)]
struct CommentPayload {
    id: u64,
    html_url: String,
    body: Option<String>,
    created_at: Timestamp,
    user: Option<CommentAuthor>,
    performed_via_github_app: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct CommentAuthor {
    id: u64,
    login: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Reads the payload of an `issue_comment`; only a person's new comment is used.
pub(super) fn read(action: Option<&str>, text: &str) -> Result<Event, PayloadError> {
    if action != Some("created") {
        return Ok(Event::Unused(reason::ACTION_NOT_USED));
    }
    fields::<Payload>(text)?.comment()
}

impl Payload {
    fn comment(self) -> Result<Event, PayloadError> {
        let Some(author) = self.comment.user else { return Ok(Event::Unused(reason::AUTHOR_UNKNOWN)) };
        if author.kind != "User" || self.sender.kind != "User" {
            return Ok(Event::Unused(reason::AUTHOR_NOT_A_PERSON));
        }
        if author.id != self.sender.id {
            return Ok(Event::Unused(reason::SENDER_NOT_THE_AUTHOR));
        }
        check("comment.user.login", &author.login, is_login)?;
        check("comment.html_url", &self.comment.html_url, is_web_address)?;
        let created_at = Timestamp::from_second(self.comment.created_at.as_second())
            .map_err(|error| wrong("comment.created_at", &error.to_string()))?;
        Ok(Event::Comment(NewComment {
            place: CommentPlace {
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

fn check(place: &str, text: &str, holds: fn(&str) -> bool) -> Result<(), PayloadError> {
    if holds(text) { Ok(()) } else { Err(wrong(place, "not what GitHub sends in this field")) }
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

    #[derive(Deserialize)]
    struct DeliveryAction {
        action: String,
    }

    fn read(body: &str) -> Result<Event, PayloadError> {
        let head: DeliveryAction = serde_json::from_str(body).unwrap();
        super::read(Some(&head.action), body)
    }

    #[test]
    fn a_new_comment_is_read() {
        let Ok(Event::Comment(comment)) = read(&payload().to_string()) else { panic!("not read") };
        assert_eq!(comment.place.subject().to_string(), "o/r#7");
        assert_eq!(comment.actor.login, "ada");
        assert!(!comment.through_app);
    }

    #[test]
    fn what_is_not_a_persons_new_comment_is_nothing() {
        let changed = |pointer: &str, value: Value| {
            let mut payload = payload();
            *payload.pointer_mut(pointer).unwrap() = value;
            read(&payload.to_string())
        };
        assert_eq!(changed("/action", json!("edited")), Ok(Event::Unused(reason::ACTION_NOT_USED)));
        assert_eq!(changed("/sender/type", json!("Bot")), Ok(Event::Unused(reason::AUTHOR_NOT_A_PERSON)));
        assert_eq!(
            changed("/comment/user/type", json!("Bot")),
            Ok(Event::Unused(reason::AUTHOR_NOT_A_PERSON))
        );
        assert_eq!(changed("/comment/user/id", json!(6)), Ok(Event::Unused(reason::SENDER_NOT_THE_AUTHOR)));
        assert_eq!(changed("/comment/user", json!(null)), Ok(Event::Unused(reason::AUTHOR_UNKNOWN)));
    }

    #[test]
    fn numbers_that_do_not_matter_may_be_huge_and_those_that_do_are_named() {
        let huge = payload().to_string().replace("\"size\":1", "\"size\":1e999");
        assert!(matches!(read(&huge), Ok(Event::Comment(_))));
        let huge = payload().to_string().replace("\"id\":11", "\"id\":99999999999999999999");
        let Err(PayloadError::Field { place, .. }) = read(&huge) else { panic!("taken") };
        assert_eq!(place, "comment.id");
    }
}
