//! What the program writes for its user: results to standard output, complaints to standard error.
//!
//! The one place that writes there. Colours are dropped where nobody sees them. A reader that has gone, such as `head`,
//! is no failure: the rest is dropped.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
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

/// Shows on standard error how far a long command is, in one line that is written over; only at a terminal.
pub(crate) struct Progress {
    of: usize,
    is_shown: bool,
}

impl Progress {
    /// Nothing of so many is done.
    pub(crate) fn new(of: usize) -> Self {
        Self { of, is_shown: std::io::stderr().is_terminal() }
    }

    /// So many are done.
    pub(crate) fn done(&self, count: usize) {
        if self.is_shown {
            // OK for the same reason as in `complain`.
            let _ = write!(anstream::stderr().lock(), "\r{count} of {}", self.of);
        }
    }
}

impl Drop for Progress {
    /// Leaves an empty line for what comes next.
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(anstream::stderr().lock(), "\r\x1b[K");
        }
    }
}
