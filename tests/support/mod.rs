//! What every integration test may use: where shared data is, and how a test says that it was left out.

pub mod bot;
pub mod client;
pub mod corpus;
pub mod emulator;
pub mod fake_github;
pub mod git_server;
pub mod http;
pub mod hub;
pub mod judge;
pub mod manifests;
pub mod node;
pub mod plans;
pub mod process;
pub mod pulls;
pub mod recorder;
pub mod records;
pub mod repository;
pub mod scripted;
pub mod server;
pub mod stored;
pub mod webhook;
pub mod workbench;

use std::io::Write as _;
use std::path::PathBuf;

/// The folder with the corpus, if it is there: `WRIT_SHARED`, else `../shared` beside the checkout.
pub fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("WRIT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    folder.join("corpus").is_dir().then_some(folder)
}

/// The folder with the installed peers (npm and Python packages): `WRIT_PEERS`, else `tests/peers`.
pub fn peers() -> PathBuf {
    std::env::var_os("WRIT_PEERS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers"), PathBuf::from)
}

/// The path of an installed program, `None` where there is none.
pub fn program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// How many random cases a test tries: so many in CI, and that many times `WRIT_TESTS_TIMES` in `tests/run --long`.
pub fn cases(count: u32) -> u32 {
    let times = std::env::var("WRIT_TESTS_TIMES").map_or(1, |text| text.parse().expect("a number of times"));
    count.saturating_mul(times)
}

/// Says in one line that a check was left out; fails where `tests/run` promised that nothing is.
pub fn left_out(what: &str, why: &str) {
    // Not `println`: the test runner would keep the line to itself.
    let _ = writeln!(std::io::stderr(), "left out: {what} ({why})");
    assert!(std::env::var_os("WRIT_TESTS_COMPLETE").is_none(), "left out: {what} ({why})");
}
