//! Procedures: named, versioned recipes (`patches/*.yaml`): load, resolve against a tree, plan.
//!
//! A procedure speaks of objects by kind and name and of list items by name, never of lines. Which of its variants
//! applies is read from the tree, because the same words (`pause-trading`) have meant different fields over time.
//! **Invariant**: sentences in plans and refusals are safe to show as Markdown: foreign text stands in code spans.

mod arguments;
mod catalogue;
mod comments;
mod draft;
pub mod file;
mod refusal;
mod resolve;
mod rollback;
mod title;
mod view;

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::Request;
use super::text::{LONGEST, check_line, quoted};

pub use catalogue::{Catalogue, ProcedureError};
pub use draft::{Ground, draft};
pub use file::Procedure;
pub use refusal::PlanRefusal;
pub use rollback::{ROLLBACK, RUN_ARGUMENT, USUAL_PHRASE, Undone, roll_back};
pub use title::{Title, TitleError};

/// Checks what can be checked without a tree, and gives the arguments their types.
///
/// # Errors
/// `reason_invalid`, `argument_unknown`, `argument_missing`, `argument_invalid`.
pub fn admit(procedure: &Procedure, request: &Request) -> Result<BTreeMap<String, Value>, PlanRefusal> {
    check_line(&request.reason).map_err(|problem| {
        let remedy = format!("give the reason in one line of plain text, at most {LONGEST} characters");
        PlanRefusal::new("reason_invalid", format!("the reason {problem}"), remedy).at("reason")
    })?;
    arguments::typed(procedure, &request.arguments)
}

/// Checks what a request needs beside that to be carried out, not only planned: a reason, and `phrase` as the
/// confirmation.
///
/// # Errors
/// `reason_missing`, `confirmation_missing`, `confirmation_wrong`.
pub fn confirm(procedure: &str, phrase: &str, request: &Request) -> Result<(), PlanRefusal> {
    if request.reason.trim().is_empty() {
        return Err(PlanRefusal::new(
            "reason_missing",
            "a change needs a reason",
            "add `reason=\"…\"`: why the change is needed, in one line",
        )
        .at("reason"));
    }
    let remedy = format!("add `confirm={phrase}` to confirm");
    match request.confirmation.as_deref() {
        Some(given) if given == phrase => Ok(()),
        Some(given) => {
            let message =
                format!("the confirmation {} is not the phrase of `{procedure}`", quoted(given, 60));
            Err(PlanRefusal::new("confirmation_wrong", message, remedy).at("confirm"))
        }
        None => {
            let message = format!("`{procedure}` must be confirmed");
            Err(PlanRefusal::new("confirmation_missing", message, remedy).at("confirm"))
        }
    }
}
