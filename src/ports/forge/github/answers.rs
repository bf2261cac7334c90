//! The few fields of GitHub's answers that the bot reads, and their meaning in the port's types.
//!
//! Octocrab's own models are absent on purpose: they demand fields that GitHub Enterprise Server and emulators
//! leave out, and a missing avatar must not stop a containment.

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::lane::{CheckResult, SeenCheck};
use crate::domain::names::{AccountId, CheckId, CommentId, CommitId, IssueNumber, RepositoryName};
use crate::domain::pull::PullState;
use crate::domain::request::Actor;
use crate::ports::forge::check::{Annotation, CheckStatus, FoundCheck};
use crate::ports::forge::{Comment, ForgeError, Permission, Pull};

/// `simple-user`, as part of other answers and as the answer of `GET /user`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) login: String,
}

/// `GET /app`.
#[derive(Debug, Deserialize)]
pub(super) struct App {
    pub(super) slug: String,
}

/// `GET /repos/{owner}/{repo}/installation`.
#[derive(Debug, Deserialize)]
pub(super) struct Installation {
    pub(super) id: u64,
}

/// `POST /app/installations/{id}/access_tokens`. No `Debug`: it holds the token.
#[derive(Deserialize)]
pub(super) struct InstallationToken {
    pub(super) token: String,
    pub(super) expires_at: Timestamp,
}

/// `GET /repos/{owner}/{repo}/collaborators/{username}/permission`.
#[derive(Debug, Deserialize)]
pub(super) struct CollaboratorPermission {
    permission: String,
    user: Option<Account>,
}

impl CollaboratorPermission {
    /// The account and what it may do. That is the base role in `permission`: anybody may name a custom role `admin`.
    pub(super) fn read(self) -> Result<(AccountId, Permission), ForgeError> {
        let user = self.user.ok_or_else(|| missing("user", "the permission of an account"))?;
        let permission = role(&self.permission)
            .ok_or_else(|| ForgeError::Malformed(format!("unknown permission `{}`", self.permission)))?;
        Ok((AccountId(user.id), permission))
    }
}

/// The roles that GitHub defines; `None` for custom ones. `push` and `pull` are their names in older answers.
fn role(name: &str) -> Option<Permission> {
    match name {
        "admin" => Some(Permission::Admin),
        "maintain" | "write" | "push" => Some(Permission::Write),
        "triage" | "read" | "pull" => Some(Permission::Read),
        "none" => Some(Permission::None),
        _ => None,
    }
}

/// `issue-comment`.
#[derive(Debug, Deserialize)]
pub(super) struct IssueComment {
    pub(super) id: u64,
    pub(super) user: Option<Account>,
    pub(super) body: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl IssueComment {
    /// In the port's types; a comment whose author is gone cannot be acted upon.
    pub(super) fn read(self) -> Result<Comment, ForgeError> {
        let user = self.user.ok_or_else(|| missing("user", "a comment"))?;
        Ok(Comment {
            id: CommentId(self.id),
            author: AccountId(user.id),
            body: self.body.unwrap_or_default(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// `{"id": …}`, all that is read of an answer to a write, and of a repository that only has to be there.
#[derive(Debug, Deserialize)]
pub(super) struct Made {
    pub(super) id: u64,
}

/// `pull-request` and `pull-request-simple`.
#[derive(Debug, Deserialize)]
pub(super) struct PullRequest {
    number: u64,
    html_url: String,
    #[serde(default)]
    title: String,
    state: String,
    /// Null unless it was merged. The list has no `merged`.
    merged_at: Option<Timestamp>,
    user: Option<Account>,
    body: Option<String>,
    #[serde(default)]
    draft: Option<bool>,
    head: PullHead,
    base: Base,
    #[serde(default)]
    labels: Vec<PullLabel>,
    /// Its id for GraphQL.
    node_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PullHead {
    #[serde(rename = "ref")]
    name: String,
    sha: CommitId,
    /// Null when the repository that it came from is gone.
    repo: Option<HeadRepository>,
}

#[derive(Debug, Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    name: String,
}

#[derive(Debug, Deserialize)]
struct HeadRepository {
    full_name: String,
}

/// `label`.
#[derive(Debug, Deserialize)]
pub(super) struct PullLabel {
    name: String,
}

impl PullRequest {
    /// Whether its head is this branch of this very repository, and not of a fork with the same owner's name.
    pub(super) fn comes_from(&self, repository: &RepositoryName, branch: &str) -> bool {
        let same = |head: &HeadRepository| head.full_name.eq_ignore_ascii_case(repository.as_str());
        self.head.name == branch && self.head.repo.as_ref().is_some_and(same)
    }

    /// Its id for GraphQL; `None` where it is no draft.
    pub(super) fn draft_id(self) -> Result<Option<String>, ForgeError> {
        if !self.draft.unwrap_or(false) {
            return Ok(None);
        }
        self.node_id.map(Some).ok_or_else(|| missing("node_id", "a pull request"))
    }

    /// Its number, which is its issue's number too.
    pub(super) fn number(&self) -> IssueNumber {
        IssueNumber(self.number)
    }

    /// Open ones first, then the newest.
    pub(super) fn rank(&self) -> (bool, u64) {
        (self.state == "open", self.number)
    }

    /// Those of `wanted` that it does not bear; GitHub's labels ignore case.
    pub(super) fn missing_labels<'a>(&self, wanted: &'a [String]) -> Vec<&'a str> {
        let bears = |name: &str| self.labels.iter().any(|label| label.name.eq_ignore_ascii_case(name));
        wanted.iter().map(String::as_str).filter(|name| !bears(name)).collect()
    }

    /// In the port's types.
    pub(super) fn read(self) -> Pull {
        Pull {
            number: self.number(),
            url: self.html_url,
            title: self.title,
            head: self.head.sha,
            branch: self.head.name,
            from: self.head.repo.map(|repository| repository.full_name),
            base: self.base.name,
            body: self.body.unwrap_or_default(),
            state: match (self.merged_at, self.state.as_str()) {
                (Some(_), _) => PullState::Merged,
                (None, "open") => PullState::Open,
                (None, _) => PullState::Closed,
            },
            draft: self.draft.unwrap_or(false),
            author: self.user.map_or_else(nobody, |user| Actor { id: AccountId(user.id), login: user.login }),
        }
    }
}

/// GitHub shows the account of somebody who left as `ghost`.
fn nobody() -> Actor {
    Actor { id: AccountId(0), login: "ghost".to_owned() }
}

/// `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`.
#[derive(Debug, Deserialize)]
pub(super) struct CheckRuns {
    pub(super) check_runs: Vec<CheckRun>,
}

/// The same, as far as check runs of others are read.
#[derive(Debug, Deserialize)]
pub(super) struct ForeignCheckRuns {
    pub(super) check_runs: Vec<ForeignCheckRun>,
}

/// `check-run` of any app.
#[derive(Debug, Deserialize)]
pub(super) struct ForeignCheckRun {
    name: String,
    status: String,
    conclusion: Option<String>,
    app: Option<CheckApp>,
}

#[derive(Debug, Deserialize)]
struct CheckApp {
    id: u64,
    slug: Option<String>,
}

impl ForeignCheckRun {
    /// Whether this app made it.
    pub(super) fn is_of(&self, app: Option<u64>) -> bool {
        app.is_some() && self.app.as_ref().map(|app| app.id) == app
    }

    /// In the port's types.
    pub(super) fn read(self) -> SeenCheck {
        let result = CheckResult::read(&self.status, self.conclusion.as_deref());
        SeenCheck { name: self.name, app: self.app.and_then(|app| app.slug), result }
    }
}

/// `check-run`.
#[derive(Debug, Deserialize)]
pub(super) struct CheckRun {
    id: u64,
    status: String,
    conclusion: Option<String>,
    external_id: Option<String>,
    #[serde(default)]
    output: CheckOutput,
}

#[derive(Debug, Default, Deserialize)]
struct CheckOutput {
    #[serde(default)]
    annotations_count: usize,
}

impl CheckRun {
    /// Its id.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Whether it was written with this digest.
    pub(super) fn has_digest(&self, digest: &str) -> bool {
        self.external_id.as_deref() == Some(digest)
    }

    /// How many annotations it has.
    pub(super) fn annotations(&self) -> usize {
        self.output.annotations_count
    }

    /// In the port's types.
    pub(super) fn read(self) -> FoundCheck {
        FoundCheck {
            id: CheckId(self.id),
            status: CheckStatus::read(&self.status, self.conclusion.as_deref()),
            digest: self.external_id.unwrap_or_default(),
        }
    }
}

/// `check-annotation`.
#[derive(Debug, Deserialize)]
pub(super) struct CheckAnnotation {
    path: String,
    start_line: usize,
    annotation_level: Option<String>,
    message: Option<String>,
}

impl CheckAnnotation {
    /// Whether it is this one.
    pub(super) fn is(&self, wanted: &Annotation) -> bool {
        self.path == wanted.path
            && self.start_line == wanted.line
            && self.annotation_level.as_deref() == Some(wanted.level.as_str())
            && self.message.as_deref() == Some(wanted.message.as_str())
    }
}

fn missing(field: &str, of: &str) -> ForgeError {
    ForgeError::Malformed(format!("{of} without `{field}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(text: &str) -> Result<(AccountId, Permission), ForgeError> {
        serde_json::from_str::<CollaboratorPermission>(text).unwrap().read()
    }

    #[test]
    fn roles_are_mapped_by_what_they_may_do() {
        let of = |permission_name: &str, role: &str| {
            let text = format!(
                r#"{{"permission":"{permission_name}","role_name":{role},"user":{{"id":5,"login":"ada"}}}}"#
            );
            permission(&text)
                .map(|(account, permission)| (account.0, permission))
                .map_err(|error| error.to_string())
        };
        assert_eq!(of("admin", r#""admin""#), Ok((5, Permission::Admin)));
        assert_eq!(of("write", r#""maintain""#), Ok((5, Permission::Write)));
        assert_eq!(of("read", r#""triage""#), Ok((5, Permission::Read)));
        assert_eq!(of("none", r#""none""#), Ok((5, Permission::None)));
        assert_eq!(of("write", r#""release-managers""#), Ok((5, Permission::Write)));
        assert_eq!(of("read", "null"), Ok((5, Permission::Read)));
        for name in ["admin", "maintain", "write", "push"] {
            assert_eq!(of("read", &format!("\"{name}\"")), Ok((5, Permission::Read)), "a custom role's name");
        }
        assert!(of("root", r#""root""#).is_err());
        assert!(permission(r#"{"permission":"admin","role_name":"admin","user":null}"#).is_err());
    }

    #[test]
    fn a_pull_of_a_fork_with_the_same_branch_is_not_ours() {
        let pull = |repository: &str| -> PullRequest {
            serde_json::from_str(&format!(
                r#"{{"number":3,"html_url":"u","state":"open","body":null,
                     "base":{{"ref":"main"}},"head":{{"ref":"b","sha":"{}","repo":{repository}}}}}"#,
                "a".repeat(40)
            ))
            .unwrap()
        };
        let ours: RepositoryName = "acme/lab".parse().unwrap();
        assert!(pull(r#"{"full_name":"Acme/Lab"}"#).comes_from(&ours, "b"));
        assert!(!pull(r#"{"full_name":"Acme/Lab"}"#).comes_from(&ours, "c"));
        assert!(!pull(r#"{"full_name":"acme/lab-fork"}"#).comes_from(&ours, "b"));
        assert!(!pull("null").comes_from(&ours, "b"));
    }
}
