//! Reading a comment: find the one command, or say what is wrong with it.

use std::collections::BTreeMap;

use super::line::{Line, Word};
use super::markdown::read_lines;
use super::mistake::{Mistake, Problem, quoted};
use super::table::{TABLE, Verb};
use super::{Ask, Command, Reading, untaken};
use crate::domain::names::RunId;
use crate::domain::procedure::{ROLLBACK, RUN_ARGUMENT};
use crate::domain::text::nearest;

/// A procedure that may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProcedure {
    /// Its name.
    pub name: String,
    /// The names of its arguments.
    pub arguments: Vec<String>,
}

/// The longest comment that a forge keeps, in bytes; anything longer did not come from one.
const LONGEST_BODY: usize = 4 * 65_536;

/// Reads a comment's Markdown. Unknown slash words are left to other bots, unless they look like a typing error.
#[must_use]
pub fn read(body: &str, known: &[KnownProcedure]) -> Reading {
    if body.len() > LONGEST_BODY {
        return Reading::NotACommand;
    }
    let lines = read_lines(body);
    let mut commands = lines.plain.into_iter().filter_map(|line| meant(&line).map(|meant| (line, meant)));
    let Some((line, meant)) = commands.next() else {
        let mistake =
            lines.untaken.iter().find(|line| Verb::named(&line.word).is_some()).map(untaken::explain);
        return mistake.map_or(Reading::NotACommand, Reading::Mistake);
    };
    if let Some((second, _)) = commands.next() {
        return Reading::Mistake(several(&second));
    }
    let result = match meant {
        Meant::Exactly(verb) => command(&line, verb, known),
        Meant::Perhaps(verb) => Err(misspelled(&line, verb)),
    };
    match result {
        Ok(command) => Reading::Command(command),
        Err(mistake) => Reading::Mistake(mistake),
    }
}

enum Meant {
    Exactly(Verb),
    Perhaps(Verb),
}

/// Whether a line that starts with a slash is for writ.
fn meant(line: &Line<'_>) -> Option<Meant> {
    let verb = verb_text(line);
    if let Some(exact) = Verb::named(verb) {
        return Some(Meant::Exactly(exact));
    }
    // `/usr/bin` and `/lgtm` are none of ours; `/actuat` and `/Plan` are.
    if !verb.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') {
        return None;
    }
    let lower = verb.to_ascii_lowercase();
    TABLE
        .iter()
        .map(|row| row.verb)
        .find(|verb| {
            let allowed = if verb.as_str().len() >= 6 { 2 } else { usize::from(*verb != Verb::Help) };
            let length = lower.len().abs_diff(verb.as_str().len());
            length <= allowed && strsim::osa_distance(&lower, verb.as_str()) <= allowed
        })
        .map(Meant::Perhaps)
}

fn verb_text<'a>(line: &Line<'a>) -> &'a str {
    let text = &line.text[1..];
    &text[..text.find(char::is_whitespace).unwrap_or(text.len())]
}

fn several(second: &Line<'_>) -> Mistake {
    Problem::new(
        "several_commands",
        "this is the second command in one comment".to_owned(),
        "write one command per comment; nothing was done",
    )
    .at(second, 0, verb_text(second).len() + 1)
}

fn misspelled(line: &Line<'_>, verb: Verb) -> Mistake {
    let typed = verb_text(line);
    let end = typed.len() + 1;
    Problem::new(
        "unknown_command",
        format!("there is no command {}", quoted(&line.text[..end])),
        "write the command again in a new comment; `/help` lists what there is",
    )
    .suggesting(Some(format!("/{}", verb.as_str())))
    .at(line, 0, end)
}

fn command(line: &Line<'_>, verb: Verb, known: &[KnownProcedure]) -> Result<Command, Mistake> {
    let words = line.words()?;
    let rest = &words[1..];
    match verb {
        Verb::Actuate => ask(line, verb, rest, known).map(Command::Actuate),
        Verb::Plan => ask(line, verb, rest, known).map(Command::Plan),
        Verb::Rollback => rollback(line, rest).map(Command::Actuate),
        Verb::Cancel => cancel(line, rest),
        Verb::Status => status(line, rest),
        Verb::Explain => explain(line, rest),
        Verb::Help => nothing_after(line, rest, verb).map(|()| Command::Help),
    }
}

fn ask(line: &Line<'_>, verb: Verb, words: &[Word], known: &[KnownProcedure]) -> Result<Ask, Mistake> {
    let procedure = procedure(line, verb, words.first(), known)?;
    let rest = words.get(1..).unwrap_or_default();
    let ask = values(line, rest, procedure)?;
    if ask.reason.is_empty() && verb == Verb::Actuate {
        return Err(missing_reason(line));
    }
    Ok(ask)
}

/// `/rollback RUN …` is `/actuate rollback run=RUN …`, with the run where people look for it.
fn rollback(line: &Line<'_>, words: &[Word]) -> Result<Ask, Mistake> {
    let run = first_run(line, words, Verb::Rollback)?;
    let procedure = KnownProcedure { name: ROLLBACK.to_owned(), arguments: Vec::new() };
    let mut ask = values(line, &words[1..], &procedure)?;
    if ask.reason.is_empty() {
        return Err(missing_reason(line));
    }
    ask.arguments.insert(RUN_ARGUMENT.to_owned(), run.to_string());
    Ok(ask)
}

fn missing_reason(line: &Line<'_>) -> Mistake {
    Problem::new(
        "missing_reason",
        "a reason is missing".to_owned(),
        "add `reason=\"why, in one line\"`: it stands in the pull request and in the record",
    )
    .suggesting(Some(format!("{} reason=\"…\"", line.text)).filter(|_| line.text.len() <= 200))
    .at(line, line.text.len(), line.text.len())
}

/// What stands behind the procedure's name: `key=value`, each key once.
fn values(line: &Line<'_>, words: &[Word], procedure: &KnownProcedure) -> Result<Ask, Mistake> {
    let mut arguments = BTreeMap::new();
    for word in words {
        let key = key_of(line, word, procedure)?;
        if word.value.trim().is_empty() {
            return Err(Problem::new(
                "empty_value",
                format!("{} has no value", quoted(key)),
                format!("write `{key}=…`, in quotes where the value has spaces"),
            )
            .at(line, word.start, word.end));
        }
        if arguments.insert(key.to_owned(), word.value.clone()).is_some() {
            return Err(Problem::new(
                "repeated_argument",
                format!("{} is given twice", quoted(key)),
                "give each argument once",
            )
            .at(line, word.start, word.end));
        }
    }
    let reason = arguments.remove("reason").map(|reason| reason.trim().to_owned()).unwrap_or_default();
    let confirmation = arguments.remove("confirm");
    Ok(Ask { procedure: procedure.name.clone(), arguments, reason, confirmation })
}

fn procedure<'a>(
    line: &Line<'_>,
    verb: Verb,
    word: Option<&Word>,
    known: &'a [KnownProcedure],
) -> Result<&'a KnownProcedure, Mistake> {
    let usage = format!("write `{}`; `/help` lists the procedures", verb.row().synopsis());
    let Some(word) = word.filter(|word| word.key.is_none()) else {
        let (start, end) = word.map_or((line.text.len(), line.text.len()), |word| (word.start, word.end));
        let problem = Problem::new("missing_procedure", "the procedure's name is missing".to_owned(), usage);
        return Err(problem.at(line, start, end));
    };
    known.iter().find(|procedure| procedure.name == word.value).ok_or_else(|| {
        let near = nearest(&word.value, known.iter().map(|procedure| procedure.name.as_str()));
        Problem::new("unknown_procedure", format!("there is no procedure {}", quoted(&word.value)), usage)
            .suggesting(near)
            .at(line, word.start, word.end)
    })
}

fn key_of<'w>(line: &Line<'_>, word: &'w Word, procedure: &KnownProcedure) -> Result<&'w str, Mistake> {
    let Some(key) = word.key.as_deref() else {
        return Err(Problem::new(
            "unexpected_word",
            format!("{} is not `key=value`", quoted(&word.value)),
            "put values with spaces in quotes, as in `reason=\"broker rejects orders\"`",
        )
        .at(line, word.start, word.end));
    };
    let names = || procedure.arguments.iter().map(String::as_str).chain(["reason", "confirm"]);
    if names().any(|name| name == key) {
        return Ok(key);
    }
    let takes = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Err(Problem::new(
        "unknown_argument",
        format!("`{}` takes no argument {}", procedure.name, quoted(key)),
        format!("it takes {takes}"),
    )
    .suggesting(nearest(key, names()))
    .at(line, word.start, word.start + key.len()))
}

fn cancel(line: &Line<'_>, words: &[Word]) -> Result<Command, Mistake> {
    let run = first_run(line, words, Verb::Cancel)?;
    nothing_after(line, &words[1..], Verb::Cancel)?;
    Ok(Command::Cancel { run })
}

/// The run that stands behind a verb that needs one.
fn first_run(line: &Line<'_>, words: &[Word], verb: Verb) -> Result<RunId, Mistake> {
    let Some(word) = words.first().filter(|word| word.key.is_none()) else {
        let (start, end) =
            words.first().map_or((line.text.len(), line.text.len()), |word| (word.start, word.end));
        let usage = format!("write `{}`; `/status` lists the runs of this page", verb.row().synopsis());
        return Err(Problem::new("missing_run", "the run is missing".to_owned(), usage).at(line, start, end));
    };
    run(line, word)
}

fn status(line: &Line<'_>, words: &[Word]) -> Result<Command, Mistake> {
    let Some(word) = words.first() else {
        return Ok(Command::Status { run: None });
    };
    let run = run(line, word)?;
    nothing_after(line, &words[1..], Verb::Status)?;
    Ok(Command::Status { run: Some(run) })
}

fn run(line: &Line<'_>, word: &Word) -> Result<RunId, Mistake> {
    word.value.parse::<RunId>().map_err(|_| {
        Problem::new(
            "not_a_run",
            format!("{} is not a run", quoted(&word.value)),
            "a run has 16 characters, a-z and 2-7; `/status` alone lists the runs of this page",
        )
        .at(line, word.start, word.end)
    })
}

fn explain(line: &Line<'_>, words: &[Word]) -> Result<Command, Mistake> {
    let Some(word) = words.first() else {
        return Err(Problem::new(
            "missing_subject",
            "say what to explain".to_owned(),
            format!("write `{}`", Verb::Explain.row().synopsis()),
        )
        .at(line, line.text.len(), line.text.len()));
    };
    nothing_after(line, &words[1..], Verb::Explain)?;
    Ok(Command::Explain { subject: word.value.clone() })
}

fn nothing_after(line: &Line<'_>, words: &[Word], verb: Verb) -> Result<(), Mistake> {
    match words.first() {
        None => Ok(()),
        Some(word) => Err(Problem::new(
            "unexpected_word",
            format!("nothing may follow here, but {} does", quoted(&line.text[word.start..word.end])),
            format!("write `{}`", verb.row().synopsis()),
        )
        .at(line, word.start, line.text.len())),
    }
}
