//! What `writ plan` and `writ apply` have in common: the request, the library, the base, and what fails there.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::failure::{Failure, Form};
use crate::domain::names::AccountId;
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::request::{Actor, Origin, Request};
use crate::domain::target::folder_path;
use crate::domain::text::quoted;
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::git::{Git as _, GitError, Repository};
use crate::ports::library::Library;
use crate::ports::render::{RenderError, Renderer};
use crate::service::planning::{CompileError, PlanError, Planned, Planner};

/// What is asked, of which repository.
#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// The procedure; `writ procedures` lists them.
    procedure: String,
    /// Arguments of the procedure, such as `target=ta-sim`.
    #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
    arguments: Vec<(String, String)>,
    /// The repository, bare or not. Nothing is checked out.
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// The commit to plan on: a branch, tag or commit id.
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    base: String,
    /// The reason, in one line.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The time of the request, which determines branch and commit. Default: now, truncated to the minute, so that the
    /// same command in the same minute gives the same commit.
    #[arg(long, value_name = "RFC3339", value_parser = moment)]
    at: Option<Timestamp>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Folder whose patches/, policies/, templates/ add to the embedded library, or replace single files of it.
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,
    /// Where the manifests are in the repository; the library's `policies/target.yaml` says it by default.
    #[arg(long, value_name = "PATH")]
    gitops_path: Option<String>,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Text for a terminal.
    Text,
    /// JSON, `writ.plan/v1`; failures are `writ.error/v1`.
    Json,
    /// Markdown for a comment or a pull request.
    Markdown,
    /// Only the unified diff.
    Diff,
}

/// How what a library holds is printed, and of which library.
#[derive(Debug, Args)]
pub(super) struct Shown {
    /// Output format.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// Folder whose patches/, policies/, templates/ add to the embedded library, or replace single files of it.
    #[arg(long, value_name = "DIR")]
    pub library: Option<PathBuf>,
}

/// How lists are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// Text for a terminal.
    Text,
    /// JSON, with its own `schema`: `writ.procedures/v1`, `writ.policies/v1` …
    Json,
}

/// Where requests from the terminal come from: always the same, so that a plan is the same on any machine.
const TERMINAL_LOGIN: &str = "terminal";

/// A plan, with what it was made from and what it is shown with.
pub(super) struct PlanContext {
    /// The repository that it was made on.
    pub git: Repository,
    /// The templates of the library.
    pub renderer: Renderer,
    /// The plan, its verdict and its commit.
    pub planned: Planned,
    /// The request that it answers.
    pub request: Request,
}

impl PlanArguments {
    /// Plans.
    ///
    /// # Errors
    /// A [`Failure`] to print.
    pub(super) fn plan(&self) -> Result<PlanContext, Failure> {
        let library = library(self.library.as_ref())?;
        let planner = planner(&library, self.gitops_path.as_deref())?;
        let renderer = Renderer::compile(&library).map_err(|error| {
            Failure::fault(Refusal::because(reason::TEMPLATE_INVALID, error, "correct the template"))
        })?;
        let request = self.request()?;
        // Before the repository is touched: what is wrong with the words is said first.
        planner.admit(&request).map_err(Failure::refused)?;
        let git = Repository::open(&self.repo)?;
        let base = git.resolve(&self.base)?;
        let planned = planner.plan(&git, &base, &request).map_err(|error| match error {
            PlanError::Refused(refusal) => Failure::refused(refusal),
            PlanError::Git(error) => error.into(),
        })?;
        Ok(PlanContext { git, renderer, planned, request })
    }

    fn request(&self) -> Result<Request, Failure> {
        let mut arguments = std::collections::BTreeMap::new();
        for (name, value) in &self.arguments {
            if arguments.insert(name.clone(), value.clone()).is_some() {
                let message = format!("the argument `{name}` is given twice");
                let refusal = Refusal::new(reason::REPEATED_ARGUMENT, message, "give it once");
                return Err(Failure::usage(refusal));
            }
        }
        Ok(Request {
            procedure: self.procedure.clone(),
            arguments,
            reason: self.reason.clone(),
            confirmation: None,
            actor: Actor { id: AccountId(0), login: TERMINAL_LOGIN.to_owned() },
            origin: Origin::Terminal,
            requested_at: self.at.unwrap_or_else(this_minute),
        })
    }
}

/// The library to use.
///
/// # Errors
/// - the folder cannot be read
pub(super) fn library(folder: Option<&PathBuf>) -> Result<Library, Failure> {
    folder.map_or_else(
        || Ok(Library::embedded()),
        |folder| {
            Library::read(folder).map_err(|error| {
                let remedy = "give a folder that can be read with `--library`";
                Failure::usage(Refusal::because(reason::LIBRARY_UNREADABLE, error, remedy))
            })
        },
    )
}

/// A planner over a library.
///
/// # Errors
/// - the path names no folder
/// - a procedure or policy is wrong; together, the policies do not judge as they should
pub(super) fn planner(library: &Library, gitops_path: Option<&str>) -> Result<Planner, Failure> {
    let gitops_path = gitops_path.map(folder).transpose()?;
    Planner::compile(library, gitops_path.as_deref()).map_err(|error| match error {
        CompileError::Invalid { file, line, message } => invalid_library(message, Place::line(file, line)),
        CompileError::Template(error) => {
            Failure::refused(Refusal::because(reason::TEMPLATE_INVALID, error, "correct the template"))
        }
        CompileError::Incomplete(_) => {
            let remedy = "put the rule back (`writ library list` says which files are replaced), or name its codes \
                          under `retired_codes` in policies/target.yaml, each with the reason";
            Failure::fault(Refusal::new(reason::LIBRARY_INCOMPLETE, error.to_string(), remedy))
        }
    })
}

fn folder(path: &str) -> Result<String, Failure> {
    folder_path(path).map_err(|mistake| {
        let message = format!("the path {} {mistake}", quoted(path, 200));
        let remedy = "give the folder relative to the repository's root, such as `apps/shop`";
        Failure::usage(Refusal::new(reason::PATH_INVALID, message, remedy))
    })
}

/// The failure of a library whose file is wrong at this place.
pub(super) fn invalid_library(message: String, place: Place) -> Failure {
    let refusal = Refusal::new(reason::LIBRARY_INVALID, message, "correct the file at this place");
    Failure::fault(refusal.at(place))
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        Self::json_if(format == Format::Json)
    }
}

impl From<ListFormat> for Form {
    fn from(format: ListFormat) -> Self {
        Self::json_if(format == ListFormat::Json)
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        match error {
            GitError::UnknownRevision(_) => {
                let remedy = "give a branch, tag or commit id with `--base`";
                Self::usage(Refusal::because(reason::UNKNOWN_REVISION, error, remedy))
            }
            GitError::NoRepository(_) => {
                let remedy = "give the folder of a git repository with `--repo`";
                Self::usage(Refusal::because(reason::NO_REPOSITORY, error, remedy))
            }
            GitError::NotEditable { .. } => {
                let remedy = "replace it with a regular file that contains the manifest";
                Self::refused(Refusal::because(reason::NOT_A_REGULAR_FILE, error, remedy))
            }
            GitError::BranchExists(_) => {
                let remedy =
                    "this request was already applied; inspect the branch, or delete it to apply again";
                Self::refused(Refusal::because(reason::BRANCH_EXISTS, error, remedy))
            }
            GitError::TooLarge { .. } | GitError::TooMany { .. } => {
                let remedy =
                    "split the change, or make what is below the path, watched or referred to smaller";
                Self::fault(Refusal::because(reason::FAULT, error, remedy))
            }
            _ => {
                let remedy = "check the repository with `git fsck`";
                Self::fault(Refusal::because(reason::FAULT, error, remedy))
            }
        }
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        let remedy = "correct the template, or omit `--library`";
        Self::fault(Refusal::because(reason::FAULT, error, remedy))
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("arguments are written `key=value`".to_owned()),
    }
}

/// A time in whole seconds, not before 1970.
fn moment(text: &str) -> Result<Timestamp, String> {
    let wrong = || "not an RFC 3339 time such as 2026-08-22T10:30:00Z".to_owned();
    let moment: Timestamp = text.parse().map_err(|_| wrong())?;
    if moment.as_second() < 0 {
        return Err("commit dates cannot be before 1970".to_owned());
    }
    Timestamp::from_second(moment.as_second()).map_err(|_| wrong())
}

fn this_minute() -> Timestamp {
    let now = SystemClock.now();
    Timestamp::from_second(now.as_second() / 60 * 60).unwrap_or(now)
}
