//! `writ plan`: what a procedure would change on a base, and what the policies say. Nothing is written.
//!
//! Exit codes: 0 may be published · 1 denied, refused, or no change · 2 usage · 3 fault.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use crate::domain::policy::Decision;

use super::terminal::{Asked, Desk, Failure, Format};

/// Runs it.
pub fn run(asked: &Asked) -> ExitCode {
    let shown = asked.plan().and_then(|desk| show(&desk, asked.format, None).map(|text| (desk, text)));
    match shown {
        Ok((desk, text)) => {
            anstream::print!("{text}");
            exit(desk.planned.report.verdict.decision)
        }
        Err(failure) => failure.say("plan", asked.format),
    }
}

/// The exit code of a decision.
pub fn exit(decision: Decision) -> ExitCode {
    match decision {
        Decision::Allow | Decision::Warn => ExitCode::SUCCESS,
        Decision::Deny | Decision::NoChange => ExitCode::from(1),
    }
}

/// The plan in a format; `applied` is the branch that was made, if any.
///
/// # Errors
/// - a template is broken
pub fn show(desk: &Desk, format: Format, applied: Option<&str>) -> Result<String, Failure> {
    let report = &desk.planned.report;
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
    let context = json!({"plan": report, "request": desk.request, "applied": applied});
    let text = desk.renderer.render(template, context).map_err(|error| {
        Failure::fault(
            format!("{:#}", anyhow::Error::new(error)),
            "correct the template, or leave `--library` out",
        )
    })?;
    Ok(if format == Format::Text { paint(&text) } else { text })
}

/// Colours the lines of diffs and the headings; only they begin in the first column with these characters.
fn paint(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() + 256);
    for line in text.split_inclusive('\n') {
        match style(line) {
            Some(style) => {
                let words = line.trim_end_matches('\n');
                painted.push_str(&format!("{style}{words}{style:#}{}", &line[words.len()..]));
            }
            None => painted.push_str(line),
        }
    }
    painted
}

fn style(line: &str) -> Option<Style> {
    let colour = |colour: AnsiColor| Some(colour.on_default());
    match line.as_bytes().first()? {
        b'-' if !line.starts_with("---") => colour(AnsiColor::Red),
        b'+' if !line.starts_with("+++") => colour(AnsiColor::Green),
        b'@' => colour(AnsiColor::Cyan),
        b'+' | b'-' | b'A'..=b'Z' => Some(Style::new().bold()),
        _ => None,
    }
}
