//! The engine beside other tools, on the same edits, in one run: which are right, which are minimal, and how fast.
//!
//! `cargo run --release -- CORPUS [--writ BINARY] [--peers FOLDER]`; `benches/README.md` says what the words mean.

mod corpus;
mod edit;
mod judge;
mod measure;
mod tools;
mod values;
/// The engine itself, from its own files: nothing else of writ is built for this.
#[allow(dead_code, unused_imports)]
#[path = "../../../src/domain/yaml/mod.rs"]
mod yaml;

use std::path::PathBuf;

fn main() {
    let mut corpus = None;
    let mut writ = None;
    let mut peers = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--writ" => writ = arguments.next().map(PathBuf::from),
            "--peers" => peers = arguments.next().map(PathBuf::from),
            _ => corpus = Some(PathBuf::from(argument)),
        }
    }
    let Some(corpus) = corpus else {
        eprintln!("peers CORPUS/edits [--writ BINARY] [--peers FOLDER]");
        std::process::exit(2);
    };
    let edits = corpus::load(&corpus);
    // A tool may panic on an edit: that counts as a failure and needs no backtrace.
    std::panic::set_hook(Box::new(|_| {}));
    let rows = measure::libraries(&edits);
    let programs = measure::programs(&edits, writ.as_deref(), peers.as_deref());
    judge::print(&edits, rows, programs);
}
