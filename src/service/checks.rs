//! The check run `writ/policy`: what judging found, as title, summary, list of changes and annotations.
//!
//! **Invariants**: what it says is in `templates/check/`; texts keep within the forge's limits and say what was cut;
//! its digest follows from what it says, so that the same verdict is written once.

use serde_json::{Value, json};

use crate::domain::digest::sha256_hex;
use crate::domain::lane::MissingValidation;
use crate::domain::names::RunId;
use crate::domain::policy::Level;
use crate::domain::pull::{Conclusion, Observed, POLICY_CHECK};
use crate::domain::run::Outcome;
use crate::ports::forge::check::{Annotation, AnnotationLevel, Check, CheckStatus, LONGEST_TEXT};
use crate::ports::render::{RenderError, Renderer};

use super::judgement::{Judgement, MOST_STORED};

/// The most annotations of a check run: ten requests.
const MOST_ANNOTATIONS: usize = 500;

/// What a check run says.
#[derive(Debug, Clone, Copy)]
pub enum CheckContent<'a> {
    /// Judging has begun.
    Working,
    /// This is the verdict.
    Judged(&'a Judgement),
    /// This is the verdict; these check runs of others are waited for.
    Waiting(&'a Judgement, &'a [MissingValidation]),
    /// The head was not judged: another took its place.
    Moved,
    /// The head could not be judged: a [`Outcome::Refused`].
    Refused(&'a Outcome),
}

/// What a check run needs beside what it says.
#[derive(Debug, Clone, Copy)]
pub struct CheckContext<'a> {
    /// The pull request.
    pub seen: &'a Observed,
    /// Where the manifests are.
    pub gitops_path: &'a str,
    /// The page of the reconciliation.
    pub details_url: Option<&'a str>,
}

/// The check run that says it.
///
/// # Errors
/// - a template of `check/` cannot be rendered
pub fn check(
    renderer: &Renderer,
    context: CheckContext<'_>,
    content: CheckContent<'_>,
) -> Result<Check, RenderError> {
    let (annotations, left_out) = match content {
        CheckContent::Judged(judgement) | CheckContent::Waiting(judgement, _) => annotations(judgement),
        _ => (Vec::new(), 0),
    };
    let write = |template: &str, rows: usize| {
        let values = values(context, content, rows, left_out);
        renderer.render(template, values).map(|text| text.trim().to_owned())
    };
    let status = match content {
        CheckContent::Working | CheckContent::Waiting(..) => CheckStatus::InProgress,
        CheckContent::Judged(judgement) => CheckStatus::Completed(judgement.conclusion()),
        CheckContent::Moved => CheckStatus::Completed(Conclusion::Neutral),
        CheckContent::Refused(_) => CheckStatus::Completed(Conclusion::Failure),
    };
    let (title, summary, text) = (
        write("check/title.txt", 0)?,
        fitting(|rows| write("check/summary.md", rows))?,
        fitting(|rows| write("check/text.md", rows))?,
    );
    let said = format!("{status:?}\n{title}\n{summary}\n{text}\n{annotations:?}");
    Ok(Check {
        name: POLICY_CHECK.to_owned(),
        head: context.seen.head.clone(),
        status,
        title,
        summary,
        text,
        details_url: context.details_url.map(str::to_owned),
        digest: format!("sha256:{}", sha256_hex(said.as_bytes())),
        annotations,
    })
}

/// A text with as many rows in its tables as fit.
fn fitting(write: impl Fn(usize) -> Result<String, RenderError>) -> Result<String, RenderError> {
    let mut text = String::new();
    for rows in [MOST_STORED, 100, 30, 10, 3] {
        text = write(rows)?;
        if text.chars().count() <= LONGEST_TEXT {
            return Ok(text);
        }
    }
    let cut = text.char_indices().nth(LONGEST_TEXT - 1).map_or(text.len(), |(at, _)| at);
    text.truncate(cut);
    text.push('…');
    Ok(text)
}

fn values(
    context: CheckContext<'_>,
    content: CheckContent<'_>,
    rows: usize,
    annotations_left_out: usize,
) -> Value {
    let CheckContext { seen, gitops_path, .. } = context;
    let (judgement, refused) = match content {
        CheckContent::Judged(judgement) | CheckContent::Waiting(judgement, _) => (Some(judgement), None),
        CheckContent::Refused(outcome) => (None, Some(outcome)),
        CheckContent::Working | CheckContent::Moved => (None, None),
    };
    let count = |level: Level| {
        let results = judgement.iter().flat_map(|judgement| &judgement.verdict.results);
        results.filter(|finding| finding.level == level).count()
    };
    json!({
        "working": matches!(content, CheckContent::Working),
        "waits_for": match content {
            CheckContent::Waiting(_, missing) => missing,
            _ => &[],
        },
        "moved": matches!(content, CheckContent::Moved),
        "refused": refused,
        "rows": rows,
        "base": seen.base,
        "head": seen.head,
        "own_run": seen.run.as_ref().map(RunId::as_str),
        "gitops_path": gitops_path,
        "denials": count(Level::Deny),
        "reviews": count(Level::Review),
        "warnings": count(Level::Warn),
        "about": judgement.map(|judgement| judgement.verdict.subjects_of_review()),
        "standing": judgement.map_or(0, |judgement| {
            judgement.verdict.standing.len() + judgement.standing_left_out
        }),
        "observed": judgement.map_or(&[][..], |judgement| &judgement.verdict.observed),
        "touched": judgement.is_some_and(|judgement| judgement.touched),
        "merge_base": judgement.map(|judgement| &judgement.merge_base),
        "verdict": judgement.map(|judgement| &judgement.verdict),
        "findings_left_out": judgement.map_or(0, |judgement| judgement.findings_left_out),
        "changes": judgement.map_or(&[][..], |judgement| &judgement.changes),
        "changes_left_out": judgement.map_or(0, |judgement| judgement.changes_left_out),
        "annotations_left_out": annotations_left_out,
    })
}

/// The findings that are on a line, and how many more there were.
fn annotations(judgement: &Judgement) -> (Vec<Annotation>, usize) {
    let annotation = |(index, line): &(usize, usize)| {
        let finding = judgement.verdict.results.get(*index)?;
        Some(Annotation {
            path: finding.path.clone(),
            line: *line,
            level: match finding.level {
                Level::Standing | Level::Warn | Level::Review => AnnotationLevel::Warning,
                Level::Deny => AnnotationLevel::Failure,
            },
            title: format!("{}: {}", finding.policy, finding.code),
            message: format!("{}\n{}", finding.message, finding.remedy),
        })
    };
    let left_out = judgement.lines.len().saturating_sub(MOST_ANNOTATIONS);
    (judgement.lines.iter().take(MOST_ANNOTATIONS).filter_map(annotation).collect(), left_out)
}
