//! The integration tests: one binary, so that it links once.

#![allow(clippy::unwrap_used)] // A test that cannot go on stops where it is.

mod cases;
mod contracts;
mod faults;
mod stories;
mod support;
