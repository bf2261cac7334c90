//! Colour for texts at a terminal. Where standard output is none, or `NO_COLOR` is set, the colours are dropped on the way.

use anstyle::{AnsiColor, Style};

/// Colours the lines of diffs and the headings; only they begin in the first column with these characters.
pub(crate) fn paint(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() + 256);
    for line in text.split_inclusive('\n') {
        match style(line) {
            Some(style) => {
                let words = line.trim_end_matches('\n');
                painted.push_str(&format!("{style}{words}{style:#}{}", &line[words.len()..]));
            }
            None => painted.push_str(line),
        }
    }
    painted
}

fn style(line: &str) -> Option<Style> {
    let colour = |colour: AnsiColor| Some(colour.on_default());
    match line.as_bytes().first()? {
        b'-' if !line.starts_with("---") => colour(AnsiColor::Red),
        b'+' if !line.starts_with("+++") => colour(AnsiColor::Green),
        b'@' => colour(AnsiColor::Cyan),
        b'+' | b'-' | b'A'..=b'Z' => Some(Style::new().bold()),
        _ => None,
    }
}
