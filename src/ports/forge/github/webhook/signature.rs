//! Webhook signatures: HMAC SHA-256 over the raw body, compared in constant time, before anything is parsed.
//!
//! Format: `X-Hub-Signature-256: sha256=<64 hex digits>` (GitHub, "Validating webhook deliveries"). SHA-1 is not
//! accepted. Several secrets may be active, so that one can be replaced without losing a delivery.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// The active webhook secrets. Its `Debug` does not show them.
#[derive(Clone)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// The fewest characters that a secret may have.
    pub const SHORTEST: usize = 16;

    /// The given secrets.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(secrets.into_iter().map(SecretString::from).collect())
    }

    /// Whether the header's value is the signature of this body under one of the secrets.
    ///
    /// Every secret is tried, whichever fits, so that the time taken does not reveal which one did.
    #[must_use]
    pub fn verify(&self, header: &[u8], body: &[u8]) -> bool {
        let Some(given) = header.strip_prefix(b"sha256=").and_then(decode_hex) else { return false };
        let mut fits = false;
        for secret in &self.0 {
            fits |= keyed(secret.expose_secret(), body).verify_slice(&given).is_ok();
        }
        fits
    }

    /// The header's value for a body under the first secret: for senders such as `writ demo` and tests.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        let secret = self.0.first().map_or("", SecretString::expose_secret);
        let code = keyed(secret, body).finalize().into_bytes();
        format!("sha256={}", data_encoding::HEXLOWER.encode(&code))
    }
}

fn keyed(secret: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        // OK because HMAC takes keys of any length (RFC 2104 §2).
        .unwrap_or_else(|error| unreachable!("HMAC takes any key: {error}"));
    mac.update(body);
    mac
}

fn decode_hex(text: &[u8]) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text).ok().filter(|code| code.len() == 32)
}

impl Secrets {
    /// How many are active.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Secrets({} active)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GitHub's documented example.
    const SECRET: &str = "It's a Secret to Everybody";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn githubs_own_example_holds() {
        let secrets = Secrets::new([SECRET.to_owned()]);
        assert_eq!(secrets.sign(b"Hello, World!"), SIGNATURE);
        assert!(secrets.verify(SIGNATURE.as_bytes(), b"Hello, World!"));
    }

    #[test]
    fn any_active_secret_will_do_and_no_other() {
        let both = Secrets::new(["the-new-secret-00".to_owned(), SECRET.to_owned()]);
        assert!(both.verify(SIGNATURE.as_bytes(), b"Hello, World!"));
        assert!(!both.verify(SIGNATURE.as_bytes(), b"Hello, World?"));
        let other = Secrets::new(["the-new-secret-00".to_owned()]);
        assert!(!other.verify(SIGNATURE.as_bytes(), b"Hello, World!"));
        assert!(!Secrets::new([]).verify(SIGNATURE.as_bytes(), b"Hello, World!"));
    }

    #[test]
    fn malformed_headers_never_fit() {
        let secrets = Secrets::new([SECRET.to_owned()]);
        for header in ["", "sha256=", "sha1=757107", "sha256=zz", &SIGNATURE[..SIGNATURE.len() - 2]] {
            assert!(!secrets.verify(header.as_bytes(), b"Hello, World!"), "{header}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", Secrets::new([SECRET.to_owned()])), "Secrets(1 active)");
    }
}
