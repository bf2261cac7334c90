//! `POST /webhooks/…`: a bounded body, which the source's adapter authenticates and reads, then the inbox.
//!
//! 2xx means: stored durably, or of no use to us. The answer's JSON carries a reason code and a remedy; a fault tells
//! the client nothing but that there is one.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::json;
use tracing::{Instrument as _, info, info_span, warn};

use crate::domain::reason::{self, Code};
use crate::domain::refusal::Refusal;
use crate::ports::forge::webhook::{Rejection, RejectionKind, Webhook};
use crate::service::accept::Reception;

use super::server::Visit;
use super::state::State;

/// How long a sender may take for its body.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// How long storing a delivery may take: GitHub hangs up after 10 seconds, and an answer that comes is better.
const STORED_WITHIN: Duration = Duration::from_secs(8);
/// Seconds after which a sender should come back when the database is unavailable.
const RETRY_AFTER: &str = "10";

/// A refused delivery: what its sender is answered, and with which status.
struct RefusedDelivery {
    status: StatusCode,
    refusal: Refusal,
}

/// Receives one delivery of a source.
pub(super) async fn receive(
    source: Arc<dyn Webhook>,
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let (Parts { headers, .. }, body) = request.into_parts();
    let claims = source.claims(&headers);
    let id = claims.id.to_owned();
    let span = info_span!("delivery", delivery.id = %shown(&id), event = %shown(claims.event));
    async move {
        match accept(&state, (source.as_ref(), &visit), &headers, body).await {
            Ok(answer) => answer,
            Err(RefusedDelivery { status, refusal }) => {
                let unavailable = status == StatusCode::SERVICE_UNAVAILABLE;
                state.metrics.delivery(if unavailable { "unavailable" } else { "refused" });
                warn!(code = refusal.code.as_str(), status = status.as_u16(), "delivery rejected");
                RefusedDelivery { status, refusal }.answer(&id)
            }
        }
    }
    .instrument(span)
    .await
}

async fn accept(
    state: &State,
    (source, visit): (&dyn Webhook, &Visit),
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, RefusedDelivery> {
    let bytes = bounded(headers, body, state.max_body_bytes, visit).await?;
    let delivery = source.read(headers, &bytes)?;
    if !visit.prove() {
        return Err(unavailable());
    }
    match tokio::time::timeout(STORED_WITHIN, state.intake.accept(&delivery)).await {
        Ok(Ok(reception)) => Ok(answer(state, &delivery.id, reception)),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn Error, "the delivery could not be stored");
            Err(unavailable())
        }
        // If it is stored after all, the redelivery is answered as its duplicate.
        Err(_) => {
            tracing::error!(waited_s = STORED_WITHIN.as_secs(), "the delivery could not be stored in time");
            Err(unavailable())
        }
    }
}

fn unavailable() -> RefusedDelivery {
    let message = "the delivery could not be stored";
    refused(StatusCode::SERVICE_UNAVAILABLE, reason::UNAVAILABLE, message, "redeliver it later")
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
    info!(result, run.id = run.as_deref(), reason, "delivery accepted");
    let body = json!({"status": result, "delivery": delivery, "run": run, "reason": reason});
    (status, Json(body)).into_response()
}

/// The whole body, refused before it is buffered when it is, or turns out to be, too large. Senders wait for nobody
/// here: one that does not go on sending holds its connection and nothing else.
async fn bounded(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    visit: &Visit,
) -> Result<Bytes, RefusedDelivery> {
    let too_large = || {
        refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            reason::BODY_TOO_LARGE,
            format!("the body is larger than {most} bytes"),
            "subscribe the webhook only to the events in the installation guide, or raise `max_body_bytes`",
        )
    };
    let announced = text(headers, "content-length").and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let Ok(read) = tokio::time::timeout(READ_WITHIN, whole(Limited::new(body, most), visit)).await else {
        let message = format!("the body took longer than {} seconds", READ_WITHIN.as_secs());
        return Err(refused(StatusCode::REQUEST_TIMEOUT, reason::BODY_TOO_SLOW, message, "send it again"));
    };
    match read {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => {
            let message = "the body ended early";
            Err(refused(StatusCode::BAD_REQUEST, reason::BODY_TRUNCATED, message, "send it again"))
        }
    }
}

/// Reads a body to its end, under the budget that all senders share.
async fn whole(mut body: Limited<Body>, visit: &Visit) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if !visit.buffer(data.len()) {
            return Err("other senders need the memory".into());
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

fn refused(status: StatusCode, code: Code, message: impl Into<String>, remedy: &str) -> RefusedDelivery {
    RefusedDelivery { status, refusal: Refusal::new(code, message, remedy) }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header's value for the log: short, whoever sent it.
fn shown(value: &str) -> &str {
    value.get(..64).unwrap_or(value)
}

impl From<Rejection> for RefusedDelivery {
    fn from(rejection: Rejection) -> Self {
        let status = match rejection.kind {
            RejectionKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            RejectionKind::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            RejectionKind::Malformed => StatusCode::BAD_REQUEST,
        };
        Self { status, refusal: rejection.refusal }
    }
}

impl RefusedDelivery {
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
