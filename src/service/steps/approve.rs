//! Approve: whether another human has approved exactly what writ proposes, as the check run `writ/approval`; the pull
//! request leaves draft when that and the policies' verdict hold.
//!
//! It is asked of what writ proposes, by its risk class, and of everybody's pull requests with a finding that needs review.
//! Everything is asked now: the comment, the requester's and the reviewers' rights, the reviews. What changed since the
//! last reconciliation goes into the ledger: under the run that proposed it, else under the reconciliation.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::admission::{Wait, WaitReason};
use crate::domain::approval::{Approval, Approver};
use crate::domain::digest::sha256_hex;
use crate::domain::ledger::{Record, RecordError};
use crate::domain::names::{CheckId, CommitId, IssueNumber, RunId};
use crate::domain::policy::Verdict;
use crate::domain::pull::{APPROVAL_CHECK, Conclusion, Observed, PullState};
use crate::ports::forge::check::{Check, CheckStatus};
use crate::ports::store::Run;
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::{self, ApproveFact, JudgeFact, ObserveFact};
use crate::service::job::{Performed, ReconciliationJob};
use crate::service::ownership::Ownership;

use super::assessment::{Assessment, assess, assess_review};
use super::merged;

/// How often it is asked again whether a run has noted its pull request.
const RECHECK: Duration = Duration::from_secs(5);

/// What the check run says.
enum Said<'a> {
    /// The pull request is not writ's, and no finding needs review.
    Foreign,
    /// The pull request is not writ's, and whether a finding needs review is not known: its head could not be judged.
    NotJudged,
    /// Whether it is this run's is not known yet.
    Waiting(&'a RunId),
    /// It has the marks of this run, which has not opened it.
    Claimed(&'a RunId),
    /// Whether it is approved.
    Assessed(&'a Assessment),
}

/// Asks, judges, writes the check run. A pull request that is not writ's gets a neutral one, which blocks nobody, unless a
/// finding needs review; one of which that is not known yet waits, with a check run in progress.
pub(super) async fn perform(context: &Context, job: &ReconciliationJob) -> Result<Performed, StepError> {
    let seen = job.fact::<ObserveFact>()?.seen;
    if seen.state == PullState::Merged {
        return merged::perform(context, job, seen).await;
    }
    let said = match Ownership::of(context.store.as_ref(), &job.repository, &seen).await? {
        Ownership::Own(run) => return judge(context, job, seen, &run).await,
        Ownership::Unknown(run) => {
            let check = check(context, job, &seen, &Said::Waiting(&run))?;
            put(context, job, &check).await?;
            let until = context.clock.now() + RECHECK;
            return Ok(Performed::waits(Wait { place: 1, why: WaitReason::Proposal { run }, until }));
        }
        Ownership::SameCommit => None,
        Ownership::Claimed(run) => Some(check(context, job, &seen, &Said::Claimed(&run))?),
        Ownership::Foreign => match facts::shown::<JudgeFact>(&job.run) {
            Some(JudgeFact::Finished(judgement)) if judgement.verdict.needs_review() => {
                return review(context, job, seen, &judgement.verdict).await;
            }
            Some(JudgeFact::Finished(_)) => Some(check(context, job, &seen, &Said::Foreign)?),
            // The newer head gets a check run of its own.
            Some(JudgeFact::Moved(_)) => None,
            None => Some(check(context, job, &seen, &Said::NotJudged)?),
        },
    };
    let put = match said {
        Some(check) => put(context, job, &check).await?,
        None => None,
    };
    let fact = ApproveFact { own: false, approval: None, not_counted: None, check: put, marked_ready: None };
    Ok(Performed::done(&fact, vec![]))
}

/// Judges the approval of a run's own pull request.
async fn judge(
    context: &Context,
    job: &ReconciliationJob,
    seen: Observed,
    run: &Run,
) -> Result<Performed, StepError> {
    let assessment = assess(context, job, &seen, run).await?;
    let check = check(context, job, &seen, &Said::Assessed(&assessment))?;
    let put = put(context, job, &check).await?;
    let last = LastRecorded::of(context, &run.id).await?;
    let mut records = last.changes_since(context, &seen, &run.id, &assessment);
    let stored =
        job.stored_pull(context.store.as_ref()).await?.filter(|stored| stored.seen.head == seen.head);
    let allowed = stored.and_then(|stored| stored.policy) == Some(Conclusion::Success);
    let given = matches!(assessment.approval, Approval::Given { .. });
    // Once for each approval: who makes it a draft again means it.
    let wanted = given && allowed && seen.draft && (!last.is_ready || !records.is_empty());
    let marked_ready = wanted && mark_ready(context, job, &seen).await?;
    if marked_ready {
        let body = json!({"pull": seen.number, "head": seen.head});
        records.push(context.record(&run.id, "pull.readied", body));
    }
    let fact = ApproveFact {
        own: true,
        approval: Some(assessment.approval),
        not_counted: Some(assessment.not_counted),
        check: put,
        marked_ready: Some(marked_ready),
    };
    Ok(Performed::done(&fact, records))
}

/// Judges the approval of a pull request that is not writ's, with a finding that needs review.
async fn review(
    context: &Context,
    job: &ReconciliationJob,
    seen: Observed,
    verdict: &Verdict,
) -> Result<Performed, StepError> {
    let assessment = assess_review(context, job, &seen, verdict).await?;
    let check = check(context, job, &seen, &Said::Assessed(&assessment))?;
    let repository = &job.reconciliation.repository;
    let before = context.forge.find_check(repository, &seen.head, APPROVAL_CHECK).await?;
    let put = put(context, job, &check).await?;
    // What the check run said already was recorded, unless this try repeats the one that wrote it.
    let is_new = job.repeated || before.as_ref().is_none_or(|before| before.digest != check.digest);
    let was_given =
        before.and_then(|before| before.status) == Some(CheckStatus::Completed(Conclusion::Success));
    let record = |kind: &str| {
        let about: Vec<Value> = assessment
            .about
            .iter()
            .map(|finding| {
                json!({"policy": finding.policy, "code": finding.code, "path": finding.path,
                    "pointer": finding.pointer})
            })
            .collect();
        let body = json!({
            "pull": seen.number, "head": seen.head, "now": assessment.approval, "about": about,
            "discounted": assessment.not_counted,
        });
        context.record(&job.run.id, kind, body)
    };
    let records = match assessment.approval {
        Approval::Given { .. } if is_new => vec![record("review.approved")],
        Approval::Given { .. } => vec![],
        _ if was_given => vec![record("review.voided")],
        _ => vec![],
    };
    let fact = ApproveFact {
        own: false,
        approval: Some(assessment.approval),
        not_counted: Some(assessment.not_counted),
        check: put,
        marked_ready: None,
    };
    Ok(Performed::done(&fact, records))
}

/// The check run that says it.
fn check(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
    said: &Said<'_>,
) -> Result<Check, StepError> {
    let (assessment, run) = match said {
        Said::Foreign | Said::NotJudged => (None, None),
        Said::Waiting(run) | Said::Claimed(run) => (None, Some(*run)),
        Said::Assessed(assessment) => (Some(*assessment), seen.run.as_ref()),
    };
    let not_counted: Vec<Value> = assessment
        .iter()
        .flat_map(|assessment| &assessment.not_counted)
        .map(|review| json!({"login": review.login, "why": review.why.as_str()}))
        .collect();
    let values = json!({
        "approval": assessment.map(|assessment| &assessment.approval),
        "requester": assessment.map(|assessment| &assessment.requester),
        "risk": assessment.map(|assessment| assessment.risk),
        "about": assessment.map_or(&[][..], |assessment| &assessment.about),
        "not_judged": matches!(said, Said::NotJudged),
        "not_counted": not_counted,
        "head": seen.head,
        "run": run.map(RunId::as_str),
        "waiting": matches!(said, Said::Waiting(_)),
        "claimed": matches!(said, Said::Claimed(_)),
    });
    let write =
        |template: &str| context.renderer.render(template, &values).map(|text| text.trim().to_owned());
    let (title, summary) = (write("check/approval_title.txt")?, write("check/approval.md")?);
    let status = match said {
        Said::Foreign => CheckStatus::Completed(Conclusion::Neutral),
        Said::Waiting(_) => CheckStatus::InProgress,
        Said::Assessed(assessment) if assessment.approval.is_satisfied() => {
            CheckStatus::Completed(Conclusion::Success)
        }
        Said::Assessed(_) | Said::Claimed(_) | Said::NotJudged => CheckStatus::Completed(Conclusion::Failure),
    };
    let content = format!("{status:?}\n{title}\n{summary}");
    Ok(Check {
        name: APPROVAL_CHECK.to_owned(),
        head: seen.head.clone(),
        status,
        title,
        summary,
        text: String::new(),
        details_url: context.run_url(&job.run.id),
        digest: format!("sha256:{}", sha256_hex(content.as_bytes())),
        annotations: Vec::new(),
    })
}

/// Writes the check run. A forge that does not take it (missing right) leaves the pull request without one, which holds
/// it back where the check is required.
async fn put(
    context: &Context,
    job: &ReconciliationJob,
    check: &Check,
) -> Result<Option<CheckId>, StepError> {
    match context.forge.put_check(&job.reconciliation.repository, check).await {
        Ok(id) => Ok(Some(id)),
        Err(error) if error.is_final() => {
            tracing::error!(error = &error as &dyn std::error::Error, "the check run cannot be published");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes the pull request out of draft; `false` where the forge does not let us: then a person must.
async fn mark_ready(context: &Context, job: &ReconciliationJob, seen: &Observed) -> Result<bool, StepError> {
    match context.forge.mark_ready(&job.reconciliation.repository, seen.number).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_final() => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the draft cannot be marked ready for review"
            );
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// The body of an `approval.given` record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct GivenApproval {
    pull: IssueNumber,
    head: CommitId,
    by: Vec<Approver>,
}

impl GivenApproval {
    /// Whether it has all reviews of an earlier one, of the same commit.
    fn includes(&self, earlier: &Self) -> bool {
        self.head == earlier.head && earlier.by.iter().all(|review| self.by.contains(review))
    }
}

/// What the ledger last recorded of a run's approval.
struct LastRecorded {
    /// The last `approval.given` that was not voided.
    given: Option<GivenApproval>,
    /// Whether the pull request left draft since.
    is_ready: bool,
}

impl LastRecorded {
    async fn of(context: &Context, run: &RunId) -> Result<Self, StepError> {
        let mut last = Self { given: None, is_ready: false };
        for leaf in context.store.leaves_of(run).await? {
            let unreadable = |source| StepError::Leaf { index: leaf.index, source };
            let record = Record::from_canonical(&leaf.data).map_err(unreadable)?;
            match record.kind.as_str() {
                "approval.given" => {
                    let given = serde_json::from_value(record.body)
                        .map_err(|error| unreadable(RecordError::Malformed(error.to_string())))?;
                    last = Self { given: Some(given), is_ready: false };
                }
                "approval.voided" => last = Self { given: None, is_ready: false },
                "pull.readied" => last.is_ready = true,
                _ => {}
            }
        }
        Ok(last)
    }

    /// The records of what changed since.
    fn changes_since(
        &self,
        context: &Context,
        seen: &Observed,
        run: &RunId,
        assessment: &Assessment,
    ) -> Vec<Record> {
        let mut records = Vec::new();
        let given = match &assessment.approval {
            Approval::Given { by } => {
                Some(GivenApproval { pull: seen.number, head: seen.head.clone(), by: by.clone() })
            }
            _ => None,
        };
        // One more approval voids none.
        let voided = |earlier: &&GivenApproval| !given.as_ref().is_some_and(|given| given.includes(earlier));
        if let Some(earlier) = self.given.as_ref().filter(voided) {
            let body = json!({
                "pull": seen.number, "head": seen.head, "was": earlier, "now": assessment.approval,
                "discounted": assessment.not_counted,
            });
            records.push(context.record(run, "approval.voided", body));
        }
        if let Some(given) = given.filter(|given| self.given.as_ref() != Some(given)) {
            records.push(context.record(run, "approval.given", json!(given)));
        }
        records
    }
}
