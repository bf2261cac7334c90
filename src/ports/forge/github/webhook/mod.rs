//! GitHub's webhook: header names, signature and payloads, read into neutral events.
//!
//! Source: GitHub, "Webhook events and payloads" and "Validating webhook deliveries". Only the fields that matter are
//! read, so that a change elsewhere in a payload, or a number too large for us, is no reason to refuse it.

mod comments;
mod fields;
mod pulls;
mod signature;

use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

use super::super::webhook::{Claims, Rejection, RejectionKind, Webhook};
use crate::domain::digest::sha256_hex;
use crate::domain::event::{Delivery, Event};
use crate::domain::reason::{self, Code};
use crate::domain::refusal::Refusal;

pub use fields::PayloadError;
pub use signature::Secrets;

/// The path that GitHub posts to.
pub const PATH: &str = "/webhooks/github";
/// The header with the delivery's id.
pub const DELIVERY_HEADER: &str = "x-github-delivery";
/// The header with the event's name.
pub const EVENT_HEADER: &str = "x-github-event";
/// The header with the body's signature.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// The longest id and event name that are accepted, in bytes.
const LONGEST_NAME: usize = 128;

/// Authenticates and reads what GitHub sends.
#[derive(Debug, Clone)]
pub struct GithubWebhook {
    secrets: Secrets,
}

#[derive(Deserialize)]
struct PayloadHead {
    action: Option<String>,
}

impl GithubWebhook {
    /// A webhook with these active secrets.
    #[must_use]
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets }
    }
}

impl Webhook for GithubWebhook {
    fn path(&self) -> &'static str {
        PATH
    }

    fn claims<'a>(&self, headers: &'a HeaderMap) -> Claims<'a> {
        let field = |name| text(headers, name).unwrap_or("");
        Claims { id: field(DELIVERY_HEADER), event: field(EVENT_HEADER) }
    }

    fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Rejection> {
        let signature = headers.get(SIGNATURE_HEADER).map(HeaderValue::as_bytes);
        if !signature.is_some_and(|signature| self.secrets.verify(signature, body)) {
            let refusal = Refusal::new(
                reason::SIGNATURE_WRONG,
                "`X-Hub-Signature-256` is missing or does not match the body",
                "set the webhook's secret on GitHub to the one that this server uses",
            );
            return Err(Rejection { kind: RejectionKind::Unauthenticated, refusal });
        }
        let (id, event) = named(headers)?;
        is_json(headers)?;
        read(id, event, body).map_err(|error| unreadable(&error))
    }
}

/// Reads a delivery that is known to come from GitHub.
///
/// # Errors
/// - the body is not UTF-8 or not a JSON object, whatever the event
/// - a field of a payload that is used is missing, of the wrong type, or out of range
pub fn read(id: &str, event: &str, body: &[u8]) -> Result<Delivery, PayloadError> {
    Ok(Delivery {
        id: id.to_owned(),
        event_name: event.to_owned(),
        content: content(event, body)?,
        body_sha256: sha256_hex(body),
    })
}

fn content(event: &str, body: &[u8]) -> Result<Event, PayloadError> {
    let text = std::str::from_utf8(body).map_err(|error| PayloadError::NotText(error.valid_up_to()))?;
    let head: PayloadHead =
        serde_json::from_str(text).map_err(|error| PayloadError::NotJson(error.to_string()))?;
    let action = head.action.as_deref();
    if event == "issue_comment" { comments::read(action, text) } else { pulls::read(event, action, text) }
}

fn named(headers: &HeaderMap) -> Result<(&str, &str), Rejection> {
    let field = |name: &str| {
        let fits = |text: &&str| {
            (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        text(headers, name).filter(fits)
    };
    match (field(DELIVERY_HEADER), field(EVENT_HEADER)) {
        (Some(id), Some(event)) => Ok((id, event)),
        (None, _) => Err(missing("`X-GitHub-Delivery` is missing or is not a delivery id")),
        (_, None) => Err(missing("`X-GitHub-Event` is missing or is not an event name")),
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let refusal = Refusal::new(
        reason::NOT_JSON,
        "the content type is not `application/json`",
        "set the webhook's content type on GitHub to application/json",
    );
    Err(Rejection { kind: RejectionKind::UnsupportedType, refusal })
}

fn unreadable(error: &PayloadError) -> Rejection {
    let code = match error {
        PayloadError::NotText(_) => reason::NOT_UTF8,
        PayloadError::NotJson(_) => reason::NOT_JSON,
        PayloadError::Field { .. } => reason::PAYLOAD_UNREADABLE,
    };
    malformed(code, error.to_string(), "send what GitHub's webhook documentation describes")
}

fn missing(message: &str) -> Rejection {
    malformed(reason::HEADER_MISSING, message, "send the headers that GitHub sends")
}

fn malformed(code: Code, message: impl Into<String>, remedy: &str) -> Rejection {
    Rejection { kind: RejectionKind::Malformed, refusal: Refusal::new(code, message, remedy) }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_are_no_json_object_are_refused() {
        for body in ["", "null", "[]", "{\"action\":", "\u{0}"] {
            assert!(matches!(content("push", body.as_bytes()), Err(PayloadError::NotJson(_))), "{body}");
        }
        assert_eq!(content("push", b"{\"a\":\"\xff\"}"), Err(PayloadError::NotText(6)));
        assert_eq!(content("push", b"{}"), Ok(Event::Unused(reason::EVENT_NOT_USED)));
    }
}
