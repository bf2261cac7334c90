//! Procedures: named, versioned recipes (`patches/*.yaml`): load, resolve against a tree, plan.

pub mod file;
mod refusal;
mod title;

pub use refusal::PlanRefusal;
pub use title::{Title, TitleError};
