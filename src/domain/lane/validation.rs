//! Validation: the check runs that a lane's head must have green before writ's own check passes.
//!
//! Pure: which check runs the table names for a change, and what those of its head come to. **Invariants**: only `success`
//! is green; a check run counts only under the name and, where one is given, the app that the table names; of several
//! with the same name, every one must be green.

use serde::{Deserialize, Serialize};

use super::glob::Glob;

/// A check run that the table names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Validation {
    /// Its name, as the forge shows it.
    pub name: String,
    /// The slug of the app that must have made it, such as `github-actions`; `None` for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// A check run of a commit, as the forge has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCheck {
    /// Its name.
    pub name: String,
    /// The slug of the app that made it; `None` where the forge names none.
    pub app: Option<String>,
    /// Its result.
    pub result: CheckResult,
}

/// The result of a check run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    /// Not completed.
    Pending,
    /// `success`.
    Green,
    /// Completed with anything else: failed, cancelled, timed out, skipped, neutral.
    NotGreen,
}

/// A named check run that is not green, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingValidation {
    /// The check run.
    #[serde(flatten)]
    pub validation: Validation,
    /// What the head has of it.
    pub state: MissingState,
}

/// What a head has of a check run that must be green.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingState {
    /// None.
    Absent,
    /// One that is not completed.
    Pending,
    /// One that is completed and not green.
    NotGreen,
}

/// One entry of the table: a check run, and the paths whose changes need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedValidation {
    pub(super) validation: Validation,
    /// Empty for every change.
    pub(super) paths: Vec<Glob>,
}

impl NamedValidation {
    /// Whether a change of these paths needs it.
    pub(super) fn is_for(&self, paths: &[String]) -> bool {
        self.paths.is_empty() || paths.iter().any(|path| self.paths.iter().any(|glob| glob.fits(path)))
    }
}

impl Validation {
    /// Whether a check run is this one.
    #[must_use]
    pub fn is(&self, name: &str, app: Option<&str>) -> bool {
        self.name == name && self.app.as_deref().is_none_or(|wanted| app == Some(wanted))
    }

    /// What is missing of it among the check runs of a head; `None` where it is green.
    #[must_use]
    pub fn missing_in(&self, seen: &[SeenCheck]) -> Option<MissingValidation> {
        let own = seen.iter().filter(|check| self.is(&check.name, check.app.as_deref()));
        let results: Vec<CheckResult> = own.map(|check| check.result).collect();
        let state = if results.contains(&CheckResult::NotGreen) {
            MissingState::NotGreen
        } else if results.contains(&CheckResult::Pending) {
            MissingState::Pending
        } else if results.is_empty() {
            MissingState::Absent
        } else {
            return None;
        };
        Some(MissingValidation { validation: self.clone(), state })
    }
}

impl CheckResult {
    /// From the two fields that a forge has for it.
    #[must_use]
    pub fn read(status: &str, conclusion: Option<&str>) -> Self {
        match (status, conclusion) {
            ("completed", Some("success")) => Self::Green,
            ("completed", _) => Self::NotGreen,
            _ => Self::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, app: &str, result: CheckResult) -> SeenCheck {
        SeenCheck { name: name.to_owned(), app: Some(app.to_owned()), result }
    }

    fn wanted(app: Option<&str>) -> Validation {
        Validation { name: "tests".to_owned(), app: app.map(str::to_owned) }
    }

    #[test]
    fn only_success_of_the_named_app_is_green() {
        use CheckResult::{Green, NotGreen, Pending};
        let state =
            |app: Option<&str>, seen: &[SeenCheck]| wanted(app).missing_in(seen).map(|missing| missing.state);
        let ci = Some("ci");
        assert_eq!(state(ci, &[]), Some(MissingState::Absent));
        assert_eq!(state(ci, &[seen("tests", "ci", Green)]), None);
        assert_eq!(state(ci, &[seen("tests", "ci", Pending)]), Some(MissingState::Pending));
        assert_eq!(state(ci, &[seen("tests", "ci", NotGreen)]), Some(MissingState::NotGreen));
        assert_eq!(state(ci, &[seen("Tests", "ci", Green)]), Some(MissingState::Absent), "another name");
        assert_eq!(state(ci, &[seen("tests", "stranger", Green)]), Some(MissingState::Absent));
        let of_nobody = SeenCheck { app: None, ..seen("tests", "", Green) };
        assert_eq!(state(ci, &[of_nobody]), Some(MissingState::Absent));
        assert_eq!(state(None, &[seen("tests", "stranger", Green)]), None, "any app");
        // A stranger's can neither pass nor hold back.
        assert_eq!(state(ci, &[seen("tests", "ci", Green), seen("tests", "stranger", NotGreen)]), None);
        // Two workflows may have a job of one name.
        let both = [seen("tests", "ci", Green), seen("tests", "ci", Pending)];
        assert_eq!(state(ci, &both), Some(MissingState::Pending));
        let both = [seen("tests", "ci", Pending), seen("tests", "ci", NotGreen)];
        assert_eq!(state(ci, &both), Some(MissingState::NotGreen));
    }

    #[test]
    fn results_are_read_strictly() {
        assert_eq!(CheckResult::read("completed", Some("success")), CheckResult::Green);
        for conclusion in ["failure", "neutral", "skipped", "cancelled", "timed_out", "stale"] {
            assert_eq!(
                CheckResult::read("completed", Some(conclusion)),
                CheckResult::NotGreen,
                "{conclusion}"
            );
        }
        assert_eq!(CheckResult::read("completed", None), CheckResult::NotGreen);
        for status in ["queued", "in_progress", "waiting", "requested", "pending"] {
            assert_eq!(CheckResult::read(status, Some("success")), CheckResult::Pending, "{status}");
        }
    }
}
