//! `writ patch --batch`: many patches in one process, one line for each.

use std::io::{BufRead as _, BufReader, BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::operations::{Operations, from_json};
use crate::cli::failure::Failure;
use crate::cli::file::{self, FileError};
use crate::domain::text::error_chain;

/// One line of a batch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchLine {
    #[serde(default)]
    id: Value,
    file: PathBuf,
    #[serde(default)]
    document: usize,
    patch: Operations,
}

/// The result of a job, as one line.
#[derive(Debug, Serialize)]
struct JobResult<'a> {
    id: &'a Value,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs each job; one that fails does not stop the others. Gives 1 where one did.
pub(super) fn run(jobs: &Path) -> Result<ExitCode, Failure> {
    let mut exit = ExitCode::SUCCESS;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in BufReader::new(file::open(jobs)?).split(b'\n') {
        let line = line.map_err(|source| FileError::Read { path: jobs.to_owned(), source })?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let (id, output) = run_job(&String::from_utf8_lossy(&line));
        let (output, error) = match output {
            Ok(text) => (Some(text), None),
            Err(message) => {
                exit = ExitCode::FAILURE;
                (None, Some(message))
            }
        };
        let result = JobResult { id: &id, ok: output.is_some(), output, error };
        let written = serde_json::to_writer(&mut out, &result)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush());
        match written {
            // Nobody reads the rest.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(exit),
            written => {
                written.map_err(|source| FileError::Write { what: "standard output".to_owned(), source })?;
            }
        }
    }
    Ok(exit)
}

/// A job's id, and its output or the message of its error.
fn run_job(line: &str) -> (Value, Result<String, String>) {
    let job: BatchLine = match from_json(line) {
        Ok(job) => job,
        Err(error) => {
            let id = serde_json::from_str::<Value>(line).ok().map(|job| job["id"].clone());
            return (id.unwrap_or_default(), Err(format!("the job is invalid: {error}")));
        }
    };
    let text = match file::read(&job.file) {
        Ok(text) => text,
        Err(error) => return (job.id, Err(error_chain(&error))),
    };
    let edited = job.patch.apply(&text, job.document);
    (job.id, edited.map(|edited| edited.text).map_err(|refusal| refusal.to_string()))
}
