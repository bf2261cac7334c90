//! Calls as the bot: with a token that is renewed once when it is refused, values that are read until they can be
//! believed, and lists page by page.

use serde::de::DeserializeOwned;

use super::connection::{Answer, Call};
use super::identity::Identity;
use super::options::{Options, SetupError};
use super::settling::OwnWrites;
use crate::domain::names::RepositoryName;
use crate::ports::forge::ForgeError;

/// Entries per page, GitHub's most.
const PAGE: usize = 100;

/// Pages read before giving up: no issue can have this many comments.
const MOST_PAGES: usize = 300;

/// The `Forge` on GitHub. One value serves all repositories; clones of its tokens live in memory only.
#[derive(Debug)]
pub struct Github {
    pub(super) identity: Identity,
    /// Comments and check runs that lists may not show yet.
    pub(super) own_writes: OwnWrites,
}

impl Github {
    /// Prepares the adapter; nothing is asked of the server yet. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// The address, the key or the token cannot be right: see [`SetupError`].
    pub fn new(options: &Options) -> Result<Self, SetupError> {
        Ok(Self { identity: Identity::new(options)?, own_writes: OwnWrites::default() })
    }

    /// One call as the bot. A token that ended before its time (401) is renewed once; a 401 had no effect, so
    /// repeating is safe.
    pub(super) async fn ask(
        &self,
        repository: &RepositoryName,
        call: Call<'_>,
    ) -> Result<Answer, ForgeError> {
        let (client, secret) = self.identity.speak(repository, call).await?;
        let answer = self.identity.exchange.send(&client, call).await?;
        if answer.status != 401 || !self.identity.renew(repository, &secret).await {
            return Ok(answer);
        }
        let (client, _) = self.identity.speak(repository, call).await?;
        self.identity.exchange.send(&client, call).await
    }

    /// Reads one value. A 404 or an unreadable answer is asked for again before it is believed; `what` names the value in
    /// errors.
    pub(super) async fn read<T: DeserializeOwned + Send>(
        &self,
        repository: &RepositoryName,
        path: &str,
        what: &str,
    ) -> Result<T, ForgeError> {
        self.write(repository, Call::Get(path), what).await
    }

    /// Sends a call that may be sent twice, and reads what it answers, as [`Github::read`] does.
    pub(super) async fn write<T: DeserializeOwned + Send>(
        &self,
        repository: &RepositoryName,
        call: Call<'_>,
        what: &str,
    ) -> Result<T, ForgeError> {
        self.identity.exchange.settle(|| async { self.ask(repository, call).await?.read(what) }).await
    }

    /// Reads a list page by page until `found` says so or it ends. `path` ends where the next parameter goes.
    pub(super) async fn list<T, F>(
        &self,
        repository: &RepositoryName,
        path: &str,
        mut found: F,
    ) -> Result<(), ForgeError>
    where
        T: DeserializeOwned + Send,
        F: FnMut(T) -> bool + Send,
    {
        for page in 1..=MOST_PAGES {
            let path = format!("{path}per_page={PAGE}&page={page}");
            let page = self.identity.exchange.settle(|| async {
                let answer = self.ask(repository, Call::Get(&path)).await?;
                Ok((answer.read::<Vec<T>>("list")?, answer.names_next_page()))
            });
            let (entries, names_next) = page.await?;
            // A proxy may drop `Link`, a server may cap pages below what was asked: either sign means "go on".
            let goes_on = entries.len() >= PAGE || names_next;
            if entries.into_iter().any(&mut found) || !goes_on {
                return Ok(());
            }
        }
        Err(ForgeError::Malformed(format!("a list of more than {MOST_PAGES} pages")))
    }
}
