//! Floor 4: the terminal: commands, settings, wiring. The only reader of the environment.
//!
//! Exit codes: 0 done · 1 denied, refused, or no change · 2 usage · 3 fault.

mod apply;
mod audit;
mod check;
mod config;
mod demo;
mod diff;
mod docs;
mod examples;
mod failure;
mod file;
mod judge_heads;
mod library;
mod man;
mod output;
mod paint;
mod patch;
mod plan;
mod policies;
mod probe;
mod procedures;
mod replay;
mod serve;
pub mod settings;
mod terminal;
mod version;
pub mod wiring;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "writ",
    version = version::VERSION,
    about = "Turns a comment into an audited GitOps pull request that changes no other byte"
)]
struct Arguments {
    #[command(subcommand)]
    command: CliCommand,
}

/// The commands. Each lives in its own file.
#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run the whole workflow on this machine, without an account or network.
    Demo(demo::DemoArguments),
    /// Serve webhooks, pages and metrics, each on its own port, and process commands.
    Serve(settings::Flags),
    /// List the procedures, or show one in full.
    Procedures(procedures::Selected),
    /// Show what a procedure would change and the policy verdict; write nothing.
    Plan(terminal::PlanArguments),
    /// Plan, and commit the plan to a new branch of the local repository.
    Apply(terminal::PlanArguments),
    /// Evaluate the policies on a change, locally or in CI.
    Check(check::CheckArguments),
    /// List the policies, explain a reason code, run the rules' own tests, or judge past changes again.
    Policies(policies::PoliciesArguments),
    /// List the procedures, policies and templates in use, and say which are not the embedded ones.
    #[command(subcommand)]
    Library(library::LibraryCommand),
    /// Inspect the settings.
    Config {
        /// The subcommand.
        #[command(subcommand)]
        command: config::ConfigCommand,
    },
    /// Apply an RFC 6902 patch to a YAML or JSON file; change no other byte.
    Patch(patch::PatchArguments),
    /// Compare two YAML or JSON files by object and field, also as an RFC 6902 patch.
    Diff(diff::DiffArguments),
    /// Show and verify what the ledger recorded.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Plan and judge past runs again, from what was recorded of them; with other policies, say what would change.
    Replay(replay::ReplayArguments),
    /// Write a man page for each command into a folder.
    Man(man::ManArguments),
    /// Fill the generated parts of Markdown files.
    #[command(hide = true)]
    Docs(docs::DocsArguments),
    /// Judge heads for the server, in a process of its own.
    #[command(hide = true)]
    JudgeHeads(judge_heads::JudgeHeadsArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the program on the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let mut program = examples::with_examples(Arguments::command());
    let read = program.try_get_matches_from_mut(std::env::args_os());
    let arguments = match read.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(said) => return answer_of(&said.format(&mut program)),
    };
    match arguments.command {
        CliCommand::Demo(arguments) => demo::run(&arguments),
        CliCommand::Serve(flags) => serve::run(&flags),
        CliCommand::Procedures(selected) => procedures::run(&selected),
        CliCommand::Plan(arguments) => plan::run(&arguments),
        CliCommand::Apply(arguments) => apply::run(&arguments),
        CliCommand::Check(arguments) => check::run(&arguments),
        CliCommand::Policies(arguments) => policies::run(&arguments),
        CliCommand::Library(command) => library::run(&command),
        CliCommand::Config { command } => config::run(&command),
        CliCommand::Patch(arguments) => patch::run(&arguments),
        CliCommand::Diff(arguments) => diff::run(&arguments),
        CliCommand::Audit(command) => audit::run(&command),
        CliCommand::Replay(arguments) => replay::run(&arguments),
        CliCommand::Man(arguments) => man::run(&arguments, examples::with_examples(Arguments::command())),
        CliCommand::Docs(arguments) => docs::run(&arguments, &Arguments::command()),
        CliCommand::JudgeHeads(arguments) => judge_heads::run(&arguments),
        CliCommand::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "writ", &mut script);
            output::finish("completions", &String::from_utf8_lossy(&script), ExitCode::SUCCESS)
        }
    }
}

/// What the parser of the command line says instead of a command: a help or version that was asked for, or a mistake.
fn answer_of(said: &clap::Error) -> ExitCode {
    let text = said.render().ansi().to_string();
    if said.use_stderr() {
        output::complain(text.trim_end());
        return ExitCode::from(2);
    }
    output::finish("help", &text, ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::examples::{lines, with_examples};
    use super::*;

    /// The words of a command line; quotes join words.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                letter => words.last_mut().unwrap().push(letter),
            }
        }
        words
    }

    #[test]
    fn every_example_is_a_command_line() {
        for line in lines() {
            let line = line.rsplit(" | ").next().unwrap();
            let read = Arguments::try_parse_from(words(line));
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
        }
    }

    #[test]
    fn every_command_has_examples() {
        fn missing(command: &clap::Command, path: &str, found: &mut Vec<String>) {
            for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
                let path = format!("{path} {}", inner.get_name());
                if inner.has_subcommands() {
                    missing(inner, &path, found);
                } else if inner.get_after_help().is_none() {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        missing(&with_examples(Arguments::command()), "writ", &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
}
