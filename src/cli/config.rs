//! `writ config check`: every setting, its value, where it came from, and what is wrong.
//!
//! Exit codes: 0 the settings hold · 2 they do not.

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::{Failure, Form};
use super::library::usual_gitops_path;
use super::output;
use super::settings::{Explained, Flags, SECRETS, Settings, TABLE};

/// What can be done with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Validate the settings, and print each one's value, source and meaning.
    Check(Flags),
}

/// Runs it.
pub(crate) fn run(command: &ConfigCommand) -> ExitCode {
    let ConfigCommand::Check(flags) = command;
    match flags.load() {
        Ok((settings, explained)) => {
            output::finish("config", &explain(&settings, &explained), ExitCode::SUCCESS)
        }
        Err(error) => Failure::usage(error).say("config", Form::Message),
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
            "repositories[{index}]      {name}: `{path}` on `{base}` of {remote}  [file]\n"
        ));
    }
    text.push_str(&format!("secrets              {:?}\n", settings.secrets));
    for (variable, meaning) in SECRETS {
        text.push_str(&format!("{:<20} ${variable}: {meaning}\n", ""));
    }
    text
}
