//! `writ policies history`: judges each past change of a branch again, and counts how often each code is found.
//!
//! One judge goes through all commits: it holds as much as it does for one, and what neighbouring commits share is read
//! once. Lanes, approvals and provenance are of pull requests, and not known here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::domain::policy::{CodeTally, Decision, Tally};
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::text::quoted;
use crate::ports::git::{GitError, PastChange, Repository};
use crate::service::judging::Judge;

use crate::cli::failure::{Failure, Form};
use crate::cli::output::Progress;
use crate::cli::terminal;

/// Which changes are judged.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    /// The commits: a revision with all its ancestors, or FROM..TO without those of FROM. First parents only, so a merge
    /// is one change.
    #[arg(default_value = "HEAD")]
    range: String,
    /// The repository, bare or not. Nothing is checked out.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// Where the manifests are in the repository; the library's `policies/target.yaml` says it by default.
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Leave out commits whose subject begins with this text.
    #[arg(long, value_name = "TEXT")]
    skip_subject: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = HistoryFormat::Text)]
    format: HistoryFormat,
    /// Write the table of `--format markdown` between `<!-- history -->` and `<!-- end of history -->` of this file.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// Folder whose patches/, policies/, templates/ add to the embedded library, or replace single files of it.
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,
}

/// How the count is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HistoryFormat {
    /// Text for a terminal.
    Text,
    /// JSON, `writ.policy-history/v1`.
    Json,
    /// A table for a page.
    Markdown,
}

/// The marks of a file between which the table is written.
const MARKS: [&str; 2] = ["<!-- history -->\n", "<!-- end of history -->"];

/// How many digits of a commit's id are shown.
const SHOWN_DIGITS: usize = 10;

impl HistoryArguments {
    /// How a failure is printed.
    pub(super) fn form(&self) -> Form {
        Form::json_if(self.format == HistoryFormat::Json)
    }

    /// Judges the changes; exits with 0, whatever they get.
    ///
    /// # Errors
    /// Usage: there is no such repository or range, no commit of it touches the folder, or the file has no marks. Fault: a
    /// commit cannot be read.
    pub(super) fn replay(&self) -> Result<(String, ExitCode), Failure> {
        let library = terminal::library(self.library.as_ref())?;
        let planner = terminal::planner(&library, self.path.as_deref())?;
        let judge = planner.judge();
        let git = Repository::open(&self.repo)?;
        let past = self.past(&git, &judge.target().gitops_path)?;
        // Before the long work: a file that cannot take its result is said first.
        let into = self.into.as_deref().map(Marked::read).transpose()?;
        let tally = tally(judge, &git, &past)?;
        let counted = Counted { judge, past: &past, tally: &tally };
        if let Some(file) = into {
            file.write(&counted.markdown())?;
        }
        let text = match self.format {
            HistoryFormat::Text => counted.text(),
            HistoryFormat::Json => counted.json(),
            HistoryFormat::Markdown => counted.markdown(),
        };
        Ok((text, ExitCode::SUCCESS))
    }

    fn past(&self, git: &Repository, path: &str) -> Result<Vec<PastChange>, Failure> {
        let mut past = git.past_changes(&self.range, path).map_err(|error| match error {
            GitError::UnknownRevision(_) => {
                let remedy = "give a revision, or a range such as `HEAD~100..HEAD`";
                Failure::usage(Refusal::because(reason::UNKNOWN_REVISION, error, remedy))
            }
            error => error.into(),
        })?;
        if let Some(text) = &self.skip_subject {
            past.retain(|change| !change.subject.starts_with(text));
        }
        if past.is_empty() {
            let range = quoted(&self.range, 200);
            let message = format!("no commit in {range} changes anything below {}", quoted(path, 200));
            let remedy =
                "give the folder with the manifests with `--path`, and a range that reaches further back";
            return Err(Failure::usage(Refusal::new(reason::NO_MANIFESTS, message, remedy)));
        }
        Ok(past)
    }
}

fn tally(judge: &Judge, git: &Repository, past: &[PastChange]) -> Result<Tally, Failure> {
    let progress = Progress::new(past.len());
    let mut tally = Tally::default();
    for (index, change) in past.iter().enumerate() {
        progress.done(index);
        let judged = judge.judge_change(git, &change.before, &change.commit, None)?;
        let decision = match judged.verdict.decision {
            Decision::Allow if judged.changes.is_empty() => Decision::NoChange,
            decision => decision,
        };
        tally.add(&change.commit, decision, &judged.verdict);
    }
    Ok(tally)
}

/// A count, and what it is of.
struct Counted<'a> {
    judge: &'a Judge,
    past: &'a [PastChange],
    tally: &'a Tally,
}

impl Counted<'_> {
    fn json(&self) -> String {
        let ends = |change: Option<&PastChange>| change.map(|change| change.commit.clone());
        let report = json!({
            "schema": "writ.policy-history/v1",
            "path": self.judge.target().gitops_path,
            "library": self.judge.library(),
            "first": ends(self.past.first()),
            "last": ends(self.past.last()),
            "changes": self.tally.changes,
            "decisions": self.tally.decisions,
            "codes": self.tally.codes,
            "never": self.never(),
        });
        format!("{report:#}\n")
    }

    /// The codes that were never found.
    fn never(&self) -> Vec<&str> {
        let mut never: Vec<&str> = self.judge.policies().codes().collect();
        never.retain(|code| !self.tally.codes.contains_key(*code));
        never.sort_unstable();
        never
    }

    /// `1044 allow, 17 deny`, the strongest last.
    fn decisions(&self) -> String {
        const ALL: [Decision; 5] =
            [Decision::NoChange, Decision::Allow, Decision::Warn, Decision::Review, Decision::Deny];
        let count =
            |decision: Decision| Some((self.tally.decisions.get(decision.as_str())?, decision.as_str()));
        let counts = ALL.into_iter().filter_map(count);
        counts
            .map(|(count, decision)| format!("{count} {}", decision.replace('_', " ")))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn text(&self) -> String {
        let path = quoted(&self.judge.target().gitops_path, 200);
        let mut text = format!("{} changes of {path}: {}\n", self.tally.changes, self.decisions());
        let ranked = self.tally.ranked();
        let width = ranked.iter().map(|(code, _)| code.len()).max().unwrap_or_default().max("code".len());
        if !ranked.is_empty() {
            let _ = writeln!(text, "\n{:width$}  deny  review  warn  first", "code");
        }
        for (code, counts) in ranked {
            let (deny, review, warn, first) = (counts.deny, counts.review, counts.warn, shown(counts, ""));
            let _ = writeln!(text, "{code:width$}  {deny:>4}  {review:>6}  {warn:>4}  {first}");
        }
        let never = self.never();
        if !never.is_empty() {
            let _ = writeln!(text, "\nNever found ({}): {}", never.len(), never.join(" "));
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!("{} changes: {}.\n\n", self.tally.changes, self.decisions());
        text.push_str("| code | policy | deny | review | warn | first commits |\n| --- | --- | --- | --- | --- | --- |\n");
        for (code, counts) in self.tally.ranked() {
            let (policy, first) = (&counts.policy, shown(counts, "`"));
            let (deny, review, warn) = (counts.deny, counts.review, counts.warn);
            let _ = writeln!(text, "| `{code}` | {policy} | {deny} | {review} | {warn} | {first} |");
        }
        let never: Vec<String> = self.never().into_iter().map(|code| format!("`{code}`")).collect();
        if !never.is_empty() {
            let _ = writeln!(text, "\nNever found: {}.", never.join(", "));
        }
        text
    }
}

/// The first commits of a code, each between these marks.
fn shown(counts: &CodeTally, mark: &str) -> String {
    let short = |id: &str| id.chars().take(SHOWN_DIGITS).collect::<String>();
    let ids = counts.first.iter().map(|commit| format!("{mark}{}{mark}", short(commit.as_str())));
    ids.collect::<Vec<_>>().join(" ")
}

/// A file with marks, and what is around the place between them.
struct Marked {
    file: PathBuf,
    before: String,
    behind: String,
}

impl Marked {
    fn read(file: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(file).map_err(|error| unusable(file, error))?;
        let [begin, end] = MARKS;
        let parts = text.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
        let Some((before, behind)) = parts else {
            let message = format!("it has no line `{}` with `{end}` below", begin.trim_end());
            let remedy = "add both marks, each on a line of its own, where the table belongs";
            let place = Place::file(file.display().to_string());
            return Err(Failure::usage(Refusal::new(reason::FAULT, message, remedy).at(place)));
        };
        Ok(Self {
            file: file.to_owned(),
            before: format!("{before}{begin}"),
            behind: format!("{end}{behind}"),
        })
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        let text = format!("{}{text}{}", self.before, self.behind);
        std::fs::write(&self.file, text).map_err(|error| unusable(&self.file, error))
    }
}

fn unusable(file: &Path, error: std::io::Error) -> Failure {
    let remedy = "give a file that can be read and written with `--into`";
    Failure::usage(Refusal::because(reason::FAULT, error, remedy).at(Place::file(file.display().to_string())))
}
