//! Codes of the YAML engine, which has a table of its own: it compiles alone.

use super::code::{Area, Code, Definition};
use crate::domain::yaml::Reason;

/// More than a limit allows: also the files of a change that is judged.
pub(crate) const TOO_LARGE: Code = Code::known(Reason::TooLarge.as_str());
/// Also an object that a procedure edits.
pub(crate) const TARGET_NOT_FOUND: Code = Code::known(Reason::NotFound.as_str());

impl From<Reason> for Code {
    fn from(reason: Reason) -> Self {
        Self::known(reason.as_str())
    }
}

/// The row of a reason of the engine.
pub(super) fn row(reason: Reason) -> Definition {
    Definition { code: reason.as_str(), area: Area::Yaml, meaning: reason.meaning(), remedy: reason.remedy() }
}
