//! What the program writes for its user: results to standard output, complaints to standard error.
//!
//! The one place that writes there. Colours are dropped where nobody sees them. A reader that has gone, such as `head`,
//! is no failure: the rest is dropped.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

/// Writes a command's result and gives its exit code: the given one, or 3 where the result cannot be written.
pub(crate) fn finish(command: &str, text: &str, exit: ExitCode) -> ExitCode {
    match print(text) {
        Ok(()) => exit,
        Err(error) => {
            complain(format_args!("writ {command}: standard output cannot be written: {error}"));
            ExitCode::from(3)
        }
    }
}

/// Writes a text to standard output.
///
/// # Errors
/// - it cannot be written, for another reason than that nobody reads any more
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a line to standard output while a command runs.
pub(crate) fn tell(line: impl Display) {
    // OK because the command does not depend on being watched.
    let _ = print(&format!("{line}\n"));
}

/// Writes a line to standard error.
pub(crate) fn complain(line: impl Display) {
    // OK because there is no other place to say it.
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
