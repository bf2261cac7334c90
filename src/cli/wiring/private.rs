//! Files and folders that belong to the server's user alone, whatever the umask is.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use tracing::warn;

/// What others may do is in these bits of a mode.
const OF_OTHERS: u32 = 0o077;

/// Makes a folder that only its owner can enter. One that is there already keeps its mode, since it may be shared on
/// purpose; if others can read it, the log says so.
///
/// # Errors
/// - it can be neither made nor read
pub(super) fn folder(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) => {
            let mode = found.permissions().mode() & 0o777;
            if mode & OF_OTHERS != 0 {
                let folder = path.display();
                warn!("others can enter the folder `{folder}` (mode {mode:03o}); run `chmod 700` on it");
            }
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(path)?;
            std::fs::set_permissions(path, Permissions::from_mode(0o700))
        }
        Err(error) => Err(error),
    }
}

/// Makes a database file that only its owner can read, and takes from others what they may do with one that is there,
/// its journal included: SQLite gives the journal the mode of the file.
///
/// # Errors
/// - it can be neither made nor narrowed
pub(super) fn database(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file.set_permissions(Permissions::from_mode(0o600))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => narrow(path)?,
        Err(error) => return Err(error),
    }
    for end in ["-wal", "-shm"] {
        let mut journal = path.as_os_str().to_owned();
        journal.push(end);
        narrow(Path::new(&journal))?;
    }
    Ok(())
}

/// Takes from others what they may do with a file. One that is not there needs nothing.
///
/// # Errors
/// - the mode cannot be changed
pub(super) fn narrow(path: &Path) -> io::Result<()> {
    let mode = match std::fs::metadata(path) {
        Ok(found) => found.permissions().mode() & 0o777,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if mode & OF_OTHERS != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(mode & !OF_OTHERS))?;
        warn!("others could read `{}` (mode {mode:03o}); they cannot any more", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_its_owners_and_what_is_there_is_narrowed() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("a/data");
        folder(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        let file = data.join("writ.db");
        database(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        let journal = data.join("writ.db-wal");
        std::fs::write(&journal, "").unwrap();
        for path in [&file, &journal] {
            std::fs::set_permissions(path, Permissions::from_mode(0o664)).unwrap();
        }
        database(&file).unwrap();
        assert_eq!((mode(&file), mode(&journal)), (0o600, 0o600));
    }
}
