//! Texts that the command line names: bodies of pull requests, keys.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::domain::ledger::VerifierKeys;
use crate::domain::reason;
use crate::domain::refusal::Refusal;

/// The text of a file; `-` is standard input.
///
/// # Errors
/// - it cannot be read, or is not UTF-8
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| {
        let problem = format!("`{}`: {error}", path.display());
        let remedy = "name a UTF-8 text file that can be read";
        Failure::usage(Refusal::new(reason::FILE_UNREADABLE, problem, remedy))
    })
}

/// The verifier keys in a file.
///
/// # Errors
/// - it cannot be read, or has no such key
pub(crate) fn read_keys(path: &Path) -> Result<VerifierKeys, Failure> {
    let text = read_text(path)?;
    VerifierKeys::parse(&text).map_err(|error| {
        let problem = format!("`{}`: {error}", path.display());
        Failure::usage(Refusal::new(error.code(), problem, error.remedy()))
    })
}
