//! Where a block scalar is in its text: from its header to the end of its last content line.

use std::ops::Range;

use super::lines::{is_marker, line_end, line_start, next_line, skip_blanks, skip_trivia};

/// A block scalar's place.
pub(super) struct BlockScalar {
    pub span: Range<usize>,
    /// Whether a line of blanks with a tab follows, which some readers refuse.
    pub ends_at_blanks: bool,
}

/// Finds the block scalar that is the first node from `from`. The parser gives the range of its `content`, without
/// the indentation of the first line, and whether the value is `empty`.
///
/// In the first entry the span ends after `line`; `+` keeps the empty lines, so in the second one it ends after them.
///
/// ```yaml
/// clip: |
///   line
///
/// keep: |+
///   line
///
/// end: true
/// ```
///
/// # Errors
/// The offset at which no `|` or `>` is.
pub(super) fn find(
    text: &str,
    from: usize,
    content: &Range<usize>,
    empty: bool,
) -> Result<BlockScalar, usize> {
    let start = skip_trivia(text, from);
    if !text[start..].starts_with(['|', '>']) {
        return Err(start);
    }
    let header_end = start + header_length(&text[start..]);
    let keeps = text[start..header_end].contains('+');
    let body = next_line(text, start);
    if body >= text.len() && line_end(text, start) == text.len() {
        return Ok(BlockScalar { span: start..header_end, ends_at_blanks: false });
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
        let is_blank = spaces == line.len() && spaces <= indent;
        if !is_blank && (spaces < indent || (spaces == 0 && is_marker(line))) {
            break;
        }
        all_end = at + line.len();
        if !is_blank {
            content_end = all_end;
        }
        at = next_line(text, at);
    }
    let ends_at_blanks = line_end(text, at) > at && skip_blanks(text, at) == line_end(text, at);
    Ok(BlockScalar { span: start..if keeps { all_end } else { content_end }, ends_at_blanks })
}

/// The length of a block scalar's header: `|` or `>` and the indicators after it.
pub(crate) fn header_length(text: &str) -> usize {
    1 + text.bytes().skip(1).take_while(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9')).count()
}
