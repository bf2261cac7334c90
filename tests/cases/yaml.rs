//! The YAML engine on real edits and hard cases: what comes out, byte for byte, or a clean refusal.

#[path = "yaml/corpus.rs"]
mod corpus;
#[path = "yaml/diff.rs"]
mod diff;
#[path = "yaml/diff_command.rs"]
mod diff_command;
#[path = "yaml/edits.rs"]
mod edits;
#[path = "yaml/patch_command.rs"]
mod patch_command;
#[path = "yaml/readers.rs"]
mod readers;
