//! How pages speak of states, decisions and steps: one short phrase and a tone each.
//!
//! A tone is a CSS class: `good`, `bad`, `care` (people should look), `calm` (nothing to do).

use jiff::Timestamp;
use serde::Serialize;

use super::markdown::sentence;
use crate::domain::plan::Risk;
use crate::domain::policy::{Decision, Level};
use crate::domain::pull::{Conclusion, PullState};
use crate::domain::run::{Outcome, Position};

/// A phrase with its tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Label {
    pub label: &'static str,
    pub tone: &'static str,
}

/// What is wrong or noteworthy about how a run ended.
#[derive(Debug, Serialize)]
pub(super) struct Notice<'a> {
    /// HTML.
    pub message: String,
    /// HTML.
    pub remedy: Option<String>,
    pub code: Option<&'a str>,
}

/// The state of a run, in two words.
pub(super) fn state(position: &Position, outcome: Option<&Outcome>) -> Label {
    let (label, tone) = match (position, outcome) {
        (_, Some(Outcome::Proposed { .. })) => ("pull request open", "good"),
        (_, Some(Outcome::Linked { .. })) => ("already open", "calm"),
        (_, Some(Outcome::Cancelled { .. })) => ("cancelled", "calm"),
        (_, Some(Outcome::Answered)) => ("answered", "calm"),
        (_, Some(Outcome::NoChange { .. })) => ("no change", "calm"),
        (_, Some(Outcome::Refused { .. })) => ("refused", "bad"),
        (_, Some(Outcome::Denied)) => ("denied", "bad"),
        (_, Some(Outcome::Void { .. })) => ("void", "care"),
        (_, Some(Outcome::Stuck { .. })) => ("needs manual action", "bad"),
        (_, Some(Outcome::Reconciled { conclusion: Some(found), .. })) => return conclusion(*found),
        (_, Some(Outcome::Reconciled { state, .. })) => return pull_state(*state),
        (Position::Settled, None) => ("finished", "calm"),
        (Position::At(_), None) => ("in progress", "care"),
    };
    Label { label, tone }
}

/// What people must know about the end of a run; nothing where a pull request is open.
pub(super) fn notice(outcome: &Outcome) -> Option<Notice<'_>> {
    let plain = |message: &str| Some(Notice { message: sentence(message), remedy: None, code: None });
    match outcome {
        Outcome::Linked { pull, run, .. } => {
            plain(&format!("Run `{run}` proposes the same change in pull request #{pull}."))
        }
        Outcome::Cancelled { pull, run, .. } => {
            plain(&format!("Pull request #{pull} of run `{run}` was closed."))
        }
        Outcome::Proposed { .. } | Outcome::Answered | Outcome::Reconciled { .. } => None,
        Outcome::NoChange { state } => plain(state),
        Outcome::Refused { code, message, remedy } => Some(Notice {
            message: sentence(message),
            remedy: Some(sentence(remedy)),
            code: Some(code.as_str()),
        }),
        Outcome::Denied => plain("A policy denies this change; nothing was published."),
        Outcome::Void { message } | Outcome::Stuck { message } => plain(message),
    }
}

/// A moment as people read it, to the second.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The decision of the policies.
pub(super) fn decision(decision: Decision) -> Label {
    let (label, tone) = match decision {
        Decision::NoChange => ("nothing to judge", "calm"),
        Decision::Allow => ("allowed", "good"),
        Decision::Warn => ("allowed, with warnings", "care"),
        Decision::Review => ("needs review", "care"),
        Decision::Deny => ("denied", "bad"),
    };
    Label { label, tone }
}

/// How a pull request's head was judged.
pub(super) fn conclusion(conclusion: Conclusion) -> Label {
    let (label, tone) = match conclusion {
        Conclusion::Success => ("policy: success", "good"),
        Conclusion::Failure => ("policy: failure", "bad"),
        Conclusion::Neutral => ("policy: neutral", "calm"),
    };
    Label { label, tone }
}

/// The state of a pull request.
pub(super) fn pull_state(state: PullState) -> Label {
    let (label, tone) = match state {
        PullState::Open => ("open", "good"),
        PullState::Closed => ("closed", "calm"),
        PullState::Merged => ("merged", "good"),
    };
    Label { label, tone }
}

/// How strong a finding is.
pub(super) fn level(level: Level) -> Label {
    match level {
        Level::Standing => Label { label: "standing", tone: "calm" },
        Level::Warn => Label { label: "warn", tone: "care" },
        Level::Review => Label { label: "review", tone: "care" },
        Level::Deny => Label { label: "deny", tone: "bad" },
    }
}

/// What a risk class means.
pub(super) fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Containment => "containment: risk-reducing, no approval required",
        Risk::Restoring => "restoring: needs approval by someone else",
        Risk::Promotion => "promotion on paper: needs approval by someone else",
        Risk::Live => "live: needs gates and approvals",
    }
}
