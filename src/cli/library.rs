//! `writ library`: the files that writ is driven by, and which of them are not the embedded ones.
//!
//! `check` and `serve` say the same of the library that they use. Exit codes: 0 listed · 2 usage · 3 a file is
//! wrong, or a rule is missing.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::domain::target::TargetProfile;
use crate::ports::library::{Library, LibraryFile, LibraryOrigin};

use super::failure::Failure;
use super::output;
use super::settings::{RepositorySettings, Settings};
use super::terminal::{self, ListFormat, Shown};

/// What can be done with the library.
#[derive(Debug, Subcommand)]
pub(super) enum LibraryCommand {
    /// List its files: embedded, replaced or added; and check that no rule is missing.
    List(Shown),
}

/// Runs it.
pub(super) fn run(command: &LibraryCommand) -> ExitCode {
    let LibraryCommand::List(shown) = command;
    match list(shown) {
        Ok(text) => output::finish("library", &text, ExitCode::SUCCESS),
        Err(failure) => failure.say("library", shown.format.into()),
    }
}

/// Says on standard error what a folder changes of the embedded library; nothing where there is no folder.
pub(super) fn note(library: &Library) {
    for note in library.notes() {
        output::complain(format_args!("writ: library: {note}"));
    }
}

/// The same in the log of the server, with the digest that its records will name.
pub(super) fn log(library: &Library) {
    for note in library.notes() {
        tracing::info!(digest = library.digest(), "library: {note}");
    }
}

/// What a repository watches, for people: its own patterns, else those of the library's target, as far as it can be read.
pub(super) fn watched_words(settings: &Settings, repository: &RepositorySettings) -> String {
    let patterns = repository.watch.clone().or_else(|| Some(target(settings)?.watch));
    match patterns.unwrap_or_default().as_slice() {
        [] => "nothing".to_owned(),
        patterns => patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", "),
    }
}

/// The library's target, where it can be read.
fn target(settings: &Settings) -> Option<TargetProfile> {
    let library = settings.server.library.as_deref().map_or_else(|| Ok(Library::embedded()), Library::read);
    library.ok().and_then(|library| TargetProfile::load(&library.policies).ok())
}

/// The GitOps path of repositories that name none: that of the library's target, as far as it can be read.
pub(super) fn usual_gitops_path(settings: &Settings) -> String {
    target(settings)
        .map_or_else(|| "(not known: the library cannot be read)".to_owned(), |target| target.gitops_path)
}

fn list(shown: &Shown) -> Result<String, Failure> {
    let library = terminal::library(shown.library.as_ref())?;
    if let Err(failure) = terminal::planner(&library, None) {
        note(&library);
        return Err(failure);
    }
    Ok(match shown.format {
        ListFormat::Text => in_words(&library),
        ListFormat::Json => format!("{:#}\n", described(&library)),
    })
}

fn in_words(library: &Library) -> String {
    let mut text = String::new();
    for file in library.files() {
        let from = folder_of(library, &file).map_or_else(String::new, |folder| format!("  from {folder}"));
        text.push_str(&format!("{:<8}  {}{from}\n", origin(file.origin), file.path));
    }
    if let (Some(folder), missing @ [_, ..]) = (library.folder(), library.missing()) {
        let missing: Vec<String> = missing.iter().map(|part| format!("`{part}/`")).collect();
        text.push_str(&format!("`{}` has no file in {}\n", folder.display(), missing.join(", ")));
    }
    text.push_str(&format!("digest    {}\n", library.digest()));
    text
}

fn described(library: &Library) -> Value {
    let file = |file: LibraryFile| {
        let from = folder_of(library, &file);
        json!({"path": file.path, "origin": origin(file.origin), "from": from, "sha256": file.sha256})
    };
    json!({
        "schema": "writ.library/v1",
        "digest": library.digest(),
        "folder": library.folder().map(|folder| folder.display().to_string()),
        "missing": library.missing(),
        "files": library.files().into_iter().map(file).collect::<Vec<_>>(),
    })
}

fn folder_of(library: &Library, file: &LibraryFile) -> Option<String> {
    let folder = library.folder().filter(|_| file.origin != LibraryOrigin::Embedded)?;
    Some(folder.display().to_string())
}

fn origin(origin: LibraryOrigin) -> &'static str {
    match origin {
        LibraryOrigin::Embedded => "embedded",
        LibraryOrigin::Replaced => "replaced",
        LibraryOrigin::Added => "added",
    }
}
