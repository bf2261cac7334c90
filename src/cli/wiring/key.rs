//! The ledger's signing key: read from its file, made where there is none, replaced.

use std::fs::{OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::domain::ledger::SignerKey;

/// Reads the key; `None` where there is no file. One that others can read is narrowed.
pub(crate) fn read(path: &Path, origin: &str) -> anyhow::Result<Option<SignerKey>> {
    let place = || format!("the ledger key `{}`", path.display());
    super::private::narrow(path).with_context(place)?;
    match std::fs::read_to_string(path) {
        Ok(text) => SignerKey::parse(&text, origin).map(Some).with_context(place),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(place),
    }
}

/// Reads the key; where there is no file, makes one that only its owner can read.
pub(crate) fn read_or_make(path: &Path, origin: &str) -> anyhow::Result<SignerKey> {
    if let Some(key) = read(path, origin)? {
        return Ok(key);
    }
    let place = || format!("the ledger key `{}`", path.display());
    let key = SignerKey::from_seed(origin, random_seed()?).with_context(place)?;
    write_new(path, key.to_secret_text().expose_secret()).with_context(place)?;
    // Read back, since another process may have been quicker: the file's key is the key.
    read(path, origin)?.with_context(place)
}

/// Makes the key that replaces the one in this file, beside it; one that is there already from an interrupted attempt
/// is read. [`replace`] puts it into its place.
pub(crate) fn read_or_make_next(path: &Path, origin: &str) -> anyhow::Result<SignerKey> {
    read_or_make(&next(path), origin)
}

/// Puts the next key into the place of the one in this file.
pub(crate) fn replace(path: &Path) -> anyhow::Result<()> {
    std::fs::rename(next(path), path).with_context(|| format!("replacing `{}`", path.display()))
}

fn next(path: &Path) -> PathBuf {
    path.with_extension("next-key")
}

/// Writes a file that only its owner can read, whole or not at all; one that is there already stays.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let scratch = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&scratch)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&scratch, path);
    std::fs::remove_file(&scratch)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// 32 bytes from the system's generator.
fn random_seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut seed))
        .context("reading random bytes for a key")?;
    Ok(seed)
}
