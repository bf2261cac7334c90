//! `writ audit`: what the ledger says, and whether it can be believed.
//!
//! `verify` reads a database and needs no network; `verify-pr` needs neither network nor database. All of them open
//! the database for reading only. Results go to standard output, errors to standard error with code and remedy.

mod key;
mod prove;
mod show;
mod verify;
mod verify_pr;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::failure::{Failure, Form};
use crate::domain::ledger::VerifierKeys;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::text::error_chain;
use crate::ports::store::{SqliteStore, StoreError};

/// The subcommands of `writ audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Show what the ledger recorded about one run.
    Show(show::Show),
    /// Check the whole ledger: leaves, tree, checkpoints, signatures, and that nothing could have been changed.
    Verify(verify::Verify),
    /// Check the record that a pull request's body carries, with nothing but the body and the ledger's key.
    VerifyPr(verify_pr::VerifyPr),
    /// Print the proof that a record is in the ledger (`c2sp.org/tlog-proof@v1`).
    Prove(prove::Prove),
    /// Print the key that verifies this ledger's checkpoints, for `--key`.
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
    /// For people.
    Text,
    /// For programs: `writ.audit…/v1`.
    Json,
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
    ended.unwrap_or_else(|failure| failure.say("audit", Form::CodeLast))
}

fn on_runtime(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::fault(Refusal::because(reason::RUNTIME, error, "try again")))?;
    runtime.block_on(work)
}

impl Database {
    async fn open(&self) -> Result<SqliteStore, Failure> {
        if !self.database.is_file() {
            let problem = format!("there is no database `{}`", self.database.display());
            let remedy = "name it with --database or WRIT_DATABASE";
            return Err(Failure::usage(Refusal::new(reason::DATABASE_MISSING, problem, remedy)));
        }
        SqliteStore::open_to_read(&self.database).await.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &StoreError) -> Failure {
        let file = self.database.display();
        let (code, remedy) = match error {
            StoreError::Newer { .. } => (reason::DATABASE_NEWER, "use the version of writ that wrote it"),
            StoreError::Corrupt(_) => (
                reason::DATABASE_UNSOUND,
                "keep the file as evidence and restore it from a backup; `writ audit verify-pr` works without it",
            ),
            StoreError::Unavailable(_) | StoreError::LeaseLost(_) => {
                (reason::DATABASE_UNAVAILABLE, "check that the file and its folder can be read")
            }
        };
        Failure::fault(Refusal::new(code, format!("`{file}`: {}", error_chain(error)), remedy))
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
        let remedy = "name a UTF-8 text file that can be read";
        Failure::usage(Refusal::new(reason::FILE_UNREADABLE, problem, remedy))
    })
}

fn read_keys(path: &Path) -> Result<VerifierKeys, Failure> {
    let text = read_text(path)?;
    VerifierKeys::parse(&text).map_err(|error| {
        let problem = format!("`{}`: {error}", path.display());
        Failure::usage(Refusal::new(error.code(), problem, error.remedy()))
    })
}

/// Prints a JSON document and a line end.
fn print_json(document: &serde_json::Value) {
    anstream::println!("{document:#}");
}
