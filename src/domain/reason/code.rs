//! Reason codes as a type: a code that is not in the table does not compile.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A reason code, such as `base_moved`: what programs compare, and what `/explain` takes.
///
/// There are three ways to one: a constant of the table (`reason::BASE_MOVED`), a [`crate::domain::yaml::Reason`], and
/// reading one that a procedure file declares or a stored run has (`Deserialize`). A string in the source is none:
///
/// ```compile_fail,E0277
/// let code: writ::domain::reason::Code = "no_such_code".into();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// For the tables beside this file only.
    pub(super) const fn known(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code as it is shown and stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// A row of the table: what a code means, wherever it is emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// The code.
    pub code: &'static str,
    /// The part of the program that emits it.
    pub area: Area,
    /// What it says, one or two sentences.
    pub meaning: &'static str,
    /// What to do about it, one sentence that begins with a verb, without a full stop.
    pub remedy: &'static str,
}

/// The part of the program that a code comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Comments that were meant as commands.
    Commands,
    /// Requests that cannot be planned.
    Planning,
    /// Runs that end without a pull request.
    Runs,
    /// Approvals that are missing or do not count.
    Approvals,
    /// Findings about lanes and their branches.
    Lanes,
    /// YAML that is not edited.
    Yaml,
    /// Webhook deliveries that are refused or ignored.
    Deliveries,
    /// The ledger, its keys and its proofs.
    Ledger,
    /// The command line, its files and settings.
    Terminal,
}

impl Area {
    /// All areas, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Commands,
        Self::Planning,
        Self::Runs,
        Self::Approvals,
        Self::Lanes,
        Self::Yaml,
        Self::Deliveries,
        Self::Ledger,
        Self::Terminal,
    ];

    /// Its name for people, a noun phrase.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Commands => "comment commands",
            Self::Planning => "requests and plans",
            Self::Runs => "runs",
            Self::Approvals => "approvals",
            Self::Lanes => "lanes",
            Self::Yaml => "YAML edits",
            Self::Deliveries => "webhook deliveries",
            Self::Ledger => "ledger and audit",
            Self::Terminal => "command line and settings",
        }
    }
}

/// Makes a constant of each code, for the code that emits it, and the rows of the table.
///
/// The rows do not use the constants, so the compiler warns of a constant that nobody emits.
macro_rules! reasons {
    ($area:ident: $($name:ident = $code:literal, $meaning:literal, $remedy:literal;)*) => {
        $(#[doc = $meaning] pub(crate) const $name: Code = Code::known($code);)*

        pub(super) const ROWS: &[Definition] = &[$(Definition {
            code: $code,
            area: Area::$area,
            meaning: $meaning,
            remedy: $remedy,
        },)*];
    };
}

pub(super) use reasons;
