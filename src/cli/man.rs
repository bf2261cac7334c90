//! `writ man DIR`: a man page for each command, from the same definition as `--help`.
//!
//! Exit codes: 0 written · 2 usage · 3 a file cannot be written.

use std::path::PathBuf;
use std::process::ExitCode;

use super::output;

/// The arguments of `writ man`.
#[derive(Debug, clap::Args)]
pub(super) struct ManArguments {
    /// The folder, made where there is none: `man -l DIR/writ.1` shows the first page.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes the pages of `program`.
pub(super) fn run(arguments: &ManArguments, program: clap::Command) -> ExitCode {
    let folder = &arguments.folder;
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(program, folder));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(format_args!("writ man: `{}` cannot be written: {error}", folder.display()));
            ExitCode::from(3)
        }
    }
}
