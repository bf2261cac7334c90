//! Lanes: who owns which paths and branches, and what a lane's change owes. The table is `policies/lanes.yaml`.
//!
//! **Invariant**: a change is held to its lane by its branch, or by the lane that somebody names for
//! it; a change of no lane is held to nothing here.

mod claim;
mod glob;
mod reproducibility;
mod table;
mod validation;

pub use claim::{Claim, is_policy, meaning};
pub(super) use glob::Glob;
pub use reproducibility::Reproducibility;
pub use table::{Lane, Lanes, LanesError};
pub use validation::{CheckResult, MissingState, MissingValidation, SeenCheck, Validation};
