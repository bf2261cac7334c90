//! Texts of several lines as literal block scalars (`|`).

use super::super::read::scalar::is_printable;

/// A block scalar to be written.
pub(super) struct BlockText {
    /// `|` or `>` with its indicators.
    pub header: String,
    /// The lines without indentation and without the last line break.
    pub lines: Vec<String>,
}

/// A text of several lines as a literal block scalar; `None` where quotes are safer.
///
/// `"one\ntwo"`:
///
/// ```yaml
/// |-
///   one
///   two
/// ```
pub(super) fn literal(text: &str) -> Option<BlockText> {
    let body = text.trim_end_matches('\n');
    if !text.contains('\n') || body.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = body.split('\n').map(str::to_owned).collect();
    let first = lines.iter().find(|line| !line.is_empty())?;
    // Leading blanks would need an indentation indicator; blanks alone, or other breaks, are lost on some reader.
    let awkward = first.starts_with([' ', '\t'])
        || lines.iter().any(|line| line.trim_matches([' ', '\t']).is_empty() && !line.is_empty())
        || !body.chars().all(|character| character == '\n' || is_printable(character))
        || lines[0].is_empty();
    if awkward {
        return None;
    }
    let trailing = text.len() - body.len();
    let chomp = match trailing {
        0 => "-",
        1 => "",
        _ => "+",
    };
    lines.extend((1..trailing).map(|_| String::new()));
    Some(BlockText { header: format!("|{chomp}"), lines })
}
