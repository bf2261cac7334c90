//! The demo, as a newcomer runs it, and its pages, as they look in a real browser.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support;

/// A demo that runs, with what it printed so far.
struct Demo {
    process: Child,
    printed: String,
}

impl Demo {
    /// Starts it and waits until its pages are open.
    fn open() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_writ"))
            .args(["demo", "--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut printed = String::new();
        while !printed.contains("Ctrl-C") {
            let line = lines.next().unwrap_or_else(|| panic!("the demo ended early:\n{printed}")).unwrap();
            printed.push_str(&line);
            printed.push('\n');
        }
        Self { process, printed }
    }

    /// The address behind this label.
    fn address(&self, label: &str) -> &str {
        let line = self.printed.lines().find_map(|line| line.trim().strip_prefix(label));
        line.unwrap_or_else(|| panic!("no `{label}` in:\n{}", self.printed)).trim()
    }

    /// Ends it as Ctrl-C does; gives whether everything had held.
    fn end(mut self) -> bool {
        let interrupt = format!("kill -INT {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
        self.process.wait().unwrap().success()
    }
}

/// A test that fails leaves nothing running.
impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_demo_tells_the_story_and_ends() {
    let demo = Command::new(env!("CARGO_BIN_EXE_writ")).args(["demo", "--once"]).output().unwrap();
    let printed = String::from_utf8(demo.stdout).unwrap();
    assert!(demo.status.success(), "{printed}\n{}", String::from_utf8_lossy(&demo.stderr));
    for said in [
        "/actuate pause-trading",
        "202",
        "authorize",
        "report",
        "-  replicas: 1",
        "+  replicas: 0",
        "the ledger verifies",
        "can be verified without the database",
        "nothing happens twice",
    ] {
        assert!(printed.contains(said), "does not say \"{said}\":\n{printed}");
    }
    assert!(!printed.contains('✗'), "{printed}");
    assert!(!printed.contains('\u{1b}'), "colours in a pipe:\n{printed}");
}

#[test]
fn pages_read_well_in_a_browser() {
    let Some(program) = support::node::folder("pages in a browser").map(|folder| folder.join("pages.mjs"))
    else {
        return;
    };
    let Some(browser) = support::program("chromium") else {
        return support::left_out("pages in a browser", "chromium is not installed");
    };
    let demo = Demo::open();
    let run = demo.address("the run");
    let root = run.split("/runs/").next().unwrap();
    let page = |name: &str, url: &str, texts: &[&str]| json!({"name": name, "url": url, "texts": texts});
    let views = json!({
        "browser": browser,
        "folder": std::env::var("WRIT_SCREENSHOTS").ok(),
        "pages": [
            page("runs", root, &["/actuate pause-trading", "pull request open", "broker rejects every order"]),
            page("run", run, &["authorize", "propose", "replicas: 0", "How to undo it", "change.planned"]),
            page("pull", demo.address("the pull request"), &["pause trading", "do-not-automerge", "Proof"]),
            page("issue", demo.address("the conversation"), &["Orders have been rejected", "writ[bot]"]),
            page("help", &format!("{root}/help"), &["/actuate", "/status", "pause-trading"]),
        ],
    });
    let mut node =
        Command::new("node").arg(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    node.stdin.take().unwrap().write_all(views.to_string().as_bytes()).unwrap();
    let answer = node.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(answer["problems"], json!([]));
    assert_eq!(answer["looked"], 20);
    assert!(demo.end(), "the demo did not end well");
}
