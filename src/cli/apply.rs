//! `writ apply`: plans, and commits the plan to a new branch of the local repository. The work tree stays as it is.
//!
//! Exit codes: 0 committed · 1 denied, refused, or no change · 2 usage · 3 fault.

use std::process::ExitCode;

use crate::domain::policy::Decision;
use crate::ports::git::Git as _;

use super::output;
use super::plan;
use super::terminal::{Asked, Desk, Failure};

/// Runs it.
pub(crate) fn run(asked: &Asked) -> ExitCode {
    let applied = asked.plan().and_then(|desk| {
        let branch = commit(&desk)?;
        plan::show(&desk, asked.format, branch.as_deref()).map(|text| (desk, text))
    });
    match applied {
        Ok((desk, text)) => output::finish("apply", &text, plan::exit(desk.planned.report.verdict.decision)),
        Err(failure) => failure.say("apply", asked.format),
    }
}

/// Makes commit and branch; the branch's name, or `None` where nothing may be or need be written.
fn commit(desk: &Desk) -> Result<Option<String>, Failure> {
    let publishable = matches!(desk.planned.report.verdict.decision, Decision::Allow | Decision::Warn);
    let Some(draft) = desk.planned.draft.as_ref().filter(|_| publishable) else { return Ok(None) };
    let commit = desk.git.commit(draft).map_err(Failure::git)?;
    desk.git.create_branch(&desk.planned.plan.branch, &commit).map_err(Failure::git)?;
    Ok(Some(desk.planned.plan.branch.to_string()))
}
