//! `writ apply`: plans, and commits the plan to a new branch of the local repository. The work tree stays as it is.
//!
//! Exit codes: 0 committed · 1 denied, refused, or no change · 2 usage · 3 fault.

use std::process::ExitCode;

use crate::domain::policy::Decision;
use crate::ports::git::Git as _;

use super::failure::Failure;
use super::output;
use super::plan;
use super::terminal::{PlanArguments, PlanContext};

/// Runs it.
pub(crate) fn run(arguments: &PlanArguments) -> ExitCode {
    let applied = arguments.plan().and_then(|context| {
        let branch = commit(&context)?;
        plan::show(&context, arguments.format, branch.as_deref()).map(|text| (context, text))
    });
    match applied {
        Ok((context, text)) => {
            output::finish("apply", &text, plan::exit(context.planned.report.verdict.decision))
        }
        Err(failure) => failure.say("apply", arguments.format.into()),
    }
}

/// Makes commit and branch; the branch's name, or `None` where nothing may be or need be written.
fn commit(context: &PlanContext) -> Result<Option<String>, Failure> {
    let decision = context.planned.report.verdict.decision;
    let publishable = matches!(decision, Decision::Allow | Decision::Warn | Decision::Review);
    let Some(draft) = context.planned.draft.as_ref().filter(|_| publishable) else { return Ok(None) };
    let commit = context.git.commit(draft)?;
    context.git.create_branch(&context.planned.plan.branch, &commit)?;
    Ok(Some(context.planned.plan.branch.to_string()))
}
