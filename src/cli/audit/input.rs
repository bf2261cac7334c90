//! Texts that the command line names: bodies of pull requests, keys, checkpoints.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::domain::ledger::{KeptCheckpoint, Proof, VerifierKeys, extract};
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

/// The checkpoint in a file: bare, in a proof, or in the proof of a pull request's body.
///
/// # Errors
/// - it cannot be read, or holds no proof where it begins like one
pub(crate) fn read_checkpoint(path: &Path) -> Result<KeptCheckpoint, Failure> {
    let text = read_text(path)?.replace("\r\n", "\n");
    let refused = |code, problem: String, remedy: &str| {
        Failure::usage(Refusal::new(code, format!("`{}`: {problem}", path.display()), remedy))
    };
    let proof = if text.contains("```") {
        let embedded =
            extract(&text).map_err(|error| refused(error.code(), error.to_string(), error.remedy()))?;
        Some(embedded.proof)
    } else {
        text.starts_with("c2sp.org/tlog-proof").then(|| text.clone())
    };
    let note = match proof {
        None => text,
        Some(proof) => {
            Proof::parse(&proof)
                .map_err(|error| refused(error.code(), error.to_string(), error.remedy()))?
                .checkpoint
        }
    };
    Ok(KeptCheckpoint { place: path.display().to_string(), note })
}
