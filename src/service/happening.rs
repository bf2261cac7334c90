//! Happenings at pull requests: which events count, and which pull requests they are about. What a payload says of their
//! state is not read: a look reads that from the forge.
//!
//! Source: GitHub, «Webhook events and payloads»: `pull_request`, `pull_request_review`, `check_run`, `check_suite`,
//! `delete`.

use serde::Deserialize;

use crate::domain::names::{CommitId, IssueNumber, RepositoryName};
use crate::domain::reason;

use super::checks;
use super::delivery::{Content, DeliveryError, Repository, fields};

/// Something that happened at a pull request, or at several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Where.
    pub repository: RepositoryName,
    /// `event.action`, such as `pull_request.synchronize`.
    pub what: String,
    /// At which.
    pub at: Spot,
}

/// The pull requests that a payload points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// This one.
    Pull(IssueNumber),
    /// Those with this head; GitHub names those of forks not.
    Head(CommitId),
    /// Those from this branch.
    Branch(String),
}

#[derive(Deserialize)]
struct OfPull {
    pull_request: Pull,
    repository: Repository,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
}

#[derive(Deserialize)]
struct OfCheckRun {
    check_run: CheckRun,
    repository: Repository,
}

#[derive(Deserialize)]
struct CheckRun {
    name: String,
    head_sha: CommitId,
}

#[derive(Deserialize)]
struct OfCheckSuite {
    check_suite: CheckSuite,
    repository: Repository,
}

#[derive(Deserialize)]
struct CheckSuite {
    head_sha: CommitId,
}

#[derive(Deserialize)]
struct Deletion {
    #[serde(rename = "ref")]
    name: String,
    ref_type: String,
    repository: Repository,
}

/// Reads a payload of an event that is no comment.
pub(super) fn read(event: &str, action: Option<&str>, text: &str) -> Result<Content, DeliveryError> {
    let action = action.unwrap_or_default();
    let (repository, at) = match (event, action) {
        (
            "pull_request",
            "opened" | "synchronize" | "reopened" | "ready_for_review" | "converted_to_draft" | "edited"
            | "closed",
        )
        | ("pull_request_review", "submitted" | "edited" | "dismissed") => {
            let payload: OfPull = fields(text)?;
            (payload.repository, Spot::Pull(IssueNumber(payload.pull_request.number)))
        }
        ("check_run", "rerequested") => {
            let payload: OfCheckRun = fields(text)?;
            if !checks::NAMES.contains(&payload.check_run.name.as_str()) {
                return Ok(Content::Nothing(reason::CHECK_NOT_OURS));
            }
            (payload.repository, Spot::Head(payload.check_run.head_sha))
        }
        ("check_suite", "rerequested") => {
            let payload: OfCheckSuite = fields(text)?;
            (payload.repository, Spot::Head(payload.check_suite.head_sha))
        }
        ("delete", _) => {
            let payload: Deletion = fields(text)?;
            if payload.ref_type != "branch" {
                return Ok(Content::Nothing(reason::NOT_A_BRANCH));
            }
            (payload.repository, Spot::Branch(payload.name))
        }
        ("pull_request" | "pull_request_review" | "check_run" | "check_suite", _) => {
            return Ok(Content::Nothing(reason::ACTION_NOT_USED));
        }
        _ => return Ok(Content::Nothing(reason::EVENT_NOT_USED)),
    };
    let what = if action.is_empty() { event.to_owned() } else { format!("{event}.{action}") };
    Ok(Content::Happening(Happening { repository: repository.full_name, what, at }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(event: &str, payload: &Value) -> Result<Content, DeliveryError> {
        super::read(event, payload["action"].as_str(), &payload.to_string())
    }

    fn spot(event: &str, payload: &Value) -> Spot {
        match read(event, payload) {
            Ok(Content::Happening(happening)) => happening.at,
            other => panic!("no happening: {other:?}"),
        }
    }

    #[test]
    fn each_event_points_to_its_pull_requests() {
        let head = "a".repeat(40);
        let repository = json!({"full_name": "o/r"});
        let pull = json!({"action": "synchronize", "pull_request": {"number": 7}, "repository": repository});
        assert_eq!(spot("pull_request", &pull), Spot::Pull(IssueNumber(7)));
        let check = json!({
            "action": "rerequested", "check_run": {"name": "writ/policy", "head_sha": head},
            "check_suite": {"head_sha": head}, "repository": repository
        });
        assert_eq!(spot("check_run", &check), Spot::Head(head.parse().unwrap()));
        assert_eq!(spot("check_suite", &check), Spot::Head(head.parse().unwrap()));
        let gone = json!({"ref": "topic", "ref_type": "branch", "repository": repository});
        assert_eq!(spot("delete", &gone), Spot::Branch("topic".to_owned()));
    }

    #[test]
    fn what_is_of_no_use_is_nothing_and_what_is_wrong_is_named() {
        let nothing = |event: &str, payload: Value| match read(event, &payload) {
            Ok(Content::Nothing(why)) => why,
            other => panic!("something: {other:?}"),
        };
        assert_eq!(nothing("pull_request", json!({"action": "labeled"})), "action_not_used");
        assert_eq!(nothing("push", json!({})), "event_not_used");
        let other = json!({
            "action": "rerequested", "check_run": {"name": "tests", "head_sha": "a".repeat(40)},
            "repository": {"full_name": "o/r"}
        });
        assert_eq!(nothing("check_run", other), "check_not_ours");
        let tag = json!({"ref": "v1", "ref_type": "tag", "repository": {"full_name": "o/r"}});
        assert_eq!(nothing("delete", tag), "not_a_branch");
        let wrong =
            json!({"action": "opened", "pull_request": {"number": "7"}, "repository": {"full_name": "o/r"}});
        let Err(DeliveryError::Field { place, .. }) = read("pull_request", &wrong) else { panic!("taken") };
        assert_eq!(place, "pull_request.number");
    }
}
