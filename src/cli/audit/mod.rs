//! `writ audit`: what the ledger says, and whether it can be believed.
//!
//! `verify` reads a database and needs no network; `verify-pr` needs neither network nor database. All of them open
//! the database for reading only, but for `rotate-key` and `adopt`, which add a record and sign it. Results go to standard output, errors to standard error with code and remedy.

mod adopt;
mod answer;
pub(crate) mod database;
mod input;
mod key;
mod prove;
mod rotate_key;
mod show;
mod signer;
mod verify;
mod verify_pr;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::{Failure, Form};
use super::output;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use answer::AuditAnswer;

/// The subcommands of `writ audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show what the ledger recorded about one run.
    Show(show::Show),
    /// Verify the whole ledger: leaves, tree, checkpoints, signatures, and the triggers that forbid changes.
    Verify(verify::Verify),
    /// Verify the record in a pull request's body, using only the body and the ledger's key.
    VerifyPr(verify_pr::VerifyPr),
    /// Print the proof that a record is in the ledger (`c2sp.org/tlog-proof@v1`).
    Prove(prove::Prove),
    /// Print the verifier key of this ledger's checkpoints, for `--key`.
    Key(key::PrintKey),
    /// Replace the signing key: the old one signs the new one, and the ledger records it. Stop the server first.
    RotateKey(rotate_key::RotateKey),
    /// Go on with a restored database, or without a lost key: the ledger records what was left behind.
    Adopt(adopt::Adopt),
}

/// Runs a subcommand.
#[must_use]
pub(crate) fn run(command: &AuditCommand) -> ExitCode {
    let answered = match command {
        AuditCommand::Show(show) => on_runtime(show.run()),
        AuditCommand::Verify(verify) => on_runtime(verify.run()),
        AuditCommand::Prove(prove) => on_runtime(prove.run()),
        AuditCommand::RotateKey(rotate) => on_runtime(rotate.run()),
        AuditCommand::Adopt(adopt) => on_runtime(adopt.run()),
        AuditCommand::VerifyPr(verify_pr) => verify_pr.run(),
        AuditCommand::Key(key) => key.run(),
    };
    match answered {
        Ok(AuditAnswer { text, exit }) => output::finish("audit", &text, exit),
        Err(failure) => failure.say("audit", Form::CodeLast),
    }
}

fn on_runtime(work: impl Future<Output = Result<AuditAnswer, Failure>>) -> Result<AuditAnswer, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::fault(Refusal::because(reason::RUNTIME, error, "try again")))?;
    runtime.block_on(work)
}
