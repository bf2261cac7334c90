//! The proposal: a plan as a pull request: title, body, labels, draft or not.
//!
//! **Invariant**: what people wrote appears in code spans only, and the body keeps within the forge's limit.

use serde_json::json;

use crate::domain::names::BranchName;
use crate::domain::request::{Origin, Request};
use crate::ports::forge::NewPull;
use crate::ports::render::{RenderError, Renderer};

use super::planning::Planned;

/// Labels of every pull request that writ opens; the second keeps the target's merge workflow away.
pub const LABELS: [&str; 2] = ["actuation", "do-not-automerge"];

/// The longest body that GitHub takes, in characters.
pub const LONGEST_BODY: usize = 65_536;

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

/// The pull request for a plan against `base`, body at most [`LONGEST_BODY`] characters.
///
/// # Errors
/// - the template `pull_request.md` cannot be rendered
pub fn propose(
    renderer: &Renderer,
    planned: &Planned,
    base: &BranchName,
    evidence: Evidence<'_>,
) -> Result<NewPull, RenderError> {
    Ok(NewPull {
        head: planned.plan.branch.clone(),
        base: base.clone(),
        title: planned.plan.title.clone(),
        body: body(renderer, planned, evidence)?,
        draft: planned.plan.risk.needs_approval(),
        labels: LABELS.map(str::to_owned).to_vec(),
    })
}

/// The body, its tables cut where it would be too long. The proof is never cut: half a proof proves nothing.
fn body(renderer: &Renderer, planned: &Planned, evidence: Evidence<'_>) -> Result<String, RenderError> {
    let mut body = String::new();
    for rows in [30, 10, 3] {
        body = renderer.render("pull_request.md", context(planned, evidence, rows))?;
        if body.chars().count() <= LONGEST_BODY {
            return Ok(body);
        }
    }
    let cut = body.char_indices().nth(LONGEST_BODY).map_or(body.len(), |(at, _)| at);
    body.truncate(cut);
    Ok(body)
}

fn context(planned: &Planned, evidence: Evidence<'_>, rows: usize) -> serde_json::Value {
    let (link, issue) = match &evidence.request.origin {
        Origin::Comment { repository, issue, url, .. } => {
            (Some(url.as_str()).filter(|url| is_link(url)), Some(format!("{repository}#{issue}")))
        }
        Origin::Terminal => (None, None),
    };
    json!({
        "plan": planned.report,
        "summary": planned.plan.summary,
        "request": evidence.request,
        "draft": planned.plan.risk.needs_approval(),
        "link": link,
        "issue": issue,
        "leaf": planned.record.leaf().to_hex(),
        "proof": evidence.proof,
        "run_url": evidence.run_url.filter(|url| is_link(url)),
        "rows": rows,
    })
}

/// Whether an address is safe in a Markdown link as it is.
fn is_link(url: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&byte);
    (url.starts_with("https://") || url.starts_with("http://")) && url.len() <= 500 && url.bytes().all(safe)
}
