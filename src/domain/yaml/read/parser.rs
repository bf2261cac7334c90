//! From text to span tree. The only file that knows `granit-parser`.
//!
//! The parser says what the nodes are; where they begin is checked here byte by byte: between two nodes there are only
//! blanks, comments and the indicators that belong there. A text where that fails is refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use granit_parser::{Event, Parser, Span, StrInput, StructureStyle};

use super::super::refusal::{Reason, YamlRefusal};
use super::block_scalar;
use super::lines::{begins_line, is_marker, line_end, line_start, skip_trivia};
use super::span_tree::{
    Anchor, DocumentSpan, Layout, MappingEntry, Node, NodeIndex, NodeKind, ScalarStyle, SequenceItem,
    SpanTree, Tag,
};

/// Larger texts are refused.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// Deeper texts are refused.
pub(crate) const MAX_DEPTH: usize = 100;
/// Texts with more nodes, keys among them, are refused: real manifests have 20 bytes for each, hostile ones two.
const MAX_NODES: usize = 40_000;
/// Texts with more comments are refused.
const MAX_COMMENTS: usize = 20_000;
/// Texts with more aliases are refused.
const MAX_ALIASES: usize = 1000;

/// Parses a stream.
pub(crate) fn parse(text: &str) -> Result<SpanTree<'_>, YamlRefusal> {
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes; the limit is {MAX_BYTES}", text.len());
        return Err(YamlRefusal::at(text, 0, Reason::TooLarge, message));
    }
    let options = granit_parser::options! {
        emit_anchor_events: true,
        max_buffered_comment_events: MAX_COMMENTS,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let tree = SpanTree {
        text,
        nodes: Vec::with_capacity((text.len() / 10).min(MAX_NODES)),
        documents: Vec::new(),
        comments: Vec::new(),
        anchors: BTreeMap::new(),
        aliased: BTreeSet::new(),
        unended: None,
        blank_ends: 0,
    };
    let mut builder = Builder {
        events: Parser::new_from_str_with_options(text, options),
        ahead: None,
        tree,
        aliases: 0,
        depth: 0,
        complex_key: None,
    };
    builder.stream()?;
    let mut tree = builder.tree;
    tree.comments.sort_by_key(|comment| comment.start);
    Ok(tree)
}

/// Builds the tree while the parser's events come in.
struct Builder<'t> {
    events: Parser<'t, StrInput<'t>>,
    /// An event that was looked at and not yet taken.
    ahead: Option<(Event<'t>, Span)>,
    tree: SpanTree<'t>,
    aliases: usize,
    depth: usize,
    /// The first key of the document that is a collection or an alias.
    complex_key: Option<usize>,
}

/// What precedes a node's content.
struct NodeProperties {
    anchor: Option<Anchor>,
    tag: Option<Tag>,
    /// The first byte after them.
    end: usize,
}

impl<'t> Builder<'t> {
    fn text(&self) -> &'t str {
        self.tree.text
    }

    /// The next event that is not a comment.
    fn next(&mut self) -> Result<(Event<'t>, Span), YamlRefusal> {
        if let Some(event) = self.ahead.take() {
            return Ok(event);
        }
        loop {
            match self.events.next() {
                Some(Ok((Event::Comment(..), span))) => {
                    let range = bytes(&span);
                    if self.tree.comments.len() == MAX_COMMENTS {
                        let message = format!("the text has more than {MAX_COMMENTS} comments");
                        return Err(self.refuse(range.start, Reason::TooLarge, message));
                    }
                    self.tree.comments.push(range);
                }
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => return Err(self.syntax(&error)),
                None => return Err(self.misaligned(self.text().len())),
            }
        }
    }

    fn peek(&mut self) -> Result<&(Event<'t>, Span), YamlRefusal> {
        let event = self.next()?;
        Ok(self.ahead.insert(event))
    }

    fn stream(&mut self) -> Result<(), YamlRefusal> {
        let mut from = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart => {}
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(explicit, _) => {
                    let start = bytes(&span);
                    from = if explicit { start.end } else { self.after_end_markers(from) };
                    self.complex_key = None;
                    let root = self.node(from)?;
                    self.tree.documents.push(DocumentSpan {
                        root,
                        from,
                        explicit,
                        complex_key: self.complex_key,
                    });
                    let (event, span) = self.next()?;
                    if event != Event::DocumentEnd {
                        return Err(self.misaligned(bytes(&span).start));
                    }
                    from = self.tree.nodes[root].span.end.max(from);
                    if !span.is_empty() {
                        from = from.max(bytes(&span).end);
                    }
                }
                _ => return Err(self.misaligned(bytes(&span).start)),
            }
        }
    }

    /// Where a document without `---` may begin: after any number of `...`.
    fn after_end_markers(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            let marker = skip_trivia(self.text(), at);
            let line = &self.text()[marker..line_end(self.text(), marker)];
            if !begins_line(self.text(), marker) || !line.starts_with("...") || !is_marker(line) {
                return at;
            }
            at = marker + 3;
        }
    }

    /// Reads the node that begins, with its anchor and tag, at the first byte from `from` that is neither blank,
    /// line break nor comment.
    fn node(&mut self, from: usize) -> Result<NodeIndex, YamlRefusal> {
        let (event, span) = self.next()?;
        let range = bytes(&span);
        let tag = event.tag().map(|tag| Tag {
            name: format!("{}{}", tag.handle(), tag.suffix()),
            span: span.tag_span().map_or(range.start..range.start, |span| bytes(&span)),
        });
        match event {
            Event::Alias(anchor) => self.alias(from, range, anchor),
            Event::Scalar(value, style, anchor, _) => {
                let properties = self.properties(from, anchor, tag)?;
                self.scalar(properties, range, value, scalar_style(style))
            }
            Event::SequenceStart(style, anchor, _) => {
                let properties = self.properties(from, anchor, tag)?;
                self.sequence(properties, style == StructureStyle::Flow)
            }
            Event::MappingStart(style, anchor, _) => {
                let layout = match style {
                    StructureStyle::Block => Layout::Block,
                    StructureStyle::Flow if self.text()[range].starts_with('{') => Layout::Flow,
                    StructureStyle::Flow => Layout::Pair,
                };
                let properties = self.properties(from, anchor, tag)?;
                self.mapping(properties, layout)
            }
            _ => Err(self.misaligned(range.start)),
        }
    }

    /// An alias; its span is all of it.
    ///
    /// ```yaml
    /// *base
    /// ```
    fn alias(&mut self, from: usize, span: Range<usize>, anchor: usize) -> Result<NodeIndex, YamlRefusal> {
        self.aliases += 1;
        if self.aliases > MAX_ALIASES {
            let message = format!("more than {MAX_ALIASES} aliases");
            return Err(self.refuse(span.start, Reason::TooManyAliases, message));
        }
        self.expect_at(from, span.start)?;
        self.tree.aliased.insert(anchor);
        let none = NodeProperties { anchor: None, tag: None, end: span.start };
        self.push(span, none, NodeKind::Alias { anchor })
    }

    /// A scalar; its span includes the quotes or the header of a block scalar. An empty node is an empty plain scalar
    /// right after its properties: here the span of `none` is `11..11`.
    ///
    /// ```yaml
    /// none: !!str
    /// quoted: "value"
    /// block: |-
    ///   some lines
    /// ```
    fn scalar(
        &mut self,
        properties: NodeProperties,
        range: Range<usize>,
        value: Cow<'t, str>,
        style: ScalarStyle,
    ) -> Result<NodeIndex, YamlRefusal> {
        let from = properties.end;
        let (span, value) = match style {
            ScalarStyle::Plain if range.is_empty() => (from..from, "".into()),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let found = block_scalar::find(self.text(), from, &range, value.is_empty())
                    .map_err(|at| self.misaligned(at))?;
                self.tree.blank_ends += usize::from(found.ends_at_blanks);
                let value = if self.is_unended(&found.span) { self.unended(value) } else { value };
                (found.span, value)
            }
            _ => {
                self.expect_at(from, range.start)?;
                (range, value)
            }
        };
        self.push(span, properties, NodeKind::Scalar { value, style })
    }

    /// A sequence with its items.
    ///
    /// ```yaml
    /// - in a block
    /// - [between, brackets]
    /// ```
    fn sequence(&mut self, properties: NodeProperties, flow: bool) -> Result<NodeIndex, YamlRefusal> {
        let from = properties.end;
        let id = self.push(from..from, properties, NodeKind::Sequence { flow, items: Vec::new() })?;
        self.enter(from)?;
        let (span, items) = if flow { self.flow_items(from)? } else { self.block_items(from)? };
        self.depth -= 1;
        self.tree.nodes[id].span = span;
        self.tree.nodes[id].kind = NodeKind::Sequence { flow, items };
        Ok(id)
    }

    /// A mapping with its entries.
    ///
    /// ```yaml
    /// in: a block
    /// flow: {between: braces}
    /// pair: [a: b]
    /// ```
    fn mapping(&mut self, properties: NodeProperties, layout: Layout) -> Result<NodeIndex, YamlRefusal> {
        let from = properties.end;
        let id = self.push(from..from, properties, NodeKind::Mapping { layout, entries: Vec::new() })?;
        self.enter(from)?;
        let (span, entries) = match layout {
            Layout::Block => self.block_entries(from)?,
            Layout::Flow => self.flow_entries(from)?,
            Layout::Pair => self.pair(from)?,
        };
        self.depth -= 1;
        self.tree.nodes[id].span = span;
        self.tree.nodes[id].kind = NodeKind::Mapping { layout, entries };
        Ok(id)
    }

    /// Adds a node to the tree.
    fn push(
        &mut self,
        span: Range<usize>,
        properties: NodeProperties,
        kind: NodeKind<'t>,
    ) -> Result<NodeIndex, YamlRefusal> {
        let id = self.tree.nodes.len();
        if id == MAX_NODES {
            let message = format!("the text has more than {MAX_NODES} values and keys");
            return Err(self.refuse(span.start, Reason::TooLarge, message));
        }
        let NodeProperties { anchor, tag, .. } = properties;
        if let Some(anchor) = &anchor {
            self.tree.anchors.insert(anchor.id, id);
        }
        self.tree.nodes.push(Node { span, anchor, tag, kind });
        Ok(id)
    }

    fn enter(&mut self, at: usize) -> Result<(), YamlRefusal> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.refuse(at, Reason::TooDeep, format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(())
    }

    /// The properties of a node, which may come in either order. The anchor (0 for none) is an event of its own, after
    /// that of the node.
    ///
    /// ```yaml
    /// - &name !tag value
    /// - !tag &name value
    /// ```
    fn properties(
        &mut self,
        from: usize,
        anchor: usize,
        tag: Option<Tag>,
    ) -> Result<NodeProperties, YamlRefusal> {
        let anchor = match anchor {
            0 => None,
            id => match self.next()? {
                (Event::Anchor(..), span) => Some(Anchor { id, span: bytes(&span) }),
                (_, span) => return Err(self.misaligned(bytes(&span).start)),
            },
        };
        let mut spans: Vec<&Range<usize>> =
            anchor.iter().map(|anchor| &anchor.span).chain(tag.iter().map(|tag| &tag.span)).collect();
        spans.sort_by_key(|span| span.start);
        let mut end = from;
        for span in spans {
            self.expect_at(end, span.start)?;
            end = span.end;
        }
        Ok(NodeProperties { anchor, tag, end })
    }

    fn block_items(&mut self, from: usize) -> Result<(Range<usize>, Vec<SequenceItem>), YamlRefusal> {
        let mut items: Vec<SequenceItem> = Vec::new();
        let mut at = from;
        while !matches!(self.peek()?.0, Event::SequenceEnd) {
            let start = skip_trivia(self.text(), at);
            self.expect(start, b'-')?;
            let node = self.node(start + 1)?;
            at = self.tree.nodes[node].span.end.max(start + 1);
            items.push(SequenceItem { start, node, comma: None });
        }
        self.next()?;
        Ok((items.first().map_or(from, |item| item.start)..at, items))
    }

    fn flow_items(&mut self, from: usize) -> Result<(Range<usize>, Vec<SequenceItem>), YamlRefusal> {
        let open = skip_trivia(self.text(), from);
        self.expect(open, b'[')?;
        let mut items = Vec::new();
        let mut at = open + 1;
        while !matches!(self.peek()?.0, Event::SequenceEnd) {
            let start = skip_trivia(self.text(), at);
            let node = self.node(at)?;
            at = self.tree.nodes[node].span.end.max(at);
            let comma = self.comma(&mut at);
            items.push(SequenceItem { start, node, comma });
        }
        self.next()?;
        let close = skip_trivia(self.text(), at);
        self.expect(close, b']')?;
        Ok((open..close + 1, items))
    }

    fn block_entries(&mut self, from: usize) -> Result<(Range<usize>, Vec<MappingEntry>), YamlRefusal> {
        let mut entries: Vec<MappingEntry> = Vec::new();
        let mut at = from;
        while !matches!(self.peek()?.0, Event::MappingEnd) {
            let entry = self.entry(at)?;
            at = entry.1;
            entries.push(entry.0);
        }
        self.next()?;
        Ok((entries.first().map_or(from, |entry| entry.start)..at, entries))
    }

    fn flow_entries(&mut self, from: usize) -> Result<(Range<usize>, Vec<MappingEntry>), YamlRefusal> {
        let open = skip_trivia(self.text(), from);
        self.expect(open, b'{')?;
        let mut entries = Vec::new();
        let mut at = open + 1;
        while !matches!(self.peek()?.0, Event::MappingEnd) {
            let (mut entry, end) = self.entry(at)?;
            at = end;
            entry.comma = self.comma(&mut at);
            entries.push(entry);
        }
        self.next()?;
        let close = skip_trivia(self.text(), at);
        self.expect(close, b'}')?;
        Ok((open..close + 1, entries))
    }

    fn pair(&mut self, from: usize) -> Result<(Range<usize>, Vec<MappingEntry>), YamlRefusal> {
        let (entry, end) = self.entry(from)?;
        match self.next()? {
            (Event::MappingEnd, _) => Ok((entry.start..end, vec![entry])),
            (_, span) => Err(self.misaligned(bytes(&span).start)),
        }
    }

    /// One `key: value`, `? key : value`, `key` or `: value`, and where it ends.
    fn entry(&mut self, from: usize) -> Result<(MappingEntry, usize), YamlRefusal> {
        let text = self.text();
        let start = skip_trivia(text, from);
        let explicit = text[start..].starts_with('?') && self.ends_word(start + 1);
        let key = self.node(if explicit { start + 1 } else { start })?;
        if self.tree.scalar(key).is_none() && self.complex_key.is_none() {
            self.complex_key = Some(start);
        }
        let key_end = self.tree.nodes[key].span.end.max(start + usize::from(explicit));
        let colon = skip_trivia(text, key_end);
        // A plain key ends before `: `; where no colon follows, the value is absent.
        let colon = text[colon..].starts_with(':').then_some(colon);
        let value = self.node(colon.map_or(key_end, |colon| colon + 1))?;
        let least = colon.map_or(key_end, |colon| colon + 1);
        let end = self.tree.nodes[value].span.end.max(least);
        Ok((MappingEntry { start, key, colon, value, comma: None }, end))
    }

    /// The comma that follows, if there is one; `at` moves past it.
    fn comma(&self, at: &mut usize) -> Option<usize> {
        let comma = skip_trivia(self.text(), *at);
        if !self.text()[comma..].starts_with(',') {
            return None;
        }
        *at = comma + 1;
        Some(comma)
    }

    /// Whether the last line of a block scalar has content and ends with the text, without a line break.
    fn is_unended(&self, span: &Range<usize>) -> bool {
        let last = &self.text()[line_start(self.text(), span.end)..];
        span.end == self.text().len() && !last.trim().is_empty()
    }

    /// The value of a block scalar at the end of a text without a final line break. The parser adds the break, but
    /// YAML 1.2.2 §8.1.1.2 and the readers that descend from libyaml, kubectl's among them, do not.
    fn unended(&mut self, value: Cow<'t, str>) -> Cow<'t, str> {
        self.tree.unended = Some(self.tree.nodes.len());
        match value.strip_suffix('\n') {
            Some(value) => Cow::Owned(value.to_owned()),
            None => value,
        }
    }

    fn ends_word(&self, at: usize) -> bool {
        self.text().as_bytes().get(at).is_none_or(|&byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
    }

    fn expect(&self, at: usize, byte: u8) -> Result<(), YamlRefusal> {
        if self.text().as_bytes().get(at) == Some(&byte) { Ok(()) } else { Err(self.misaligned(at)) }
    }

    /// Checks that there are only blanks, line breaks and comments between two offsets.
    fn expect_at(&self, from: usize, start: usize) -> Result<(), YamlRefusal> {
        if skip_trivia(self.text(), from) == start { Ok(()) } else { Err(self.misaligned(start)) }
    }

    fn refuse(&self, at: usize, code: Reason, message: impl Into<String>) -> YamlRefusal {
        YamlRefusal::at(self.text(), at, code, message)
    }

    fn misaligned(&self, at: usize) -> YamlRefusal {
        self.refuse(at, Reason::Syntax, "this node cannot be told apart from its surroundings")
    }

    fn syntax(&self, error: &granit_parser::ScanError) -> YamlRefusal {
        use granit_parser::ErrorKind;
        let at = error.marker().byte_offset().unwrap_or(0);
        let code = match error.kind() {
            ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
                Reason::Tab
            }
            ErrorKind::RecursionLimitExceeded => Reason::TooDeep,
            ErrorKind::TooManyComments => Reason::TooLarge,
            _ => Reason::Syntax,
        };
        let mut message = error.info().to_string();
        message.truncate(message.find('\n').unwrap_or(message.len()));
        self.refuse(at, code, message)
    }
}

fn bytes(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or(0..0)
}

fn scalar_style(style: granit_parser::ScalarStyle) -> ScalarStyle {
    use granit_parser::ScalarStyle as Parsed;
    match style {
        Parsed::Plain => ScalarStyle::Plain,
        Parsed::SingleQuoted => ScalarStyle::Single,
        Parsed::DoubleQuoted => ScalarStyle::Double,
        Parsed::Literal => ScalarStyle::Literal,
        Parsed::Folded => ScalarStyle::Folded,
    }
}
