//! The proposal: a plan as a pull request: title, body, labels, draft or not.

use crate::domain::names::BranchName;
use crate::domain::request::Request;
use crate::ports::forge::NewPull;
use crate::ports::render::{RenderError, Renderer};

use super::planning::Planned;

/// Labels of every pull request that writ opens; the second keeps the target's merge workflow away.
pub const LABELS: [&str; 2] = ["actuation", "do-not-automerge"];

/// What a proposal says beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The request that asked for it.
    pub request: &'a Request,
    /// The inclusion proof of the `change.planned` record, as text; `None` before it was recorded.
    pub proof: Option<&'a str>,
    /// Where the run's page is, if the bot has an address.
    pub run_url: Option<&'a str>,
}

/// The pull request for a plan against `base`, body at most 65,536 characters.
///
/// # Errors
/// - the template `pull_request.md` cannot be rendered
pub fn propose(
    renderer: &Renderer,
    planned: &Planned,
    base: &BranchName,
    evidence: Evidence<'_>,
) -> Result<NewPull, RenderError> {
    let body = renderer.render(
        "pull_request.md",
        serde_json::json!({
            "plan": planned.report, "request": evidence.request, "proof": evidence.proof, "run_url": evidence.run_url,
        }),
    )?;
    Ok(NewPull {
        head: planned.plan.branch.clone(),
        base: base.clone(),
        title: planned.plan.title.clone(),
        body,
        draft: planned.plan.risk.needs_approval(),
        labels: LABELS.map(str::to_owned).to_vec(),
    })
}
