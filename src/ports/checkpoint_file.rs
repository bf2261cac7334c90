//! The file of the checkpoint that is kept outside the database: one signed note, replaced whole, its owner's alone.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The longest file that is read, bytes: a note is some hundred.
const LONGEST: u64 = 64 * 1024;

/// Where the checkpoint is kept.
#[derive(Debug, Clone)]
pub struct CheckpointFile {
    path: PathBuf,
}

impl CheckpointFile {
    /// The file at this path, which need not exist.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The note in it; `None` where there is no file.
    ///
    /// # Errors
    /// - it cannot be read, is no text, or is longer than any note
    pub fn read(&self) -> io::Result<Option<String>> {
        let size = match std::fs::metadata(&self.path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if size > LONGEST {
            return Err(io::Error::new(ErrorKind::InvalidData, "it is longer than any checkpoint"));
        }
        std::fs::read_to_string(&self.path).map(Some)
    }

    /// Replaces it: after a crash there is the old note or the new one, never a part.
    ///
    /// # Errors
    /// - it cannot be written
    pub fn write(&self, note: &str) -> io::Result<()> {
        let scratch = self.path.with_extension(format!("checkpoint-{}", std::process::id()));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&scratch)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&scratch, &self.path)?;
        // The name is on disk once its folder is.
        match self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_note_is_read_back_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckpointFile::at(folder.path().join("ledger.checkpoint"));
        assert_eq!(file.read().unwrap(), None);
        for note in ["one\n", "two\n"] {
            file.write(note).unwrap();
            assert_eq!(file.read().unwrap().as_deref(), Some(note));
        }
        assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn what_cannot_be_a_checkpoint_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckpointFile::at(folder.path().join("ledger.checkpoint"));
        std::fs::write(file.path(), "x".repeat(65 * 1024)).unwrap();
        file.read().unwrap_err();
        std::fs::write(file.path(), [0xff]).unwrap();
        file.read().unwrap_err();
    }
}
