//! 20,000 random comments beside cmark-gfm and an HTML5 parser (`tests/peers/read-markdown.py`), which say what of them
//! a reader sees.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use serde::Deserialize;
use writ::domain::command::{Command, Mistake, ParsedCommand, Reading, read};

use super::comments::Comments;
use crate::support;

/// The words behind `/explain` by how their lines are shown.
#[derive(Debug, Deserialize)]
struct Shown {
    /// Plain text of a paragraph of the page itself.
    plain: Vec<String>,
    /// Text of a paragraph or list item of the page itself.
    visible: Vec<String>,
    /// Anything that is neither hidden nor quoted nor code.
    shown: Vec<String>,
}

/// What was read of one comment, by the words behind `/explain`.
enum Read {
    /// A command.
    Taken(String),
    /// One plain command too many.
    Second(String),
    /// Answered that it is none.
    Answered(String),
    Nothing,
}

const COMMENTS: usize = 20_000;

#[test]
fn no_command_is_taken_that_is_not_plainly_shown() {
    let Some(python) = python() else { return };
    for seed in 8..8 + support::cases(1) {
        compare(&python, seed.into());
    }
}

fn compare(python: &Path, seed: u64) {
    let mut comments = Comments::new(seed);
    let bodies: Vec<String> = (0..COMMENTS).map(|_| comments.next()).collect();
    let shown = ask(python, &bodies);
    let (mut false_triggers, mut silent) = (Vec::new(), Vec::new());
    let (mut plain, mut visible, mut taken, mut answered_hidden) = (0, 0, 0, 0);
    for (body, shown) in bodies.iter().zip(&shown) {
        plain += usize::from(!shown.plain.is_empty());
        visible += usize::from(!shown.visible.is_empty());
        match what(body) {
            Read::Taken(word) | Read::Second(word) if !shown.plain.contains(&word) => {
                false_triggers.push(body)
            }
            Read::Taken(_) | Read::Second(_) => taken += 1,
            Read::Answered(word) => answered_hidden += usize::from(!shown.shown.contains(&word)),
            // Formulas are GitHub's own: the peers show them as text.
            Read::Nothing if !shown.visible.is_empty() && !body.contains('$') => silent.push(body),
            Read::Nothing => {}
        }
    }
    let counts = format!(
        "seed {seed}: plain {plain}, visible {visible}, taken {taken}, visible and silent {}, hidden but answered {answered_hidden}",
        silent.len()
    );
    assert_eq!(false_triggers, Vec::<&String>::new(), "{counts}");
    assert!(plain > 8_000 && taken * 100 > plain * 75, "{counts}");
    assert!(silent.len() * 200 < visible, "{counts}: {:#?}", &silent[..silent.len().min(10)]);
    assert!(answered_hidden * 50 < COMMENTS, "{counts}");
}

fn what(body: &str) -> Read {
    match read(body, &[]) {
        Reading::NotACommand => Read::Nothing,
        Reading::Command(ParsedCommand { command: Command::Explain { subject }, .. }) => Read::Taken(subject),
        Reading::Command(other) => panic!("{other:?} in {body:?}"),
        Reading::Mistake(mistake) if mistake.refusal.code.as_str() == "several_commands" => {
            Read::Second(word(&mistake))
        }
        Reading::Mistake(mistake) if mistake.refusal.code.as_str().starts_with("command_") => {
            Read::Answered(word(&mistake))
        }
        // A plain command with something behind its word.
        Reading::Mistake(mistake) => Read::Second(word(&mistake)),
    }
}

/// The word behind `/explain` in the line that a mistake shows.
fn word(mistake: &Mistake) -> String {
    let (_, rest) = mistake.excerpt.split_once("/explain ").unwrap_or_else(|| panic!("{mistake:?}"));
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}

fn python() -> Option<PathBuf> {
    let folder = support::peers().join(".venv");
    let python = folder.join("bin/python");
    let installed = |package: &str| {
        let libraries = std::fs::read_dir(folder.join("lib")).into_iter().flatten().flatten();
        libraries.into_iter().any(|library| library.path().join("site-packages").join(package).is_dir())
    };
    if python.is_file() && installed("cmarkgfm") && installed("html5lib") {
        return Some(python);
    }
    support::left_out(
        "random comments as cmark-gfm shows them",
        "the Python packages of tests/peers are not installed",
    );
    None
}

fn ask(python: &Path, bodies: &[String]) -> Vec<Shown> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/read-markdown.py");
    let mut child =
        Process::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let asked: String = bodies.iter().map(|body| serde_json::to_string(body).unwrap() + "\n").collect();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let answers = String::from_utf8(output.stdout).unwrap();
    let shown: Vec<Shown> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown.len(), bodies.len());
    shown
}
