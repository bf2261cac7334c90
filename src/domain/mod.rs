//! Floor 0: values and rules.
//!
//! Nothing here does I/O, awaits, reads a clock or draws a random number: the same arguments give the same answer on
//! any machine. All other floors rest on this one; it imports nothing from above.

pub mod admission;
pub mod approval;
pub mod budget;
mod cache;
pub mod calendar;
pub mod change;
pub mod command;
pub mod conflict;
pub mod credential;
pub mod digest;
pub mod event;
pub mod explanation;
pub mod kustomize;
pub mod lane;
pub mod ledger;
pub mod manifest;
pub mod merge;
pub mod names;
pub mod plan;
pub mod policy;
pub mod priority;
pub mod procedure;
pub mod pull;
pub mod reason;
pub mod refusal;
pub mod request;
pub mod risk;
pub mod run;
pub mod target;
pub mod text;
pub mod tree;
pub(crate) mod values;
pub mod watch;
pub mod yaml;
