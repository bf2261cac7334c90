//! What two parsers that share no code say of one text, in one vocabulary: yaml-rust2's events, and the span tree.

use std::borrow::Cow;

use yaml_rust2::Event;
use yaml_rust2::parser::Parser;
use yaml_rust2::scanner::TScalarStyle;

use super::lines::is_blank;
use super::tree::{Kind, NodeId, Style, Tree};

/// One event of a stream. Anchors are numbers from 1 that differ between parsers; 0 is no anchor.
#[derive(Debug, PartialEq)]
pub(super) enum Seen<'e> {
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    Scalar { text: Cow<'e, str>, style: Style, properties: Properties<'e> },
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
pub(super) trait Events<'e> {
    /// The next event; the error says why there is none.
    fn next(&mut self) -> Result<Seen<'e>, String>;
}

/// yaml-rust2, which has no part in how edits are made.
pub(super) struct Independent<'e> {
    parser: Parser<std::str::Chars<'e>>,
    /// How many scalars come before the one that ends at the end of the text, without a line break.
    before_unended: Option<usize>,
}

/// A text as yaml-rust2 can read it: without a byte order mark, and with spaces for the tabs that part a key's colon
/// from its value, which it takes for a mistake. Neither is content.
pub(super) fn readable<'t>(tree: &Tree<'t>) -> Cow<'t, str> {
    let mark = tree.text.len() - tree.text.trim_start_matches('\u{feff}').len();
    if !tree.text.contains(":\t") {
        return Cow::Borrowed(&tree.text[mark..]);
    }
    let mut bytes = tree.text.as_bytes().to_vec();
    for node in &tree.nodes {
        let Kind::Mapping { entries, .. } = &node.kind else { continue };
        for entry in entries {
            let Some(colon) = entry.colon else { continue };
            let tabs = bytes[colon + 1..].iter().take_while(|&&byte| is_blank(byte)).count();
            bytes[colon + 1..=colon + tabs].fill(b' ');
        }
    }
    // OK because ASCII took the place of ASCII.
    String::from_utf8(bytes).map_or_else(|_| tree.text[mark..].into(), |text| text[mark..].to_owned().into())
}

impl<'e> Independent<'e> {
    /// Reads the [`readable`] text of a tree.
    pub fn new(text: &'e str, tree: &Tree<'_>) -> Self {
        let is_scalar = |id: &NodeId| matches!(tree.nodes[*id].kind, Kind::Scalar { .. });
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

impl<'e> Events<'e> for Independent<'e> {
    fn next(&mut self) -> Result<Seen<'e>, String> {
        let properties = |anchor, tag: Option<yaml_rust2::parser::Tag>| Properties {
            anchor,
            tag: tag.map(|tag| Cow::Owned(format!("{}{}", tag.handle, tag.suffix))),
        };
        loop {
            let (event, _) =
                self.parser.next_token().map_err(|error| format!("the result does not parse: {error}"))?;
            return Ok(match event {
                Event::Nothing | Event::StreamStart => continue,
                Event::DocumentStart => Seen::DocumentStart,
                Event::DocumentEnd => Seen::DocumentEnd,
                Event::StreamEnd => Seen::StreamEnd,
                Event::Alias(anchor) => Seen::Alias(anchor),
                Event::Scalar(text, style, anchor, tag) => {
                    let style = match style {
                        TScalarStyle::Plain => Style::Plain,
                        TScalarStyle::SingleQuoted => Style::Single,
                        TScalarStyle::DoubleQuoted => Style::Double,
                        TScalarStyle::Literal => Style::Literal,
                        TScalarStyle::Folded => Style::Folded,
                    };
                    Seen::Scalar {
                        text: self.scalar(text).into(),
                        style,
                        properties: properties(anchor, tag),
                    }
                }
                Event::SequenceStart(anchor, tag) => Seen::SequenceStart(properties(anchor, tag)),
                Event::SequenceEnd => Seen::SequenceEnd,
                Event::MappingStart(anchor, tag) => Seen::MappingStart(properties(anchor, tag)),
                Event::MappingEnd => Seen::MappingEnd,
            });
        }
    }
}

/// A span tree, read from front to back.
pub(super) struct Walk<'e, 't> {
    tree: &'e Tree<'t>,
    /// What is still to come, the next one last.
    stack: Vec<Ahead>,
}

enum Ahead {
    Document(NodeId),
    DocumentEnd,
    Node(NodeId),
    SequenceEnd,
    MappingEnd,
}

impl<'e, 't> Walk<'e, 't> {
    pub fn new(tree: &'e Tree<'t>) -> Self {
        let stack = tree.documents.iter().rev().map(|document| Ahead::Document(document.root)).collect();
        Self { tree, stack }
    }
}

impl<'e> Events<'e> for Walk<'e, '_> {
    fn next(&mut self) -> Result<Seen<'e>, String> {
        let tree = self.tree;
        let Some(ahead) = self.stack.pop() else { return Ok(Seen::StreamEnd) };
        let id = match ahead {
            Ahead::Document(root) => {
                self.stack.extend([Ahead::DocumentEnd, Ahead::Node(root)]);
                return Ok(Seen::DocumentStart);
            }
            Ahead::DocumentEnd => return Ok(Seen::DocumentEnd),
            Ahead::SequenceEnd => return Ok(Seen::SequenceEnd),
            Ahead::MappingEnd => return Ok(Seen::MappingEnd),
            Ahead::Node(id) => id,
        };
        let node = &tree.nodes[id];
        let properties = Properties {
            anchor: node.anchor.as_ref().map_or(0, |anchor| anchor.id),
            tag: node.tag.as_ref().map(|tag| tag.name.as_str().into()),
        };
        Ok(match &node.kind {
            Kind::Alias { anchor } => Seen::Alias(*anchor),
            Kind::Scalar { value, style } => {
                Seen::Scalar { text: Cow::Borrowed(&**value), style: *style, properties }
            }
            Kind::Sequence { items, .. } => {
                self.stack.push(Ahead::SequenceEnd);
                self.stack.extend(items.iter().rev().map(|item| Ahead::Node(item.node)));
                Seen::SequenceStart(properties)
            }
            Kind::Mapping { entries, .. } => {
                self.stack.push(Ahead::MappingEnd);
                let nodes = entries.iter().rev().flat_map(|entry| [entry.value, entry.key]);
                self.stack.extend(nodes.map(Ahead::Node));
                Seen::MappingStart(properties)
            }
        })
    }
}
