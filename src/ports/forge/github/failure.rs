//! What an unsuccessful answer means: refused for good, gone, rejected, or worth repeating, and when.
//!
//! Source: GitHub REST, "Rate limits for the REST API" and "Troubleshooting the REST API". A primary limit shows
//! as 403 or 429 with `x-ratelimit-remaining: 0`; a secondary one as 403 or 429 with `retry-after`, or with
//! neither, and then asks for at least a minute.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;

use crate::ports::forge::ForgeError;

/// The longest wait: GitHub's primary limit is reset every hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A secondary limit that names no time asks for at least this.
const UNNAMED_WAIT: Duration = Duration::from_secs(60);

/// The longest message that is taken from an answer, in characters.
const MESSAGE_LENGTH: usize = 300;

/// An answer whose status is not a success.
pub(super) struct Unsuccessful<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) received_at: Timestamp,
}

/// The error that an answer means; `what` names the thing that was asked for, for `NotFound`.
pub(super) fn failure(answer: &Unsuccessful<'_>, what: &str) -> ForgeError {
    let Unsuccessful { status, headers, body, .. } = *answer;
    let message = message(status, body);
    match status {
        429 => limited(answer, message),
        403 if is_limit(headers, &message) => limited(answer, message),
        401 | 403 => ForgeError::Forbidden(message),
        404 | 410 => ForgeError::NotFound(what.to_owned()),
        301 | 302 | 307 | 308 => {
            ForgeError::Rejected(format!("{what} has moved to another address ({status}); was it renamed?"))
        }
        408 | 500..=599 => ForgeError::Unavailable { message, retry_after: asked_wait(headers) },
        400..=499 => ForgeError::Rejected(message),
        _ => ForgeError::Malformed(format!("unexpected status {status} for {what}")),
    }
}

fn limited(answer: &Unsuccessful<'_>, message: String) -> ForgeError {
    let wait = asked_wait(answer.headers).or_else(|| wait_for_reset(answer)).unwrap_or(UNNAMED_WAIT);
    ForgeError::Unavailable { message, retry_after: Some(wait) }
}

fn is_limit(headers: &HeaderMap, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    headers.contains_key("retry-after")
        || text(headers, "x-ratelimit-remaining") == Some("0")
        || message.contains("rate limit")
        || message.contains("abuse detection")
}

/// `retry-after` in seconds; its date form is not used by GitHub and counts as absent.
fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = text(headers, "retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// Time until `x-ratelimit-reset` (seconds since 1970), at least a second.
fn wait_for_reset(answer: &Unsuccessful<'_>) -> Option<Duration> {
    let headers = answer.headers;
    if text(headers, "x-ratelimit-remaining") != Some("0") {
        return None;
    }
    let reset: i64 = text(headers, "x-ratelimit-reset")?.parse().ok()?;
    let seconds = reset.saturating_sub(answer.received_at.as_second()).max(1);
    Some(Duration::from_secs(seconds.unsigned_abs()).min(LONGEST_WAIT))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[derive(Deserialize)]
struct ErrorBody {
    message: Option<String>,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

/// The answer's own words as one line of bounded length, with the status; pages of a proxy are not quoted.
fn message(status: u16, body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<ErrorBody>(body) else {
        return format!("status {status}, without a message");
    };
    let details = body.errors.iter().filter_map(|error| match error {
        serde_json::Value::String(text) => Some(text.clone()),
        error => error.get("message").or_else(|| error.get("code"))?.as_str().map(|text| {
            let field = error.get("field").and_then(serde_json::Value::as_str);
            field.map_or_else(|| text.to_owned(), |field| format!("{field}: {text}"))
        }),
    });
    let parts: Vec<String> = body.message.into_iter().chain(details).collect();
    let line: String = format!("{} (status {status})", parts.join("; "))
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if line.chars().count() <= MESSAGE_LENGTH {
        return line;
    }
    line.chars().take(MESSAGE_LENGTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED_AT: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    /// One word for the kind, with the seconds to wait.
    fn kind(status: u16, pairs: &[(&'static str, &str)], body: &str) -> String {
        let (headers, body) = (&headers(pairs), body.as_bytes());
        let answer = Unsuccessful { status, headers, body, received_at: RECEIVED_AT };
        match failure(&answer, "comment 7") {
            ForgeError::Forbidden(_) => "forbidden".to_owned(),
            ForgeError::NotFound(what) => format!("no {what}"),
            ForgeError::Rejected(_) => "rejected".to_owned(),
            ForgeError::Unavailable { retry_after, .. } => {
                format!("unavailable {:?}", retry_after.map(|wait| wait.as_secs()))
            }
            ForgeError::Malformed(_) => "malformed".to_owned(),
        }
    }

    #[test]
    fn each_status_has_its_meaning() {
        assert_eq!(kind(401, &[], "{}"), "forbidden");
        assert_eq!(kind(403, &[], r#"{"message":"Resource not accessible by integration"}"#), "forbidden");
        assert_eq!(kind(403, &[("retry-after", "9")], "{}"), "unavailable Some(9)");
        assert_eq!(
            kind(403, &[], r#"{"message":"You have exceeded a secondary rate limit"}"#),
            "unavailable Some(60)"
        );
        assert_eq!(kind(429, &[("retry-after", "86400")], ""), "unavailable Some(3600)");
        assert_eq!(kind(429, &[("retry-after", "soon")], ""), "unavailable Some(60)");
        assert_eq!(kind(404, &[], ""), "no comment 7");
        assert_eq!(kind(410, &[], ""), "no comment 7");
        assert_eq!(kind(301, &[], ""), "rejected");
        assert_eq!(kind(422, &[], "[]"), "rejected");
        assert_eq!(kind(500, &[], "<html>"), "unavailable None");
        assert_eq!(kind(503, &[("retry-after", "3")], ""), "unavailable Some(3)");
        assert_eq!(kind(101, &[], ""), "malformed");
    }

    #[test]
    fn a_primary_limit_waits_for_its_reset() {
        let reset = (RECEIVED_AT.as_second() + 100).to_string();
        let kind = kind(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], "{}");
        assert_eq!(kind, "unavailable Some(100)");
        let past = self::kind(429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "12")], "{}");
        assert_eq!(past, "unavailable Some(1)");
    }

    #[test]
    fn messages_are_one_bounded_line() {
        let body = br#"{"message":"Validation Failed","errors":[{"field":"head","code":"invalid"},"odd\nline",{"message":"A pull request already exists for o:b."}]}"#;
        assert_eq!(
            message(422, body),
            "Validation Failed; head: invalid; odd line; A pull request already exists for o:b. (status 422)"
        );
        let long = format!(r#"{{"message":"{}"}}"#, "ä".repeat(5000));
        assert_eq!(message(422, long.as_bytes()).chars().count(), MESSAGE_LENGTH);
    }
}
