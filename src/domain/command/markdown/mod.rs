//! The lines of a comment that may be commands: plain text of its own paragraphs, as GitHub shows it.
//!
//! Markdown is parsed as CommonMark with GitHub's extensions. Quotes, code, headings, tables, footnotes and formulas
//! never give a line; nor does what raw HTML hides or may hide ([`html`]). A visible line that begins like a command
//! but is none of the plain ones is [`Untaken`], so that it can be answered. Linear in the comment's length.

mod candidate;
mod element;
mod html;
mod math;
mod paragraph;
mod reader;
mod source;
mod tag;

use pulldown_cmark::{Options, Parser};

pub(super) use self::candidate::{Lines, Untaken, Why};
use self::reader::Reader;

/// Reads the lines of a comment.
pub(super) fn read_lines(body: &str) -> Lines<'_> {
    let mut reader = Reader::new(body);
    for (event, range) in Parser::new_ext(body, options()).into_offset_iter() {
        reader.read(event, range);
    }
    reader.lines()
}

/// Without `ENABLE_GFM`: GitHub's alerts are quotes like any other, and are so to cmark-gfm.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What hostile comments repeat.
    const SHAPES: [&str; 61] = [
        "/",
        "/\n",
        "/a\n",
        "/help\n",
        "/help\n\n",
        "- /help\n",
        "- /help\n  - ",
        "**/help**\n",
        "> /help\n",
        "\t/help\n",
        "\r",
        "<!--",
        "<!-- x -->",
        "<!--\n\n",
        "<!-- --!>",
        "<!",
        "<?",
        "</",
        "<",
        "<a",
        "<a b='",
        "<a b=\"\n",
        "<a>",
        "</a>",
        "<b>",
        "<x>",
        "<x></y>",
        "<b></x>",
        "<details>\n\n",
        "</details>\n\n",
        "<p>\n/help\n",
        "<p>/help",
        "<br>",
        "|",
        "|-|\n",
        "/a\n|-|\n",
        "|[",
        "[",
        "[](",
        "[a]: ",
        "[^1]: x\n",
        "*",
        "*a ",
        "~~a",
        "`",
        "`a``",
        "$",
        "$a ",
        "$$a ",
        "a$ ",
        "\\$",
        "> ",
        "- ",
        "1. ",
        "&amp;",
        "&#47;",
        "\u{a0}",
        "ä",
        "- a\n<br>\n",
        "<br>\n",
        "<source \n",
    ];

    fn work(body: &str) -> usize {
        read_lines(body).work
    }

    /// A comment twice as long takes twice the work, whatever it is made of.
    #[test]
    fn work_grows_as_the_comment_does() {
        for shape in SHAPES {
            let repeated = |bytes: usize| shape.repeat(bytes / shape.len());
            let (once, twice) = (work(&repeated(16_384)), work(&repeated(32_768)));
            assert!(twice * 10 <= once * 21 + 1_000, "{shape:?}: {once}, {twice}");
            assert!(twice < 80 * 32_768, "{shape:?}: {twice}");
        }
    }

    /// The same for what is deep on one side and long on the other.
    #[test]
    fn work_does_not_grow_with_depth_times_length() {
        for (deep, long) in [
            ("- ", "\n/help"),
            ("> ", "\n/help"),
            ("<b>", "\n/help"),
            ("<x>", "</y>"),
            ("<b>", "</i>"),
            ("*a ", "\n/help"),
            ("<div>\n\n", "/help\n\n"),
            ("- ", "<b>"),
            ("$a ", "\n/help"),
            ("|-|\n", "/help\n"),
            ("<p>", "<b>\n/help"),
        ] {
            let joined = |bytes: usize| deep.repeat(bytes / deep.len()) + &long.repeat(bytes / long.len());
            let (once, twice) = (work(&joined(8_192)), work(&joined(16_384)));
            assert!(twice * 10 <= once * 21 + 1_000, "{deep:?} {long:?}: {once}, {twice}");
        }
    }
}
