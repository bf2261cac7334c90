//! The record of a plan, `change.planned`, together with the text of the pull request that will carry it.
//!
//! The two are made together: the record has the digest of the text, and both have to fit into one body. What makes a
//! record long goes into a record of its own, `change.listed`, which the first one names by its leaf.

use serde_json::{Value, json};

use crate::domain::ledger::{Record, TextDigest, without_proof};
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::ports::render::Renderer;

use super::body::{BodyContent, LONGEST_BODY, PROOF_ROOM, ROWS, write_body};

/// The longest record that lists everything itself, in bytes.
const LONGEST_RECORD: usize = 24 * 1024;

/// A plan's record, and what goes with it.
#[derive(Debug, Clone)]
pub(super) struct PlannedRecord {
    /// `change.planned`.
    pub record: Record,
    /// `change.listed`, where the plan is too long for one record: files, changes and findings.
    pub list: Option<Record>,
    /// The text of the body, with a place for record and proof; empty where nothing would change.
    pub text: String,
}

impl PlannedRecord {
    /// The record with these facts, and the longest text that fits into one body with it.
    ///
    /// # Errors
    /// - `template_invalid`: the text cannot be rendered
    /// - `body_too_long`: even with empty tables it does not fit
    pub(super) fn of(renderer: &Renderer, content: BodyContent<'_>, facts: Value) -> Result<Self, Refusal> {
        let (run, at) = (&content.plan.run, content.request.requested_at);
        let record = |kind: &str, body: Value| Record::new(kind, Some(run.clone()), at, body);
        let (mut facts, mut list) = (facts, None);
        if record("change.planned", facts.clone()).canonical().len() > LONGEST_RECORD {
            let listed = record("change.listed", take_list(&mut facts));
            facts["listed"]["leaf"] = listed.leaf().to_hex().into();
            list = Some(listed);
        }
        if content.plan.no_change.is_some() {
            return Ok(Self { record: record("change.planned", facts), list, text: String::new() });
        }
        let mut length = 0;
        for rows in ROWS {
            let text = write_body(renderer, content, rows).map_err(|error| {
                Refusal::because(reason::TEMPLATE_INVALID, error, "correct `templates/pull_request.md`")
            })?;
            facts["text"] = json!(TextDigest::of(&without_proof(&text)));
            let record = record("change.planned", facts.clone());
            let canonical = record.canonical();
            length = text.chars().count() + String::from_utf8_lossy(&canonical).chars().count() + PROOF_ROOM;
            if length <= LONGEST_BODY {
                return Ok(Self { record, list, text });
            }
        }
        Err(Refusal::new(
            reason::BODY_TOO_LONG,
            format!("the pull request's body would have {length} characters, {LONGEST_BODY} are allowed"),
            "shorten `templates/pull_request.md` and the procedure's texts",
        ))
    }
}

/// Takes what may be long out of a record's facts, and leaves how much it was.
fn take_list(facts: &mut Value) -> Value {
    let mut list = json!({});
    let mut counts = json!({});
    for name in ["files", "changes"] {
        let taken = facts.as_object_mut().and_then(|facts| facts.remove(name)).unwrap_or_default();
        counts[name] = taken.as_array().map_or(0, Vec::len).into();
        list[name] = taken;
    }
    let findings = facts["verdict"].as_object_mut().and_then(|verdict| verdict.remove("findings"));
    let findings = findings.unwrap_or_default();
    counts["findings"] = findings.as_array().map_or(0, Vec::len).into();
    list["findings"] = findings;
    facts["listed"] = counts;
    list
}
