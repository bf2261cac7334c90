//! Credentials: values that hold a secret, which neither `Debug` nor `Display` shows.
//!
//! The secret is a [`SecretString`]: it prints as `[REDACTED]`, is erased from memory when dropped, and is read only
//! through `expose_secret`, in the one place that sends or signs with it.

pub use secrecy::SecretString;

/// User and secret for a git remote over HTTP, valid for one operation.
#[derive(Debug, Clone)]
pub struct Credential {
    /// User name for HTTP basic authentication (`x-access-token` on GitHub).
    pub user: String,
    /// The secret.
    pub secret: SecretString,
}

/// The text as a secret, without surrounding white space such as the line end of the file that it was read from.
#[must_use]
pub fn trimmed(text: &str) -> SecretString {
    text.trim().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn surrounding_white_space_is_removed() {
        assert_eq!(trimmed(" x\n").expose_secret(), "x");
    }

    #[test]
    fn debug_shows_no_secret() {
        let credential = Credential { user: "x-access-token".to_owned(), secret: "ghs_hidden".into() };
        let shown = format!("{credential:?}");
        assert!(shown.contains("x-access-token") && !shown.contains("ghs_"), "{shown}");
    }
}
