//! The events of one text from two parsers that share no code: yaml-rust2, and the span tree.

use std::borrow::Cow;

use yaml_rust2::Event;
use yaml_rust2::parser::Parser;
use yaml_rust2::scanner::TScalarStyle;

use super::super::read::lines::is_blank;
use super::super::read::span_tree::{NodeIndex, NodeKind, ScalarStyle, SpanTree};

/// One event of a stream. Anchors are numbers from 1 that differ between parsers; 0 is no anchor.
#[derive(Debug, PartialEq)]
pub(super) enum NodeEvent<'e> {
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    Scalar { text: Cow<'e, str>, style: ScalarStyle, properties: Properties<'e> },
    SequenceStart(Properties<'e>),
    SequenceEnd,
    MappingStart(Properties<'e>),
    MappingEnd,
    Alias(usize),
}

/// Anchor and tag of a node.
#[derive(Debug, PartialEq)]
pub(super) struct Properties<'e> {
    pub anchor: usize,
    pub tag: Option<Cow<'e, str>>,
}

/// The events of a text, one after the other.
pub(super) trait EventSource<'e> {
    /// The next event.
    ///
    /// # Errors
    /// The message of a parser that cannot read on.
    fn next(&mut self) -> Result<NodeEvent<'e>, String>;
}

/// The events of yaml-rust2, which has no part in how edits are made.
pub(super) struct IndependentEvents<'e> {
    parser: Parser<std::str::Chars<'e>>,
    /// How many scalars come before the one that ends at the end of the text, without a line break.
    before_unended: Option<usize>,
}

/// A text as yaml-rust2 can read it: without a byte order mark, and with spaces for the tabs between a key's colon and
/// its value, which it takes for a mistake. Neither is content.
pub(super) fn readable<'t>(tree: &SpanTree<'t>) -> Cow<'t, str> {
    let mark = tree.text.len() - tree.text.trim_start_matches('\u{feff}').len();
    if !tree.text.contains(":\t") {
        return Cow::Borrowed(&tree.text[mark..]);
    }
    let mut bytes = tree.text.as_bytes().to_vec();
    for node in &tree.nodes {
        let NodeKind::Mapping { entries, .. } = &node.kind else { continue };
        for entry in entries {
            let Some(colon) = entry.colon else { continue };
            let tabs = bytes[colon + 1..].iter().take_while(|&&byte| is_blank(byte)).count();
            bytes[colon + 1..=colon + tabs].fill(b' ');
        }
    }
    // OK because ASCII was replaced by ASCII.
    String::from_utf8(bytes).map_or_else(|_| tree.text[mark..].into(), |text| text[mark..].to_owned().into())
}

impl<'e> IndependentEvents<'e> {
    /// Reads the [`readable`] text of a tree.
    pub(super) fn new(text: &'e str, tree: &SpanTree<'_>) -> Self {
        let is_scalar = |id: &NodeIndex| matches!(tree.nodes[*id].kind, NodeKind::Scalar { .. });
        let before_unended = tree.unended.map(|id| (0..id).filter(is_scalar).count());
        Self { parser: Parser::new_from_str(text), before_unended }
    }

    /// yaml-rust2 adds a line break to a block scalar that ends without one at the end of the text; readers that
    /// descend from libyaml, and YAML 1.2.2 §8.1.1.2, do not.
    fn scalar(&mut self, mut text: String) -> String {
        match &mut self.before_unended {
            Some(0) => {
                self.before_unended = None;
                if text.ends_with('\n') {
                    text.pop();
                }
            }
            Some(before) => *before -= 1,
            None => {}
        }
        text
    }
}

impl<'e> EventSource<'e> for IndependentEvents<'e> {
    fn next(&mut self) -> Result<NodeEvent<'e>, String> {
        let properties = |anchor, tag: Option<yaml_rust2::parser::Tag>| Properties {
            anchor,
            tag: tag.map(|tag| Cow::Owned(format!("{}{}", tag.handle, tag.suffix))),
        };
        loop {
            let (event, _) =
                self.parser.next_token().map_err(|error| format!("the result does not parse: {error}"))?;
            return Ok(match event {
                Event::Nothing | Event::StreamStart => continue,
                Event::DocumentStart => NodeEvent::DocumentStart,
                Event::DocumentEnd => NodeEvent::DocumentEnd,
                Event::StreamEnd => NodeEvent::StreamEnd,
                Event::Alias(anchor) => NodeEvent::Alias(anchor),
                Event::Scalar(text, style, anchor, tag) => {
                    let style = match style {
                        TScalarStyle::Plain => ScalarStyle::Plain,
                        TScalarStyle::SingleQuoted => ScalarStyle::Single,
                        TScalarStyle::DoubleQuoted => ScalarStyle::Double,
                        TScalarStyle::Literal => ScalarStyle::Literal,
                        TScalarStyle::Folded => ScalarStyle::Folded,
                    };
                    NodeEvent::Scalar {
                        text: self.scalar(text).into(),
                        style,
                        properties: properties(anchor, tag),
                    }
                }
                Event::SequenceStart(anchor, tag) => NodeEvent::SequenceStart(properties(anchor, tag)),
                Event::SequenceEnd => NodeEvent::SequenceEnd,
                Event::MappingStart(anchor, tag) => NodeEvent::MappingStart(properties(anchor, tag)),
                Event::MappingEnd => NodeEvent::MappingEnd,
            });
        }
    }
}

/// The events of a span tree.
pub(super) struct TreeEvents<'e, 't> {
    tree: &'e SpanTree<'t>,
    /// The parts that are still to be read, the next one last.
    stack: Vec<Pending>,
}

/// A part of a tree that is still to be read.
enum Pending {
    Document(NodeIndex),
    DocumentEnd,
    Node(NodeIndex),
    SequenceEnd,
    MappingEnd,
}

impl<'e, 't> TreeEvents<'e, 't> {
    pub(super) fn new(tree: &'e SpanTree<'t>) -> Self {
        let stack = tree.documents.iter().rev().map(|document| Pending::Document(document.root)).collect();
        Self { tree, stack }
    }
}

impl<'e> EventSource<'e> for TreeEvents<'e, '_> {
    fn next(&mut self) -> Result<NodeEvent<'e>, String> {
        let tree = self.tree;
        let Some(pending) = self.stack.pop() else { return Ok(NodeEvent::StreamEnd) };
        let id = match pending {
            Pending::Document(root) => {
                self.stack.extend([Pending::DocumentEnd, Pending::Node(root)]);
                return Ok(NodeEvent::DocumentStart);
            }
            Pending::DocumentEnd => return Ok(NodeEvent::DocumentEnd),
            Pending::SequenceEnd => return Ok(NodeEvent::SequenceEnd),
            Pending::MappingEnd => return Ok(NodeEvent::MappingEnd),
            Pending::Node(id) => id,
        };
        let node = &tree.nodes[id];
        let properties = Properties {
            anchor: node.anchor.as_ref().map_or(0, |anchor| anchor.id),
            tag: node.tag.as_ref().map(|tag| tag.name.as_str().into()),
        };
        Ok(match &node.kind {
            NodeKind::Alias { anchor } => NodeEvent::Alias(*anchor),
            NodeKind::Scalar { value, style } => {
                NodeEvent::Scalar { text: Cow::Borrowed(&**value), style: *style, properties }
            }
            NodeKind::Sequence { items, .. } => {
                self.stack.push(Pending::SequenceEnd);
                self.stack.extend(items.iter().rev().map(|item| Pending::Node(item.node)));
                NodeEvent::SequenceStart(properties)
            }
            NodeKind::Mapping { entries, .. } => {
                self.stack.push(Pending::MappingEnd);
                let nodes = entries.iter().rev().flat_map(|entry| [entry.value, entry.key]);
                self.stack.extend(nodes.map(Pending::Node));
                NodeEvent::MappingStart(properties)
            }
        })
    }
}
