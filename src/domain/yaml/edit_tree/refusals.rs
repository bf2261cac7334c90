//! The refusals that several operations give, in the same words.

use serde_json::Value;

use super::super::pointer::pointer_text;
use super::super::read::span_tree::SpanTree;
use super::super::refusal::{Reason, YamlRefusal};

pub(super) fn not_found(tree: &SpanTree<'_>, offset: usize, path: &[String]) -> YamlRefusal {
    YamlRefusal::at(tree.text, offset, Reason::NotFound, nothing_at(path))
}

pub(super) fn overlap(tree: &SpanTree<'_>, offset: usize, path: &[String]) -> YamlRefusal {
    let message = format!("another edit of this call touches `{}`", pointer_text(path));
    YamlRefusal::at(tree.text, offset, Reason::Overlap, message)
}

pub(super) fn nothing_at(path: &[String]) -> String {
    format!("there is nothing at `{}`", pointer_text(path))
}

pub(super) fn below_alias(path: &[String]) -> String {
    format!("there is an alias above `{}`", pointer_text(path))
}

/// A value in at most 60 characters.
pub(super) fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}
