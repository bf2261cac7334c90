//! `writ diff`: what differs between two YAML or JSON files, by object and by name, not by line.
//!
//! Exit codes: 0 done, whether or not they differ · 1 they differ, with `--exit-code` · 2 usage, which includes files
//! that cannot be compared · 3 fault. Comments, quotes, the order of keys and other spelling make no difference.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use json_patch::PatchOperation;
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use super::failure::{Failure, Form};
use super::file::{self, FileError, located};
use super::output;
use crate::domain::change::{self, Change, StreamPatch};
use crate::domain::manifest::{DocumentName, Manifest};
use crate::domain::policy::redact_secrets;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::text::for_terminal;

/// What `writ diff` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DiffArguments {
    /// The old file; `-` reads standard input.
    before: PathBuf,
    /// The new file; `-` reads standard input.
    after: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    format: DiffFormat,
    /// Exit with 1 if the files differ.
    #[arg(long)]
    exit_code: bool,
}

/// How a difference is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// Text for a terminal.
    Text,
    /// JSON, `writ.diff/v1`.
    Json,
    /// RFC 6902, for `writ patch`; where a file has several documents, each operation names its own.
    JsonPatch,
}

/// Runs it.
pub(crate) fn run(arguments: &DiffArguments) -> ExitCode {
    match compare(arguments) {
        Ok(true) if arguments.exit_code => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        Err(failure) => failure.say("diff", Form::Remedy),
    }
}

/// Prints the difference; gives whether there is one.
fn compare(arguments: &DiffArguments) -> Result<bool, Failure> {
    if file::is_standard_input(&arguments.before) && file::is_standard_input(&arguments.after) {
        let message = "both files cannot be standard input";
        return Err(Failure::usage(Refusal::new(reason::STANDARD_INPUT_TAKEN, message, "give a file")));
    }
    let [before, after] = [manifest(&arguments.before)?, manifest(&arguments.after)?];
    let mut changes = change::between(&arguments.before.display().to_string(), &before, &after);
    // A patch has to be exact; what is for reading needs no secrets.
    redact_secrets(&mut changes);
    let patch = change::patch(&before, &after);
    match arguments.format {
        DiffFormat::Text => print(&text(&changes, &patch))?,
        DiffFormat::Json => file::print(&format!("{:#}\n", json(arguments, &changes, &patch)))?,
        DiffFormat::JsonPatch => {
            file::print(&json_patch(&patch, before.objects.len() > 1)?)?;
            if patch.is_reordered {
                output::complain(
                    "writ diff: the objects are in a different order, which no patch can change",
                );
            }
        }
    }
    Ok(!changes.is_empty() || patch.is_reordered)
}

fn manifest(path: &Path) -> Result<Manifest, Failure> {
    // A file that cannot be compared is a wrong argument here, whatever is wrong with it.
    let text = file::read(path).map_err(Failure::usage)?;
    Manifest::parse(&text).map_err(|refusal| Failure::usage(located(path, refusal)))
}

/// Prints a text in colour.
fn print(text: &str) -> Result<(), FileError> {
    output::print(text).map_err(|source| FileError::Write { what: "standard output".to_owned(), source })
}

fn text(changes: &[Change], patch: &StreamPatch) -> String {
    let mut text = String::new();
    let mut object = None;
    for change in changes {
        if object != Some(&change.document) {
            object = Some(&change.document);
            let bold = anstyle::Style::new().bold();
            text.push_str(&format!("{bold}{}{bold:#}\n", object_name(&change.document)));
        }
        let pointer = match change.pointer.as_str() {
            "" => "(all of it)".to_owned(),
            pointer => for_terminal(pointer),
        };
        match (&change.before, &change.after) {
            (Some(before), Some(after)) => changed(&mut text, &pointer, before, after),
            (Some(before), None) => {
                coloured(&mut text, '-', &for_terminal(&format!("  - {pointer}  {before}")));
            }
            (None, after) => {
                let after = after.as_ref().unwrap_or(&Value::Null);
                coloured(&mut text, '+', &for_terminal(&format!("  + {pointer}  {after}")));
            }
        }
    }
    if patch.is_reordered {
        text.push_str("the objects are in a different order\n");
    }
    text
}

/// A value that changed; texts of lines and lists as what differs in them.
fn changed(text: &mut String, pointer: &str, before: &Value, after: &Value) {
    let (Some(old), Some(new)) = (parts(before), parts(after)) else {
        let (red, green) = (style('-'), style('+'));
        let [before, after] = [before, after].map(|value| for_terminal(&value.to_string()));
        text.push_str(&format!("  ~ {pointer}  {red}{before}{red:#} -> {green}{after}{green:#}\n"));
        return;
    };
    // Lists of one length are compared item by item, so this one can only be the names in another order.
    let is_order = before.is_array() && old.len() == new.len();
    text.push_str(&format!("  ~ {pointer}{}\n", if is_order { "  (order)" } else { "" }));
    let [old, new] = [&old, &new].map(|parts| parts.iter().map(String::as_str).collect::<Vec<_>>());
    let difference = TextDiff::from_slices(&old, &new);
    for group in difference.grouped_ops(1) {
        for line in group.iter().flat_map(|part| difference.iter_changes(part)) {
            let sign = match line.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            coloured(text, sign, &format!("    {sign} {}", for_terminal(line.value())));
        }
    }
}

/// The lines of a text, or the items of a list; `None` for what is shown as a whole.
fn parts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) if text.contains('\n') => Some(text.lines().map(str::to_owned).collect()),
        Value::Array(items) => Some(items.iter().map(Value::to_string).collect()),
        _ => None,
    }
}

fn coloured(text: &mut String, sign: char, line: &str) {
    let style = style(sign);
    text.push_str(&format!("{style}{line}{style:#}\n"));
}

fn style(sign: char) -> anstyle::Style {
    match sign {
        '-' => anstyle::AnsiColor::Red.on_default(),
        '+' => anstyle::AnsiColor::Green.on_default(),
        _ => anstyle::Style::new(),
    }
}

fn object_name(name: &DocumentName) -> String {
    match (name.kind.as_str(), name.name.as_str()) {
        ("", "") => "(object without kind and name)".to_owned(),
        (kind, name) => for_terminal(format!("{kind} {name}").trim()),
    }
}

fn json(arguments: &DiffArguments, changes: &[Change], patch: &StreamPatch) -> Value {
    let change = |change: &Change| {
        let mut shown = json!({
            "document": change.document,
            "pointer": change.pointer,
            "change": match (&change.before, &change.after) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            },
        });
        // What is not there has no member, so that it differs from `null`.
        for (side, value) in [("before", &change.before), ("after", &change.after)] {
            if let Some(value) = value {
                shown[side] = value.clone();
            }
        }
        shown
    };
    json!({
        "schema": "writ.diff/v1",
        "before": arguments.before.display().to_string(),
        "after": arguments.after.display().to_string(),
        "differs": !changes.is_empty() || patch.is_reordered,
        "reordered": patch.is_reordered,
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
    })
}

/// The operations, one a line; each with its document where the file has several.
fn json_patch(patch: &StreamPatch, has_several: bool) -> Result<String, Failure> {
    for (what, objects) in [("adds", &patch.added), ("removes", &patch.removed)] {
        if let Some(object) = objects.first() {
            let message =
                format!("no patch of one document {what} the whole object `{}`", object_name(object));
            let remedy = "use `--format text` or `json`, which show it";
            return Err(Failure::usage(Refusal::new(reason::WHOLE_OBJECT, message, remedy)));
        }
    }
    let operation = |document: usize, operation: &PatchOperation| {
        let mut shown = json!(operation);
        if has_several {
            shown["document"] = document.into();
        }
        format!("  {shown}")
    };
    let operations = patch
        .documents
        .iter()
        .flat_map(|(document, patch)| patch.0.iter().map(|one| operation(*document, one)));
    let operations: Vec<String> = operations.collect();
    Ok(if operations.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", operations.join(",\n")) })
}
