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
    pub fn of(&mut self, body: &str, place: usize) -> usize {
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
