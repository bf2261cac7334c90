//! `writ patch`: applies an RFC 6902 patch to a YAML or JSON file and changes no other byte.
//!
//! Exit codes: 0 done · 1 refused, and nothing written · 2 usage, which includes patches that are none · 3 fault.
//! With `--batch` every job has its own outcome in its own line, and the exit code is that of the whole: 0.

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::yaml;

/// What `writ patch` takes.
#[derive(Debug, clap::Args)]
pub struct PatchArguments {
    /// The YAML or JSON file.
    #[arg(required_unless_present = "batch", requires = "ops")]
    file: Option<PathBuf>,
    /// The RFC 6902 patch: a JSON array of operations.
    #[arg(long, value_name = "OPS.json", requires = "file")]
    ops: Option<PathBuf>,
    /// Which document of the file, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    document: usize,
    /// Write the result into the file, in one step, with the file's mode; else it goes to standard output.
    #[arg(long)]
    in_place: bool,
    /// Many patches in one process: each line `{"id", "file", "document", "patch"}` gives a line
    /// `{"id", "ok", "output" | "error"}` on standard output. `-` reads standard input.
    #[arg(long, value_name = "JOBS.jsonl", conflicts_with_all = ["file", "ops", "in_place", "document"])]
    batch: Option<PathBuf>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
enum PatchError {
    #[error("reading `{}`", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}`: line {line}, column {column}: the text is not UTF-8", .path.display())]
    NotText { path: PathBuf, line: usize, column: usize },
    #[error("`{}` is not an RFC 6902 patch: {source}", .path.display())]
    NotPatch { path: PathBuf, source: serde_json::Error },
    #[error("`{}`: {refusal}", .path.display())]
    Refused { path: PathBuf, refusal: yaml::Refusal },
    #[error("writing {what}")]
    Write { what: String, source: std::io::Error },
}

impl PatchError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::NotText { .. } | Self::Refused { .. } => ExitCode::from(1),
            Self::Read { .. } | Self::NotPatch { .. } => ExitCode::from(2),
            Self::Write { .. } => ExitCode::from(3),
        }
    }

    fn remedy(&self) -> &str {
        match self {
            Self::Read { .. } => "check the path and its permissions",
            Self::NotText { .. } => "only UTF-8 text is edited",
            Self::NotPatch { .. } => "write `[{\"op\": \"replace\", \"path\": \"/a/0\", \"value\": 1}]`",
            Self::Refused { refusal, .. } => &refusal.remedy,
            Self::Write { .. } => "check the disk and the folder's permissions",
        }
    }
}

/// Runs it.
pub fn run(arguments: &PatchArguments) -> ExitCode {
    let done = match (&arguments.batch, &arguments.file, &arguments.ops) {
        (Some(jobs), ..) => batch(jobs),
        (None, Some(file), Some(ops)) => single(arguments, file, ops),
        // OK because clap asks for a file and its operations where there is no batch.
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("writ patch: {:#}\n  {}", chain(&error), error.remedy());
            error.exit()
        }
    }
}

fn chain(error: &PatchError) -> String {
    match std::error::Error::source(error) {
        // The source of `NotPatch` is in its own line already.
        Some(source) if !matches!(error, PatchError::NotPatch { .. }) => format!("{error}: {source}"),
        _ => error.to_string(),
    }
}

fn single(arguments: &PatchArguments, file: &Path, ops: &Path) -> Result<(), PatchError> {
    let text = read(ops)?;
    let patch = serde_json::from_str(&text)
        .map_err(|source| PatchError::NotPatch { path: ops.to_owned(), source })?;
    let before = read(file)?;
    let edited = yaml::patch(&before, arguments.document, &patch)
        .map_err(|refusal| PatchError::Refused { path: file.to_owned(), refusal })?;
    if arguments.in_place {
        return if edited.text == before { Ok(()) } else { replace(file, &edited.text) };
    }
    let mut out = std::io::stdout().lock();
    out.write_all(edited.text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|source| PatchError::Write { what: "standard output".to_owned(), source })
}

fn read(path: &Path) -> Result<String, PatchError> {
    let bytes = std::fs::read(path).map_err(|source| PatchError::Read { path: path.to_owned(), source })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let start = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let (line, column) = yaml::line_column(&start, valid);
        PatchError::NotText { path: path.to_owned(), line, column }
    })
}

/// Puts the text into the file's place in one step: whoever reads sees all of the old or all of the new.
fn replace(path: &Path, text: &str) -> Result<(), PatchError> {
    let failed = |source| PatchError::Write { what: format!("`{}`", path.display()), source };
    // A symbolic link stays one: what it points to is replaced.
    let target = path.canonicalize().map_err(failed)?;
    let folder = target.parent().unwrap_or(Path::new("."));
    let permissions = std::fs::metadata(&target).map_err(failed)?.permissions();
    let mut scratch = tempfile::Builder::new().prefix(".writ-patch-").tempfile_in(folder).map_err(failed)?;
    scratch.write_all(text.as_bytes()).map_err(failed)?;
    scratch.as_file().set_permissions(permissions).map_err(failed)?;
    scratch.as_file().sync_all().map_err(failed)?;
    scratch.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}

/// One line of a batch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    #[serde(default)]
    id: Value,
    file: PathBuf,
    #[serde(default)]
    document: usize,
    patch: json_patch::Patch,
}

/// What became of it.
#[derive(Debug, Serialize)]
struct Done<'a> {
    id: &'a Value,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn batch(jobs: &Path) -> Result<(), PatchError> {
    let failed = |source| PatchError::Read { path: jobs.to_owned(), source };
    let input: Box<dyn std::io::Read> = match jobs.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(std::fs::File::open(jobs).map_err(failed)?),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in BufReader::new(input).split(b'\n') {
        let line = line.map_err(failed)?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let (id, result) = answer(&line);
        let (output, error) = match result {
            Ok(text) => (Some(text), None),
            Err(message) => (None, Some(message)),
        };
        let done = Done { id: &id, ok: output.is_some(), output, error };
        serde_json::to_writer(&mut out, &done)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
            .map_err(|source| PatchError::Write { what: "standard output".to_owned(), source })?;
    }
    Ok(())
}

/// A job's id, and its output or what went wrong.
fn answer(line: &[u8]) -> (Value, Result<String, String>) {
    let job: Job = match serde_json::from_slice(line) {
        Ok(job) => job,
        Err(error) => {
            let id = serde_json::from_slice::<Value>(line).ok().map(|job| job["id"].clone());
            return (id.unwrap_or_default(), Err(format!("the job is not understood: {error}")));
        }
    };
    let text = match read(&job.file) {
        Ok(text) => text,
        Err(error) => return (job.id, Err(chain(&error))),
    };
    let edited = yaml::patch(&text, job.document, &job.patch);
    (job.id, edited.map(|edited| edited.text).map_err(|refusal| refusal.to_string()))
}
