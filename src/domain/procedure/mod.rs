//! Procedures: named, versioned recipes (`patches/*.yaml`): load, resolve against a tree, plan.
//!
//! A procedure speaks of objects by kind and name and of list items by name, never of lines. Which of its variants
//! applies is read from the tree, because the same words (`pause-trading`) have meant different fields over time.
//! **Invariant**: sentences in plans and refusals are safe to show as Markdown: foreign text is in code spans.

mod admission;
mod arguments;
mod by_hand;
mod catalogue;
mod comments;
mod draft;
pub mod file;
mod resolve;
mod rollback;
mod title;
mod view;

pub use admission::{admit, confirm};
pub use by_hand::{HandAction, HandEdit, HandLayout, by_hand, planned_by_hand};
pub use catalogue::{Catalogue, DeclaredCode, ProcedureError};
pub use draft::{PlanInput, draft};
pub use file::{Procedure, ROLLBACK, RUN_ARGUMENT};
pub use rollback::{RevertTarget, roll_back};
pub use title::{Title, TitleError};
