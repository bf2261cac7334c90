//! The splices of one document while they are collected, with what their writers need to know.
//!
//! Positions are those of the text with a line break at its end (added where there is none, and taken off again by
//! the caller), so that the last line is a line like all others.

use std::ops::Range;

use super::super::read::span_tree::{DocumentSpan, NodeIndex, SpanTree};
use super::super::refusal::{Reason, YamlRefusal};
use super::formatting::Formatting;
use super::splice::Splice;
use super::text::Writer;

/// The splices of one document.
pub(super) struct SplicePlan<'a, 't> {
    pub tree: &'a SpanTree<'t>,
    /// The text with a line break at its end.
    pub text: &'a str,
    pub formatting: Formatting<'t>,
    /// Whether the document begins with `---`.
    pub explicit: bool,
    pub splices: Vec<Splice>,
}

/// Where in its parent a node is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    /// The first byte after `:`, `-` or `---`, or after the key if there is no colon.
    pub after: usize,
    /// The column of the entry or dash; `None` for the root.
    pub column: Option<usize>,
    pub kind: SiteKind,
    /// Whether it is between brackets.
    pub flow: bool,
}

/// What part of its parent a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SiteKind {
    Root,
    Item,
    Value,
    /// The value of a key without a colon.
    KeyOnly,
}

impl<'a, 't> SplicePlan<'a, 't> {
    pub(super) fn new(tree: &'a SpanTree<'t>, text: &'a str, document: &DocumentSpan) -> Self {
        let formatting = Formatting::of(tree, document);
        Self { tree, text, formatting, explicit: document.explicit, splices: Vec::new() }
    }

    pub(super) fn exchange(&mut self, range: Range<usize>, new: impl Into<String>) {
        self.splices.push((range, new.into()));
    }

    pub(super) fn insert(&mut self, at: usize, new: impl Into<String>) {
        self.splices.push((at..at, new.into()));
    }

    pub(super) fn remove(&mut self, range: Range<usize>) {
        self.splices.push((range, String::new()));
    }

    /// Where the content of a node may begin: after the indicator and the anchor, which stay.
    ///
    /// ```yaml
    /// key: &anchor !!str content
    /// #           ^ here
    /// ```
    pub(super) fn content_start(&self, node: NodeIndex, site: Site) -> usize {
        let anchor = self.tree.nodes[node].anchor.as_ref();
        anchor.map_or(site.after, |anchor| site.after.max(anchor.span.end))
    }

    /// A writer of values with the usual line break of the document.
    pub(super) fn writer(&self) -> Writer<'a, 't> {
        self.writer_with(self.formatting.line_break)
    }

    /// A writer of values with the line break that is used nearby.
    pub(super) fn writer_with(&self, line_break: &str) -> Writer<'a, 't> {
        let line_break = match line_break {
            "\r\n" => "\r\n",
            "\r" => "\r",
            _ => "\n",
        };
        Writer { tree: self.tree, formatting: self.formatting.clone(), line_break }
    }

    pub(super) fn refuse(&self, node: NodeIndex, message: &str) -> YamlRefusal {
        YamlRefusal::at(self.tree.text, self.tree.nodes[node].span.start, Reason::Unwritable, message)
    }
}
