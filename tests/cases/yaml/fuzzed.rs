//! The properties of the fuzz targets on their seeds and on what fuzzing has found (`fuzz/seeds`), on stable.

use std::path::Path;

use super::properties;

#[test]
fn texts_are_read_or_refused() {
    replay("parse", properties::parse);
}

#[test]
fn one_edit_is_right_or_refused() {
    replay("edit", properties::edit);
}

#[test]
fn a_sequence_of_edits_is_right_or_refused() {
    replay("sequence", properties::sequence);
}

#[test]
fn a_selector_means_what_it_selects() {
    replay("selector", properties::selector);
}

#[test]
fn embedded_texts_are_edited_as_if_alone() {
    replay("embedded", properties::embedded);
}

fn replay(target: &str, property: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut inputs: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 20, "{} seeds of {target}", inputs.len());
    for input in inputs {
        eprintln!("{}", input.display());
        property(&std::fs::read(&input).unwrap());
    }
}
