//! `writ config check`: every setting, its value, where it came from, and everything that is wrong; then keys, remotes
//! and folders are tried out.
//!
//! Exit codes: 0 the settings hold · 2 they do not · 3 a fault.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::failure::{Failure, Form};
use super::library::{usual_gitops_path, watched_words};
use super::output;
use super::probe::{Probe, Reach, probe};
use super::settings::{Explained, Flags, Problems, SECRETS, Settings, SettingsError, TABLE, problems};
use super::terminal::ListFormat;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::text::{error_chain, lines_for_terminal};

/// What can be done with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Validate the settings, print each one's value, source and meaning, and try out keys, remotes and paths.
    Check(CheckedSettings),
}

/// The settings to check.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckedSettings {
    #[command(flatten)]
    flags: Flags,
    /// Ask no other machine and no repository: only read the settings and keys.
    #[arg(long)]
    offline: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

/// What was found.
struct Found {
    settings: Option<(Settings, Vec<Explained>)>,
    problems: Problems,
    probes: Vec<Probe>,
}

/// Runs it.
pub(crate) fn run(command: &ConfigCommand) -> ExitCode {
    let ConfigCommand::Check(checked) = command;
    let found = match Found::of(checked) {
        Ok(found) => found,
        Err(failure) => return failure.say("config", Form::json_if(checked.format == ListFormat::Json)),
    };
    let exit = if found.holds() { ExitCode::SUCCESS } else { ExitCode::from(2) };
    match checked.format {
        ListFormat::Json => output::finish("config", &format!("{:#}\n", found.described()), exit),
        ListFormat::Text => {
            found.complain();
            output::finish("config", &found.explained(), exit)
        }
    }
}

impl Found {
    fn of(checked: &CheckedSettings) -> Result<Self, Failure> {
        let variables: Vec<String> =
            std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
        let mut problems = problems(&checked.flags.sources(), &variables);
        let settings = match checked.flags.load() {
            Ok(settings) => Some(settings),
            Err(error) if problems.errors.is_empty() => {
                problems.errors.push(error);
                None
            }
            Err(_) => None,
        };
        let probes = match &settings {
            Some((settings, _)) if problems.errors.is_empty() => {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
                let runtime = runtime
                    .map_err(|error| Failure::fault(Refusal::because(reason::RUNTIME, error, "try again")))?;
                let reach = if checked.offline { Reach::Keys } else { Reach::Repositories };
                runtime.block_on(probe(settings, reach))
            }
            _ => Vec::new(),
        };
        Ok(Self { settings, problems, probes })
    }

    fn holds(&self) -> bool {
        self.problems.errors.is_empty() && self.probes.iter().all(|probe| probe.ok)
    }

    /// Says on standard error what is wrong.
    fn complain(&self) {
        for error in &self.problems.errors {
            let message = lines_for_terminal(&error_chain(error));
            output::complain(format_args!("writ config: {message}"));
        }
        for name in &self.problems.unread {
            output::complain(format_args!("writ config: note: nobody reads the variable `{name}`"));
        }
        for probe in self.probes.iter().filter(|probe| !probe.ok) {
            let found = lines_for_terminal(&probe.found);
            output::complain(format_args!("writ config: {}: {found}", probe.what));
        }
    }

    fn explained(&self) -> String {
        let Some((settings, explained)) = &self.settings else { return String::new() };
        let mut text = explain(settings, explained);
        for probe in self.probes.iter().filter(|probe| probe.ok) {
            text.push_str(&format!("{:<20} {}\n", probe.what, lines_for_terminal(&probe.found)));
        }
        text
    }

    /// `writ.config/v1`.
    fn described(&self) -> Value {
        let row = |found: &Explained| {
            json!({
                "key": found.row.key, "value": found.value, "source": found.source.to_string(),
                "meaning": found.row.meaning,
            })
        };
        let problem = |error: &SettingsError| {
            let (code, place, remedy) = error.told();
            json!({"code": code, "message": error_chain(error), "place": place.to_string(), "remedy": remedy})
        };
        json!({
            "schema": "writ.config/v1",
            "ok": self.holds(),
            "problems": self.problems.errors.iter().map(problem).collect::<Vec<_>>(),
            "unread_variables": self.problems.unread,
            "settings": self.settings.iter().flat_map(|(_, explained)| explained).map(row).collect::<Vec<_>>(),
            "repositories": self.settings.iter().flat_map(|(settings, _)| &settings.repositories).collect::<Vec<_>>(),
            "probes": self.probes,
        })
    }
}

fn explain(settings: &Settings, explained: &[Explained]) -> String {
    let mut text = String::new();
    for row in TABLE {
        let Some(found) = explained.iter().find(|found| found.row.key == row.key) else { continue };
        let value = found.value.as_deref().unwrap_or("(not set)");
        text.push_str(&format!("{:<20} {value}  [{}]\n{:<20} {}\n", row.key, found.source, "", row.meaning));
    }
    let usual = usual_gitops_path(settings);
    for (index, repository) in settings.repositories.iter().enumerate() {
        let (name, remote, base) = (&repository.name, &repository.remote, &repository.base);
        let path = repository.gitops_path.as_deref().unwrap_or(&usual);
        text.push_str(&format!(
            "repositories[{index}]      {name}: `{path}` on `{base}` of {remote}  [file]\n{:<20} watches {}\n",
            "",
            watched_words(settings, repository)
        ));
    }
    text.push_str(&format!("secrets              {} active\n", settings.secrets.count()));
    for (variable, meaning) in SECRETS {
        text.push_str(&format!("{:<20} ${variable}: {meaning}\n", ""));
    }
    text
}
