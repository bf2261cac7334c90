//! From text to span tree. The only file that knows `granit-parser`.
//!
//! The parser says what the nodes are; where they begin is checked here byte by byte: between two nodes stand only
//! blanks, comments and the indicators that must stand there. A text where that fails is refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, StructureStyle};

use super::lines::{begins_line, line_end, line_start, next_line, skip_blanks, skip_trivia};
use super::refusal::{Reason, Refusal};
use super::tree::{Anchor, DocumentSpan, Entry, Item, Kind, Layout, Node, NodeId, Style, Tag, Tree};

/// Larger texts are refused.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// Deeper texts are refused.
pub(super) const MAX_DEPTH: usize = 100;
/// Texts with more nodes, keys among them, are refused: real manifests have 20 bytes for each, hostile ones two.
const MAX_NODES: usize = 40_000;
/// Texts with more comments are refused.
const MAX_COMMENTS: usize = 20_000;
/// Texts with more aliases are refused.
const MAX_ALIASES: usize = 1000;

/// Parses a stream.
pub(super) fn parse(text: &str) -> Result<Tree<'_>, Refusal> {
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes; the limit is {MAX_BYTES}", text.len());
        return Err(Refusal::at(text, 0, Reason::TooLarge, message));
    }
    let options = granit_parser::options! {
        emit_anchor_events: true,
        max_buffered_comment_events: MAX_COMMENTS,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let tree = Tree {
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

struct Builder<'t> {
    events: Parser<'t, StrInput<'t>>,
    ahead: Option<(Event<'t>, Span)>,
    tree: Tree<'t>,
    aliases: usize,
    depth: usize,
    complex_key: Option<usize>,
}

impl<'t> Builder<'t> {
    fn text(&self) -> &'t str {
        self.tree.text
    }

    /// The next event that is not a comment.
    fn next(&mut self) -> Result<(Event<'t>, Span), Refusal> {
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

    fn peek(&mut self) -> Result<&(Event<'t>, Span), Refusal> {
        let event = self.next()?;
        Ok(self.ahead.insert(event))
    }

    fn stream(&mut self) -> Result<(), Refusal> {
        let mut from = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart => {}
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(explicit, _) => {
                    let start = bytes(&span);
                    from = if explicit { start.end } else { self.behind_end_markers(from) };
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

    /// Where a document without `---` may begin: `...` may stand any number of times before it.
    fn behind_end_markers(&self, from: usize) -> usize {
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

    /// The node whose first byte (with anchor and tag) is the first that is no trivia from `from`.
    fn node(&mut self, from: usize) -> Result<NodeId, Refusal> {
        let (event, span) = self.next()?;
        let range = bytes(&span);
        let tag = event.tag().map(|tag| Tag {
            name: tag.to_string(),
            span: span.tag_span().map_or(range.start..range.start, |span| bytes(&span)),
        });
        let tag = match (tag, event.tag()) {
            (Some(mut written), Some(tag)) => {
                written.name = format!("{}{}", tag.handle(), tag.suffix());
                Some(written)
            }
            (tag, _) => tag,
        };
        let id = self.tree.nodes.len();
        match event {
            Event::Alias(anchor) => {
                self.aliases += 1;
                if self.aliases > MAX_ALIASES {
                    let message = format!("more than {MAX_ALIASES} aliases");
                    return Err(self.refuse(range.start, Reason::TooManyAliases, message));
                }
                self.expect_at(from, range.start)?;
                self.tree.aliased.insert(anchor);
                self.push(range, None, None, Kind::Alias { anchor })?;
            }
            Event::Scalar(value, style, anchor, _) => {
                let anchor = self.anchor(anchor)?;
                let after = after_properties(from, anchor.as_ref(), tag.as_ref());
                self.expect_properties(from, anchor.as_ref(), tag.as_ref())?;
                let empty = style == ScalarStyle::Plain && range.is_empty();
                let (span, value) = match style {
                    _ if empty => (after..after, "".into()),
                    ScalarStyle::Literal | ScalarStyle::Folded => {
                        let span = self.block_scalar(after, &range, value.is_empty())?;
                        let last = &self.text()[line_start(self.text(), span.end)..];
                        let unended = span.end == self.text().len() && !last.trim().is_empty();
                        let value = if unended { self.unended(value) } else { value };
                        (span, value)
                    }
                    _ => {
                        self.expect_at(after, range.start)?;
                        (range, value)
                    }
                };
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                self.push(span, anchor, tag, Kind::Scalar { value, style })?;
            }
            Event::SequenceStart(style, anchor, _) => {
                let anchor = self.anchor(anchor)?;
                self.expect_properties(from, anchor.as_ref(), tag.as_ref())?;
                let after = after_properties(from, anchor.as_ref(), tag.as_ref());
                let flow = style == StructureStyle::Flow;
                self.push(after..after, anchor, tag, Kind::Sequence { flow, items: Vec::new() })?;
                self.enter(after)?;
                let (span, items) = if flow { self.flow_items(after)? } else { self.block_items(after)? };
                self.depth -= 1;
                self.tree.nodes[id].span = span;
                self.tree.nodes[id].kind = Kind::Sequence { flow, items };
            }
            Event::MappingStart(style, anchor, _) => {
                let anchor = self.anchor(anchor)?;
                self.expect_properties(from, anchor.as_ref(), tag.as_ref())?;
                let after = after_properties(from, anchor.as_ref(), tag.as_ref());
                let layout = match style {
                    StructureStyle::Block => Layout::Block,
                    StructureStyle::Flow if self.text()[range.clone()].starts_with('{') => Layout::Flow,
                    StructureStyle::Flow => Layout::Pair,
                };
                self.push(after..after, anchor, tag, Kind::Mapping { layout, entries: Vec::new() })?;
                self.enter(after)?;
                let (span, entries) = match layout {
                    Layout::Block => self.block_entries(after)?,
                    Layout::Flow => self.flow_entries(after)?,
                    Layout::Pair => self.pair(after)?,
                };
                self.depth -= 1;
                self.tree.nodes[id].span = span;
                self.tree.nodes[id].kind = Kind::Mapping { layout, entries };
            }
            _ => return Err(self.misaligned(range.start)),
        }
        Ok(id)
    }

    fn push(
        &mut self,
        span: Range<usize>,
        anchor: Option<Anchor>,
        tag: Option<Tag>,
        kind: Kind<'t>,
    ) -> Result<(), Refusal> {
        if self.tree.nodes.len() == MAX_NODES {
            let message = format!("the text has more than {MAX_NODES} values and keys");
            return Err(self.refuse(span.start, Reason::TooLarge, message));
        }
        if let Some(anchor) = &anchor {
            self.tree.anchors.insert(anchor.id, self.tree.nodes.len());
        }
        self.tree.nodes.push(Node { span, anchor, tag, kind });
        Ok(())
    }

    fn enter(&mut self, at: usize) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.refuse(at, Reason::TooDeep, format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(())
    }

    /// The anchor event that follows the event of a node with an anchor.
    fn anchor(&mut self, id: usize) -> Result<Option<Anchor>, Refusal> {
        if id == 0 {
            return Ok(None);
        }
        match self.next()? {
            (Event::Anchor(..), span) => Ok(Some(Anchor { id, span: bytes(&span) })),
            (_, span) => Err(self.misaligned(bytes(&span).start)),
        }
    }

    fn block_items(&mut self, from: usize) -> Result<(Range<usize>, Vec<Item>), Refusal> {
        let mut items: Vec<Item> = Vec::new();
        let mut at = from;
        while !matches!(self.peek()?.0, Event::SequenceEnd) {
            let start = skip_trivia(self.text(), at);
            self.expect(start, b'-')?;
            let node = self.node(start + 1)?;
            at = self.tree.nodes[node].span.end.max(start + 1);
            items.push(Item { start, node, comma: None });
        }
        self.next()?;
        Ok((items.first().map_or(from, |item| item.start)..at, items))
    }

    fn flow_items(&mut self, from: usize) -> Result<(Range<usize>, Vec<Item>), Refusal> {
        let open = skip_trivia(self.text(), from);
        self.expect(open, b'[')?;
        let mut items = Vec::new();
        let mut at = open + 1;
        while !matches!(self.peek()?.0, Event::SequenceEnd) {
            let start = skip_trivia(self.text(), at);
            let node = self.node(at)?;
            at = self.tree.nodes[node].span.end.max(at);
            let comma = self.comma(&mut at);
            items.push(Item { start, node, comma });
        }
        self.next()?;
        let close = skip_trivia(self.text(), at);
        self.expect(close, b']')?;
        Ok((open..close + 1, items))
    }

    fn block_entries(&mut self, from: usize) -> Result<(Range<usize>, Vec<Entry>), Refusal> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut at = from;
        while !matches!(self.peek()?.0, Event::MappingEnd) {
            let entry = self.entry(at)?;
            at = entry.1;
            entries.push(entry.0);
        }
        self.next()?;
        Ok((entries.first().map_or(from, |entry| entry.start)..at, entries))
    }

    fn flow_entries(&mut self, from: usize) -> Result<(Range<usize>, Vec<Entry>), Refusal> {
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

    fn pair(&mut self, from: usize) -> Result<(Range<usize>, Vec<Entry>), Refusal> {
        let (entry, end) = self.entry(from)?;
        match self.next()? {
            (Event::MappingEnd, _) => Ok((entry.start..end, vec![entry])),
            (_, span) => Err(self.misaligned(bytes(&span).start)),
        }
    }

    /// One `key: value`, `? key : value`, `key` or `: value`, and where it ends.
    fn entry(&mut self, from: usize) -> Result<(Entry, usize), Refusal> {
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
        Ok((Entry { start, key, colon, value, comma: None }, end))
    }

    fn comma(&self, at: &mut usize) -> Option<usize> {
        let comma = skip_trivia(self.text(), *at);
        if !self.text()[comma..].starts_with(',') {
            return None;
        }
        *at = comma + 1;
        Some(comma)
    }

    /// A block scalar's whole span, from its header to the end of its last content line.
    fn block_scalar(
        &mut self,
        from: usize,
        content: &Range<usize>,
        empty: bool,
    ) -> Result<Range<usize>, Refusal> {
        let text = self.text();
        let bytes = text.as_bytes();
        let start = skip_trivia(text, from);
        if !matches!(bytes.get(start), Some(b'|' | b'>')) {
            return Err(self.misaligned(start));
        }
        let header = text[start + 1..].bytes().take_while(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9'));
        let header_end = start + 1 + header.clone().count();
        let keep = header.clone().any(|byte| byte == b'+');
        let body = next_line(text, start);
        if body >= text.len() && line_end(text, start) == text.len() {
            return Ok(start..header_end);
        }
        let indent = if empty || content.is_empty() || content.start < body {
            usize::MAX
        } else {
            content.start - line_start(text, content.start)
        };
        let (mut content_end, mut all_end) = (header_end, header_end);
        let mut at = body;
        while at < text.len() {
            let line = &text[at..line_end(text, at)];
            let spaces = line.bytes().take_while(|&byte| byte == b' ').count();
            let blank = spaces == line.len() && spaces <= indent;
            if !blank && (spaces < indent || (spaces == 0 && is_marker(line))) {
                break;
            }
            all_end = at + line.len();
            if !blank {
                content_end = all_end;
            }
            at = next_line(text, at);
        }
        if line_end(text, at) > at && skip_blanks(text, at) == line_end(text, at) {
            self.tree.blank_ends += 1;
        }
        let end = if keep { all_end } else { content_end };
        Ok(start..end)
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

    fn expect(&self, at: usize, byte: u8) -> Result<(), Refusal> {
        if self.text().as_bytes().get(at) == Some(&byte) { Ok(()) } else { Err(self.misaligned(at)) }
    }

    fn expect_at(&self, from: usize, start: usize) -> Result<(), Refusal> {
        if skip_trivia(self.text(), from) == start { Ok(()) } else { Err(self.misaligned(start)) }
    }

    fn expect_properties(
        &self,
        from: usize,
        anchor: Option<&Anchor>,
        tag: Option<&Tag>,
    ) -> Result<(), Refusal> {
        let mut at = from;
        let mut spans: Vec<_> =
            anchor.map(|anchor| &anchor.span).into_iter().chain(tag.map(|tag| &tag.span)).collect();
        spans.sort_by_key(|span| span.start);
        for span in spans {
            self.expect_at(at, span.start)?;
            at = span.end;
        }
        Ok(())
    }

    fn refuse(&self, at: usize, code: Reason, message: impl Into<String>) -> Refusal {
        Refusal::at(self.text(), at, code, message)
    }

    fn misaligned(&self, at: usize) -> Refusal {
        self.refuse(at, Reason::Syntax, "this node cannot be told apart from its surroundings")
    }

    fn syntax(&self, error: &granit_parser::ScanError) -> Refusal {
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

fn after_properties(from: usize, anchor: Option<&Anchor>, tag: Option<&Tag>) -> usize {
    let anchor = anchor.map_or(from, |anchor| anchor.span.end);
    from.max(anchor).max(tag.map_or(from, |tag| tag.span.end))
}

/// Whether a line begins with `---` or `...`, as a word of its own.
pub(super) fn is_marker(line: &str) -> bool {
    let rest = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}
