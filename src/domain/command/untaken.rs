//! Why a line that begins like a command is not taken as one, as a mistake.

use super::markdown::{Untaken, Why};
use super::mistake::Mistake;
use crate::domain::reason;
use crate::domain::refusal::Refusal;

/// The answer to such a line.
pub(super) fn explain(untaken: &Untaken<'_>) -> Mistake {
    let command = format!("`/{}`", untaken.word);
    let refusal = match untaken.why {
        Why::InList => Refusal::new(
            reason::COMMAND_IN_LIST,
            format!("{command} is in a list, where it is not taken as a command"),
            "write the command again in a new comment, on a line of its own without `-`, `*` or a number before it",
        ),
        Why::Styled => Refusal::new(
            reason::COMMAND_NOT_PLAIN,
            format!("{command} is not plain text at the start of its line, so it is not taken as a command"),
            "write the command again in a new comment, without emphasis, link, escape or HTML before or in it",
        ),
        Why::InHtml => Refusal::new(
            reason::COMMAND_AFTER_HTML,
            format!("{command} is in a block of HTML, where it is not taken as a command"),
            "write the command again in a new comment without HTML",
        ),
        Why::AfterHtml { line } => Refusal::new(
            reason::COMMAND_AFTER_HTML,
            format!(
                "{command} is not taken as a command: the HTML tag on line {line} is not closed before it, or \
                 may hide it"
            ),
            "write the command again in a new comment without HTML; text with `<` goes between back ticks",
        ),
        Why::InTable => Refusal::new(
            reason::COMMAND_IN_TABLE,
            format!("{command} is beside a row of dashes and bars, which may make it a part of a table"),
            "write the command again in a new comment, with an empty line between it and a table",
        ),
        Why::PartlyHidden => Refusal::new(
            reason::COMMAND_PARTLY_HIDDEN,
            format!("a part of the line of {command} is an HTML comment, which readers do not see"),
            "write the command again in a new comment, without the HTML comment",
        ),
    };
    untaken.line.mistake(untaken.place.start, untaken.place.end, refusal)
}
