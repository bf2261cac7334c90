//! Reason codes: every code that the program can emit, with meaning and remedy.
//!
//! `/explain CODE`, `writ policies explain CODE` and `docs/reasons.md` are made from it; [`super::explanation`] joins it
//! with the codes that policies and procedures declare in their own files. **Invariant**: a refusal takes a [`Code`],
//! and a `Code` comes from this table, so that a code without an explanation does not compile.

mod approvals;
mod code;
mod commands;
mod deliveries;
mod lanes;
mod ledger;
mod planning;
mod runs;
mod table;
mod terminal;
mod yaml;

pub(crate) use commands::*;
pub(crate) use deliveries::*;
pub(crate) use lanes::*;
pub(crate) use ledger::*;
pub(crate) use planning::*;
pub(crate) use runs::*;
pub(crate) use terminal::*;
pub(crate) use yaml::*;

pub use code::{Area, Code, Definition};
pub use table::{Renamed, definition, definitions, renamed, renamings};
