//! The body of a pull request as text, before record and proof are put into it.
//!
//! **Invariant**: what people wrote appears in code spans only. The tables are cut to as many rows as fit, and say where
//! the rest is; nothing else is ever cut.

use serde_json::{Value, json};

use crate::domain::ledger::PROOF_PLACE;
use crate::domain::plan::{Plan, PlanReport};
use crate::domain::request::{Origin, Request};
use crate::ports::render::{RenderError, Renderer};

use super::materials::Materials;

/// The longest body that GitHub takes, in characters.
pub const LONGEST_BODY: usize = 65_536;
/// Room for a proof and the fences of both blocks, in characters: 64 hashes, and a checkpoint with a few signatures.
pub const PROOF_ROOM: usize = 6_000;
/// How many rows of each table to try, one after the other.
pub const ROWS: [usize; 6] = [30, 10, 3, 2, 1, 0];

/// What a body says.
#[derive(Debug, Clone, Copy)]
pub struct BodyContent<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The plan with its verdict.
    pub report: &'a PlanReport,
    /// The request that asked for it.
    pub request: &'a Request,
    /// What the plan was made with.
    pub materials: &'a Materials,
    /// Base of the link to the run's page, without a final slash, if the bot has an address.
    pub public_url: Option<&'a str>,
}

/// The text of a body, at most this many rows in each of its tables, and [`PROOF_PLACE`] where record and proof belong.
///
/// # Errors
/// - the template `pull_request.md` cannot be rendered
pub fn write_body(renderer: &Renderer, content: BodyContent<'_>, rows: usize) -> Result<String, RenderError> {
    renderer.render("pull_request.md", values(content, rows))
}

fn values(content: BodyContent<'_>, rows: usize) -> Value {
    let BodyContent { plan, report, request, materials, public_url } = content;
    let run_url = public_url.map(|base| format!("{base}/runs/{}", plan.run));
    let (link, issue) = match &request.origin {
        Origin::Comment { repository, issue, url, .. } => {
            (Some(url.as_str()).filter(|url| is_link(url)), Some(format!("{repository}#{issue}")))
        }
        Origin::Terminal => (None, None),
    };
    json!({
        "plan": report,
        "summary": plan.summary,
        "request": request,
        "draft": report.needs_approval(),
        "link": link,
        "issue": issue,
        "proof": PROOF_PLACE,
        "materials": materials,
        "arguments": request.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        "run_url": run_url.filter(|url| is_link(url)),
        "rows": rows,
    })
}

/// Whether an address is safe in a Markdown link as it is.
fn is_link(url: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&byte);
    (url.starts_with("https://") || url.starts_with("http://")) && url.len() <= 500 && url.bytes().all(safe)
}
