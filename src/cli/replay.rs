//! `writ replay`: plans and judges past runs again, from what was recorded of them.
//!
//! Exit codes: 0 the same · 1 something else, or not replayable · 2 usage · 3 fault.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::audit::database::Database;
use super::failure::Failure;
use super::output;
use super::terminal::ListFormat;
use crate::domain::names::{RepositoryName, RunId};
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::text::{error_chain, for_terminal};
use crate::ports::git::{Git, Repository};
use crate::ports::library::Library;
use crate::ports::store::{Run, RunView as _, SqliteStore};
use crate::service::materials::PROGRAM;
use crate::service::replay::{ReplayError, ReplayResult, ReplaySubject, Replayed, Replayer};

/// Which runs are replayed, and how.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The run's id.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    run: Option<String>,
    /// Replay every run that has planned something, or judged a pull request.
    #[arg(long)]
    all: bool,
    /// A folder of policies to lay over those of that day: say which decisions they would alter.
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The repository that has the bases. Default: the server's mirror, beside the database.
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    #[command(flatten)]
    database: Database,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

/// Runs it.
pub(crate) fn run(arguments: &ReplayArguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let replayed = runtime
        .map_err(|error| Failure::fault(Refusal::because(reason::RUNTIME, error, "try again")))
        .and_then(|runtime| runtime.block_on(arguments.replay()));
    match replayed {
        Ok(report) => {
            let exit = if report.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            let text = match arguments.format {
                ListFormat::Text => report.in_words(),
                ListFormat::Json => format!("{:#}\n", report.described()),
            };
            output::finish("replay", &text, exit)
        }
        Err(failure) => failure.say("replay", arguments.format.into()),
    }
}

/// The runs that were replayed, newest first.
struct Report {
    runs: Vec<(RunId, Replayed)>,
    policies: Option<std::collections::BTreeMap<String, String>>,
}

impl ReplayArguments {
    async fn replay(&self) -> Result<Report, Failure> {
        let policies = self.policies()?;
        let store = self.database.open().await?;
        let runs = self.runs(&store).await?;
        let mut replayer = Replayer::new(&store, policies);
        let mut replayed = Vec::new();
        for run in runs {
            let git = self.clone_of(&run.subject.repository);
            let result = replayer.replay(&run, git).await.map_err(|error| self.failure(error))?;
            match result {
                Some(result) => replayed.push((run.id, result)),
                None if self.all => {}
                None => {
                    let problem = format!("run `{}` has neither planned nor judged anything", run.id);
                    let remedy = "`writ audit show RUN` shows what it did";
                    return Err(Failure::refused(Refusal::new(reason::NOT_REPLAYABLE, problem, remedy)));
                }
            }
        }
        Ok(Report { runs: replayed, policies: replayer.policies })
    }

    fn policies(&self) -> Result<Option<std::collections::BTreeMap<String, String>>, Failure> {
        let Some(folder) = &self.policies else { return Ok(None) };
        let remedy = "give a folder with policies, such as `policies/` of a library";
        let policies = Library::read_policies(folder)
            .map_err(|error| Failure::usage(Refusal::because(reason::LIBRARY_UNREADABLE, error, remedy)))?;
        if policies.is_empty() {
            let problem = format!("`{}` has no file", folder.display());
            return Err(Failure::usage(Refusal::new(reason::LIBRARY_UNREADABLE, problem, remedy)));
        }
        Ok(Some(policies))
    }

    async fn runs(&self, store: &SqliteStore) -> Result<Vec<Run>, Failure> {
        let fault = |error| self.database.failure(&error);
        let Some(typed) = &self.run else { return store.runs(u32::MAX).await.map_err(fault) };
        let run: RunId = typed.parse().map_err(|error| {
            let remedy = "`/status` and the run's page show its id";
            Failure::usage(Refusal::because(reason::UNKNOWN_RUN, error, remedy))
        })?;
        match store.run(&run).await.map_err(fault)? {
            Some(run) => Ok(vec![run]),
            None => {
                let problem = format!("`{}` has no run `{run}`", self.database.database.display());
                let remedy = "check the id and the database";
                Err(Failure::refused(Refusal::new(reason::UNKNOWN_RUN, problem, remedy)))
            }
        }
    }

    /// The repository that was given, else the server's mirror beside the database; `None` where there is neither.
    fn clone_of(&self, name: &RepositoryName) -> Option<Arc<dyn Git>> {
        let mirror = || {
            let data = self.database.database.parent()?;
            Some(data.join("mirrors").join(name.owner()).join(format!("{}.git", name.name())))
        };
        let folder = self.repo.clone().or_else(mirror)?;
        // A folder that is no repository is the same as none: then the run is not replayable.
        Repository::open(&folder).ok().map(|git| Arc::new(git) as Arc<dyn Git>)
    }

    fn failure(&self, error: ReplayError) -> Failure {
        match error {
            ReplayError::Store(error) => self.database.failure(&error),
            ReplayError::Policies(..) => {
                let remedy = "correct the policies in the folder of `--policies`";
                Failure::usage(Refusal::new(reason::LIBRARY_INVALID, error_chain(&error), remedy))
            }
        }
    }
}

impl Report {
    fn is_same(&self) -> bool {
        self.runs.iter().all(|(_, replayed)| matches!(replayed.result, ReplayResult::Same(_)))
    }

    /// The name of a result: with other policies, a decision is altered.
    fn name(&self, result: &ReplayResult) -> &'static str {
        match (result, &self.policies) {
            (ReplayResult::Same(_), _) => "same",
            (ReplayResult::Differs(_), None) => "differs",
            (ReplayResult::Differs(_), Some(_)) => "altered",
            (ReplayResult::NotReplayable(_), _) => "not_replayable",
        }
    }

    fn in_words(&self) -> String {
        let mut text = String::new();
        for (run, replayed) in &self.runs {
            let Replayed { subject, recorded, program, result } = replayed;
            let subject = match subject {
                ReplaySubject::Plan(procedure) => procedure.clone(),
                ReplaySubject::Pull(pull) => format!("pull request #{pull}"),
            };
            let decision = recorded["decision"].as_str().unwrap_or("-");
            let commit = match result {
                ReplayResult::Same(Some(commit)) => format!("  commit {commit}"),
                _ => String::new(),
            };
            let name = self.name(result);
            // OK because writing to a String cannot fail.
            let _ = writeln!(text, "{name:<14}  {run}  {subject}  {decision}{commit}");
            for line in lines(result) {
                let _ = writeln!(text, "                {}", for_terminal(line));
            }
            if let Some(program) = program.as_deref().filter(|program| *program != PROGRAM) {
                let _ = writeln!(text, "                decided by {}", for_terminal(program));
            }
        }
        let counts: Vec<String> =
            self.counts().iter().map(|(name, count)| format!("{count} {name}")).collect();
        let _ = writeln!(text, "{} replayed: {}", self.runs.len(), counts.join(", "));
        text
    }

    fn described(&self) -> Value {
        let run = |(run, replayed): &(RunId, Replayed)| {
            let commit = match &replayed.result {
                ReplayResult::Same(commit) => commit.as_ref(),
                _ => None,
            };
            let (procedure, pull) = match &replayed.subject {
                ReplaySubject::Plan(procedure) => (Some(procedure), None),
                ReplaySubject::Pull(pull) => (None, Some(pull)),
            };
            json!({
                "run": run,
                "procedure": procedure,
                "pull": pull,
                "result": self.name(&replayed.result),
                "code": replayed.result.code(self.policies.as_ref()),
                "decision": replayed.recorded["decision"],
                "commit": commit,
                "planned_by": replayed.program,
                "differences": lines(&replayed.result),
            })
        };
        let counts: serde_json::Map<String, Value> =
            self.counts().into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        json!({
            "schema": "writ.replay/v1",
            "replayed_by": PROGRAM,
            "runs": self.runs.iter().map(run).collect::<Vec<_>>(),
            "counts": counts,
        })
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        let names = if self.policies.is_some() { ["same", "altered"] } else { ["same", "differs"] };
        let count = |name: &str| self.runs.iter().filter(|(_, run)| self.name(&run.result) == name).count();
        names.into_iter().chain(["not_replayable"]).map(|name| (name, count(name))).collect()
    }
}

/// What is said of a result, line by line.
fn lines(result: &ReplayResult) -> &[String] {
    match result {
        ReplayResult::Same(_) => &[],
        ReplayResult::Differs(differences) => differences,
        ReplayResult::NotReplayable(why) => std::slice::from_ref(why),
    }
}
