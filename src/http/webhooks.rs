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

use crate::domain::reason::{self, Code};
use crate::domain::refusal::Refusal;
use crate::service::accept::{AcceptError, Reception};
use crate::service::delivery::{Delivery, DeliveryError};

use super::State;

/// How long a sender may take for its body.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// How long keeping a delivery may take: GitHub hangs up after 10 seconds, and an answer that comes is better.
const KEPT_WITHIN: Duration = Duration::from_secs(8);
/// Seconds after which a sender should come back when the database is unavailable.
const RETRY_AFTER: &str = "10";

/// A refused delivery: what its sender is told, and with which status.
struct Rejection {
    status: StatusCode,
    refusal: Refusal,
}

/// Takes one delivery.
pub async fn github(Shared(state): Shared<State>, headers: HeaderMap, body: Body) -> Response {
    let id = text(&headers, "x-github-delivery").unwrap_or("").to_owned();
    let event = text(&headers, "x-github-event").unwrap_or("").to_owned();
    let span = info_span!("delivery", delivery.id = %shown(&id), event = %shown(&event));
    async move {
        match take(&state, &headers, body).await {
            Ok(answer) => answer,
            Err(Rejection { status, refusal }) => {
                let unavailable = status == StatusCode::SERVICE_UNAVAILABLE;
                state.metrics.delivery(if unavailable { "unavailable" } else { "refused" });
                warn!(code = refusal.code.as_str(), status = status.as_u16(), "delivery not taken");
                Rejection { status, refusal }.answer(&id)
            }
        }
    }
    .instrument(span)
    .await
}

async fn take(state: &State, headers: &HeaderMap, body: Body) -> Result<Response, Rejection> {
    let bytes = bounded(headers, body, state.max_body_bytes).await?;
    let signature = headers.get("x-hub-signature-256").map(header::HeaderValue::as_bytes);
    if !signature.is_some_and(|signature| state.secrets.verify(signature, &bytes)) {
        return Err(rejection(
            StatusCode::UNAUTHORIZED,
            reason::SIGNATURE_WRONG,
            "`X-Hub-Signature-256` is missing or is not this body's signature",
            "give the webhook on GitHub the secret that this server was started with",
        ));
    }
    let (id, event) = named(headers)?;
    is_json(headers)?;
    let delivery = Delivery { id, event, body: &bytes };
    match tokio::time::timeout(KEPT_WITHIN, state.intake.accept(&delivery)).await {
        Ok(Ok(reception)) => Ok(answer(state, id, reception)),
        Ok(Err(AcceptError::Unreadable(error))) => Err(unreadable(&error)),
        Ok(Err(AcceptError::Store(error))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the delivery could not be kept");
            Err(unavailable())
        }
        // If it is kept after all, the redelivery is answered as its duplicate.
        Err(_) => {
            tracing::error!(waited_s = KEPT_WITHIN.as_secs(), "the delivery could not be kept in time");
            Err(unavailable())
        }
    }
}

fn unavailable() -> Rejection {
    let message = "the delivery could not be kept";
    rejection(StatusCode::SERVICE_UNAVAILABLE, reason::UNAVAILABLE, message, "redeliver it later")
}

fn answer(state: &State, delivery: &str, reception: Reception) -> Response {
    let (status, result, run, reason) = match reception {
        Reception::Accepted { run } => (StatusCode::ACCEPTED, "accepted", Some(run), None),
        Reception::Duplicate { run } => (StatusCode::OK, "duplicate", run, None),
        Reception::Ignored { reason } => (StatusCode::OK, "ignored", None, Some(reason)),
    };
    state.metrics.delivery(result);
    let run = run.map(String::from);
    let reason = reason.as_ref().map(Code::as_str);
    info!(result, run.id = run.as_deref(), reason, "delivery taken");
    let body = json!({"status": result, "delivery": delivery, "run": run, "reason": reason});
    (status, Json(body)).into_response()
}

/// The whole body, refused before it is buffered when it is, or turns out to be, too large.
async fn bounded(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Rejection> {
    let too_large = || {
        rejection(
            StatusCode::PAYLOAD_TOO_LARGE,
            reason::BODY_TOO_LARGE,
            format!("the body is larger than {most} bytes"),
            "subscribe the webhook to the events of the installation guide only, or raise `max_body_bytes`",
        )
    };
    let announced = text(headers, "content-length").and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let read = Limited::new(body, most).collect();
    let Ok(read) = tokio::time::timeout(READ_WITHIN, read).await else {
        let message = format!("the body took longer than {} seconds", READ_WITHIN.as_secs());
        return Err(rejection(StatusCode::REQUEST_TIMEOUT, reason::BODY_TOO_SLOW, message, "send it again"));
    };
    match read {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(bad_request(reason::BODY_TRUNCATED, "the body ended too early", "send it again")),
    }
}

fn named(headers: &HeaderMap) -> Result<(&str, &str), Rejection> {
    let field = |name: &str| {
        let short =
            |text: &&str| (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        text(headers, name).filter(short)
    };
    match (field("x-github-delivery"), field("x-github-event")) {
        (Some(id), Some(event)) => Ok((id, event)),
        (None, _) => Err(missing("`X-GitHub-Delivery` is missing or is not a delivery id")),
        (_, None) => Err(missing("`X-GitHub-Event` is missing or is not an event's name")),
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let kind = text(headers, "content-type").unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(rejection(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        reason::NOT_JSON,
        "the body's type is not `application/json`",
        "set the webhook's content type on GitHub to application/json",
    ))
}

fn unreadable(error: &DeliveryError) -> Rejection {
    let code = match error {
        DeliveryError::NotText(_) => reason::NOT_UTF8,
        DeliveryError::NotJson(_) => reason::NOT_JSON,
        DeliveryError::Field { .. } => reason::PAYLOAD_UNREADABLE,
    };
    bad_request(code, error.to_string(), "send what GitHub's webhook documentation describes")
}

fn missing(message: &str) -> Rejection {
    bad_request(reason::HEADER_MISSING, message, "send the headers that GitHub sends")
}

fn bad_request(code: Code, message: impl Into<String>, remedy: &str) -> Rejection {
    rejection(StatusCode::BAD_REQUEST, code, message, remedy)
}

fn rejection(status: StatusCode, code: Code, message: impl Into<String>, remedy: &str) -> Rejection {
    Rejection { status, refusal: Refusal::new(code, message, remedy) }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header's value for the log: short, whoever sent it.
fn shown(value: &str) -> &str {
    value.get(..64).unwrap_or(value)
}

impl Rejection {
    fn answer(self, delivery: &str) -> Response {
        let unavailable = self.status == StatusCode::SERVICE_UNAVAILABLE;
        let Refusal { code, message, remedy, .. } = &self.refusal;
        let error = json!({"code": code, "message": message, "remedy": remedy});
        let body = Json(json!({"status": "refused", "delivery": shown(delivery), "error": error}));
        let mut response = (self.status, body).into_response();
        if unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}
