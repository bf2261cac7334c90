//! Who the bot is towards GitHub: an App with its key, or an account with its token.
//!
//! **Invariant**: no type in this module shows a secret through `Debug` or `Display`.

use std::fmt;

/// Text that must never be logged: a token, a private key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text; surrounding white space (a file's last line end) is dropped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text itself, for the one place that sends or signs with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// How the bot proves who it is.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A GitHub App: its id and its RSA private key (PEM). Tokens are made per repository, for that repository only.
    App {
        /// The App's id, the number on its settings page.
        id: u64,
        /// The private key, PKCS#1 or PKCS#8 PEM.
        private_key: Secret,
    },
    /// A token of an account: personal, fine-grained, or an Actions token.
    Token(Secret),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let app = Credentials::App { id: 7, private_key: Secret::new("very-private\n") };
        let shown = format!("{app:?} {:?}", Credentials::Token(Secret::new("ghs_hidden")));
        assert!(!shown.contains("private-") && !shown.contains("very") && !shown.contains("ghs_"), "{shown}");
        assert_eq!(Secret::new(" x\n").expose(), "x");
    }
}
