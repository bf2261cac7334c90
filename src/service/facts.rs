//! Facts: what each step leaves for later steps, pages and replies. Serialised into `Run::facts`, under the step's name.
//!
//! **Invariant**: what was ever stored can still be read. A field is added with a default, none is renamed in the JSON;
//! the tests hold a fact of each step as databases have it.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::approval::{Approval, NotCounted};
use crate::domain::lane::MissingValidation;
use crate::domain::ledger::Record;
use crate::domain::names::{AccountId, BranchName, CheckId, CommentId, CommitId, IssueNumber, RunId};
use crate::domain::plan::PlanReport;
use crate::domain::policy::{Circumstances, Decision, Declared};
use crate::domain::pull::{Conclusion, Observed};
use crate::domain::run::Step;
use crate::ports::store::Run;

use super::error::StepError;
use super::judgement::Judgement;

/// What one step leaves.
pub trait Fact: Serialize + DeserializeOwned {
    /// The step.
    const STEP: Step;
}

/// Who may do what was asked. Of `authorize`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthorizeFact {
    /// The author's account.
    pub account: AccountId,
    /// Its permission: `read`, `write` or `admin`.
    pub permission: String,
    /// The digest of the comment that was read again.
    pub comment_sha256: String,
    /// For `/cancel`: the pull request to close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<IssueNumber>,
}

/// What the run may write now. Of `turn`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TurnFact {
    /// The files, by full path.
    pub targets: BTreeSet<String>,
    /// The runs that lost their targets to this one.
    pub taken_from: Vec<RunId>,
}

/// The plan. Of `plan`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlanFact {
    /// The plan with its verdict.
    pub report: PlanReport,
    /// `change.planned`, for the ledger.
    pub record: Record,
    /// `change.listed`, for the ledger, where the plan is too long for one record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Record>,
    /// The text of the pull request's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The nodes that the procedure writes, whether or not that changes them.
    #[serde(default)]
    pub declared: Vec<Declared>,
}

/// What was decided about the plan. Of `check`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckFact {
    /// The policies' decision.
    pub decision: Decision,
    /// The containment that goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contained_by: Option<RunId>,
}

/// Where the plan is in the ledger. Of `record`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordFact {
    /// The hash of the leaf, lower-case hex.
    pub leaf: String,
}

/// What was pushed. Of `push`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PushFact {
    /// The branch.
    pub branch: BranchName,
    /// Its commit.
    pub commit: CommitId,
    /// The commit below it.
    pub base: CommitId,
}

/// The pull request that was opened. Of `propose`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProposeFact {
    /// Its number.
    pub pull: IssueNumber,
    /// Its address.
    pub url: String,
    /// Its head.
    pub head: CommitId,
    /// Whether it is a draft.
    pub draft: bool,
}

/// What was closed. Of `close`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseFact {
    /// Pull requests that gave the same fields other values.
    Superseded(Vec<IssueNumber>),
    /// The pull request that was to be cancelled.
    Cancelled(IssueNumber),
    /// This run's own pull request, for this containment.
    GaveWayTo(RunId),
    /// Always `true`: it cannot be known whether all of them are closed.
    Unclosed(bool),
}

/// The reply. Of `report`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReportFact {
    /// The comment; `None` where there is none.
    pub comment: Option<CommentId>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The pull request as it was read. Of `observe`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ObserveFact {
    /// Its state.
    pub seen: Observed,
    /// What changed since the last reconciliation, as kinds of records.
    pub happened: Vec<String>,
}

/// How the head was judged. Of `judge`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgeFact {
    /// It was judged.
    Finished(Box<Judgement>),
    /// It was not: this newer head took its place.
    Moved(CommitId),
}

/// The check run `writ/policy`. Of `conclude`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConcludeFact {
    /// Its name.
    pub name: String,
    /// Its commit.
    pub head: CommitId,
    /// Its conclusion.
    pub conclusion: Option<Conclusion>,
    /// Its title.
    pub title: String,
    /// The digest of what it says.
    pub digest: String,
    /// The check runs of others that are not green, of a lane's head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingValidation>,
    /// Its id; `None` where it could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckId>,
    /// Why it could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The check run `writ/approval`. Of `approve`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApproveFact {
    /// Whether a run proposed the pull request.
    pub own: bool,
    /// The approval, of a run's own pull request and of one with a finding that needs review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// The reviews that do not count, of the same.
    #[serde(rename = "discounted", default, skip_serializing_if = "Option::is_none")]
    pub not_counted: Option<Vec<NotCounted>>,
    /// The check run; `None` where it could not be written.
    pub check: Option<CheckId>,
    /// Whether the pull request left draft, of a run's own pull request.
    #[serde(rename = "readied", default, skip_serializing_if = "Option::is_none")]
    pub marked_ready: Option<bool>,
}

/// What a step leaves that has no fact to report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum NoFact {
    /// The run was refused, with this reason code.
    Refused {
        /// The code.
        refused: String,
    },
    /// This containment took the run's targets.
    Contained {
        /// The containment.
        contained_by: RunId,
    },
    /// The run was stopped, and what it had published was taken back.
    Withdrawn {
        /// What it was.
        withdrawn: Withdrawn,
    },
    /// Always `true`: what the step was to say could not be said.
    Unreported {
        /// `true`.
        unreported: bool,
    },
    /// Nothing at all.
    Nothing {},
}

/// What a run had published before it was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// The branch.
    pub branch: BranchName,
    /// The pull request, which is closed.
    #[serde(default)]
    pub pull: Option<IssueNumber>,
    /// Whether the pull request was merged before: then neither it nor its branch was touched.
    #[serde(default)]
    pub merged: bool,
    /// Why the branch could not be deleted; `None` where it is gone.
    #[serde(default)]
    pub left: Option<String>,
}

/// What a step leaves, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFact(Value);

impl StoredFact {
    /// Its JSON.
    #[must_use]
    pub fn into_json(self) -> Value {
        self.0
    }
}

impl<F: Fact> From<&F> for StoredFact {
    fn from(fact: &F) -> Self {
        // OK because facts are strings, numbers and JSON values, all of which serialise.
        Self(serde_json::to_value(fact).unwrap_or_default())
    }
}

impl From<NoFact> for StoredFact {
    fn from(nothing: NoFact) -> Self {
        // OK because it is a string or a bool.
        Self(serde_json::to_value(nothing).unwrap_or_default())
    }
}

/// The fact of a step; `None` where the step was not performed, or had none to report.
///
/// # Errors
/// - `Fact`: what is stored is neither
pub fn find<F: Fact>(run: &Run) -> Result<Option<F>, StepError> {
    let Some(stored) = run.facts.get(F::STEP.as_str()) else { return Ok(None) };
    if is_nothing(stored) {
        return Ok(None);
    }
    let fact = F::deserialize(stored);
    fact.map(Some).map_err(|source| StepError::Fact { step: F::STEP.as_str(), source })
}

/// What the run took back, where it was stopped after it had published something.
#[must_use]
pub fn withdrawn(run: &Run) -> Option<Withdrawn> {
    let stored = [Step::Push, Step::Propose].into_iter().filter_map(|step| run.facts.get(step.as_str()));
    stored.into_iter().find_map(|stored| match NoFact::deserialize(stored) {
        Ok(NoFact::Withdrawn { withdrawn }) => Some(withdrawn),
        _ => None,
    })
}

/// Whether this is a [`NoFact`], each of which has at most one field: a whole plan is not tried as one.
fn is_nothing(stored: &Value) -> bool {
    stored.as_object().is_some_and(|fields| fields.len() <= 1) && NoFact::deserialize(stored).is_ok()
}

/// The circumstances that a `change.planned` names: those under which it was planned.
#[must_use]
pub fn circumstances(planned: &Record) -> Circumstances {
    let named = planned.body.get("circumstances");
    named.and_then(|named| Circumstances::deserialize(named).ok()).unwrap_or_default()
}

/// The fact of a step that must have been performed.
///
/// # Errors
/// - `Fact`: it cannot be read
/// - `Fault`: there is none
pub fn require<F: Fact>(run: &Run) -> Result<F, StepError> {
    let missing = || StepError::Fault(format!("step `{}` left no fact", F::STEP.as_str()));
    find(run)?.ok_or_else(missing)
}

/// A fact for people to see: what cannot be read is not shown.
#[must_use]
pub fn shown<F: Fact>(run: &Run) -> Option<F> {
    find(run).unwrap_or_else(|error| {
        tracing::warn!(run.id = %run.id, error = &error as &dyn std::error::Error, "a fact is not shown");
        None
    })
}

macro_rules! facts {
    ($($fact:ident: $step:ident),* $(,)?) => {
        $(impl Fact for $fact {
            const STEP: Step = Step::$step;
        })*
    };
}

facts! {
    AuthorizeFact: Authorize,
    TurnFact: Turn,
    PlanFact: Plan,
    CheckFact: Check,
    RecordFact: Record,
    PushFact: Push,
    ProposeFact: Propose,
    CloseFact: Close,
    ReportFact: Report,
    ObserveFact: Observe,
    JudgeFact: Judge,
    ConcludeFact: Conclude,
    ApproveFact: Approve,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Position;
    use serde_json::json;

    /// A run to which a step left this.
    fn run(step: Step, stored: &Value) -> Run {
        Run {
            id: "abcdefgh234567ab".parse().unwrap(),
            command: Value::Null,
            request: None,
            subject: "acme/shop#7".parse().unwrap(),
            position: Position::Settled,
            outcome: None,
            facts: std::iter::once((step.as_str().to_owned(), stored.clone())).collect(),
            attempts: 0,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            delivery: "d".to_owned(),
        }
    }

    /// What databases hold is read, and written again in the very same bytes.
    fn kept<F: Fact>(stored: &Value) -> F {
        let fact: F = require(&run(F::STEP, stored)).unwrap();
        assert_eq!(StoredFact::from(&fact).into_json().to_string(), stored.to_string());
        fact
    }

    fn commit(letter: &str) -> String {
        letter.repeat(40)
    }

    fn verdict() -> Value {
        json!({"decision": "warn", "results": [{
            "policy": "single-forwarder", "code": "forwarder_replicas", "level": "warn", "message": "two of them",
            "path": "gitops/ws.yaml", "pointer": "/spec/replicas", "remedy": "keep one"
        }], "standing": []})
    }

    fn changes() -> Value {
        json!([{
            "path": "gitops/ws.yaml", "document": {"kind": "Deployment", "name": "ws"},
            "pointer": "/spec/replicas", "before": 1, "after": null
        }])
    }

    fn plan() -> Value {
        let report = json!({
            "schema": "writ.plan/v1", "procedure": "pause-trading", "version": 1, "variant": "replicas",
            "risk": "containment", "base": commit("a"), "run": "abcdefgh234567ab", "branch": "writ/pause-ab",
            "title": "chore: pause", "files": [
                {"path": "gitops/ws.yaml", "before": commit("1"), "after": commit("2"), "diff": "-a\n+b\n"}
            ],
            "changes": changes(), "verdict": verdict(),
            "effects": [{"name": "stopped", "holds": true, "detail": "replicas: 0"}],
            "rollback": {"procedure": "resume-trading", "command": "/actuate resume-trading"}, "warnings": ["w"],
            "commit": commit("b"), "digest": "sha256:00"
        });
        let record = json!({
            "schema": "writ.record/v1", "kind": "change.planned", "run": "abcdefgh234567ab",
            "at": "2026-02-12T10:35:00Z", "body": {"procedure": "pause-trading", "files": []}
        });
        let declared = json!([{"path": "gitops/ws.yaml", "kind": "Deployment", "name": "ws", "pointer": "/spec/replicas"}]);
        json!({"report": report, "record": record, "declared": declared})
    }

    #[test]
    fn the_facts_of_a_command_that_were_stored_are_read() {
        let authorized = json!({"account": 5, "permission": "write", "comment_sha256": "00"});
        assert_eq!(kept::<AuthorizeFact>(&authorized).pull, None);
        let cancelling = json!({"account": 5, "permission": "write", "comment_sha256": "00", "pull": 7});
        assert_eq!(kept::<AuthorizeFact>(&cancelling).pull, Some(IssueNumber(7)));
        let turn = json!({"targets": ["gitops/ws.yaml"], "taken_from": ["abcdefgh234567ac"]});
        assert_eq!(kept::<TurnFact>(&turn).taken_from.len(), 1);
        assert_eq!(kept::<PlanFact>(&plan()).report.branch.as_str(), "writ/pause-ab");
        assert_eq!(kept::<CheckFact>(&json!({"decision": "allow"})).decision, Decision::Allow);
        let contained = json!({"decision": "allow", "contained_by": "abcdefgh234567ac"});
        assert!(kept::<CheckFact>(&contained).contained_by.is_some());
        assert_eq!(kept::<RecordFact>(&json!({"leaf": "00"})).leaf, "00");
        let pushed = json!({"branch": "writ/pause-ab", "commit": commit("b"), "base": commit("a")});
        assert_eq!(kept::<PushFact>(&pushed).commit.as_str(), commit("b"));
        let proposed = json!({"pull": 7, "url": "https://forge/7", "head": commit("b"), "draft": true});
        assert!(kept::<ProposeFact>(&proposed).draft);
        assert!(
            matches!(kept(&json!({"superseded": [6]})), CloseFact::Superseded(pulls) if pulls.len() == 1)
        );
        assert!(matches!(kept(&json!({"cancelled": 6})), CloseFact::Cancelled(IssueNumber(6))));
        assert!(matches!(kept(&json!({"gave_way_to": "abcdefgh234567ac"})), CloseFact::GaveWayTo(_)));
        assert!(matches!(kept(&json!({"unclosed": true})), CloseFact::Unclosed(true)));
        assert_eq!(kept::<ReportFact>(&json!({"comment": 11})).comment, Some(CommentId(11)));
        let failed = json!({"comment": null, "problem": "the forge refused: locked"});
        assert!(kept::<ReportFact>(&failed).problem.is_some());
    }

    #[test]
    fn the_facts_of_a_reconciliation_that_were_stored_are_read() {
        let seen = json!({
            "number": 7, "url": "https://forge/7", "title": "t", "state": "open", "draft": false,
            "head": commit("b"), "branch": "topic", "fork": false, "base": "main",
            "author": {"id": 5, "login": "ada"}, "run": null, "told": {"model": "none"}, "branch_deleted": false
        });
        let observed = json!({"seen": seen, "happened": ["pull.seen"]});
        assert_eq!(kept::<ObserveFact>(&observed).seen.number, IssueNumber(7));
        let finished = json!({"finished": {
            "head": commit("b"), "merge_base": commit("a"), "touched": true, "verdict": verdict(),
            "findings_left_out": 0, "standing_left_out": 0, "changes": changes(), "changes_left_out": 0,
            "lines": [[0, 3]]
        }});
        assert!(matches!(kept(&finished), JudgeFact::Finished(judgement) if judgement.lines == [(0, 3)]));
        let mut earlier = finished;
        let judgement = earlier["finished"].as_object_mut().unwrap();
        judgement.remove("standing_left_out");
        judgement["verdict"].as_object_mut().unwrap().remove("standing");
        assert!(
            require::<JudgeFact>(&run(Step::Judge, &earlier)).is_ok(),
            "earlier versions kept nothing apart"
        );
        assert!(matches!(kept(&json!({"moved": commit("c")})), JudgeFact::Moved(_)));
        let concluded = json!({
            "name": "writ/policy", "head": commit("b"), "conclusion": "success", "title": "No objection",
            "digest": "sha256:00", "check": 3
        });
        assert_eq!(kept::<ConcludeFact>(&concluded).check, Some(CheckId(3)));
        let unwritten = json!({
            "name": "writ/policy", "head": commit("b"), "conclusion": "failure", "title": "Denied",
            "digest": "sha256:00", "problem": "the forge refused: no right"
        });
        assert!(kept::<ConcludeFact>(&unwritten).problem.is_some());
        assert!(!kept::<ApproveFact>(&json!({"own": false, "check": null})).own);
        let approved = json!({
            "own": true, "approval": {"state": "given", "by": [{"review": 9, "id": 6, "login": "mia"}]},
            "discounted": [{"review": 8, "login": "ada", "why": "requester"}], "check": 4, "readied": true
        });
        assert_eq!(kept::<ApproveFact>(&approved).marked_ready, Some(true));
        let void = json!({
            "own": true, "approval": {"state": "fallen", "message": "it was edited"}, "discounted": [],
            "check": 4, "readied": false
        });
        assert!(matches!(kept::<ApproveFact>(&void).approval, Some(Approval::Void { .. })));
    }

    #[test]
    fn a_step_may_leave_nothing() {
        let nothing = [
            (json!({}), NoFact::Nothing {}),
            (json!({"refused": "void"}), NoFact::Refused { refused: "void".to_owned() }),
            (
                json!({"withdrawn": {"branch": "writ/pause-ab", "pull": 7, "merged": false, "left": "it is protected"}}),
                NoFact::Withdrawn {
                    withdrawn: Withdrawn {
                        branch: "writ/pause-ab".parse().unwrap(),
                        pull: Some(IssueNumber(7)),
                        merged: false,
                        left: Some("it is protected".to_owned()),
                    },
                },
            ),
            (json!({"unreported": true}), NoFact::Unreported { unreported: true }),
            (
                json!({"contained_by": "abcdefgh234567ac"}),
                NoFact::Contained { contained_by: "abcdefgh234567ac".parse().unwrap() },
            ),
        ];
        for (stored, wanted) in nothing {
            assert_eq!(NoFact::deserialize(&stored).unwrap(), wanted);
            assert_eq!(StoredFact::from(wanted).into_json(), stored);
            assert!(find::<PlanFact>(&run(Step::Plan, &stored)).unwrap().is_none(), "{stored}");
            assert!(find::<ReportFact>(&run(Step::Report, &stored)).unwrap().is_none(), "{stored}");
            assert!(matches!(require::<PushFact>(&run(Step::Push, &stored)), Err(StepError::Fault(_))));
        }
        assert!(find::<PlanFact>(&run(Step::Push, &json!({}))).unwrap().is_none());
        assert!(find::<PushFact>(&run(Step::Push, &json!({"branch": 1}))).is_err());
    }

    #[test]
    fn a_plan_from_before_declared_nodes_is_read() {
        let mut stored = plan();
        stored.as_object_mut().unwrap().shift_remove("declared");
        assert!(require::<PlanFact>(&run(Step::Plan, &stored)).unwrap().declared.is_empty());
    }
}
