//! The check run `writ/policy`: what a look found, as title, summary, list of changes and annotations.
//!
//! **Invariants**: what it says stands in `templates/check/`; texts keep within the forge's limits and say what was cut;
//! its digest follows from what it says, so that the same verdict is written once.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::change::Change;
use crate::domain::names::{CommitId, RunId};
use crate::domain::policy::{Decision, Level, Verdict};
use crate::domain::pull::{Conclusion, Observed};
use crate::domain::run::Outcome;
use crate::ports::forge::check::{Annotation, AnnotationLevel, Check, CheckStatus, LONGEST_TEXT};
use crate::ports::render::{RenderError, Renderer};

use super::accept::sha256_hex;
use super::judging::Judged;

/// The name of the check run that tells the policies' verdict.
pub const POLICY: &str = "writ/policy";

/// The name of the check run that tells whether another human has approved.
pub const APPROVAL: &str = "writ/approval";

/// The check runs that are writ's: a person may ask for them again.
pub const NAMES: [&str; 2] = [POLICY, APPROVAL];

/// The most changes, and findings, that are kept with a look.
const MOST_KEPT: usize = 500;
/// The most annotations of a check run: ten requests.
const MOST_ANNOTATIONS: usize = 500;
/// The most characters of a value that are kept with a look.
const LONGEST_VALUE: usize = 1000;

/// What judging found, as it is kept with the look.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finished {
    /// The commit that was judged.
    pub head: CommitId,
    /// The commit that it was compared with.
    pub merge_base: CommitId,
    /// Whether it changes anything below the GitOps path.
    pub touched: bool,
    /// The verdict, its findings cut at 500.
    pub verdict: Verdict,
    /// How many findings were cut.
    pub findings_left_out: usize,
    /// What changes, cut at 500, long values shortened.
    pub changes: Vec<Change>,
    /// How many changes were cut.
    pub changes_left_out: usize,
    /// Where findings stand in the files of the head: index of the finding, and line from 1.
    pub lines: Vec<(usize, usize)>,
}

impl Finished {
    /// What is kept of a judgement.
    #[must_use]
    pub fn of(mut judged: Judged, merge_base: CommitId, touched: bool) -> Self {
        // The strongest first: what is cut is what matters least.
        judged.verdict.results.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let findings_left_out = judged.verdict.results.len().saturating_sub(MOST_KEPT);
        judged.verdict.results.truncate(MOST_KEPT);
        let lines = judged.verdict.results.iter().enumerate();
        let lines = lines.filter_map(|(index, finding)| Some((index, judged.line_of(finding)?))).collect();
        let Judged { verdict, mut changes, head } = judged;
        let changes_left_out = changes.len().saturating_sub(MOST_KEPT);
        changes.truncate(MOST_KEPT);
        for change in &mut changes {
            change.before = change.before.take().map(shortened);
            change.after = change.after.take().map(shortened);
        }
        let head = head.commit;
        Self { head, merge_base, touched, verdict, findings_left_out, changes, changes_left_out, lines }
    }

    /// What a check run says of it.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        match self.verdict.decision {
            Decision::Deny => Conclusion::Failure,
            Decision::Allow | Decision::Warn | Decision::NoChange => Conclusion::Success,
        }
    }
}

/// What a check run is about to say.
#[derive(Debug, Clone, Copy)]
pub enum Saying<'a> {
    /// Judging has begun.
    Working,
    /// This is the verdict.
    Judged(&'a Finished),
    /// The head was not judged: another took its place.
    Moved,
    /// The head could not be judged: a [`Outcome::Refused`].
    Refused(&'a Outcome),
}

/// What a check run needs beside what it says.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The pull request.
    pub seen: &'a Observed,
    /// Where the manifests stand.
    pub gitops_path: &'a str,
    /// The look's page.
    pub details_url: Option<&'a str>,
}

/// The check run that says it.
///
/// # Errors
/// - a template of `check/` cannot be rendered
pub fn check(renderer: &Renderer, setting: Setting<'_>, saying: Saying<'_>) -> Result<Check, RenderError> {
    let (annotations, left_out) = match saying {
        Saying::Judged(finished) => annotations(finished),
        _ => (Vec::new(), 0),
    };
    let write = |template: &str, rows: usize| {
        let context = context(setting, saying, rows, left_out);
        renderer.render(template, context).map(|text| text.trim().to_owned())
    };
    let status = match saying {
        Saying::Working => CheckStatus::InProgress,
        Saying::Judged(finished) => CheckStatus::Completed(finished.conclusion()),
        Saying::Moved => CheckStatus::Completed(Conclusion::Neutral),
        Saying::Refused(_) => CheckStatus::Completed(Conclusion::Failure),
    };
    let (title, summary, text) = (
        write("check/title.txt", 0)?,
        fitting(|rows| write("check/summary.md", rows))?,
        fitting(|rows| write("check/text.md", rows))?,
    );
    let said = format!("{status:?}\n{title}\n{summary}\n{text}\n{annotations:?}");
    Ok(Check {
        name: POLICY.to_owned(),
        head: setting.seen.head.clone(),
        status,
        title,
        summary,
        text,
        details_url: setting.details_url.map(str::to_owned),
        digest: format!("sha256:{}", sha256_hex(said.as_bytes())),
        annotations,
    })
}

/// A text with as many rows in its tables as fit.
fn fitting(write: impl Fn(usize) -> Result<String, RenderError>) -> Result<String, RenderError> {
    let mut text = String::new();
    for rows in [MOST_KEPT, 100, 30, 10, 3] {
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

fn context(setting: Setting<'_>, saying: Saying<'_>, rows: usize, annotations_left_out: usize) -> Value {
    let Setting { seen, gitops_path, .. } = setting;
    let (finished, refused) = match saying {
        Saying::Judged(finished) => (Some(finished), None),
        Saying::Refused(outcome) => (None, Some(outcome)),
        Saying::Working | Saying::Moved => (None, None),
    };
    let count = |level: Level| {
        let results = finished.iter().flat_map(|finished| &finished.verdict.results);
        results.filter(|finding| finding.level == level).count()
    };
    json!({
        "working": matches!(saying, Saying::Working),
        "moved": matches!(saying, Saying::Moved),
        "refused": refused,
        "rows": rows,
        "base": seen.base,
        "head": seen.head,
        "own_run": seen.run.as_ref().map(RunId::as_str),
        "gitops_path": gitops_path,
        "denials": count(Level::Deny),
        "warnings": count(Level::Warn),
        "touched": finished.is_some_and(|finished| finished.touched),
        "merge_base": finished.map(|finished| &finished.merge_base),
        "verdict": finished.map(|finished| &finished.verdict),
        "findings_left_out": finished.map_or(0, |finished| finished.findings_left_out),
        "changes": finished.map_or(&[][..], |finished| &finished.changes),
        "changes_left_out": finished.map_or(0, |finished| finished.changes_left_out),
        "annotations_left_out": annotations_left_out,
    })
}

/// The findings that stand on a line, and how many more there were.
fn annotations(finished: &Finished) -> (Vec<Annotation>, usize) {
    let annotation = |(index, line): &(usize, usize)| {
        let finding = finished.verdict.results.get(*index)?;
        Some(Annotation {
            path: finding.path.clone(),
            line: *line,
            level: match finding.level {
                Level::Warn => AnnotationLevel::Warning,
                Level::Deny => AnnotationLevel::Failure,
            },
            title: format!("{}: {}", finding.policy, finding.code),
            message: format!("{}\n{}", finding.message, finding.remedy),
        })
    };
    let left_out = finished.lines.len().saturating_sub(MOST_ANNOTATIONS);
    (finished.lines.iter().take(MOST_ANNOTATIONS).filter_map(annotation).collect(), left_out)
}

/// A value as it is kept: a long one is a sentence about it.
fn shortened(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= LONGEST_VALUE {
        return value;
    }
    let beginning: String = text.chars().take(200).collect();
    json!(format!("{beginning}… ({} characters)", text.chars().count()))
}
