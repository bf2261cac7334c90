//! The integration tests: one binary, so that it links once.

mod cases;
mod contracts;
mod support;
