//! Validating: whether the check runs of others that a lane's head needs are green, asked of the forge now.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::lane::{MissingState, MissingValidation};
use crate::domain::names::RepositoryName;
use crate::domain::policy::{Finding, Level};
use crate::domain::reason;
use crate::domain::text::quoted;
use crate::ports::store::Recheck;

use super::context::Context;
use super::error::StepError;
use super::judgement::Judgement;

/// How long after it was asked, at least and at most, a check run that is waited for is asked for again without an event.
const RECHECK: (Duration, Duration) = (Duration::from_secs(2 * 60), Duration::from_secs(6 * 3600));

/// The check runs that are not green, in the order of the table. What is denied anyway waits for none.
pub(super) async fn missing(
    context: &Context,
    repository: &RepositoryName,
    judgement: &Judgement,
) -> Result<Vec<MissingValidation>, StepError> {
    let mut missing = Vec::new();
    if judgement.verdict.denies() {
        return Ok(missing);
    }
    for validation in &judgement.validations {
        let seen = context.forge.check_runs(repository, &judgement.head, &validation.name).await?;
        missing.extend(validation.missing_in(&seen));
    }
    Ok(missing)
}

/// The findings about those that are completed and not green.
pub(super) fn findings(missing: &[MissingValidation]) -> Vec<Finding> {
    let failed = missing.iter().filter(|missing| missing.state == MissingState::NotGreen);
    findings_of_all(&failed.cloned().collect::<Vec<_>>())
}

/// The findings about all of them, also those that are waited for.
pub(super) fn findings_of_all(missing: &[MissingValidation]) -> Vec<Finding> {
    let finding = |missing: &MissingValidation| {
        let name = quoted(&missing.validation.name, 200);
        let by = missing.validation.app.as_ref().map(|app| format!(" of {}", quoted(app, 100)));
        Finding {
            policy: "lane-validation".to_owned(),
            code: reason::VALIDATION_MISSING.to_string(),
            level: Level::Deny,
            message: format!("the check run {name}{} is not `success` on this head", by.unwrap_or_default()),
            path: String::new(),
            pointer: String::new(),
            remedy: "mend what it complains about and push, or run it again".to_owned(),
            place: None,
        }
    };
    missing.iter().map(finding).collect()
}

/// When a pull request that waits is reconciled again without an event: the longer it waits, the later.
pub(super) fn recheck(waiting: Option<Recheck>, now: Timestamp) -> Recheck {
    let since = waiting.map_or(now, |waiting| waiting.since);
    let waited = now.duration_since(since).unsigned_abs() / 2;
    Recheck { at: now + waited.clamp(RECHECK.0, RECHECK.1), since }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_long_is_asked_for_seldom() {
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        let first = recheck(None, at(1000));
        assert_eq!((first.at, first.since), (at(1120), at(1000)));
        let later = recheck(Some(first), at(1000 + 3600));
        assert_eq!((later.at, later.since), (at(1000 + 3600 + 1800), at(1000)));
        assert_eq!(recheck(Some(first), at(1000 + 864_000)).at, at(1000 + 864_000 + 6 * 3600));
        // A clock that was set back.
        assert_eq!(recheck(Some(first), at(900)).at, at(1020));
    }
}
