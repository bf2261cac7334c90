//! What every integration test may use: where shared data is, and how a test says that it was left out.

use std::path::PathBuf;

/// The folder with the corpus, if it is there: `WRIT_SHARED`, else `../shared` beside the checkout.
pub fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("WRIT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    folder.join("corpus").is_dir().then_some(folder)
}

/// Says in one line that a check was left out; fails where `tests/run` promised that nothing is.
pub fn left_out(what: &str, why: &str) {
    println!("left out: {what} ({why})");
    assert!(std::env::var_os("WRIT_TESTS_COMPLETE").is_none(), "left out: {what} ({why})");
}
