//! The lines of a comment that may be commands: those of its own paragraphs, as CommonMark and GitHub see them.
//!
//! Quotes, code, lists, tables, headings and HTML never give a line; nor does what is between `<details>`,
//! `<blockquote>`, `<pre>`, `<del>` and their ends, which Markdown leaves outside of its own blocks.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::line::Line;

/// The lines that begin with a slash and are lines of their own, in order.
pub(super) fn candidate_lines(body: &str) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut hidden = 0_usize;
    let mut paragraph: Option<Paragraph> = None;
    for (event, range) in Parser::new_ext(body, options()).into_offset_iter() {
        match &event {
            Event::Start(Tag::Paragraph) if depth == 0 && hidden == 0 => {
                paragraph = Some(Paragraph { range, inside: Vec::new() });
            }
            Event::End(TagEnd::Paragraph) if depth == 1 => {
                found.extend(paragraph.take().map(|paragraph| paragraph.lines(body)).unwrap_or_default());
            }
            Event::Start(Tag::HtmlBlock) => hidden = hidden_after(hidden, &body[range]),
            Event::InlineHtml(html) => {
                hidden = hidden_after(hidden, html);
                note(&mut paragraph, range);
            }
            Event::Start(_) | Event::Code(_) => note(&mut paragraph, range),
            _ => {}
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM
}

/// A paragraph of the comment itself.
struct Paragraph {
    range: Range<usize>,
    /// Where something inside it is not plain text: code, HTML, emphasis, links.
    inside: Vec<Range<usize>>,
}

impl Paragraph {
    fn lines<'a>(&self, body: &'a str) -> Vec<Line<'a>> {
        let mut found = Vec::new();
        let mut start = self.range.start;
        for whole in body[self.range.clone()].split_inclusive('\n') {
            let text = whole.trim_start();
            let first = start + whole.len() - text.len();
            // A line that continues code, HTML, emphasis or a link is not a line of its own.
            let plain = !self.inside.iter().any(|range| range.start < first && first < range.end);
            if text.starts_with('/') && plain {
                let before = &body[..start];
                let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                found.push(Line {
                    number: before.matches('\n').count() + 1,
                    indent: body[line_start..first].chars().count(),
                    text: text.trim_end(),
                });
            }
            start += whole.len();
        }
        found
    }
}

fn note(paragraph: &mut Option<Paragraph>, range: Range<usize>) {
    if let Some(paragraph) = paragraph {
        paragraph.inside.push(range);
    }
}

/// Elements whose content is quoted, folded away, struck out or code.
const HIDING: [&str; 8] = ["blockquote", "details", "pre", "code", "del", "s", "template", "strike"];

/// How many hiding elements are open after this piece of HTML.
fn hidden_after(open: usize, html: &str) -> usize {
    let mut open = open;
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let (closing, name) = rest.strip_prefix('/').map_or((false, rest), |name| (true, name));
        let length = name.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(name.len());
        let name = name[..length].to_ascii_lowercase();
        if HIDING.contains(&name.as_str()) {
            open = if closing { open.saturating_sub(1) } else { open + 1 };
        }
    }
    open
}
