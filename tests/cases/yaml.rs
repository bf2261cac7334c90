//! The YAML engine on real edits, hard cases and the YAML test suite: what comes out, or a clean refusal.

#[path = "yaml/constructs.rs"]
mod constructs;
#[path = "yaml/corpus.rs"]
mod corpus;
#[path = "yaml/diff.rs"]
mod diff;
#[path = "yaml/diff_command.rs"]
mod diff_command;
#[path = "yaml/edits.rs"]
mod edits;
#[path = "yaml/fuzzed.rs"]
mod fuzzed;
#[path = "yaml/generated.rs"]
mod generated;
#[path = "yaml/hostile.rs"]
mod hostile;
#[path = "yaml/patch_command.rs"]
mod patch_command;
#[path = "../../fuzz/src/properties.rs"]
mod properties;
#[path = "yaml/readers.rs"]
mod readers;
#[path = "yaml/suite.rs"]
mod suite;

use writ::domain::yaml;
