//! `writ plan`: what a procedure would change on a base, and what the policies say. Nothing is written.
//!
//! Exit codes: 0 may be published · 1 denied, refused, or no change · 2 usage · 3 fault.

use std::process::ExitCode;

use serde_json::json;

use crate::domain::policy::Decision;

use super::failure::Failure;
use super::output;
use super::paint::paint;
use super::terminal::{Format, PlanArguments, PlanContext};

/// Runs it.
pub(crate) fn run(arguments: &PlanArguments) -> ExitCode {
    let shown = arguments
        .plan()
        .and_then(|context| show(&context, arguments.format, None).map(|text| (context, text)));
    match shown {
        Ok((context, text)) => output::finish("plan", &text, exit(context.planned.report.verdict.decision)),
        Err(failure) => failure.say("plan", arguments.format.into()),
    }
}

/// The exit code of a decision.
pub(crate) fn exit(decision: Decision) -> ExitCode {
    match decision {
        Decision::Allow | Decision::Warn | Decision::Review => ExitCode::SUCCESS,
        Decision::Deny | Decision::NoChange => ExitCode::from(1),
    }
}

/// The plan in a format; `applied` is the branch that was made, if any.
///
/// # Errors
/// - a template is broken
pub(crate) fn show(context: &PlanContext, format: Format, applied: Option<&str>) -> Result<String, Failure> {
    let report = &context.planned.report;
    let template = match format {
        Format::Text => "plan.txt",
        Format::Markdown => "plan.md",
        Format::Json => {
            // OK because a report is strings, numbers and JSON values, all of which serialise.
            let mut value = serde_json::to_value(report).unwrap_or_default();
            if let Some(branch) = applied {
                value["applied"] = branch.into();
            }
            return Ok(format!("{value:#}\n"));
        }
        Format::Diff => return Ok(report.files.iter().map(|file| file.diff.as_str()).collect()),
    };
    let values = json!({"plan": report, "request": context.request, "applied": applied});
    let text = context.renderer.render(template, values)?;
    Ok(if format == Format::Text { paint(&text) } else { text })
}
