//! The integration tests: one binary, so that it links once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it is")]
#![expect(clippy::type_complexity, reason = "a table of cases is a list of tuples")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests wait for real programs, and give the local forge a clock"
)]
#![expect(clippy::print_stderr, reason = "what a test over a corpus has counted")]
#![expect(unreachable_pub, reason = "nothing is above a test binary")]

mod cases;
mod contracts;
mod faults;
mod stories;
mod support;
