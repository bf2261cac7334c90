//! The texts that `writ patch` and `writ diff` read and write: bounded, UTF-8, replaced in one step.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::yaml;

/// Longer inputs are not read to their end. The engine has a lower limit, and says it with the size.
const MAX_BYTES: u64 = 64 << 20;

/// The name of standard input where a file is asked for.
const STANDARD_INPUT: &str = "-";

/// Why a text was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{} cannot be read", named(.path))]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: more than {} MiB", named(.path), MAX_BYTES >> 20)]
    TooLarge { path: PathBuf },
    #[error("{}: line {line}, column {column}: the text is not UTF-8", named(.path))]
    NotText { path: PathBuf, line: usize, column: usize },
    #[error("{what} cannot be written")]
    Write { what: String, source: std::io::Error },
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        let (code, remedy) = match error {
            FileError::Read { .. } => (reason::FILE_UNREADABLE, "check the path and its permissions"),
            FileError::TooLarge { .. } => (reason::TOO_LARGE, "split the file"),
            FileError::NotText { .. } => (reason::NOT_UTF8, "save the file as UTF-8"),
            FileError::Write { .. } => (
                reason::FILE_UNWRITABLE,
                "check the disk and the folder's permissions; the file is unchanged",
            ),
        };
        Self::because(code, error, remedy)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match error {
            FileError::TooLarge { .. } | FileError::NotText { .. } => Self::refused(error),
            FileError::Read { .. } => Self::usage(error),
            FileError::Write { .. } => Self::fault(error),
        }
    }
}

/// How messages name a path.
pub(super) fn named(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { format!("`{}`", path.display()) }
}

/// Why a file's YAML was refused, in words that name the file, the place and the code.
pub(super) fn located(path: &Path, refusal: yaml::YamlRefusal) -> Refusal {
    let message = format!("{}: {refusal}", named(path));
    Refusal::from(refusal).in_file(path.display().to_string()).saying(message)
}

/// Whether a path means standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path.to_str() == Some(STANDARD_INPUT)
}

/// The file at a path, to be read; `-` is standard input.
///
/// # Errors
/// - there is no such file, or it may not be read
pub(super) fn open(path: &Path) -> Result<Box<dyn std::io::Read>, FileError> {
    if is_standard_input(path) {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = std::fs::File::open(path);
    file.map(|file| Box::new(file) as _).map_err(|source| FileError::Read { path: path.to_owned(), source })
}

/// The text of a file; `-` is standard input.
///
/// # Errors
/// - it cannot be read, is too large, or is not UTF-8
pub(super) fn read(path: &Path) -> Result<String, FileError> {
    let mut bytes = Vec::new();
    open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let start = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let (line, column) = yaml::line_column(&start, valid);
        FileError::NotText { path: path.to_owned(), line, column }
    })
}

/// Puts a text into a file's place in one step: whoever reads sees all of the old or all of the new. The file's mode
/// stays, its owner where that is permitted, and a symbolic link stays one.
///
/// # Errors
/// - the folder or the file cannot be written; the file is as it was then
pub(super) fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    let failed = |source| FileError::Write { what: named(path), source };
    let target = path.canonicalize().map_err(failed)?;
    let folder = target.parent().unwrap_or(Path::new("."));
    let found = std::fs::metadata(&target).map_err(failed)?;
    if !found.is_file() {
        return Err(failed(std::io::Error::other("it is not a regular file")));
    }
    let mut scratch = tempfile::Builder::new().prefix(".writ-").tempfile_in(folder).map_err(failed)?;
    scratch.write_all(text.as_bytes()).map_err(failed)?;
    keep_owner(scratch.as_file(), &found);
    scratch.as_file().set_permissions(found.permissions()).map_err(failed)?;
    scratch.as_file().sync_all().map_err(failed)?;
    scratch.persist(&target).map_err(|error| failed(error.error))?;
    // The new name is on the disk when its folder is; the text is in its place whether or not this succeeds.
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

#[cfg(unix)]
fn keep_owner(file: &std::fs::File, found: &std::fs::Metadata) {
    use std::os::unix::fs::MetadataExt as _;
    // Only root may give a file away; for everybody else the new file is theirs, as with any editor.
    let _ = std::os::unix::fs::fchown(file, Some(found.uid()), Some(found.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &std::fs::File, _: &std::fs::Metadata) {}

/// Writes to standard output, without colours, all or an error. A reader that has gone is none.
///
/// # Errors
/// - the disk is full
pub(super) fn print(text: &str) -> Result<(), FileError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|source| FileError::Write { what: "standard output".to_owned(), source }),
    }
}
