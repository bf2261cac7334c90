//! Comments and what they are read as: the cases of `commands/*.yaml`, and random comments beside other parsers.

mod comments;
mod peers;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use writ::domain::command::{Command, KnownProcedure, Mistake, ParsedCommand, Reading, read, table};
use writ::domain::refusal::{Place, TextPosition};

use crate::support;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    comment: String,
    read: Expected,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Expected {
    Nothing(String),
    Mistake(ExpectedMistake),
    Command(ExpectedCommand),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedMistake {
    mistake: String,
    line: usize,
    column: usize,
    suggestion: Option<String>,
    excerpt: Option<String>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedCommand {
    verb: String,
    procedure: Option<String>,
    #[serde(default)]
    arguments: BTreeMap<String, String>,
    #[serde(default)]
    reason: String,
    confirm: Option<String>,
    run: Option<String>,
    subject: Option<String>,
}

#[test]
fn comments_are_read_as_the_cases_say() {
    let cases: Vec<Case> = serde_yaml::from_str(include_str!("commands/readings.yaml")).unwrap();
    for case in &cases {
        let found = read(&case.comment, &procedures());
        match (&case.read, &found) {
            (Expected::Nothing(word), Reading::NotACommand) => assert_eq!(word, "nothing", "{}", case.name),
            (Expected::Mistake(expected), Reading::Mistake(mistake)) => {
                check_mistake(&case.name, expected, mistake)
            }
            (Expected::Command(expected), Reading::Command(command)) => {
                assert_eq!(&described(command), expected, "{}", case.name);
            }
            _ => panic!("{}: expected {:?}, read as {found:?}", case.name, case.read),
        }
    }
}

fn check_mistake(name: &str, expected: &ExpectedMistake, mistake: &Mistake) {
    assert_eq!(mistake.refusal.code, expected.mistake.as_str(), "{name}: {mistake:?}");
    assert_eq!(position(mistake), (expected.line, expected.column), "{name}: {mistake:?}");
    if mistake.refusal.code != "missing_reason" {
        assert_eq!(mistake.suggestion, expected.suggestion, "{name}: {mistake:?}");
    }
    if let Some(excerpt) = &expected.excerpt {
        assert_eq!(&mistake.excerpt, excerpt, "{name}");
    }
    assert!(!mistake.refusal.remedy.is_empty(), "{name}: every mistake says how to go on");
}

fn position(mistake: &Mistake) -> (usize, usize) {
    match mistake.refusal.place {
        Place::Position(TextPosition { line, column: Some(column) }) => (line, column),
        ref other => panic!("no position in the comment: {other:?}"),
    }
}

fn described(parsed: &ParsedCommand) -> ExpectedCommand {
    let ask = |verb: &str| {
        let ask = parsed.ask.as_ref().unwrap();
        ExpectedCommand {
            verb: verb.to_owned(),
            procedure: Some(ask.procedure.clone()),
            arguments: ask.arguments.clone(),
            reason: ask.reason.clone(),
            confirm: ask.confirmation.clone(),
            ..ExpectedCommand::default()
        }
    };
    let plain = |verb: &str| {
        assert_eq!(parsed.ask, None);
        ExpectedCommand { verb: verb.to_owned(), ..ExpectedCommand::default() }
    };
    match &parsed.command {
        Command::Actuate => ask("actuate"),
        Command::Plan => ask("plan"),
        Command::Status { run } => {
            ExpectedCommand { run: run.as_ref().map(ToString::to_string), ..plain("status") }
        }
        Command::Cancel { run } => ExpectedCommand { run: Some(run.to_string()), ..plain("cancel") },
        Command::Explain { subject } => {
            ExpectedCommand { subject: Some(subject.clone()), ..plain("explain") }
        }
        Command::Help => plain("help"),
    }
}

fn procedures() -> Vec<KnownProcedure> {
    let known = |name: &str, arguments: &[&str]| KnownProcedure {
        name: name.to_owned(),
        arguments: arguments.iter().map(ToString::to_string).collect(),
    };
    vec![
        known("pause-trading", &[]),
        known("resume-trading", &[]),
        known("restart-ws", &[]),
        known("suspend-ta", &["target"]),
        known("restart-ta", &["target"]),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Comment {
    name: String,
    comment: String,
}

#[test]
fn what_the_page_hides_or_quotes_is_never_read() {
    let cases: Vec<Comment> = serde_yaml::from_str(include_str!("commands/hidden.yaml")).unwrap();
    for Comment { name, comment } in &cases {
        assert_eq!(read(comment, &procedures()), Reading::NotACommand, "{name}");
    }
}

#[test]
fn a_plain_line_is_a_command_whatever_is_around_it() {
    let cases: Vec<Comment> = serde_yaml::from_str(include_str!("commands/taken.yaml")).unwrap();
    for Comment { name, comment } in &cases {
        let help = ParsedCommand { command: Command::Help, ask: None };
        assert_eq!(read(comment, &procedures()), Reading::Command(help), "{name}");
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Untaken {
    name: String,
    comment: String,
    code: String,
    line: usize,
    column: usize,
}

#[test]
fn a_line_that_looks_like_a_command_and_is_not_taken_is_answered() {
    let cases: Vec<Untaken> = serde_yaml::from_str(include_str!("commands/untaken.yaml")).unwrap();
    for case in &cases {
        let Reading::Mistake(mistake) = read(&case.comment, &procedures()) else {
            panic!("{}: {:?}", case.name, read(&case.comment, &procedures()));
        };
        assert_eq!(mistake.refusal.code.as_str(), case.code, "{}: {mistake:?}", case.name);
        assert_eq!(position(&mistake), (case.line, case.column), "{}: {mistake:?}", case.name);
        assert!(mistake.refusal.remedy.contains("again in a new comment"), "{}: {mistake:?}", case.name);
    }
}

#[test]
fn every_example_of_the_table_is_read_as_its_command() {
    for row in table::TABLE {
        match read(row.example, &procedures()) {
            Reading::Command(parsed) if row.verb == table::Verb::Rollback => {
                assert_eq!(parsed.command, Command::Actuate);
                assert_eq!(parsed.ask.unwrap().procedure, "rollback");
            }
            Reading::Command(command) => assert_eq!(described(&command).verb, row.verb.as_str()),
            other => panic!("{}: {other:?}", row.example),
        }
    }
}

#[test]
fn a_value_of_500_characters_is_taken_and_one_more_is_not() {
    let comment = |count: usize| format!("/plan pause-trading reason=\"{}\"", "ä".repeat(count));
    assert!(matches!(read(&comment(500), &procedures()), Reading::Command(_)));
    match read(&comment(501), &procedures()) {
        Reading::Mistake(mistake) => {
            assert_eq!(mistake.refusal.code, "value_too_long");
            assert!(mistake.excerpt.chars().count() < 400, "the excerpt is bounded: {}", mistake.excerpt);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_mistake_shows_has_no_characters_that_reorder_or_break_out() {
    let comment = "/actuate pause-trading reason=\"```\u{202e}\u{7}\" confirm=`x`";
    let Reading::Mistake(mistake) = read(comment, &procedures()) else { panic!("a mistake") };
    assert!(!mistake.excerpt.contains(['`', '\u{202e}', '\u{7}']), "{}", mistake.excerpt);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(256)))]

    #[test]
    fn no_comment_makes_reading_panic(body in "(?s).{0,400}") {
        let _ = read(&body, &procedures());
    }

    #[test]
    fn no_command_line_makes_reading_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "/actuate ", "/plan ", "/status ", "/explain ", "pause-trading ", "suspend-ta ", "target=", "reason=",
                "confirm=", "\"", "\\", "“", "”", "ta ", "=", "\n", "\r\n", "> ", "`", "```\n", "<!--", "-->", "<details>",
                "- ", "    ", "\t", "\u{202e}", "ä", "𝒳", "*", "[", "](", ")", "|", "~~",
            ]),
            0..24,
        )
    ) {
        let body = pieces.concat();
        if let Reading::Mistake(mistake) = read(&body, &procedures()) {
            let (line, column) = position(&mistake);
            prop_assert!(line >= 1 && column >= 1);
            prop_assert!(mistake.excerpt.lines().count() == 2, "{:?}", mistake.excerpt);
            prop_assert!(!mistake.excerpt.contains('`'));
        }
    }

    #[test]
    fn quoted_text_never_commands(body in "[ -~\n]{0,200}") {
        let quoted: String = format!("/help\n{body}").lines().map(|line| format!("> {line}\n")).collect();
        prop_assert_eq!(read(&quoted, &procedures()), Reading::NotACommand);
    }

    #[test]
    fn a_reason_comes_back_as_it_was_typed(reason in "[!-~][ -~äöü]{0,80}[!-~]") {
        let typed = reason.replace('\\', "\\\\").replace('"', "\\\"");
        let comment = format!("/actuate pause-trading reason=\"{typed}\" confirm=ACTUATE_TORGHUT");
        match read(&comment, &procedures()) {
            Reading::Command(ParsedCommand { ask: Some(ask), .. }) => prop_assert_eq!(ask.reason, reason),
            // A reason may close over code or HTML, never over the line's own start.
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
