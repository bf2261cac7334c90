//! Reading a comment: find the one command, or say what is wrong with it.

use std::collections::BTreeMap;

use super::line::{Line, Word};
use super::markdown::read_lines;
use super::mistake::Mistake;
use super::table::{Command, TABLE, Verb};
use super::{Ask, ParsedCommand, Reading, untaken};
use crate::domain::names::RunId;
use crate::domain::procedure::{ROLLBACK, RUN_ARGUMENT};
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::text::{nearest, quoted};

/// A procedure that may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProcedure {
    /// The name that people type.
    pub name: String,
    /// The names of its arguments, `reason` and `confirm` aside.
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
        Meant::Typo(verb) => Err(misspelled(&line, verb)),
    };
    match result {
        Ok(command) => Reading::Command(command),
        Err(mistake) => Reading::Mistake(mistake),
    }
}

/// Which command a line that starts with a slash is for.
enum Meant {
    /// This one.
    Exactly(Verb),
    /// None, but this one is spelled nearly so.
    Typo(Verb),
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
    let near = nearest(verb, TABLE.iter().map(|row| row.verb.as_str()))?;
    // Too many words of other bots are one letter away from `help`, such as `/hold`.
    let is_help = near == Verb::Help.as_str() && !verb.eq_ignore_ascii_case(&near);
    Verb::named(&near).filter(|_| !is_help).map(Meant::Typo)
}

fn verb_text<'a>(line: &Line<'a>) -> &'a str {
    let text = &line.text[1..];
    &text[..text.find(char::is_whitespace).unwrap_or(text.len())]
}

fn several(second: &Line<'_>) -> Mistake {
    let refusal = Refusal::new(
        reason::SEVERAL_COMMANDS,
        "this is the second command in one comment",
        "write one command per comment; neither command was run",
    );
    second.mistake(0, verb_text(second).len() + 1, refusal)
}

fn misspelled(line: &Line<'_>, verb: Verb) -> Mistake {
    let typed = verb_text(line);
    let end = typed.len() + 1;
    let refusal = Refusal::new(
        reason::UNKNOWN_COMMAND,
        format!("there is no command {}", quoted(&line.text[..end], 60)),
        "write the command again in a new comment; `/help` lists the commands",
    );
    line.mistake(0, end, refusal).suggesting(Some(format!("/{}", verb.as_str())))
}

fn command(line: &Line<'_>, verb: Verb, known: &[KnownProcedure]) -> Result<ParsedCommand, Mistake> {
    let words = line.words()?;
    let rest = &words[1..];
    let asking = |command: Command, ask: Ask| ParsedCommand { command, ask: Some(ask) };
    match verb {
        Verb::Actuate => ask(line, verb, rest, known).map(|ask| asking(Command::Actuate, ask)),
        Verb::Plan => ask(line, verb, rest, known).map(|ask| asking(Command::Plan, ask)),
        Verb::Rollback => rollback(line, rest).map(|ask| asking(Command::Actuate, ask)),
        Verb::Cancel => cancel(line, rest).map(ParsedCommand::from),
        Verb::Status => status(line, rest).map(ParsedCommand::from),
        Verb::Explain => explain(line, rest).map(ParsedCommand::from),
        Verb::Help => nothing_after(line, rest, verb).map(|()| Command::Help.into()),
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
    let refusal = Refusal::new(
        reason::MISSING_REASON,
        "the reason is missing",
        "add `reason=\"why, in one line\"`; it appears in the pull request and in the record",
    );
    let corrected = format!("{} reason=\"…\"", line.text);
    line.mistake(line.text.len(), line.text.len(), refusal)
        .suggesting(Some(corrected).filter(|_| line.text.len() <= 200))
}

/// The arguments behind the procedure's name: `key=value`, each key once.
fn values(line: &Line<'_>, words: &[Word], procedure: &KnownProcedure) -> Result<Ask, Mistake> {
    let mut arguments = BTreeMap::new();
    for word in words {
        let key = key_of(line, word, procedure)?;
        if word.value.trim().is_empty() {
            let refusal = Refusal::new(
                reason::EMPTY_VALUE,
                format!("{} has no value", quoted(key, 60)),
                format!("write `{key}=…`, with quotes if the value contains spaces"),
            );
            return Err(line.mistake(word.start, word.end, refusal));
        }
        if arguments.insert(key.to_owned(), word.value.clone()).is_some() {
            let message = format!("{} is given twice", quoted(key, 60));
            let refusal = Refusal::new(reason::REPEATED_ARGUMENT, message, "give each argument once");
            return Err(line.mistake(word.start, word.end, refusal));
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
        let refusal = Refusal::new(reason::MISSING_PROCEDURE, "the procedure's name is missing", usage);
        return Err(line.mistake(start, end, refusal));
    };
    known.iter().find(|procedure| procedure.name == word.value).ok_or_else(|| {
        let near = nearest(&word.value, known.iter().map(|procedure| procedure.name.as_str()));
        let message = format!("there is no procedure {}", quoted(&word.value, 60));
        let refusal = Refusal::new(reason::UNKNOWN_PROCEDURE, message, usage);
        line.mistake(word.start, word.end, refusal).suggesting(near)
    })
}

fn key_of<'w>(line: &Line<'_>, word: &'w Word, procedure: &KnownProcedure) -> Result<&'w str, Mistake> {
    let Some(key) = word.key.as_deref() else {
        let refusal = Refusal::new(
            reason::UNEXPECTED_WORD,
            format!("{} is not `key=value`", quoted(&word.value, 60)),
            "put values with spaces in quotes, as in `reason=\"broker rejects orders\"`",
        );
        return Err(line.mistake(word.start, word.end, refusal));
    };
    let names = || procedure.arguments.iter().map(String::as_str).chain(["reason", "confirm"]);
    if names().any(|name| name == key) {
        return Ok(key);
    }
    let takes = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let refusal = Refusal::new(
        reason::UNKNOWN_ARGUMENT,
        format!("`{}` takes no argument {}", procedure.name, quoted(key, 60)),
        format!("it takes {takes}"),
    );
    Err(line.mistake(word.start, word.start + key.len(), refusal).suggesting(nearest(key, names())))
}

fn cancel(line: &Line<'_>, words: &[Word]) -> Result<Command, Mistake> {
    let run = first_run(line, words, Verb::Cancel)?;
    nothing_after(line, &words[1..], Verb::Cancel)?;
    Ok(Command::Cancel { run })
}

/// The run behind a verb that needs one.
fn first_run(line: &Line<'_>, words: &[Word], verb: Verb) -> Result<RunId, Mistake> {
    let Some(word) = words.first().filter(|word| word.key.is_none()) else {
        let (start, end) =
            words.first().map_or((line.text.len(), line.text.len()), |word| (word.start, word.end));
        let usage = format!("write `{}`; `/status` lists the runs on this page", verb.row().synopsis());
        let refusal = Refusal::new(reason::MISSING_RUN, "the run id is missing", usage);
        return Err(line.mistake(start, end, refusal));
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
        let refusal = Refusal::new(
            reason::NOT_A_RUN,
            format!("{} is not a run id", quoted(&word.value, 60)),
            "a run id has 16 characters, a-z and 2-7; `/status` alone lists the runs on this page",
        );
        line.mistake(word.start, word.end, refusal)
    })
}

fn explain(line: &Line<'_>, words: &[Word]) -> Result<Command, Mistake> {
    let Some(word) = words.first() else {
        let usage = format!("write `{}`", Verb::Explain.row().synopsis());
        let refusal =
            Refusal::new(reason::MISSING_SUBJECT, "the procedure or code to explain is missing", usage);
        return Err(line.mistake(line.text.len(), line.text.len(), refusal));
    };
    nothing_after(line, &words[1..], Verb::Explain)?;
    Ok(Command::Explain { subject: word.value.clone() })
}

fn nothing_after(line: &Line<'_>, words: &[Word], verb: Verb) -> Result<(), Mistake> {
    let Some(word) = words.first() else { return Ok(()) };
    let refusal = Refusal::new(
        reason::UNEXPECTED_WORD,
        format!("unexpected {} at the end of the command", quoted(&line.text[word.start..word.end], 60)),
        format!("write `{}`", verb.row().synopsis()),
    );
    Err(line.mistake(word.start, line.text.len(), refusal))
}
