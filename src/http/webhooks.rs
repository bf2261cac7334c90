//! `POST /webhooks/github`: bounded body, signature, headers, then the inbox, in this order.
//!
//! Nothing of a body is parsed before its signature held. 2xx means: kept durably, or of no use to us. The
//! answer's JSON carries a reason code and a remedy; a fault tells the client nothing but that there is one.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::json;
use tracing::{Instrument as _, info, info_span, warn};

use crate::service::accept::{AcceptError, Reception};
use crate::service::delivery::{Delivery, DeliveryError};

use super::State;

/// How long a sender may take for its body.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// How long keeping a delivery may take: GitHub hangs up after 10 seconds, and an answer that comes is better.
const KEPT_WITHIN: Duration = Duration::from_secs(8);
/// Seconds after which a sender should come back when the database is unavailable.
const RETRY_AFTER: &str = "10";

/// What is wrong with a delivery, told to its sender.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    remedy: &'static str,
}

/// Takes one delivery.
pub async fn github(Shared(state): Shared<State>, headers: HeaderMap, body: Body) -> Response {
    let id = text(&headers, "x-github-delivery").unwrap_or("").to_owned();
    let event = text(&headers, "x-github-event").unwrap_or("").to_owned();
    let span = info_span!("delivery", delivery.id = %shown(&id), event = %shown(&event));
    async move {
        match take(&state, &headers, body).await {
            Ok(answer) => answer,
            Err(refusal) => {
                let unavailable = refusal.status == StatusCode::SERVICE_UNAVAILABLE;
                state.metrics.delivery(if unavailable { "unavailable" } else { "refused" });
                warn!(code = refusal.code, status = refusal.status.as_u16(), "delivery rejected");
                refusal.answer(&id)
            }
        }
    }
    .instrument(span)
    .await
}

async fn take(state: &State, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let bytes = bounded(headers, body, state.max_body_bytes).await?;
    let signature = headers.get("x-hub-signature-256").map(header::HeaderValue::as_bytes);
    if !signature.is_some_and(|signature| state.secrets.verify(signature, &bytes)) {
        return Err(Refusal {
            status: StatusCode::UNAUTHORIZED,
            code: "signature_wrong",
            message: "`X-Hub-Signature-256` is missing or does not match the body".to_owned(),
            remedy: "set the webhook's secret on GitHub to the one that this server uses",
        });
    }
    let (id, event) = named(headers)?;
    is_json(headers)?;
    let delivery = Delivery { id, event, body: &bytes };
    match tokio::time::timeout(KEPT_WITHIN, state.intake.accept(&delivery)).await {
        Ok(Ok(reception)) => Ok(answer(state, id, reception)),
        Ok(Err(AcceptError::Unreadable(error))) => Err(unreadable(&error)),
        Ok(Err(AcceptError::Store(error))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the delivery could not be stored");
            Err(unavailable())
        }
        // If it is kept after all, the redelivery is answered as its duplicate.
        Err(_) => {
            tracing::error!(waited_s = KEPT_WITHIN.as_secs(), "the delivery could not be stored in time");
            Err(unavailable())
        }
    }
}

fn unavailable() -> Refusal {
    Refusal {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        message: "the delivery could not be stored".to_owned(),
        remedy: "redeliver it later",
    }
}

fn answer(state: &State, delivery: &str, reception: Reception) -> Response {
    let (status, result, run, reason) = match reception {
        Reception::Accepted { run } => (StatusCode::ACCEPTED, "accepted", Some(run), None),
        Reception::Duplicate { run } => (StatusCode::OK, "duplicate", run, None),
        Reception::Ignored { reason } => (StatusCode::OK, "ignored", None, Some(reason)),
    };
    state.metrics.delivery(result);
    let run = run.map(String::from);
    info!(result, run.id = run.as_deref(), reason, "delivery accepted");
    let body = json!({"status": result, "delivery": delivery, "run": run, "reason": reason});
    (status, Json(body)).into_response()
}

/// The whole body, refused before it is buffered when it is, or turns out to be, too large.
async fn bounded(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Refusal> {
    let too_large = || Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "body_too_large",
        message: format!("the body is larger than {most} bytes"),
        remedy: "subscribe the webhook only to the events in the installation guide, or raise `max_body_bytes`",
    };
    let announced = text(headers, "content-length").and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let read = Limited::new(body, most).collect();
    let Ok(read) = tokio::time::timeout(READ_WITHIN, read).await else {
        return Err(Refusal {
            status: StatusCode::REQUEST_TIMEOUT,
            code: "body_too_slow",
            message: format!("the body took longer than {} seconds", READ_WITHIN.as_secs()),
            remedy: "send it again",
        });
    };
    match read {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(bad_request("body_truncated", "the body ended early".to_owned(), "send it again")),
    }
}

fn named(headers: &HeaderMap) -> Result<(&str, &str), Refusal> {
    let field = |name: &str| {
        let short =
            |text: &&str| (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        text(headers, name).filter(short)
    };
    match (field("x-github-delivery"), field("x-github-event")) {
        (Some(id), Some(event)) => Ok((id, event)),
        (None, _) => Err(missing("`X-GitHub-Delivery` is missing or is not a delivery id")),
        (_, None) => Err(missing("`X-GitHub-Event` is missing or is not an event name")),
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = text(headers, "content-type").unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Refusal {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code: "not_json",
        message: "the content type is not `application/json`".to_owned(),
        remedy: "set the webhook's content type on GitHub to application/json",
    })
}

fn unreadable(error: &DeliveryError) -> Refusal {
    let code = match error {
        DeliveryError::NotText(_) => "not_utf8",
        DeliveryError::NotJson(_) => "not_json",
        DeliveryError::Field { .. } => "payload_unreadable",
    };
    bad_request(code, error.to_string(), "send what GitHub's webhook documentation describes")
}

fn missing(message: &str) -> Refusal {
    bad_request("header_missing", message.to_owned(), "send the headers that GitHub sends")
}

fn bad_request(code: &'static str, message: String, remedy: &'static str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, code, message, remedy }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header's value for the log: short, whoever sent it.
fn shown(value: &str) -> &str {
    value.get(..64).unwrap_or(value)
}

impl Refusal {
    fn answer(self, delivery: &str) -> Response {
        let unavailable = self.status == StatusCode::SERVICE_UNAVAILABLE;
        let error = json!({"code": self.code, "message": self.message, "remedy": self.remedy});
        let body = Json(json!({"status": "refused", "delivery": shown(delivery), "error": error}));
        let mut response = (self.status, body).into_response();
        if unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}
