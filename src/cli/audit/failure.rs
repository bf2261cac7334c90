//! Why a subcommand of `writ audit` has no answer.

use std::fmt;

/// Why there is no answer; printed with its remedy.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub exit: u8,
    code: &'static str,
    problem: String,
    remedy: String,
}

impl Failure {
    /// Exit 1: the answer is no.
    pub(crate) fn refused(code: &'static str, problem: String, remedy: &str) -> Self {
        Self { exit: 1, code, problem, remedy: remedy.to_owned() }
    }

    /// Exit 2: the command line names something that cannot be used.
    pub(crate) fn usage(code: &'static str, problem: String, remedy: &str) -> Self {
        Self { exit: 2, code, problem, remedy: remedy.to_owned() }
    }

    /// Exit 3: something is broken.
    pub(crate) fn fault(code: &'static str, problem: String, remedy: &str) -> Self {
        Self { exit: 3, code, problem, remedy: remedy.to_owned() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "writ audit: {} [{}]\n  remedy: {}", self.problem, self.code, self.remedy)
    }
}

/// An error with its sources, outermost first.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
