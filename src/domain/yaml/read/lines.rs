//! Lines of a text by byte offset. LF, CRLF and a lone CR end a line.

/// Where the line of an offset begins.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut start = at.min(bytes.len());
    while start > 0 && !is_break(bytes[start - 1]) {
        start -= 1;
    }
    // Between CR and LF is the middle of one break, which belongs to the line before.
    if start == at && at > 0 && at < bytes.len() && bytes[at] == b'\n' && bytes[at - 1] == b'\r' {
        return line_start(text, at - 1);
    }
    start
}

/// Where the line of an offset ends: at its break, or at the end of the text.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = at;
    while end < bytes.len() && !is_break(bytes[end]) {
        end += 1;
    }
    end
}

/// Where the next line begins.
pub(crate) fn next_line(text: &str, at: usize) -> usize {
    let end = line_end(text, at);
    end + break_at(text, end).len()
}

/// The line break at an offset: CRLF, LF, CR, or nothing.
pub(crate) fn break_at(text: &str, at: usize) -> &str {
    match text.as_bytes().get(at) {
        Some(b'\n') => &text[at..=at],
        Some(b'\r') if text.as_bytes().get(at + 1) == Some(&b'\n') => &text[at..at + 2],
        Some(b'\r') => &text[at..=at],
        _ => "",
    }
}

/// The column of an offset, in characters from 0.
pub(crate) fn column(text: &str, at: usize) -> usize {
    let before = &text[line_start(text, at)..at];
    before.strip_prefix('\u{feff}').unwrap_or(before).chars().count()
}

/// Whether there are only spaces before an offset on its line.
pub(crate) fn begins_line(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(' ');
    before.strip_suffix('\u{feff}').unwrap_or(before).is_empty() || before.ends_with(['\n', '\r'])
}

/// The line break of a file's first line, or LF if it has only one line.
pub(crate) fn first_break(text: &str) -> &str {
    let end = line_end(text, 0);
    if end == text.len() { "\n" } else { break_at(text, end) }
}

pub(crate) fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The first offset from `at` that is neither blank, nor a line break, nor in a comment.
pub(crate) fn skip_trivia(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'#' => at = line_end(text, at),
            0xEF if text[at..].starts_with('\u{feff}') => at += 3,
            _ => break,
        }
    }
    at
}

/// The first offset from `at` that is not a space or tab.
pub(crate) fn skip_blanks(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while at < bytes.len() && is_blank(bytes[at]) {
        at += 1;
    }
    at
}

/// The last offset before `at` that has no space or tab before it.
pub(crate) fn skip_blanks_back(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while at > 0 && is_blank(bytes[at - 1]) {
        at -= 1;
    }
    at
}

/// Whether a line begins with `---` or `...`, as a word of its own.
pub(crate) fn is_marker(line: &str) -> bool {
    let rest = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}
