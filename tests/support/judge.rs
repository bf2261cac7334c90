//! A judge of edits outside of our code: `tests/peers/yaml.mjs`, on the npm package `yaml`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An edit, and its result.
#[derive(Debug, Clone, Serialize)]
pub struct Job {
    pub before: String,
    /// How many documents there are.
    pub documents: usize,
    /// Which of them is edited.
    pub document: usize,
    pub patch: Vec<Value>,
    pub after: String,
}

/// What the judge says of it.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub verdict: Verdict,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Right,
    Wrong,
    /// The judge cannot read the text before.
    Unread,
}

/// Judges all jobs in one process, in their order; `peers` is the folder of the program.
pub fn judge(peers: &Path, jobs: &[Job]) -> Vec<Answer> {
    let mut child = Command::new("node")
        .args(["yaml.mjs", "judge"])
        .current_dir(peers)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = child.stdin.take().unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap());
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        scope.spawn(move || {
            for job in jobs {
                serde_json::to_writer(&mut questions, job).unwrap();
                questions.write_all(b"\n").unwrap();
            }
        });
        answers.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    });
    assert!(child.wait().unwrap().success());
    assert_eq!(answers.len(), jobs.len());
    answers
}
