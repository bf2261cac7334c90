//! Answers in doubt: a 404 or an unreadable body is asked for again before it is believed, a write is looked for.
//!
//! GitHub answers from replicas that can lag behind a write for some seconds, and proxies before it answer 200 with pages
//! of their own. **Invariant**: what would be made twice by asking twice is never asked for again while it may have been
//! made; it is looked for instead.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::connection::Exchange;
use crate::ports::forge::ForgeError;

/// How the pauses between tries grow: each is so many times [`Exchange::recheck`].
const PAUSES: [u32; 3] = [1, 3, 9];

/// How many of the newest own writes are remembered.
const REMEMBERED: usize = 1000;

impl Exchange {
    /// The result of `attempt`, repeated a few times while its answer is in doubt. `attempt` must be safe to repeat: it
    /// reads, its write is idempotent, or it looks for its effect first.
    ///
    /// # Errors
    /// That of the last try: a 404 or an unreadable body that comes back so is what it says.
    pub(super) async fn settle<T, F, Fut>(&self, mut attempt: F) -> Result<T, ForgeError>
    where
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, ForgeError>> + Send,
    {
        for pause in self.pauses() {
            match attempt().await {
                Err(error @ (ForgeError::NotFound(_) | ForgeError::Malformed(_))) => {
                    tracing::debug!(%error, "an answer in doubt is asked for again");
                }
                settled => return settled,
            }
            tokio::time::sleep(pause).await;
        }
        attempt().await
    }

    /// Makes something once. Where it may have been made without a readable answer, `find` looks for it, for a while; only
    /// after a 404, which made nothing, `make` is called again.
    ///
    /// # Errors
    /// That of the last `make`. Unless it is final, what was asked for may exist.
    pub(super) async fn make<T, Make, Made, Find, Found>(
        &self,
        mut make: Make,
        mut find: Find,
    ) -> Result<T, ForgeError>
    where
        Make: FnMut() -> Made + Send,
        Made: Future<Output = Result<T, ForgeError>> + Send,
        Find: FnMut() -> Found + Send,
        Found: Future<Output = Result<Option<T>, ForgeError>> + Send,
        T: Send,
    {
        let mut made = make().await;
        for pause in self.pauses() {
            let error = match made {
                Err(error) if may_be_made(&error) => error,
                settled => return settled,
            };
            tracing::debug!(%error, "what was asked for is looked for");
            tokio::time::sleep(pause).await;
            match find().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                // Nobody knows now; who repeats the call later looks first.
                Err(_) => return Err(error),
            }
            made = if matches!(error, ForgeError::NotFound(_)) { make().await } else { Err(error) };
        }
        made
    }

    fn pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let recheck = self.recheck;
        PAUSES.into_iter().map(move |times| recheck * times)
    }
}

/// Whether asking again is no way to know. Who asks to come back later (a limit) has made nothing.
fn may_be_made(error: &ForgeError) -> bool {
    match error {
        ForgeError::NotFound(_) | ForgeError::Malformed(_) => true,
        ForgeError::Unavailable { retry_after, .. } => retry_after.is_none(),
        ForgeError::Forbidden(_) | ForgeError::Rejected(_) => false,
    }
}

/// The newest own writes: what a list does not show yet although it was made.
#[derive(Debug, Default)]
pub(super) struct OwnWrites(Mutex<VecDeque<(String, u64)>>);

impl OwnWrites {
    /// Remembers the id of what was made under a name.
    pub(super) fn remember(&self, name: String, id: u64) {
        // OK because the queue is whole after each statement, whoever panicked meanwhile.
        let mut writes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writes.retain(|(known, _)| *known != name);
        writes.push_back((name, id));
        if writes.len() > REMEMBERED {
            writes.pop_front();
        }
    }

    /// The id of what was made last under a name.
    pub(super) fn id_of(&self, name: &str) -> Option<u64> {
        // OK because the queue is whole after each statement, whoever panicked meanwhile.
        let writes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writes.iter().find(|(known, _)| known == name).map(|(_, id)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_writes_are_remembered() {
        let writes = OwnWrites::default();
        for number in 0..=1000 {
            writes.remember(format!("comment {number}"), number);
        }
        writes.remember("comment 7".to_owned(), 9000);
        assert_eq!(writes.id_of("comment 0"), None);
        assert_eq!((writes.id_of("comment 1"), writes.id_of("comment 7")), (Some(1), Some(9000)));
    }
}
