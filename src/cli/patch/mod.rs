//! `writ patch`: applies an RFC 6902 patch to a YAML or JSON file and changes no other byte.
//!
//! Exit codes: 0 done · 1 refused, and nothing written · 2 usage, which includes files that are not patches · 3 fault.
//! With `--batch` every job has its own result on its own line, and the exit code is 1 if one of them failed.

mod batch;
mod operations;
mod proof;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::operations::{NotPatch, Operations, from_json};
use self::proof::EditProofFormat;
use super::failure::{Failure, Form};
use super::file::{self, FileError, located, named};
use crate::domain::reason;
use crate::domain::refusal::Refusal;

/// The arguments of `writ patch`.
#[derive(Debug, clap::Args)]
pub(super) struct PatchArguments {
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
    proof: Option<EditProofFormat>,
    /// Apply many patches in one process: each line `{"id", "file", "document", "patch"}` produces a line
    /// `{"id", "ok", "output" | "error"}` on standard output. `-` reads standard input.
    #[arg(long, value_name = "JOBS.jsonl", conflicts_with_all = ["file", "ops", "in_place", "document", "proof"])]
    batch: Option<PathBuf>,
}

/// Runs `writ patch`.
pub(super) fn run(arguments: &PatchArguments) -> ExitCode {
    let done = match (&arguments.batch, &arguments.file, &arguments.ops) {
        (Some(jobs), ..) => batch::run(jobs),
        (None, Some(file), Some(ops)) => single(arguments, file, ops).map(|()| ExitCode::SUCCESS),
        // OK because clap asks for a file and its operations where there is no batch.
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(exit) => exit,
        Err(failure) => failure.say("patch", Form::Remedy),
    }
}

/// Patches one file.
fn single(arguments: &PatchArguments, file: &Path, ops: &Path) -> Result<(), Failure> {
    if file::is_standard_input(file) {
        if file::is_standard_input(ops) {
            return Err(standard_input("both the file and the patch"));
        }
        if arguments.in_place {
            return Err(standard_input("written in place"));
        }
    }
    let patch: Operations = from_json(&read_patch(ops)?).map_err(|problem| invalid_patch(ops, &problem))?;
    let before = file::read(file)?;
    let edited = patch
        .apply(&before, arguments.document)
        .map_err(|refusal| Failure::refused(located(file, refusal)))?;
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

/// The text of a patch. One that is no text is no patch.
fn read_patch(path: &Path) -> Result<String, Failure> {
    file::read(path).map_err(|error| match error {
        FileError::NotText { .. } | FileError::TooLarge { .. } => Failure::usage(error),
        error => error.into(),
    })
}

fn standard_input(what: &str) -> Failure {
    let message = format!("standard input cannot be {what}");
    Failure::usage(Refusal::new(reason::STANDARD_INPUT_TAKEN, message, "give a file"))
}

fn invalid_patch(path: &Path, problem: &NotPatch) -> Failure {
    let remedy =
        "write an RFC 6902 patch, such as `[{\"op\": \"replace\", \"path\": \"/a/0\", \"value\": 1}]`";
    let message = format!("{}: {problem}", named(path));
    Failure::usage(Refusal::new(reason::PATCH_INVALID, message, remedy))
}
