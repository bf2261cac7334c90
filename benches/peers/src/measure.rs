//! Runs every tool on every edit. Tools take turns on each edit, so that a busy moment affects all of them.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::edit::Edit;
use crate::tools::{TOOLS, Tool};

/// How often each tool makes each edit; the fastest counts, since the machine has other work.
const REPEATS: usize = 9;

/// A library: its result of each edit (`None` if it cannot make it, or says that it failed), and the time it took.
pub struct Row {
    pub tool: &'static str,
    pub results: Vec<Option<String>>,
    pub times: Vec<Duration>,
}

/// A program: the same, but timed as a whole process.
pub struct Program {
    pub tool: &'static str,
    pub results: Vec<Option<String>>,
    /// One edit of a file of 20 KB, start of the program included: fastest, median.
    pub single: (Duration, Duration),
    /// All edits in one process.
    pub batch: Duration,
}

pub fn libraries(edits: &[Edit]) -> Vec<Row> {
    let row = |(tool, _): &(&'static str, Tool)| Row {
        tool,
        results: Vec::with_capacity(edits.len()),
        times: vec![Duration::MAX; edits.len()],
    };
    let mut rows: Vec<Row> = TOOLS.iter().map(row).collect();
    for (at, edit) in edits.iter().enumerate() {
        for repeat in 0..REPEATS {
            for ((_, tool), row) in TOOLS.iter().zip(&mut rows) {
                let start = Instant::now();
                let result = catch_unwind(AssertUnwindSafe(|| tool(edit))).unwrap_or(None);
                row.times[at] = row.times[at].min(start.elapsed());
                if repeat == 0 {
                    row.results.push(result);
                }
            }
        }
    }
    rows
}

pub fn programs(edits: &[Edit], writ: Option<&Path>, peers: Option<&Path>) -> Vec<Program> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut programs = Vec::new();
    if let Some(writ) = writ {
        programs.push(("writ patch --batch", command(writ, &["patch".into(), "--batch".into(), "-".into()])));
    }
    if let Some(peers) = peers {
        let python = peers.join(".venv/bin/python");
        programs.push(("ruamel.yaml", command(&python, &[here.join("ruamel_patch.py").into()])));
        let modules = peers.join("node_modules/yaml");
        let script = here.join("yaml_patch.mjs");
        programs.push(("npm yaml", command(Path::new("node"), &[script.into(), modules.into()])));
    }
    // One job for each document; a later one of the same file gets the result of the one before.
    let large = edits
        .iter()
        .filter(|edit| edit.documents.len() == 1)
        .min_by_key(|edit| edit.before.len().abs_diff(20_000));
    let large = large.expect("an edit");
    programs.into_iter().map(|(tool, make)| measure(tool, edits, large, make)).collect()
}

fn command(program: &Path, arguments: &[std::ffi::OsString]) -> impl Fn() -> Command + use<> {
    let (program, arguments) = (program.to_owned(), arguments.to_vec());
    move || {
        let mut command = Command::new(&program);
        command.args(&arguments);
        command
    }
}

fn measure(tool: &'static str, edits: &[Edit], large: &Edit, make: impl Fn() -> Command) -> Program {
    let folder = std::env::temp_dir().join(format!("writ-peers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let jobs: String = edits.iter().map(|edit| job(edit, &edit.file)).collect();
    let start = Instant::now();
    let answers = run(make(), &jobs);
    let batch = start.elapsed();
    let mut results: Vec<Option<String>> = answers.lines().map(output).collect();
    assert_eq!(results.len(), edits.len(), "{tool} answers each job");
    // The few edits of several documents: document after document, each on the result of the one before.
    for (edit, result) in edits.iter().zip(&mut results).filter(|(edit, _)| edit.documents.len() > 1) {
        for part in &edit.documents[1..] {
            let Some(text) = result.take() else { break };
            let file = folder.join("part.yaml");
            std::fs::write(&file, text).expect("written");
            let job = json!({"id": 0, "file": file, "document": part.document, "patch": part.patch});
            *result = output(run(make(), &format!("{job}\n")).trim_end());
        }
    }
    let single = job(large, &large.file);
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            run(make(), &single);
            start.elapsed()
        })
        .collect();
    times.sort();
    let _ = std::fs::remove_dir_all(&folder);
    Program { tool, results, single: (times[0], times[times.len() / 2]), batch }
}

/// A line as `writ patch --batch` takes it: the edit's first document.
fn job(edit: &Edit, file: &Path) -> String {
    let part = &edit.documents[0];
    format!("{}\n", json!({"id": 0, "file": file, "document": part.document, "patch": part.patch}))
}

fn output(line: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(line).expect("an answer");
    answer["output"].as_str().map(str::to_owned)
}

fn run(mut command: Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("all was read");
    String::from_utf8(output.stdout).expect("text")
}
