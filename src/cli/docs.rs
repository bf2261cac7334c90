//! `writ docs`: fills the generated parts of Markdown files from the code, or says that they have drifted.
//!
//! A part is what is between `<!-- generated: NAME -->` and `<!-- end -->`. Hidden from the help: for developers.
//! Exit codes: 0 as it should be · 1 `--check` found drift · 2 an unknown part · 3 a file cannot be read or written.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::output;
use super::settings::{SECRETS, TABLE};
use crate::domain::command::table;
use crate::domain::lane::Lanes;
use crate::domain::policy::Policies;
use crate::domain::procedure::Catalogue;
use crate::domain::reason::{Area, definitions, renamings};
use crate::domain::yaml::Reason;
use crate::ports::library::Library;

const END: &str = "<!-- end -->";

/// The arguments of `writ docs`.
#[derive(Debug, clap::Args)]
pub(crate) struct DocsArguments {
    /// The Markdown files. Default: all of the repository in the working directory, where each policy must have its page.
    files: Vec<PathBuf>,
    /// Change nothing; exit 1 when a file is not as it would be written.
    #[arg(long)]
    check: bool,
}

/// Runs it; `program` is the command line that the table of commands describes.
pub(crate) fn run(arguments: &DocsArguments, program: &clap::Command) -> ExitCode {
    match fill_all(arguments, program) {
        Ok(drifted) if drifted.is_empty() => ExitCode::SUCCESS,
        Ok(drifted) => {
            for file in drifted {
                output::complain(format_args!(
                    "writ docs: {} has drifted; run `writ docs {0}`",
                    file.display()
                ));
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            output::complain(format_args!("writ docs: {error:#}"));
            ExitCode::from(3)
        }
    }
}

/// Fills each file; gives those that were, or under `--check` would be, changed and were not to be.
fn fill_all(arguments: &DocsArguments, program: &clap::Command) -> anyhow::Result<Vec<PathBuf>> {
    let mut drifted = Vec::new();
    let files = if arguments.files.is_empty() { all_files()? } else { arguments.files.clone() };
    for file in &files {
        let place = || format!("`{}`", file.display());
        let before = std::fs::read_to_string(file).with_context(place)?;
        let after = fill(&before, program).with_context(place)?;
        if after == before {
            continue;
        }
        if arguments.check {
            drifted.push(file.clone());
        } else {
            std::fs::write(file, after).with_context(place)?;
        }
    }
    Ok(drifted)
}

/// README, and the files of `docs` with the page of each policy, which may not be there.
fn all_files() -> anyhow::Result<Vec<PathBuf>> {
    let mut files = vec![PathBuf::from("README.md")];
    for folder in ["docs", "docs/policies"] {
        for entry in std::fs::read_dir(folder).with_context(|| format!("`{folder}`"))? {
            files.push(entry.with_context(|| format!("`{folder}`"))?.path());
        }
    }
    files.retain(|file| file.extension().is_some_and(|end| end == "md"));
    let pages = compiled()?;
    files.extend(
        pages.policies().iter().map(|policy| PathBuf::from(format!("docs/policies/{}.md", policy.name))),
    );
    files.sort();
    files.dedup();
    Ok(files)
}

/// The text with each generated part made anew.
fn fill(text: &str, program: &clap::Command) -> anyhow::Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!-- generated: ") {
        let (name, inside) = after.split_once(" -->\n").context("unterminated marker")?;
        let (_, behind) = inside.split_once(END).with_context(|| format!("part `{name}` has no `{END}`"))?;
        write!(out, "{before}<!-- generated: {name} -->\n{}{END}", part(name, program)?)?;
        rest = behind;
    }
    Ok(out + rest)
}

fn part(name: &str, program: &clap::Command) -> anyhow::Result<String> {
    match name {
        "commands" => Ok(table::markdown()),
        "cli" => Ok(cli(program)),
        "settings" => Ok(settings()),
        "secrets" => Ok(secrets()),
        "procedures" => procedures(&Library::embedded()),
        "policies" => Ok(policies(&compiled()?, "docs/policies")),
        "policies, seen from docs" => Ok(policies(&compiled()?, "policies")),
        name if name.starts_with("policy ") => policy_page(&compiled()?, &name["policy ".len()..]),
        "lanes" => lanes(&Library::embedded()),
        "yaml-reasons" => Ok(yaml_reasons()),
        "reasons" => Ok(reasons()),
        "reasons of policies" => Ok(reasons_of_policies(&compiled()?)),
        "reasons of procedures" => reasons_of_procedures(&Library::embedded()),
        "renamed reasons" => Ok(renamed_reasons()),
        _ => bail!("there is no part `{name}`"),
    }
}

fn compiled() -> anyhow::Result<Policies> {
    Ok(Policies::compile(&Library::embedded().policies)?)
}

fn cli(program: &clap::Command) -> String {
    let mut text = String::from("| command | description |\n| --- | --- |\n");
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        let inner: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
        let name = command.get_name();
        let name = if inner.is_empty() { name.to_owned() } else { format!("{name} {}", inner.join("\\|")) };
        // OK because writing to a String cannot fail.
        let _ = writeln!(text, "| `writ {name}` | {} |", about(command));
    }
    text
}

fn about(command: &clap::Command) -> String {
    command.get_about().map_or_else(String::new, |about| format!("{about}."))
}

fn settings() -> String {
    let mut text = String::from("| setting | environment | default | meaning |\n| --- | --- | --- | --- |\n");
    for row in TABLE {
        let default = row.default.map_or_else(String::new, |default| format!("`{default}`"));
        let _ = writeln!(text, "| `{}` | `{}` | {default} | {} |", row.key, row.variable, row.meaning);
    }
    text
}

fn secrets() -> String {
    let mut text = String::from("| environment | secret |\n| --- | --- |\n");
    for (variable, meaning) in SECRETS {
        let _ = writeln!(text, "| `{variable}` | {meaning} |");
    }
    text
}

fn yaml_reasons() -> String {
    let mut text = String::from("| reason | remedy |\n| --- | --- |\n");
    for reason in Reason::ALL {
        let _ = writeln!(text, "| `{reason}` | {} |", reason.remedy());
    }
    text
}

/// The codes of the program itself, a table for each part of it.
fn reasons() -> String {
    let mut text = String::new();
    for area in Area::ALL {
        let _ = write!(text, "## Codes of {}\n\n", area.title());
        text.push_str("| code | meaning | what to do |\n| --- | --- | --- |\n");
        for row in definitions().filter(|row| row.area == area) {
            let (meaning, remedy) = (cell(row.meaning), cell(row.remedy));
            let _ = writeln!(text, "| `{}` | {meaning} | {remedy} |", row.code);
        }
        text.push('\n');
    }
    text
}

fn reasons_of_policies(policies: &Policies) -> String {
    let mut text = String::from("| code | meaning | policy |\n| --- | --- | --- |\n");
    for policy in policies.policies() {
        for (code, meaning) in &policy.codes {
            let link = format!("[`{0}`](policies/{0}.md)", policy.name);
            let _ = writeln!(text, "| `{code}` | {} | {link} |", cell(meaning));
        }
    }
    text
}

fn reasons_of_procedures(library: &Library) -> anyhow::Result<String> {
    let mut text = String::from("| code | meaning | what to do | procedure |\n| --- | --- | --- | --- |\n");
    for declared in Catalogue::load(&library.patches)?.declared_codes() {
        let (message, remedy) = (cell(declared.message), cell(declared.remedy));
        let _ = writeln!(text, "| `{}` | {message} | {remedy} | `{}` |", declared.code, declared.procedure);
    }
    Ok(text)
}

fn renamed_reasons() -> String {
    let mut text = String::from("| old code | new code |\n| --- | --- |\n");
    for renamed in renamings() {
        let new: Vec<_> = renamed.new.iter().map(|code| format!("`{code}`")).collect();
        let _ = writeln!(text, "| `{}` | {} |", renamed.old, new.join(" or "));
    }
    text
}

/// Text for one cell of a table.
fn cell(text: &str) -> String {
    text.trim().replace('\n', " ").replace('|', "\\|")
}

fn procedures(library: &Library) -> anyhow::Result<String> {
    let mut text =
        String::from("| procedure | risk | description | undone by |\n| --- | --- | --- | --- |\n");
    for (file, source) in &library.patches {
        let procedure: Value = serde_yaml::from_str(source).with_context(|| format!("`patches/{file}`"))?;
        let field = |pointer: &str| {
            procedure.pointer(pointer).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
        };
        let inverse = field("/inverse/procedure");
        let undone = match (inverse.as_str(), field("/needs_no_undo").as_str()) {
            ("", "") => "`/rollback RUN`".to_owned(),
            ("", _) => "needs no undoing".to_owned(),
            (inverse, _) => format!("`{inverse}`"),
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {undone} |",
            field("/name"),
            field("/risk"),
            field("/summary").replace('\n', " "),
        );
    }
    Ok(text)
}

/// Each policy says what it is in its metadata comment, and has a page in `folder` that is made of it.
fn policies(policies: &Policies, folder: &str) -> String {
    let mut text = String::from("| policy | title | reason codes |\n| --- | --- | --- |\n");
    for policy in policies.policies() {
        let codes: Vec<_> = policy.codes.keys().map(|code| format!("`{code}`")).collect();
        let link = format!("[`{0}`]({folder}/{0}.md)", policy.name);
        let _ = writeln!(text, "| {link} | {} | {} |", policy.title, codes.join(" "));
    }
    text
}

/// The page of one policy: what it protects, its codes, an example, what to do, how to change it.
fn policy_page(policies: &Policies, name: &str) -> anyhow::Result<String> {
    let policy = policies
        .policies()
        .iter()
        .find(|policy| policy.name == name)
        .with_context(|| format!("there is no policy `{name}`"))?;
    let mut text = format!("**{}.** {}\n\n", policy.title, policy.description.replace('\n', " "));
    text.push_str("| reason code | meaning |\n| --- | --- |\n");
    for (code, meaning) in &policy.codes {
        let _ = writeln!(text, "| `{code}` | {meaning} |");
    }
    if let Some(example) = &policy.example {
        let _ = write!(
            text,
            "\n## Example\n\nIn `{}`, found as `{}`:\n\n```diff\n{}```\n",
            example.file,
            example.code,
            example.diff()
        );
    }
    let _ = write!(text, "\n## What to do\n\n{}\n", policy.remediation);
    let _ = write!(
        text,
        "\n## Changing this policy\n\nThe rule is `policies/{0}` with its tests beside it; `writ policies test` runs \
         them. {1}\n",
        policy.file, policy.change
    );
    Ok(text)
}

fn lanes(library: &Library) -> anyhow::Result<String> {
    let mut text =
        String::from("| lane | family | purpose | owns | branches |\n| --- | --- | --- | --- | --- |\n");
    let code =
        |patterns: &[String]| patterns.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join("<br>");
    for lane in Lanes::load(&library.policies)?.all() {
        let (owns, branches) = (code(&lane.owns), code(&lane.branches));
        let _ = writeln!(text, "| `{}` | {} | {} | {owns} | {branches} |", lane.id, lane.family, lane.name);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    fn fill(text: &str) -> anyhow::Result<String> {
        super::fill(text, &clap::Command::new("writ"))
    }

    #[test]
    fn parts_are_made_anew_and_the_rest_stays() {
        let filled = fill("a\n<!-- generated: secrets -->\nSTALE\n<!-- end -->\nb\n").unwrap();
        assert!(filled.starts_with("a\n<!-- generated: secrets -->\n| environment"), "{filled}");
        assert!(filled.ends_with("|\n<!-- end -->\nb\n"), "{filled}");
        assert!(!filled.contains("STALE"));
        assert_eq!(fill(&filled).unwrap(), filled);
    }

    #[test]
    fn a_part_that_nobody_makes_is_an_error() {
        assert!(fill("<!-- generated: weather -->\n<!-- end -->").is_err());
        assert!(fill("<!-- generated: secrets -->\n").is_err());
    }
}
