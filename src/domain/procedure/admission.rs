//! What a request must have before it is planned or carried out, whatever the tree.

use std::collections::BTreeMap;

use serde_json::Value;

use super::arguments;
use super::file::Procedure;
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::request::Request;
use crate::domain::text::{LONGEST, check_line, quoted};

/// Checks what can be checked without a tree, and gives the arguments their types.
///
/// # Errors
/// `forbidden_character`, `value_too_long`, `unknown_argument`, `argument_missing`, `argument_invalid`.
pub fn admit(procedure: &Procedure, request: &Request) -> Result<BTreeMap<String, Value>, Refusal> {
    check_line(&request.reason).map_err(|problem| {
        let remedy = format!("give the reason in one line of plain text, at most {LONGEST} characters");
        Refusal::new(problem.code(), format!("the reason {problem}"), remedy).at(Place::Field("reason"))
    })?;
    arguments::typed(procedure, &request.arguments)
}

/// Checks what a request needs besides that to be carried out, not only planned: a reason, and `phrase` as the
/// confirmation.
///
/// # Errors
/// `missing_reason`, `confirmation_missing`, `confirmation_wrong`.
pub fn confirm(procedure: &str, phrase: &str, request: &Request) -> Result<(), Refusal> {
    if request.reason.trim().is_empty() {
        let remedy = "add `reason=\"…\"`: why the change is needed, in one line";
        let refusal = Refusal::new(reason::MISSING_REASON, "a change needs a reason", remedy);
        return Err(refusal.at(Place::Field("reason")));
    }
    let remedy = format!("add `confirm={phrase}` to confirm");
    let refusal = match request.confirmation.as_deref() {
        Some(given) if given == phrase => return Ok(()),
        Some(given) => {
            let message =
                format!("the confirmation {} is not the phrase of `{procedure}`", quoted(given, 60));
            Refusal::new(reason::CONFIRMATION_WRONG, message, remedy)
        }
        None => {
            let message = format!("`{procedure}` must be confirmed");
            Refusal::new(reason::CONFIRMATION_MISSING, message, remedy)
        }
    };
    Err(refusal.at(Place::Field("confirm")))
}
