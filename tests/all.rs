//! The integration tests: one binary, so that it links once.

// A test that cannot go on stops where it is; a table of cases is a list of tuples.
#![allow(clippy::unwrap_used, clippy::type_complexity)]

mod cases;
mod contracts;
mod faults;
mod stories;
mod support;
