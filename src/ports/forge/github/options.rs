//! Where GitHub is, who the bot is there, and how long a call may take.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::credential::SecretString;

/// GitHub's own API; others are `https://HOST/api/v3`.
pub const PUBLIC_API: &str = "https://api.github.com";

/// Where GitHub is and who the bot is there.
#[derive(Debug, Clone)]
pub struct Options {
    /// The REST API's address, `https://api.github.com` or `https://HOST/api/v3`.
    pub base_url: String,
    /// Who the bot is.
    pub credentials: Credentials,
    /// How long it waits.
    pub timeouts: Timeouts,
    /// The time now: when a token has to be renewed, how long until a rate limit is reset.
    pub now: fn() -> Timestamp,
}

/// How the bot proves who it is. Surrounding white space in a key or token has been removed.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A GitHub App: its id and its RSA private key (PEM). Tokens are made per repository, for that repository only.
    App {
        /// The App's id, the number on its settings page.
        id: u64,
        /// The private key, PKCS#1 or PKCS#8 PEM.
        private_key: SecretString,
    },
    /// A token of an account: personal, fine-grained, or an Actions token.
    Token(SecretString),
}

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To be connected.
    pub connect: Duration,
    /// Between two reads or writes.
    pub read: Duration,
    /// From first byte to last.
    pub total: Duration,
    /// Before a 404 or an unreadable answer is asked for again; three times as long the second time, nine times the third.
    pub recheck: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(5),
            read: seconds(15),
            total: seconds(30),
            recheck: Duration::from_millis(500),
        }
    }
}

/// Why the adapter cannot start. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is not one.
    #[error("`{0}` is not the URL of a GitHub API; use `https://api.github.com` or `https://HOST/api/v3`")]
    BaseUrl(String),
    /// The App's key is no RSA key in PEM form.
    #[error(
        "the App's private key is not an RSA key in PEM form ({0}); download one on the App's settings page"
    )]
    PrivateKey(String),
    /// The token is empty or holds spaces or control characters.
    #[error("the token is empty or contains invalid characters")]
    Token,
    /// The HTTP client could not be built (no root certificates, for example).
    #[error("the HTTP client cannot be built: {0}")]
    Client(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let app = Credentials::App { id: 7, private_key: "very-private".into() };
        let shown = format!("{app:?} {:?}", Credentials::Token("ghs_hidden".into()));
        assert!(!shown.contains("private-") && !shown.contains("very") && !shown.contains("ghs_"), "{shown}");
    }
}
