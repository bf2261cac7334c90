//! `writ patch`: applies an RFC 6902 patch to a YAML or JSON file and changes no other byte.
//!
//! Exit codes: 0 done · 1 refused, and nothing written · 2 usage, which includes patches that are none · 3 fault.
//! With `--batch` every job has its own outcome in its own line, and the exit code is that of the whole: 0.

mod batch;
mod operations;
mod proof;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::operations::{NotPatch, Operations, from_json};
use self::proof::ProofFormat;
use super::file::{self, FileError, named};
use crate::domain::yaml::{self, Edited, Reason, Refusal};

/// What `writ patch` takes.
#[derive(Debug, clap::Args)]
pub struct PatchArguments {
    /// The YAML or JSON file; `-` reads standard input.
    #[arg(required_unless_present = "batch", requires = "ops")]
    file: Option<PathBuf>,
    /// The RFC 6902 patch: a JSON array of operations; `-` reads standard input. An operation may select its document
    /// with an extra member, as in `"document": 1`.
    #[arg(long, value_name = "OPS.json", requires = "file")]
    ops: Option<PathBuf>,
    /// The document of the file, from 0, for operations that select none.
    #[arg(long, value_name = "N", default_value_t = 0)]
    document: usize,
    /// Replace the file atomically and keep its mode, instead of writing to standard output.
    #[arg(long)]
    in_place: bool,
    /// Print the changed bytes and the checks that passed, instead of the result. Without `--in-place` nothing is written.
    #[arg(long, value_name = "FORMAT", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    proof: Option<ProofFormat>,
    /// Apply many patches in one process: each line `{"id", "file", "document", "patch"}` produces a line
    /// `{"id", "ok", "output" | "error"}` on standard output. `-` reads standard input.
    #[arg(long, value_name = "JOBS.jsonl", conflicts_with_all = ["file", "ops", "in_place", "document", "proof"])]
    batch: Option<PathBuf>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
enum PatchError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}: {source}", named(.path))]
    NotPatch { path: PathBuf, source: NotPatch },
    #[error("{}: {refusal}", named(.path))]
    Refused { path: PathBuf, refusal: Refusal },
    #[error("standard input cannot be {0}")]
    StandardInput(&'static str),
}

impl PatchError {
    fn exit(&self) -> u8 {
        match self {
            Self::File(error) => error.exit(),
            Self::NotPatch { .. } | Self::StandardInput(_) => 2,
            Self::Refused { .. } => 1,
        }
    }

    fn remedy(&self) -> &str {
        match self {
            Self::File(error) => error.remedy(),
            Self::NotPatch { .. } => {
                "write an RFC 6902 patch, such as `[{\"op\": \"replace\", \"path\": \"/a/0\", \"value\": 1}]`"
            }
            Self::Refused { refusal, .. } => &refusal.remedy,
            Self::StandardInput(_) => "give a file",
        }
    }
}

/// Runs it.
pub fn run(arguments: &PatchArguments) -> ExitCode {
    let done = match (&arguments.batch, &arguments.file, &arguments.ops) {
        (Some(jobs), ..) => batch::run(jobs),
        (None, Some(file), Some(ops)) => single(arguments, file, ops),
        // OK because clap asks for a file and its operations where there is no batch.
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => file::say("patch", &chain(&error), error.remedy(), error.exit()),
    }
}

/// An error and what caused it, in a line.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) if source.is::<std::io::Error>() => format!("{error}: {source}"),
        _ => error.to_string(),
    }
}

fn single(arguments: &PatchArguments, file: &Path, ops: &Path) -> Result<(), PatchError> {
    if file::is_standard_input(file) {
        if file::is_standard_input(ops) {
            return Err(PatchError::StandardInput("both the file and the patch"));
        }
        if arguments.in_place {
            return Err(PatchError::StandardInput("written in place"));
        }
    }
    let patch: Operations = from_json(&file::read(ops)?)
        .map_err(|source| PatchError::NotPatch { path: ops.to_owned(), source })?;
    let before = file::read(file)?;
    let edited = edited(&before, &patch, arguments.document)
        .map_err(|refusal| PatchError::Refused { path: file.to_owned(), refusal })?;
    if arguments.in_place && edited.text != before {
        file::replace(file, &edited.text)?;
    }
    match arguments.proof {
        Some(format) => file::print(&proof::shown(format, file, &before, &edited))?,
        None if !arguments.in_place => file::print(&edited.text)?,
        None => {}
    }
    Ok(())
}

/// The text after the operations, proven.
fn edited(text: &str, patch: &Operations, document: usize) -> Result<Edited, Refusal> {
    let edits = patch
        .edits(document)
        .map_err(|error| Refusal::at(text, 0, Reason::PointerSyntax, error.to_string()))?;
    yaml::edit_in_order(text, &edits)
}
