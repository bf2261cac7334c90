//! `writ check`: what the policies say about a change, for people and for CI. Reads git objects; nothing is checked out.
//!
//! Exit codes: 0 allowed, or weaker than `--fail-on` · 1 at least as strong as `--fail-on` · 2 the command line is wrong · 3 a fault.

mod junit;
mod lane;
mod meaning;
mod report;
mod sarif;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::domain::names::CommitId;
use crate::domain::policy::Decision;
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::text::{error_chain, for_terminal, lines_for_terminal, quoted};
use crate::domain::watch::{Watch, WatchError};
use crate::ports::git::{Git as _, GitError, Repository};
use crate::ports::render::Renderer;

use super::failure::{Failure, Form};
use super::library::note;
use super::output;
use super::paint::paint;
use super::settings::repositories_of;
use super::terminal;
use report::{Placed, Report};

/// What is judged.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The repository, bare or not. Nothing is checked out.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// The revision to compare with: a branch, tag or commit id. The comparison starts at the merge base of base and
    /// head. Default: the default branch of the remote `origin`, else `main` or `master`.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The change: a branch, tag or commit id.
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    head: String,
    /// Where the manifests are in the repository; the library's `policies/target.yaml` says it by default.
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// A path beyond `--path`, such as `argocd/**`, whose changes are judged for their reach into it; repeatable, and in
    /// place of the library's `watch`.
    #[arg(long, value_name = "PATTERN")]
    watch: Vec<String>,
    /// Take `watch`, and without `--path` also `gitops_path`, from the one repository in this settings file.
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    settings: Option<PathBuf>,
    /// The lane that makes the change (`A` to `E`, `a` to `f`; case-sensitive). It may not touch another lane's paths.
    #[arg(long, value_name = "LANE")]
    lane: Option<String>,
    /// The weakest decision that exits with 1: `deny` by default.
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = FailOn::Deny)]
    fail_on: FailOn,
    /// Also list what stood before the change, which does not count towards the decision.
    #[arg(long)]
    standing: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
    /// Folder whose patches/, policies/, templates/ add to the embedded library, or replace single files of it.
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,
}

/// How a verdict is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// Text for a terminal.
    Text,
    /// JSON, `writ.check/v1`; failures are `writ.error/v1`.
    Json,
    /// Markdown for a comment or a job summary.
    Markdown,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for CI systems that display test results.
    Junit,
}

/// The weakest decision that exits with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Anything that people should read.
    Warn,
    /// What another person must approve.
    Review,
    /// What must not be published.
    Deny,
}

impl FailOn {
    /// Whether a decision is at least so strong.
    fn fails(self, decision: Decision) -> bool {
        let weakest = match self {
            Self::Warn => Decision::Warn,
            Self::Review => Decision::Review,
            Self::Deny => Decision::Deny,
        };
        decision >= weakest
    }
}

/// The bases that are tried when none is given, in this order.
const DEFAULT_BASES: [&str; 5] =
    ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master", "main", "master"];

/// Runs it.
pub(super) fn run(arguments: &CheckArguments) -> ExitCode {
    match arguments.check() {
        Ok((decision, text)) => {
            output::finish("check", &text, ExitCode::from(u8::from(arguments.fail_on.fails(decision))))
        }
        Err(failure) => failure.say("check", Form::json_if(arguments.format == CheckFormat::Json)),
    }
}

impl CheckArguments {
    fn check(&self) -> Result<(Decision, String), Failure> {
        let library = terminal::library(self.library.as_ref())?;
        note(&library);
        let (path, watch) = self.judged_paths()?;
        let mut planner = terminal::planner(&library, path.as_deref())?;
        if let Some(watch) = watch {
            planner = planner.watching(watch);
        }
        let judge = planner.judge();
        let git = Repository::open(&self.repo)?;
        let (base, head) = self.sides(&git)?;
        let mut judged = judge.judge_change(&git, &base, &head, None)?;
        if !judged.has_manifests {
            return Err(no_manifests(&judge.target().gitops_path));
        }
        if let Some(lane) = &self.lane {
            let findings = lane::findings(judge.lanes(), &git, (&base, &head), lane)?;
            judged.verdict = judge.policies().of_lane(judged.verdict).with(findings);
        }
        let report = Report::of(&judged, &base, judge);
        let standing = report.verdict.standing.iter().filter(|_| self.standing);
        let listed: Vec<&Placed> = report.verdict.results.iter().chain(standing).collect();
        let text = match self.format {
            CheckFormat::Json => format!("{:#}\n", json!(report)),
            CheckFormat::Sarif => {
                format!("{:#}\n", sarif::log(&report, &listed, judge.policies().policies()))
            }
            CheckFormat::Junit => {
                junit::suites(&listed, judge.policies().policies(), |level| self.fail_on.fails(level.into()))
            }
            CheckFormat::Text | CheckFormat::Markdown => {
                let renderer = Renderer::compile(&library)?;
                let is_text = self.format == CheckFormat::Text;
                let template = if is_text { "check.txt" } else { "check.md" };
                let mut shown = json!(report);
                one_line_each(&mut shown);
                let text = renderer.render(template, json!({"check": shown, "standing": self.standing}))?;
                // Values are shown as JSON, which leaves some of what confuses a terminal as it is.
                let text = lines_for_terminal(&text);
                if is_text { paint(&text) } else { text }
            }
        };
        Ok((report.verdict.decision, text))
    }

    /// Where the manifests are and what is watched, as far as flags or settings say it.
    fn judged_paths(&self) -> Result<(Option<String>, Option<Watch>), Failure> {
        let wrong = |error: WatchError| {
            let remedy = "give patterns relative to the repository's root, such as `argocd/applicationsets` or `argocd/**`";
            Failure::usage(Refusal::because(reason::PATH_INVALID, error, remedy))
        };
        let Some(file) = &self.settings else {
            let watch = (!self.watch.is_empty()).then(|| Watch::parse(&self.watch)).transpose();
            return Ok((self.path.clone(), watch.map_err(wrong)?));
        };
        let repositories = repositories_of(file).map_err(|error| {
            let (code, place, remedy) = error.told();
            Failure::usage(Refusal::new(code, error_chain(&error), remedy).at(place))
        })?;
        let [repository] = repositories.as_slice() else {
            let message = format!("the settings serve {} repositories", repositories.len());
            let remedy = "name what is watched with `--watch`, and the manifests with `--path`";
            return Err(Failure::usage(Refusal::new(reason::PATH_INVALID, message, remedy)));
        };
        let watch = repository.watched().map_err(wrong)?;
        Ok((self.path.clone().or_else(|| repository.gitops_path.clone()), watch))
    }

    /// The commits to compare: where the head left the base, and the head. A head that the base has already, and histories
    /// without a common commit, are compared with the base itself.
    fn sides(&self, git: &Repository) -> Result<(CommitId, CommitId), Failure> {
        let head = resolve(git, "--head", &self.head)?;
        let base = match &self.base {
            Some(base) => resolve(git, "--base", base)?,
            None => default_base(git)?,
        };
        match git.merge_base(&base, &head)? {
            Some(found) if found == head => Ok((base, head)),
            Some(found) => Ok((found, head)),
            None if git.is_shallow() => Err(Failure::usage(Refusal::new(
                reason::SHALLOW_CLONE,
                format!("`{base}` and `{head}` have no commit in common in this shallow clone"),
                "fetch the full history (`git fetch --unshallow`; with actions/checkout, `fetch-depth: 0`)",
            ))),
            None => Ok((base, head)),
        }
    }
}

/// Nothing was judged, which is not the same as allowed.
fn no_manifests(path: &str) -> Failure {
    let message = format!("{} has no manifests on either side of the change", quoted(path, 200));
    let remedy = "give the folder with the manifests with `--path`, relative to the repository's root";
    Failure::usage(Refusal::new(reason::NO_MANIFESTS, message, remedy).at(Place::file(path)))
}

/// Names and sentences without what breaks a line, so that none of them makes lines of its own. Values stay: they are
/// shown as JSON.
fn one_line_each(shown: &mut Value) {
    match shown {
        Value::String(text) => *text = for_terminal(text),
        Value::Array(items) => items.iter_mut().for_each(one_line_each),
        Value::Object(entries) => {
            let names = entries.iter_mut().filter(|(key, _)| *key != "before" && *key != "after");
            names.for_each(|(_, entry)| one_line_each(entry));
        }
        _ => {}
    }
}

fn resolve(git: &Repository, flag: &str, revision: &str) -> Result<CommitId, Failure> {
    git.resolve(revision).map_err(|error| match error {
        GitError::UnknownRevision(_) => {
            let shallow = match git.is_shallow() {
                true => {
                    "; this clone is shallow, so fetch the revision first (with actions/checkout, `fetch-depth: 0`)"
                }
                false => "",
            };
            let remedy = format!("give a branch, tag or commit id with `{flag}`{shallow}");
            Failure::usage(Refusal::because(reason::UNKNOWN_REVISION, error, remedy))
        }
        error => error.into(),
    })
}

fn default_base(git: &Repository) -> Result<CommitId, Failure> {
    let found = DEFAULT_BASES.iter().find_map(|revision| git.resolve(revision).ok());
    found.ok_or_else(|| {
        let message = "`origin` has no default branch here, and there is neither `main` nor `master`";
        let remedy = "name the revision to compare with, using `--base`";
        Failure::usage(Refusal::new(reason::NO_BASE, message, remedy))
    })
}
