//! The source of a comment by its lines, whatever Markdown makes of them.

/// The number of the line at a place of the comment. Places must not go backwards.
#[derive(Debug, Default)]
pub(super) struct Number {
    at: usize,
    line_ends: usize,
    /// Bytes visited.
    pub work: usize,
}

impl Number {
    /// The number, from 1.
    pub(super) fn of(&mut self, body: &str, place: usize) -> usize {
        let between = body.get(self.at..place).unwrap_or("");
        self.work += between.len();
        let carriage_returns = between.matches('\r').count() - between.matches("\r\n").count();
        self.line_ends += between.matches('\n').count() + carriage_returns;
        self.at = self.at.max(place);
        self.line_ends + 1
    }
}

/// What ends a line.
pub(super) const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// The rest of the line from `start` on.
pub(super) fn line_from(body: &str, start: usize) -> &str {
    let rest = &body[start..];
    &rest[..rest.find(LINE_ENDS).unwrap_or(rest.len())]
}

/// The line after the one that ends at `end`.
pub(super) fn line_after(body: &str, end: usize) -> &str {
    let rest = &body[end..];
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(LINE_ENDS)).unwrap_or("");
    line_from(rest, 0)
}

/// The lines from `start` up to the next empty one.
pub(super) fn lines_to_blank(body: &str, start: usize) -> &str {
    let rest = &body[start..];
    let lines = rest.split_inclusive('\n').take_while(|line| !line.trim().is_empty());
    &rest[..lines.map(str::len).sum()]
}

/// Whether a text begins like a tag, a comment or a declaration.
pub(super) fn is_like_tag(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next() == Some('<')
        && characters.next().is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'))
}

/// Whether what follows a paragraph is an HTML block only by newer versions of CommonMark than GitHub's, so that the
/// paragraph may go on there, even as a heading.
pub(super) fn may_go_on(rest: &str) -> bool {
    let Some(tag) = rest.trim_start().strip_prefix('<') else { return false };
    let named = |name: &&str| {
        let tag = tag.strip_prefix('/').unwrap_or(tag);
        tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let declares =
        tag.strip_prefix('!').is_some_and(|tag| tag.starts_with(|first: char| first.is_ascii_lowercase()));
    declares || ["search", "textarea"].iter().any(named)
}

/// How many cells a line has as a row of a table.
pub(super) fn cells(line: &str) -> usize {
    let inside = line.trim();
    let inside = inside.strip_prefix('|').unwrap_or(inside);
    let inside = inside.strip_suffix('|').unwrap_or(inside);
    inside.matches('|').count() - inside.matches("\\|").count() + 1
}

/// Whether there is only white space before a place on its line.
pub(super) fn begins_line(body: &str, place: usize) -> bool {
    let before = body[..place].trim_end_matches(is_blank);
    before.is_empty() || before.ends_with(LINE_ENDS)
}

/// White space within a line.
pub(super) fn is_blank(character: char) -> bool {
    character.is_whitespace() && !LINE_ENDS.contains(&character)
}

/// What ends the word of a line of HTML.
pub(super) fn ends_word(character: char) -> bool {
    character.is_whitespace() || character == '<'
}

/// Whether a line is a row of dashes with bars or colons, perhaps below a table's head.
pub(super) fn separates_table(line: &str) -> bool {
    line.contains(['|', ':'])
        && line.contains('-')
        && line.chars().all(|next| is_blank(next) || matches!(next, '|' | ':' | '-'))
}
