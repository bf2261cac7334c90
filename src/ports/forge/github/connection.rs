//! One exchange with the server: sent once, bounded in time and size, never repeated here.
//!
//! Requests name a path only, so a token can never go to another host; redirects are not followed (octocrab is
//! built without that feature, and without `retry`, which repeats POSTs).

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jiff::Timestamp;
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::{Unsuccessful, failure};
use crate::domain::text::error_chain;
use crate::ports::forge::ForgeError;

/// Most bytes of an answer: a hundred comments of the largest size fit.
const LARGEST_ANSWER: usize = 32 << 20;

/// The path of the GraphQL API below its base address.
const GRAPHQL: &str = "/graphql";

/// What is asked: a path below the API's base address, with a query where one belongs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call<'a> {
    /// Reads.
    Get(&'a str),
    /// Makes.
    Post(&'a str, &'a Value),
    /// Asks the GraphQL API, which has its own address.
    Graph(&'a Value),
    /// Changes. GitHub updates comments by PATCH only; octocrab's `update_comment` would POST.
    Patch(&'a str, &'a Value),
}

impl Call<'_> {
    fn method(&self) -> &'static str {
        match self {
            Self::Get(_) => "GET",
            Self::Post(..) | Self::Graph(_) => "POST",
            Self::Patch(..) => "PATCH",
        }
    }

    fn path(&self) -> &str {
        match self {
            Self::Graph(_) => GRAPHQL,
            Self::Get(path) | Self::Post(path, _) | Self::Patch(path, _) => path,
        }
    }
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    body: Bytes,
    received_at: Timestamp,
}

impl Answer {
    /// The answer's value; `what` names it in errors.
    ///
    /// # Errors
    /// - the status is not a success: by its meaning (see `failure`)
    /// - the body is not what `T` wants: `Malformed`
    pub(super) fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, ForgeError> {
        self.check(what)?;
        serde_json::from_slice(&self.body).map_err(|error| ForgeError::Malformed(format!("{what}: {error}")))
    }

    /// Whether its `Link` header speaks of a next page. The address in it is never used.
    pub(super) fn names_next_page(&self) -> bool {
        let links = self.headers.get_all("link").iter().filter_map(|link| link.to_str().ok());
        links.flat_map(|link| link.split(',')).any(|link| link.contains("rel=\"next\""))
    }

    /// Only whether it is a success.
    pub(super) fn check(&self, what: &str) -> Result<(), ForgeError> {
        match self.status {
            200..=299 => Ok(()),
            status => {
                let (headers, body) = (&self.headers, &self.body);
                Err(failure(&Unsuccessful { status, headers, body, received_at: self.received_at }, what))
            }
        }
    }
}

/// How calls are exchanged: within which time, and by which clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange {
    /// The most time that a call may take, from first byte to last.
    pub(super) total: Duration,
    /// The first pause before an answer in doubt is asked for again.
    pub(super) recheck: Duration,
    /// The time now.
    pub(super) now: fn() -> Timestamp,
}

impl Exchange {
    /// Sends one call with the client's credential.
    ///
    /// # Errors
    /// `Unavailable` when no whole answer came in time: whether the call had its effect is then unknown.
    #[expect(clippy::disallowed_methods, reason = "measures how long an answer took, for the log")]
    pub(super) async fn send(&self, client: &Octocrab, call: Call<'_>) -> Result<Answer, ForgeError> {
        let (started, total) = (Instant::now(), self.total);
        let answer = tokio::time::timeout(total, self.receive(client, call)).await.unwrap_or_else(|_| {
            Err(ForgeError::Unavailable {
                message: format!("no response within {} ms", total.as_millis()),
                retry_after: None,
            })
        });
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(method = call.method(), path = call.path(), status, duration_ms, "asked the forge");
        answer
    }

    async fn receive(&self, client: &Octocrab, call: Call<'_>) -> Result<Answer, ForgeError> {
        let response = match call {
            Call::Get(path) => client._get(path).await,
            Call::Post(path, body) => client._post(path, Some(body)).await,
            Call::Graph(body) => client._post(GRAPHQL, Some(body)).await,
            Call::Patch(path, body) => client._patch(path, Some(body)).await,
        };
        let (parts, body) = response.map_err(|error| undelivered(&error))?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return ForgeError::Malformed(format!("a response of more than {LARGEST_ANSWER} bytes"));
            }
            ForgeError::Unavailable {
                message: format!("the response was truncated: {error}"),
                retry_after: None,
            }
        })?;
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        Ok(Answer { status, headers, body: body.to_bytes(), received_at: (self.now)() })
    }
}

/// Why no answer came at all. Octocrab's own text ends in a backtrace for some errors, so the causes are listed.
fn undelivered(error: &octocrab::Error) -> ForgeError {
    use octocrab::Error;
    match error {
        Error::JWT { source, .. } => {
            ForgeError::Forbidden(format!("the App's private key cannot sign: {source}"))
        }
        Error::Service { source, .. } => unavailable(source.as_ref()),
        Error::Hyper { source, .. } => unavailable(source),
        Error::Uri { source, .. } => ForgeError::Rejected(format!("the path is not a URI: {source}")),
        other => unavailable(other),
    }
}

fn unavailable(error: &(dyn std::error::Error + 'static)) -> ForgeError {
    ForgeError::Unavailable { message: error_chain(error), retry_after: None }
}
