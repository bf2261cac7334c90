//! What `writ plan` and `writ apply` have in common: the request, the library, the base, and how failures are said.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::output;
use crate::domain::names::AccountId;
use crate::domain::request::{Actor, Origin, Request};
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::git::{Git as _, GitError, Repository};
use crate::ports::library::Library;
use crate::ports::render::{RenderError, Renderer};
use crate::service::planning::{GITOPS_PATH, PlanError, PlanRefusal, Planned, Planner};

/// What is asked, of which repository.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The procedure; `writ procedures` lists them.
    procedure: String,
    /// Arguments of the procedure, such as `target=ta-sim`.
    #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
    arguments: Vec<(String, String)>,
    /// The repository: bare or not; nothing is checked out.
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// The commit to plan on: a branch, tag or commit id.
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    base: String,
    /// Why, in one line.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it is asked; decides branch and commit. Default: now, cut to the minute, so that the same command in the
    /// same minute gives the same commit.
    #[arg(long, value_name = "RFC3339", value_parser = moment)]
    at: Option<Timestamp>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Folder with patches/, policies/, templates/ in place of the embedded ones.
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,
    /// Where the manifests stand in the repository.
    #[arg(long, value_name = "PATH", default_value = GITOPS_PATH)]
    gitops_path: String,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people at a terminal.
    Text,
    /// `writ.plan/v1`; failures are `writ.error/v1`.
    Json,
    /// For a comment or a pull request.
    Markdown,
    /// Only the unified diff.
    Diff,
}

/// How what a library holds is printed, and of which library.
#[derive(Debug, Args)]
pub struct Shown {
    /// How to print it.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// Folder with patches/, policies/, templates/ in place of the embedded ones.
    #[arg(long, value_name = "DIR")]
    pub library: Option<PathBuf>,
}

/// How lists are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Text,
    /// For programs, with a `schema` of its own: `writ.procedures/v1`, `writ.policies/v1` …
    Json,
}

impl From<ListFormat> for Format {
    fn from(format: ListFormat) -> Self {
        match format {
            ListFormat::Text => Self::Text,
            ListFormat::Json => Self::Json,
        }
    }
}

/// Where requests from the terminal come from: always the same, so that a plan is the same on any machine.
const TERMINAL_LOGIN: &str = "terminal";

/// A failure with its exit code.
#[derive(Debug)]
pub struct Failure {
    /// What, where, what to do.
    refusal: PlanRefusal,
    /// 1 refused, 2 the command line is wrong, 3 a fault.
    exit: u8,
}

/// What a plan is made and shown with.
pub struct PlanContext {
    /// The repository.
    pub git: Repository,
    /// The templates.
    pub renderer: Renderer,
    /// The plan.
    pub planned: Planned,
    /// The request.
    pub request: Request,
}

impl PlanArguments {
    /// Plans.
    ///
    /// # Errors
    /// A [`Failure`] to print.
    pub fn plan(&self) -> Result<PlanContext, Failure> {
        let library = library(self.library.as_ref())?;
        let planner = planner(&library, &self.gitops_path)?;
        let renderer = Renderer::compile(&library).map_err(|error| {
            let message = chain(&error);
            Failure::refused(PlanRefusal::new("template_invalid", message, "correct the template"))
        })?;
        let request = self.request()?;
        // Before the repository is touched: what is wrong with the words is said first.
        planner.admit(&request).map_err(Failure::refused)?;
        let git = Repository::open(&self.repo).map_err(Failure::git)?;
        let base = git.resolve(&self.base).map_err(Failure::git)?;
        let planned = planner.plan(&git, &base, &request).map_err(|error| match error {
            PlanError::Refused(refusal) => Failure::refused(refusal),
            PlanError::Git(error) => Failure::git(error),
        })?;
        Ok(PlanContext { git, renderer, planned, request })
    }

    fn request(&self) -> Result<Request, Failure> {
        let mut arguments = std::collections::BTreeMap::new();
        for (name, value) in &self.arguments {
            if arguments.insert(name.clone(), value.clone()).is_some() {
                let message = format!("the argument `{name}` is given twice");
                return Err(Failure::usage("argument_twice", message, "give it once"));
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
pub fn library(folder: Option<&PathBuf>) -> Result<Library, Failure> {
    folder.map_or_else(
        || Ok(Library::embedded()),
        |folder| {
            Library::read(folder).map_err(|error| {
                let message = chain(&error);
                Failure::usage(
                    "library_unreadable",
                    message,
                    "give a folder that can be read with `--library`",
                )
            })
        },
    )
}

/// A planner over a library.
///
/// # Errors
/// - a procedure or policy is wrong
pub fn planner(library: &Library, gitops_path: &str) -> Result<Planner, Failure> {
    Planner::compile(library, gitops_path.trim_matches('/')).map_err(|error| {
        let place = format!("{}:{}", error.file, error.line);
        let refusal = PlanRefusal::new("library_invalid", error.message, "correct the file at this place");
        Failure::refused(refusal.at(place))
    })
}

impl Failure {
    /// The request was understood and is not carried out.
    pub fn refused(refusal: PlanRefusal) -> Self {
        Self { refusal, exit: 1 }
    }

    /// The command line is wrong.
    pub fn usage(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { refusal: PlanRefusal::new(code, message, remedy), exit: 2 }
    }

    /// Something is wrong here, not with what was asked.
    pub fn fault(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { refusal: PlanRefusal::new("fault", message, remedy), exit: 3 }
    }

    /// A template cannot be rendered.
    pub fn template(error: RenderError) -> Self {
        Self::fault(chain(&error), "correct the template, or leave `--library` out")
    }

    /// A failure of the repository.
    pub fn git(error: GitError) -> Self {
        let message = chain(&error);
        match error {
            GitError::UnknownRevision(_) => {
                Self::usage("unknown_revision", message, "give a branch, tag or commit id with `--base`")
            }
            GitError::NoRepository(_) => {
                Self::usage("no_repository", message, "give the folder of a git repository with `--repo`")
            }
            GitError::NotEditable { .. } => Self::refused(PlanRefusal::new(
                "not_a_regular_file",
                message,
                "put a regular file with the manifest in its place",
            )),
            GitError::BranchExists(_) => Self::refused(PlanRefusal::new(
                "branch_exists",
                message,
                "this request was applied already; look at the branch, or delete it to apply anew",
            )),
            _ => Self::fault(message, "check the repository with `git fsck`"),
        }
    }

    /// Says it: on standard error, or as a `writ.error/v1` object on standard output.
    pub fn say(&self, command: &str, format: Format) -> ExitCode {
        self.say_as(command, format == Format::Json)
    }

    /// The same for commands with formats of their own.
    pub fn say_as(&self, command: &str, is_json: bool) -> ExitCode {
        let PlanRefusal { code, message, place, remedy } = &self.refusal;
        if is_json {
            let error = json!({
                "schema": "writ.error/v1", "code": code, "message": message, "place": place, "remedy": remedy,
            });
            output::tell(format_args!("{error:#}"));
        } else {
            let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
            let bold = anstyle::AnsiColor::Red.on_default().bold();
            output::complain(format_args!("{bold}writ {command}: {code}{bold:#}: {place}{message}"));
            if !remedy.is_empty() {
                output::complain(format_args!("  remedy: {remedy}"));
            }
        }
        ExitCode::from(self.exit)
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
    let wrong = || "not a time like 2026-08-22T10:30:00Z".to_owned();
    let moment: Timestamp = text.parse().map_err(|_| wrong())?;
    if moment.as_second() < 0 {
        return Err("times before 1970 cannot be dates of commits".to_owned());
    }
    Timestamp::from_second(moment.as_second()).map_err(|_| wrong())
}

fn this_minute() -> Timestamp {
    let now = SystemClock.now();
    Timestamp::from_second(now.as_second() / 60 * 60).unwrap_or(now)
}

/// An error with its sources, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}
