//! Keys of the ledger: the one that signs checkpoints, and those that a verifier trusts.
//!
//! A signing key's file holds PKCS#8 PEM (`openssl genpkey -algorithm ed25519`) or Go's note format
//! (`PRIVATE+KEY+<name>+<id>+<base64>`); a verifier's holds C2SP vkeys, `<name>+<id>+<base64>`, one a line.
//! Keys are made above this floor, where randomness is: see [`SignerKey::from_seed`].

use std::fmt;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use secrecy::{ExposeSecret as _, SecretString};
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};

use crate::domain::reason::{self, Code};

/// ed25519, as the first byte of a note key.
const ED25519: u8 = 1;
/// The longest name of a ledger, in bytes.
const LONGEST_NAME: usize = 200;

/// The key that signs checkpoints. `Debug` shows its name only.
#[derive(Clone)]
pub struct SignerKey {
    origin: String,
    key: SigningKey,
}

/// A key that checkpoints are verified with.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    origin: String,
    text: String,
}

/// The keys that a verifier trusts: more than one while a key is being replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKeys(Vec<VerifierKey>);

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The ledger's name cannot be used in a checkpoint.
    #[error(
        "`{0}` is not a valid ledger name: 1 to {LONGEST_NAME} characters without spaces, `+` or control characters"
    )]
    Name(String),
    /// Neither PKCS#8 PEM nor the note format, or not of an ed25519 key.
    #[error("the signing key is neither PKCS#8 PEM of an ed25519 key nor `PRIVATE+KEY+<name>+<id>+<base64>`")]
    Signer,
    /// The key in note format is another ledger's.
    #[error("the signing key belongs to `{found}`, but the ledger is named `{wanted}`")]
    OtherName {
        /// The name in the key.
        found: String,
        /// The ledger's name in the settings.
        wanted: String,
    },
    /// A line is no vkey.
    #[error("line {line} is not a verifier key `<name>+<id>+<base64>`")]
    Verifier {
        /// The line, from 1.
        line: usize,
    },
    /// There is no key in the text.
    #[error("there is no verifier key")]
    Empty,
}

impl KeyError {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Name(_) => reason::LEDGER_NAME_INVALID,
            Self::Signer | Self::OtherName { .. } => reason::SIGNING_KEY_INVALID,
            Self::Verifier { .. } | Self::Empty => reason::VERIFIER_KEY_INVALID,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Name(_) => "use a host and path, such as `writ.example.org/ledger`",
            Self::Signer => "generate a key with `openssl genpkey -algorithm ed25519`",
            Self::OtherName { .. } => "set `ledger.origin` to the key's name, or use that ledger's own key",
            Self::Verifier { .. } | Self::Empty => {
                "give the output of `writ audit key` as a file: one key per line, `#` starts a comment"
            }
        }
    }
}

impl SignerKey {
    /// The key with this secret seed, which must be 32 random bytes.
    ///
    /// # Errors
    /// - [`KeyError::Name`]
    pub fn from_seed(origin: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        check_name(origin)?;
        Ok(Self { origin: origin.to_owned(), key: SigningKey::from_bytes(&seed) })
    }

    /// Reads a key file's text for the ledger named `origin`.
    ///
    /// # Errors
    /// - [`KeyError::Name`], [`KeyError::Signer`], [`KeyError::OtherName`]
    pub fn parse(text: &str, origin: &str) -> Result<Self, KeyError> {
        check_name(origin)?;
        let text = text.trim();
        if text.starts_with("-----BEGIN") {
            let key = SigningKey::from_pkcs8_pem(text).map_err(|_| KeyError::Signer)?;
            return Ok(Self { origin: origin.to_owned(), key });
        }
        StandardSigner::new(text).map_err(|_| KeyError::Signer)?;
        let body = text.strip_prefix("PRIVATE+KEY+").ok_or(KeyError::Signer)?;
        let (found, rest) = body.split_once('+').ok_or(KeyError::Signer)?;
        if found != origin {
            return Err(KeyError::OtherName { found: found.to_owned(), wanted: origin.to_owned() });
        }
        let encoded = rest.split_once('+').map_or("", |(_, encoded)| encoded);
        let bytes = data_encoding::BASE64.decode(encoded.as_bytes()).map_err(|_| KeyError::Signer)?;
        let seed = bytes.get(1..).and_then(|seed| seed.try_into().ok()).ok_or(KeyError::Signer)?;
        Self::from_seed(origin, seed)
    }

    /// The key in note format, one line.
    #[must_use]
    pub fn to_secret_text(&self) -> SecretString {
        let key = self.key.verifying_key();
        let id = signed_note::key_id(&self.origin, &with_kind(key.as_bytes()));
        let secret = data_encoding::BASE64.encode(&with_kind(&self.key.to_bytes()));
        format!("PRIVATE+KEY+{}+{id:08x}+{secret}\n", self.origin).into()
    }

    /// The ledger's name, the first line of its checkpoints.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        let text = signed_note::new_ed25519_verifier_key(&self.origin, &self.key.verifying_key());
        VerifierKey { origin: self.origin.clone(), text }
    }

    /// Signs a text whose lines are ours; the note.
    pub(super) fn sign_note(&self, text: &str) -> String {
        let signed = Note::new(text.as_bytes(), &[]).and_then(|mut note| {
            note.add_sigs(&[&self.note_signer()])?;
            Ok(note.to_bytes())
        });
        // OK because checked names, numbers and base64 are a well-formed note, and a checked name may sign.
        let bytes = signed.unwrap_or_else(|error| unreachable!("our own text signs: {error}"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn note_signer(&self) -> StandardSigner {
        // OK because the text is made here from a key and a checked name.
        StandardSigner::new(self.to_secret_text().expose_secret().trim())
            .unwrap_or_else(|error| unreachable!("our own key reads: {error}"))
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SignerKey({})", self.origin)
    }
}

impl VerifierKey {
    /// The ledger's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl VerifierKeys {
    /// Reads a file of verifier keys: one per line; blank lines and lines that begin with `#` are ignored.
    ///
    /// # Errors
    /// - [`KeyError::Verifier`], [`KeyError::Empty`]
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            StandardVerifier::new(text).map_err(|_| KeyError::Verifier { line })?;
            let origin = text.split_once('+').map_or("", |(name, _)| name).to_owned();
            let key = VerifierKey { origin, text: text.to_owned() };
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self(keys)) }
    }

    /// The keys.
    pub(super) fn keys(&self) -> &[VerifierKey] {
        &self.0
    }

    /// Whether this key, as text, is one of them.
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.iter().any(|key| key.text == text)
    }

    /// Adds a key, unless it is one of them.
    pub(super) fn add(&mut self, key: VerifierKey) {
        if !self.0.contains(&key) {
            self.0.push(key);
        }
    }

    pub(super) fn note_verifiers(&self) -> VerifierList {
        let verifiers = self.0.iter().filter_map(|key| StandardVerifier::new(&key.text).ok());
        VerifierList::new(verifiers.map(|key| Box::new(key) as Box<dyn signed_note::Verifier>).collect())
    }
}

impl From<VerifierKey> for VerifierKeys {
    fn from(key: VerifierKey) -> Self {
        Self(vec![key])
    }
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let valid = signed_note::is_key_name_valid(name)
        && name.len() <= LONGEST_NAME
        && !name.chars().any(char::is_control);
    if valid { Ok(()) } else { Err(KeyError::Name(name.to_owned())) }
}

fn with_kind(key: &[u8; 32]) -> Vec<u8> {
    [&[ED25519], key.as_slice()].concat()
}
