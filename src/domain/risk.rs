//! Risk: how risky a procedure is, which decides the gates that its changes pass.

use serde::{Deserialize, Serialize};

/// How risky a procedure is, which decides the gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Makes things safer; never waits for approval.
    Containment,
    /// Puts back what a containment changed; needs another human's approval.
    Restoring,
    /// Rolls out on paper; needs another human's approval.
    Promotion,
    /// Touches live trading; off unless its gates are met.
    Live,
}

impl std::fmt::Display for Risk {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Containment => "containment",
            Self::Restoring => "restoring",
            Self::Promotion => "promotion",
            Self::Live => "live",
        })
    }
}

impl Risk {
    /// Whether another human must approve before the pull request leaves draft.
    #[must_use]
    pub fn needs_approval(self) -> bool {
        self != Self::Containment
    }
}
