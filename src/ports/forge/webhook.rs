//! Webhooks: how deliveries over HTTP are authenticated and read. Adapter: `github/webhook/`.

use http::HeaderMap;

use crate::domain::event::Delivery;
use crate::domain::refusal::Refusal;

/// A source that sends its deliveries as HTTP requests.
pub trait Webhook: Send + Sync {
    /// The path that it posts to, such as `/webhooks/github`.
    fn path(&self) -> &'static str;

    /// What a request claims to be, for the log and for answers: nothing of it is verified.
    fn claims<'a>(&self, headers: &'a HeaderMap) -> Claims<'a>;

    /// Authenticates a request and reads it. Nothing of a body is parsed before it is authenticated.
    ///
    /// # Errors
    /// - `Unauthenticated`: the body was not sent by the source
    /// - `Malformed`, `UnsupportedType`: the source sends nothing like it
    fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Rejection>;
}

/// What a request says of itself, empty where it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims<'a> {
    /// The delivery's id.
    pub id: &'a str,
    /// The event's name.
    pub event: &'a str,
}

/// Why a request is not a delivery. Sending it again does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct Rejection {
    /// What kind of fault it is.
    pub kind: RejectionKind,
    /// What is wrong, and what the sender can do about it.
    pub refusal: Refusal,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionKind {
    /// It is not signed, or not by the source.
    Unauthenticated,
    /// Its body is of another type.
    UnsupportedType,
    /// Its headers or its body are not what the source sends.
    Malformed,
}
