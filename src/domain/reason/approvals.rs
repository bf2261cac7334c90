//! Codes of approvals, as records have them.
//!
//! They are variants of enums ([`crate::domain::approval`]), so they have no constants here; a test compares them.

use super::code::{Area, Definition};

const fn row(code: &'static str, meaning: &'static str, remedy: &'static str) -> Definition {
    Definition { code, area: Area::Approvals, meaning, remedy }
}

/// The states of [`crate::domain::approval::Approval`] that hold a pull request back, then its reasons not to count a
/// review.
pub(super) const ROWS: &[Definition] = &[
    row(
        "missing",
        "Nobody whose approval counts has approved the pull request.",
        "have a person other than the requester, with write permission, approve its newest commit",
    ),
    row(
        "objected",
        "Somebody with write permission has requested changes.",
        "settle it with them; their later approval, or dismissing their review, takes the objection back",
    ),
    row(
        "diverged",
        "The branch of the pull request has another commit than the one that writ planned and pushed.",
        "close the pull request and comment the command again",
    ),
    row(
        "fallen",
        "The request is void: its comment was edited or deleted, or its author lost the permission.",
        "comment the command again",
    ),
    row(
        "not_offered",
        "The change touches live trading, which takes a token that writ does not issue.",
        "make the change by the process that owns live trading",
    ),
    row(
        "not_human",
        "A review does not count because its account is a bot's or an App's.",
        "have a person approve",
    ),
    row(
        "agent",
        "A review does not count because the settings list its account as a program's.",
        "have somebody approve whose account is not in the setting `agents`",
    ),
    row(
        "requester",
        "A review does not count because its author asked for the change.",
        "have somebody else approve",
    ),
    row(
        "not_writer",
        "A review does not count because its author has no write permission on the repository.",
        "have somebody with write permission approve",
    ),
    row(
        "other_commit",
        "A review does not count because it is of another commit than the newest one.",
        "review the newest commit",
    ),
    row(
        "dismissed",
        "A review does not count because it was dismissed.",
        "approve again, if the approval still holds",
    ),
];
