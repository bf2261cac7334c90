//! `writ audit`: what the ledger says, and whether it can be believed.
//!
//! `verify` reads a database and needs no network; `verify-pr` needs neither network nor database. All of them open
//! the database for reading only. Results go to standard output, errors to standard error with code and remedy.

mod key;
mod prove;
mod show;
mod verify;
mod verify_pr;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use crate::domain::ledger::VerifierKeys;
use crate::ports::store::{SqliteStore, StoreError};

/// The subcommands of `writ audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Show what the ledger recorded about one run.
    Show(show::Show),
    /// Verify the whole ledger: leaves, tree, checkpoints, signatures, and the triggers that forbid changes.
    Verify(verify::Verify),
    /// Verify the record in a pull request's body, using only the body and the ledger's key.
    VerifyPr(verify_pr::VerifyPr),
    /// Print the proof that a record is in the ledger (`c2sp.org/tlog-proof@v1`).
    Prove(prove::Prove),
    /// Print the verifier key of this ledger's checkpoints, for `--key`.
    Key(key::Key),
}

/// Which database to read.
#[derive(Debug, Args)]
struct Database {
    /// The SQLite file that the server writes.
    #[arg(long, value_name = "FILE", env = "WRIT_DATABASE", default_value = "data/writ.db")]
    database: PathBuf,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for a terminal.
    Text,
    /// JSON, `writ.audit…/v1`.
    Json,
}

/// Why a command came to nothing; printed with its remedy.
#[derive(Debug)]
struct Failure {
    exit: u8,
    code: &'static str,
    problem: String,
    remedy: String,
}

/// Runs a subcommand.
#[must_use]
pub fn run(command: &Audit) -> ExitCode {
    let ended = match command {
        Audit::Show(show) => on_runtime(show.run()),
        Audit::Verify(verify) => on_runtime(verify.run()),
        Audit::Prove(prove) => on_runtime(prove.run()),
        Audit::VerifyPr(verify_pr) => verify_pr.run(),
        Audit::Key(key) => key.run(),
    };
    ended.unwrap_or_else(|failure| {
        anstream::eprintln!("{failure}");
        ExitCode::from(failure.exit)
    })
}

fn on_runtime(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::fault("runtime", error.to_string(), "try again"))?.block_on(work)
}

impl Database {
    async fn open(&self) -> Result<SqliteStore, Failure> {
        if !self.database.is_file() {
            let problem = format!("database `{}` does not exist", self.database.display());
            return Err(Failure::usage(
                "database_missing",
                problem,
                "name it with --database or WRIT_DATABASE",
            ));
        }
        SqliteStore::open_to_read(&self.database).await.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &StoreError) -> Failure {
        let file = self.database.display();
        let problem = format!("`{file}`: {}", with_sources(error));
        match error {
            StoreError::Newer { .. } => {
                Failure::fault("database_newer", problem, "use the version of writ that wrote it")
            }
            StoreError::Corrupt(_) => Failure::fault(
                "database_unsound",
                problem,
                "keep the file as evidence and restore it from a backup; `writ audit verify-pr` works without it",
            ),
            StoreError::Unavailable(_) | StoreError::LeaseLost(_) => Failure::fault(
                "database_unavailable",
                problem,
                "check that the file and its folder can be read",
            ),
        }
    }
}

impl Failure {
    /// Exit 1: the answer is no.
    fn refused(code: &'static str, problem: String, remedy: &str) -> Self {
        Self { exit: 1, code, problem, remedy: remedy.to_owned() }
    }

    /// Exit 2: the command line names something that cannot be used.
    fn usage(code: &'static str, problem: String, remedy: &str) -> Self {
        Self { exit: 2, code, problem, remedy: remedy.to_owned() }
    }

    /// Exit 3: something is broken.
    fn fault(code: &'static str, problem: String, remedy: &str) -> Self {
        Self { exit: 3, code, problem, remedy: remedy.to_owned() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "writ audit: {} [{}]\n  remedy: {}", self.problem, self.code, self.remedy)
    }
}

/// Reads a text file that the command line names; `-` is standard input.
fn read_text(path: &Path) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| {
        let problem = format!("`{}`: {error}", path.display());
        Failure::usage("file_unreadable", problem, "name a UTF-8 text file that can be read")
    })
}

fn read_keys(path: &Path) -> Result<VerifierKeys, Failure> {
    let text = read_text(path)?;
    VerifierKeys::parse(&text).map_err(|error| {
        Failure::usage(error.code(), format!("`{}`: {error}", path.display()), error.remedy())
    })
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// Prints a JSON document and a line end.
fn print_json(document: &serde_json::Value) {
    anstream::println!("{document:#}");
}
