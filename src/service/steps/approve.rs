//! Approve: whether another human has approved exactly what writ proposes, as the check run `writ/approval`; the pull
//! request leaves draft when that and the policies' verdict hold.
//!
//! Everything is asked now: the comment, the requester's and the reviewers' rights, the reviews. What changed since the
//! last look goes into the ledger of the run that proposed it.

use serde_json::{Value, json};

use crate::domain::approval::{self, Approval, Discounted, Question, Review};
use crate::domain::ledger::Record;
use crate::domain::names::{AccountId, CommitId, RunId};
use crate::domain::plan::PlanReport;
use crate::domain::pull::{Conclusion, Observed};
use crate::domain::request::Actor;
use crate::domain::run::{Outcome, Step};
use crate::ports::forge::check::{Check, CheckStatus};
use crate::ports::forge::{ForgeError, Permission};
use crate::ports::store::Run;
use crate::service::accept::sha256_hex;
use crate::service::asked::Asked;
use crate::service::checks::APPROVAL;
use crate::service::look::LookJob;
use crate::service::pipeline::{Performed, Pipeline, StepError, fact};
use crate::service::rivals::proposal;

use super::authorize::standing_of;

/// Asks, judges, tells. A pull request that is not writ's gets a check run that stands in nobody's way.
pub async fn perform(pipeline: &Pipeline, job: &LookJob) -> Result<Performed, StepError> {
    let seen: Observed = job.fact(Step::Observe, "seen")?;
    let Some(run) = own_run(pipeline, &seen).await? else {
        let check = check(pipeline, job, &seen, None)?;
        let put = put(pipeline, job, &check).await?;
        return Ok(Performed::done(json!({"own": false, "check": put}), vec![]));
    };
    let found = ask(pipeline, job, &seen, &run).await?;
    let check = check(pipeline, job, &seen, Some(&found))?;
    let put = put(pipeline, job, &check).await?;
    let told = Told::of(pipeline, &run.id).await?;
    let mut records = told.what_is_new(pipeline, &seen, &run.id, &found);
    let kept = job.kept(pipeline.store.as_ref()).await?.filter(|kept| kept.seen.head == seen.head);
    let allowed = kept.and_then(|kept| kept.policy) == Some(Conclusion::Success);
    let given = matches!(found.approval, Approval::Given { .. });
    // Once for each approval: who makes it a draft again means it.
    let wanted = given && allowed && seen.draft && (!told.is_ready || !records.is_empty());
    let ready = wanted && mark_ready(pipeline, job, &seen).await?;
    if ready {
        let body = json!({"pull": seen.number, "head": seen.head});
        records.push(pipeline.record_of(&run.id, "pull.readied", body));
    }
    let fact = json!({
        "own": true, "approval": found.approval, "discounted": found.discounted, "check": put, "readied": ready,
    });
    Ok(Performed::done(fact, records))
}

/// The run that opened this very pull request, and not only its branch.
async fn own_run(pipeline: &Pipeline, seen: &Observed) -> Result<Option<Run>, StepError> {
    let Some(id) = &seen.run else { return Ok(None) };
    let run = pipeline.store.run(id).await?;
    Ok(run.filter(|run| proposal(run) == Some(seen.number)))
}

/// What was asked and what it came to.
struct Found {
    approval: Approval,
    discounted: Vec<Discounted>,
    requester: Actor,
    report: PlanReport,
}

async fn ask(pipeline: &Pipeline, job: &LookJob, seen: &Observed, run: &Run) -> Result<Found, StepError> {
    let report: PlanReport = fact(run, Step::Plan, "report")?;
    let planned: CommitId = fact(run, Step::Push, "commit")?;
    let asked: Asked = serde_json::from_value(run.command.clone())
        .map_err(|error| StepError::Fault(format!("reading the stored command: {error}")))?;
    let fallen = match standing_of(pipeline, &asked).await? {
        Ok(_) => None,
        Err(Outcome::Void { message } | Outcome::Refused { message, .. }) => Some(message),
        Err(other) => {
            return Err(StepError::Fault(format!("a request in an unexpected state: {other:?}")));
        }
    };
    let reviews = pipeline.forge.reviews(&job.look.repository, seen.number).await?;
    let writers = writers(pipeline, job, &reviews).await?;
    let (approval, discounted) = approval::judge(&Question {
        risk: report.risk,
        requester: asked.actor.id,
        planned: &planned,
        head: &seen.head,
        fallen: fallen.as_deref(),
        reviews: &reviews,
        writers: &writers,
        agents: &pipeline.agents,
    });
    Ok(Found { approval, discounted, requester: asked.actor, report })
}

/// The reviewers that may write, asked now. A login that belongs to another account by now, and an account of which the
/// forge knows nothing, may not.
async fn writers(
    pipeline: &Pipeline,
    job: &LookJob,
    reviews: &[Review],
) -> Result<Vec<AccountId>, StepError> {
    let mut reviewers: Vec<&Actor> = reviews.iter().map(|review| &review.reviewer).collect();
    reviewers.sort_by_key(|reviewer| reviewer.id);
    reviewers.dedup_by_key(|reviewer| reviewer.id);
    let mut writers = Vec::new();
    for reviewer in reviewers {
        match pipeline.forge.permission(&job.look.repository, &reviewer.login).await {
            Ok((id, permission)) if id == reviewer.id && permission >= Permission::Write => writers.push(id),
            Ok(_) | Err(ForgeError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(writers)
}

/// What the check run says; `None` where the pull request is not writ's.
fn check(
    pipeline: &Pipeline,
    job: &LookJob,
    seen: &Observed,
    found: Option<&Found>,
) -> Result<Check, StepError> {
    let discounted: Vec<Value> = found
        .iter()
        .flat_map(|found| &found.discounted)
        .map(|review| json!({"login": review.login, "why": review.why.as_str()}))
        .collect();
    let context = json!({
        "approval": found.map(|found| &found.approval),
        "requester": found.map(|found| &found.requester),
        "risk": found.map(|found| found.report.risk),
        "discounted": discounted,
        "head": seen.head,
        "run": seen.run.as_ref().map(RunId::as_str),
    });
    let write =
        |template: &str| pipeline.renderer.render(template, &context).map(|text| text.trim().to_owned());
    let (title, summary) = (write("check/approval_title.txt")?, write("check/approval.md")?);
    let status = CheckStatus::Completed(match found {
        None => Conclusion::Neutral,
        Some(found) if found.approval.is_satisfied() => Conclusion::Success,
        Some(_) => Conclusion::Failure,
    });
    let said = format!("{status:?}\n{title}\n{summary}");
    Ok(Check {
        name: APPROVAL.to_owned(),
        head: seen.head.clone(),
        status,
        title,
        summary,
        text: String::new(),
        details_url: pipeline.run_url(&job.run),
        digest: format!("sha256:{}", sha256_hex(said.as_bytes())),
        annotations: Vec::new(),
    })
}

/// Writes the check run. A forge that does not take it (missing right) leaves the pull request without one, which holds
/// it back where the check is required.
async fn put(pipeline: &Pipeline, job: &LookJob, check: &Check) -> Result<Value, StepError> {
    match pipeline.forge.put_check(&job.look.repository, check).await {
        Ok(id) => Ok(json!(id)),
        Err(error @ (ForgeError::Forbidden(_) | ForgeError::NotFound(_) | ForgeError::Rejected(_))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the check run cannot be published");
            Ok(Value::Null)
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes the pull request out of draft; `false` where the forge does not let us: then a person must.
async fn mark_ready(pipeline: &Pipeline, job: &LookJob, seen: &Observed) -> Result<bool, StepError> {
    match pipeline.forge.mark_ready(&job.look.repository, seen.number).await {
        Ok(()) => Ok(true),
        Err(error @ (ForgeError::Forbidden(_) | ForgeError::NotFound(_) | ForgeError::Rejected(_))) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the draft cannot be marked ready for review"
            );
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the ledger says last of a run's approval.
struct Told {
    /// The facts of the last `approval.given` that was not voided.
    given: Option<Value>,
    /// Whether the pull request left draft since.
    is_ready: bool,
}

impl Told {
    async fn of(pipeline: &Pipeline, run: &RunId) -> Result<Self, StepError> {
        let mut told = Self { given: None, is_ready: false };
        for leaf in pipeline.store.leaves_of(run).await? {
            let record = Record::from_canonical(&leaf.data)
                .map_err(|error| StepError::Fault(format!("leaf {}: {error}", leaf.index)))?;
            match record.kind.as_str() {
                "approval.given" => told = Self { given: Some(record.body), is_ready: false },
                "approval.voided" => told = Self { given: None, is_ready: false },
                "pull.readied" => told.is_ready = true,
                _ => {}
            }
        }
        Ok(told)
    }

    /// The records of what is otherwise now.
    fn what_is_new(&self, pipeline: &Pipeline, seen: &Observed, run: &RunId, found: &Found) -> Vec<Record> {
        let mut records = Vec::new();
        let facts = match &found.approval {
            Approval::Given { by } => Some(json!({"pull": seen.number, "head": seen.head, "by": by})),
            _ => None,
        };
        // One more approval voids none.
        let voided = |earlier: &&Value| !facts.as_ref().is_some_and(|facts| holds_all(facts, earlier));
        if let Some(earlier) = self.given.as_ref().filter(voided) {
            let body = json!({
                "pull": seen.number, "head": seen.head, "was": earlier, "now": found.approval,
                "discounted": found.discounted,
            });
            records.push(pipeline.record_of(run, "approval.voided", body));
        }
        if let Some(facts) = facts.filter(|facts| self.given.as_ref() != Some(facts)) {
            records.push(pipeline.record_of(run, "approval.given", facts));
        }
        records
    }
}

/// Whether an approval has all reviews of an earlier one, of the same commit.
fn holds_all(facts: &Value, earlier: &Value) -> bool {
    let reviews = |facts: &Value| facts["by"].as_array().cloned().unwrap_or_default();
    let now = reviews(facts);
    facts["head"] == earlier["head"] && reviews(earlier).iter().all(|review| now.contains(review))
}
