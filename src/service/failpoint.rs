//! A place where the process ends itself, to test that every run survives it. Off unless `WRIT_FAILPOINT` names one.
//!
//! `STEP:before-intent`, `STEP:after-intent`, `STEP:after-effect`, `STEP:after-outcome` abort the process there;
//! `STEP:repeat` forgets the first try's outcome, so that the step is performed twice.

use crate::domain::run::Step;

/// Where, and what happens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failpoint {
    step: Step,
    moment: Moment,
}

/// A moment of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Leased, nothing written.
    BeforeIntent,
    /// The intent is written, nothing done.
    AfterIntent,
    /// Done, its outcome not written.
    AfterEffect,
    /// The outcome is written, the next step not begun.
    AfterOutcome,
    /// Done once, to be done again.
    Repeat,
}

/// Why a failpoint's name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a failpoint such as `push:after-effect`")]
pub struct FailpointError(String);

impl std::str::FromStr for Failpoint {
    type Err = FailpointError;

    fn from_str(text: &str) -> Result<Self, FailpointError> {
        let parsed = text.split_once(':').and_then(|(step, moment)| {
            let step = Step::ALL.into_iter().find(|known| known.as_str() == step)?;
            let moment = Moment::ALL.into_iter().find(|known| known.as_str() == moment)?;
            Some(Self { step, moment })
        });
        parsed.ok_or_else(|| FailpointError(text.to_owned()))
    }
}

impl std::fmt::Display for Failpoint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.step.as_str(), self.moment.as_str())
    }
}

impl Moment {
    /// All moments, in order.
    pub const ALL: [Self; 5] =
        [Self::BeforeIntent, Self::AfterIntent, Self::AfterEffect, Self::AfterOutcome, Self::Repeat];

    /// Its name in a failpoint.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BeforeIntent => "before-intent",
            Self::AfterIntent => "after-intent",
            Self::AfterEffect => "after-effect",
            Self::AfterOutcome => "after-outcome",
            Self::Repeat => "repeat",
        }
    }
}

impl Failpoint {
    /// Ends the process if this is the place.
    pub(super) fn reach(point: Option<Self>, step: Step, moment: Moment) {
        if point == Some(Self { step, moment }) {
            std::process::abort();
        }
    }

    /// Whether this try's outcome is to be forgotten.
    pub(super) fn repeats(point: Option<Self>, step: Step, attempt: u32) -> bool {
        attempt == 1 && point == Some(Self { step, moment: Moment::Repeat })
    }
}
