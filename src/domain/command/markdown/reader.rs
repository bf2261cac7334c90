//! The events of the Markdown parser, made into lines.

use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::candidate::{Candidate, Lines, Untaken, Why};
use super::html::{HtmlPlace, HtmlState, OpenElements, Piece};
use super::paragraph::Paragraph;
use super::source::{
    LINE_ENDS, Number, begins_line, cells, ends_word, is_blank, is_like_tag, line_after, line_from,
    lines_to_blank, may_go_on, separates_table,
};
use crate::domain::command::line::Line;

/// A Markdown element, by what it means for the text inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ElementKind {
    Paragraph,
    /// A list, or an item of one.
    List,
    /// Emphasis or a link, whose text is text of the line.
    Inline,
    /// An HTML block.
    Html,
    /// Inline, with text that is no text of the line: struck out, or the description of an image.
    QuietInline,
    /// A block whose text is no text of the comment's own.
    QuietBlock,
    Code,
}

impl ElementKind {
    fn of(tag: &Tag<'_>) -> Self {
        match tag {
            Tag::Paragraph => Self::Paragraph,
            Tag::List(_) | Tag::Item => Self::List,
            Tag::Emphasis | Tag::Strong | Tag::Link { .. } => Self::Inline,
            Tag::HtmlBlock => Self::Html,
            Tag::Strikethrough | Tag::Superscript | Tag::Subscript | Tag::Image { .. } => Self::QuietInline,
            Tag::CodeBlock(_) => Self::Code,
            _ => Self::QuietBlock,
        }
    }

    fn is_quiet(self) -> bool {
        matches!(self, Self::QuietInline | Self::QuietBlock | Self::Code)
    }

    fn is_block(self) -> bool {
        !matches!(self, Self::Inline | Self::QuietInline)
    }
}

/// How many rendered lines are read of one line of HTML: each costs the length of that line.
const MOST_IN_LINE: usize = 8;

/// Reads the events of a comment, in order.
pub(super) struct Reader<'a> {
    body: &'a str,
    lines: Lines<'a>,
    html: OpenElements,
    /// The HTML block that is being read.
    block: Block,
    /// The Markdown elements that are open, HTML blocks aside.
    open: Vec<ElementKind>,
    /// How many of them are quiet.
    quiet: usize,
    /// How many of them are lists and their items.
    lists: usize,
    paragraph: Paragraph,
    /// Lines that another parser may not see as text.
    doubt: Doubt,
    number: Number,
}

/// Why the lines before a place are no commands, whatever this parser makes of them.
#[derive(Debug)]
struct Doubt {
    end: usize,
    why: Why,
}

/// An HTML block without the marks of the quotes and lists that it is in.
#[derive(Debug, Default)]
struct Block {
    text: String,
    /// Where each of its lines begins in the text, and where in the comment.
    lines: Vec<(usize, usize)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a str) -> Self {
        Self {
            body,
            lines: Lines::default(),
            html: OpenElements::default(),
            block: Block::default(),
            open: Vec::new(),
            quiet: 0,
            lists: 0,
            paragraph: Paragraph::default(),
            doubt: Doubt { end: 0, why: Why::InTable },
            number: Number::default(),
        }
    }

    pub(super) fn read(&mut self, event: Event<'a>, range: Range<usize>) {
        self.lines.work += 1;
        match event {
            Event::Start(tag) => self.start(ElementKind::of(&tag)),
            Event::End(TagEnd::HtmlBlock) => self.html_block(range.start),
            Event::End(_) => self.end(range.end),
            Event::Html(text) => {
                self.block.lines.push((self.block.text.len(), range.start));
                self.block.text.push_str(&text);
            }
            Event::InlineHtml(text) => self.inline_html(&text, range.start),
            Event::Text(text) => self.text(&text, range),
            Event::SoftBreak | Event::HardBreak => self.paragraph.end_line(),
            Event::TaskListMarker(_) => {}
            _ => self.paragraph.add_other(),
        }
    }

    /// The lines of the comment, all events being read.
    pub(super) fn lines(mut self) -> Lines<'a> {
        self.end_block();
        self.lines.work += self.html.work + self.number.work;
        self.lines
    }

    fn start(&mut self, kind: ElementKind) {
        if kind.is_block() {
            self.end_block();
        }
        if kind == ElementKind::QuietInline {
            self.paragraph.add_other();
        }
        if kind != ElementKind::Html {
            self.open.push(kind);
            self.quiet += usize::from(kind.is_quiet());
            self.lists += usize::from(kind == ElementKind::List);
        }
    }

    fn end(&mut self, end: usize) {
        let Some(kind) = self.open.pop() else { return };
        if kind == ElementKind::Paragraph && may_go_on(&self.body[end..]) {
            self.paragraph.distrust(Why::InHtml);
        }
        self.quiet -= usize::from(kind.is_quiet());
        self.lists -= usize::from(kind == ElementKind::List);
        if kind.is_block() {
            self.end_block();
        }
        self.html.leave(self.open.len());
    }

    fn html_block(&mut self, start: usize) {
        let block = std::mem::take(&mut self.block);
        let line = self.number.of(self.body, start);
        let piece = Piece { text: &block.text, place: HtmlPlace::Block, depth: self.open.len(), line };
        let mut in_line = (0, 0);
        for at in self.html.read(piece) {
            let lines = &block.lines[..block.lines.partition_point(|(from, _)| *from <= at)];
            let first = lines.last().map_or(start, |(from, start)| start + at - from);
            // Markdown may have changed the line, as where a tab is half of its indentation.
            let is_typed = self.body.get(first..).is_some_and(|rest| rest.starts_with('/'));
            if self.quiet == 0 && is_typed {
                let number = self.number.of(self.body, first);
                in_line = (number, if in_line.0 == number { in_line.1 + 1 } else { 1 });
                if in_line.1 > MOST_IN_LINE {
                    continue;
                }
                let line = line_from(self.body, first);
                let word = &line[..line.find(ends_word).unwrap_or(line.len())];
                self.keep(&Candidate::new(first, number, Some(Why::InHtml)).shown(word));
            }
        }
    }

    fn inline_html(&mut self, text: &str, start: usize) {
        if ["<!--", "<?", "<![CDATA["].iter().any(|begin| text.starts_with(begin)) {
            self.paragraph.add_hidden();
        }
        let contained = self.open.first().is_some_and(|kind| *kind != ElementKind::Paragraph);
        let place =
            if contained && begins_line(self.body, start) { HtmlPlace::LineStart } else { HtmlPlace::Inline };
        let line = self.number.of(self.body, start);
        if place == HtmlPlace::LineStart && start >= self.doubt.end {
            // To cmark-gfm it may begin an HTML block behind the list or quote, with all lines up to an empty one.
            let lines = self.doubt_lines(start, Why::InHtml);
            if lines.matches('<').count() > 1 {
                self.html.distrust(line);
            }
        }
        self.html.read(Piece { text, place, depth: self.open.len(), line });
    }

    fn text(&mut self, text: &str, range: Range<usize>) {
        if self.open.last() != Some(&ElementKind::Code) && self.paragraph.is_line_blank() {
            self.doubt_text(range.start);
        }
        if self.quiet > 0 {
            return self.paragraph.add_other();
        }
        self.lines.work += text.len();
        let is_typed = self.body.get(range.clone()) == Some(text);
        if is_typed {
            self.paragraph.add_dollars(text, range.start, self.body[..range.start].ends_with('\\'));
        }
        if !self.paragraph.is_line_blank() {
            return self.paragraph.add_text(text);
        }
        let visible = text.trim_start();
        if visible.is_empty() {
            return;
        }
        let first = range.start + if is_typed { text.len() - visible.len() } else { 0 };
        if visible.starts_with('/')
            && let Some(why) = self.why(first, is_typed)
        {
            let number = self.number.of(self.body, first);
            self.paragraph.begin(Candidate::new(first, number, why));
        }
        self.paragraph.add_text(visible);
    }

    /// A line of text that another parser may see as something else, by its beginning.
    fn doubt_text(&mut self, start: usize) {
        let rest = &self.body[start..];
        if rest.starts_with(['|', ':', '-']) && start >= self.doubt.end && begins_line(self.body, start) {
            let line = line_from(self.body, start);
            self.lines.work += line.len();
            if separates_table(line) {
                self.doubt_lines(start, Why::InTable);
            }
        } else if is_like_tag(rest) {
            let line = self.number.of(self.body, start);
            self.html.distrust(line);
        }
    }

    /// Doubts all lines from `start` up to an empty one.
    fn doubt_lines(&mut self, start: usize, why: Why) -> &'a str {
        let lines = lines_to_blank(self.body, start);
        self.doubt = Doubt { end: start + lines.len(), why };
        self.lines.work += lines.len();
        lines
    }

    /// Why the line whose first visible character is at `first` is no command, if so; `None` where it is hidden.
    fn why(&self, first: usize, is_typed: bool) -> Option<Option<Why>> {
        match self.html.state() {
            HtmlState::Hidden => None,
            HtmlState::Unclear { line } => Some(Some(Why::AfterHtml { line })),
            HtmlState::Clean if self.lists > 0 => Some(Some(Why::InList)),
            HtmlState::Clean if first < self.doubt.end => Some(Some(self.doubt.why)),
            HtmlState::Clean => {
                let plain =
                    is_typed && begins_line(self.body, first) && self.open == [ElementKind::Paragraph];
                Some((!plain).then_some(Why::Styled))
            }
        }
    }

    /// A paragraph or another block begins or ends.
    fn end_block(&mut self) {
        for candidate in std::mem::take(&mut self.paragraph).candidates(self.body) {
            self.keep(&candidate);
        }
    }

    fn keep(&mut self, candidate: &Candidate) {
        let text = line_from(self.body, candidate.first);
        let next = line_after(self.body, candidate.first + text.len());
        self.lines.work += next.len();
        let heads_table = separates_table(next);
        if heads_table && cells(text) == cells(next) {
            return;
        }
        let text = text.trim_end();
        let typed = &text[..text.find(char::is_whitespace).unwrap_or(text.len())];
        self.lines.work += text.len();
        let before = &self.body[..candidate.first];
        let styled = || (!candidate.is_shown_as(typed)).then_some(Why::Styled);
        let Some(why) = candidate.why.or(heads_table.then_some(Why::InTable)).or_else(styled) else {
            let indent = before[before.trim_end_matches(is_blank).len()..].chars().count();
            self.lines.plain.push(Line { number: candidate.number, indent, text });
            return;
        };
        let before = &before[before.rfind(LINE_ENDS).map_or(0, |end| end + 1)..];
        let start = before.len() - before.trim_start().len();
        let whole = &self.body[candidate.first - before.len() + start..candidate.first + text.len()];
        self.lines.untaken.push(Untaken {
            line: Line { number: candidate.number, indent: before[..start].chars().count(), text: whole },
            place: before.len() - start..before.len() - start + typed.len(),
            word: candidate.word().to_owned(),
            why,
        });
    }
}
