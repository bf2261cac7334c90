//! Pull requests: the events that concern them, and which pull requests each one concerns.
//!
//! What a payload says of their state is not read. `pull_request`, `pull_request_review`, `check_run`, `check_suite`,
//! `delete`.

use serde::Deserialize;

use super::fields::{PayloadError, PayloadRepository, fields};
use crate::domain::event::{Event, PullEvent, PullSelector};
use crate::domain::names::{CommitId, IssueNumber};
use crate::domain::pull::CHECKS;
use crate::domain::reason;

#[derive(Deserialize)]
struct PullPayload {
    pull_request: PayloadPull,
    repository: PayloadRepository,
}

#[derive(Deserialize)]
struct PayloadPull {
    number: u64,
}

#[derive(Deserialize)]
struct CheckRunPayload {
    check_run: PayloadCheckRun,
    repository: PayloadRepository,
}

#[derive(Deserialize)]
struct PayloadCheckRun {
    name: String,
    head_sha: CommitId,
    #[serde(default)]
    app: Option<PayloadApp>,
}

#[derive(Deserialize)]
struct PayloadApp {
    #[serde(default)]
    slug: Option<String>,
}

#[derive(Deserialize)]
struct CheckSuitePayload {
    check_suite: PayloadCheckSuite,
    repository: PayloadRepository,
}

#[derive(Deserialize)]
struct PayloadCheckSuite {
    head_sha: CommitId,
    #[serde(default)]
    app: Option<PayloadApp>,
}

#[derive(Deserialize)]
struct DeletePayload {
    #[serde(rename = "ref")]
    name: String,
    ref_type: String,
    repository: PayloadRepository,
}

/// Reads a payload of an event that is no comment.
pub(super) fn read(event: &str, action: Option<&str>, text: &str) -> Result<Event, PayloadError> {
    let action = action.unwrap_or_default();
    let (repository, pulls) = match (event, action) {
        (
            "pull_request",
            "opened" | "synchronize" | "reopened" | "ready_for_review" | "converted_to_draft" | "edited"
            | "closed",
        )
        | ("pull_request_review", "submitted" | "edited" | "dismissed") => {
            let payload: PullPayload = fields(text)?;
            (payload.repository, PullSelector::Number(IssueNumber(payload.pull_request.number)))
        }
        ("check_run", "rerequested") => {
            let payload: CheckRunPayload = fields(text)?;
            if !CHECKS.contains(&payload.check_run.name.as_str()) {
                return Ok(Event::Unused(reason::CHECK_NOT_OURS));
            }
            (payload.repository, PullSelector::Head(payload.check_run.head_sha))
        }
        ("check_run", "completed") => {
            let payload: CheckRunPayload = fields(text)?;
            let PayloadCheckRun { name, head_sha: head, app } = payload.check_run;
            // Ours are completed by ourselves.
            if CHECKS.contains(&name.as_str()) {
                return Ok(Event::Unused(reason::CHECK_NOT_NAMED));
            }
            let app = app.and_then(|app| app.slug);
            (payload.repository, PullSelector::Checked { head, name: Some(name), app })
        }
        ("check_suite", "completed") => {
            let payload: CheckSuitePayload = fields(text)?;
            let PayloadCheckSuite { head_sha: head, app } = payload.check_suite;
            let app = app.and_then(|app| app.slug);
            (payload.repository, PullSelector::Checked { head, name: None, app })
        }
        ("check_suite", "rerequested") => {
            let payload: CheckSuitePayload = fields(text)?;
            (payload.repository, PullSelector::Head(payload.check_suite.head_sha))
        }
        ("delete", _) => {
            let payload: DeletePayload = fields(text)?;
            if payload.ref_type != "branch" {
                return Ok(Event::Unused(reason::NOT_A_BRANCH));
            }
            (payload.repository, PullSelector::Branch(payload.name))
        }
        ("pull_request" | "pull_request_review" | "check_run" | "check_suite", _) => {
            return Ok(Event::Unused(reason::ACTION_NOT_USED));
        }
        _ => return Ok(Event::Unused(reason::EVENT_NOT_USED)),
    };
    let name = if action.is_empty() { event.to_owned() } else { format!("{event}.{action}") };
    Ok(Event::Pull(PullEvent { repository: repository.full_name, name, pulls }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(event: &str, payload: &Value) -> Result<Event, PayloadError> {
        super::read(event, payload["action"].as_str(), &payload.to_string())
    }

    fn selector(event: &str, payload: &Value) -> PullSelector {
        match read(event, payload) {
            Ok(Event::Pull(event)) => event.pulls,
            other => panic!("no event of a pull request: {other:?}"),
        }
    }

    #[test]
    fn each_event_points_to_its_pull_requests() {
        let head = "a".repeat(40);
        let repository = json!({"full_name": "o/r"});
        let pull = json!({"action": "synchronize", "pull_request": {"number": 7}, "repository": repository});
        assert_eq!(selector("pull_request", &pull), PullSelector::Number(IssueNumber(7)));
        let check = json!({
            "action": "rerequested", "check_run": {"name": "writ/policy", "head_sha": head},
            "check_suite": {"head_sha": head}, "repository": repository
        });
        assert_eq!(selector("check_run", &check), PullSelector::Head(head.parse().unwrap()));
        assert_eq!(selector("check_suite", &check), PullSelector::Head(head.parse().unwrap()));
        let completed = json!({
            "action": "completed", "repository": repository,
            "check_run": {"name": "tests", "head_sha": head, "app": {"slug": "ci"}},
            "check_suite": {"head_sha": head, "app": null},
        });
        let checked = |name: Option<&str>, app: Option<&str>| PullSelector::Checked {
            head: head.parse().unwrap(),
            name: name.map(str::to_owned),
            app: app.map(str::to_owned),
        };
        assert_eq!(selector("check_run", &completed), checked(Some("tests"), Some("ci")));
        assert_eq!(selector("check_suite", &completed), checked(None, None));
        let gone = json!({"ref": "topic", "ref_type": "branch", "repository": repository});
        assert_eq!(selector("delete", &gone), PullSelector::Branch("topic".to_owned()));
    }

    #[test]
    fn what_is_of_no_use_is_nothing_and_what_is_wrong_is_named() {
        let nothing = |event: &str, payload: Value| match read(event, &payload) {
            Ok(Event::Unused(why)) => why,
            other => panic!("something: {other:?}"),
        };
        assert_eq!(nothing("pull_request", json!({"action": "labeled"})), "action_not_used");
        assert_eq!(nothing("push", json!({})), "event_not_used");
        let other = json!({
            "action": "rerequested", "check_run": {"name": "tests", "head_sha": "a".repeat(40)},
            "repository": {"full_name": "o/r"}
        });
        assert_eq!(nothing("check_run", other), "check_not_ours");
        let own = json!({
            "action": "completed", "check_run": {"name": "writ/policy", "head_sha": "a".repeat(40)},
            "repository": {"full_name": "o/r"}
        });
        assert_eq!(nothing("check_run", own), "check_not_named");
        let tag = json!({"ref": "v1", "ref_type": "tag", "repository": {"full_name": "o/r"}});
        assert_eq!(nothing("delete", tag), "not_a_branch");
        let wrong =
            json!({"action": "opened", "pull_request": {"number": "7"}, "repository": {"full_name": "o/r"}});
        let Err(PayloadError::Field { place, .. }) = read("pull_request", &wrong) else { panic!("taken") };
        assert_eq!(place, "pull_request.number");
    }
}
