//! Merged: whether a pull request was merged over a denial or without its approval, said where people see it, until that
//! is mended or acknowledged.
//!
//! The steps of a reconciliation that has seen the merge come here. What is decided is in [`crate::domain::merge`]; the
//! comment is one per pull request, brought to the state of the matter.

use serde_json::json;

use crate::domain::approval::Approval;
use crate::domain::lane::MissingValidation;
use crate::domain::merge::{Merge, MergeFault, OverDenial, Settlement, overridden};
use crate::domain::names::{IssueNumber, RunId};
use crate::domain::policy::{Finding, Verdict};
use crate::domain::pull::{Observed, PullState};
use crate::domain::reason;
use crate::domain::run::Outcome;
use crate::ports::store::StoredPull;
use crate::service::context::Context;
use crate::service::error::{StepError, blocking};
use crate::service::facts::{self, ApproveFact, JudgeFact, NoFact};
use crate::service::head::{HeadAnswer, HeadRequest};
use crate::service::job::{Performed, ReconciliationJob};
use crate::service::judgement::Judgement;
use crate::service::ownership::Ownership;
use crate::service::validating;

use super::assessment;

/// What is known of the merged head: the judgement of the reconciliation that saw it open. `None`: judge it now.
pub(super) async fn judged(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
) -> Result<Option<Performed>, StepError> {
    let stored = job.stored_pull(context.store.as_ref()).await?;
    let look = match stored.and_then(|stored| stored.merge) {
        Some(Merge::Assessing { look }) => look,
        _ => return Ok(Some(Performed::nothing())),
    };
    let run = if look == job.run.id { Some(job.run.clone()) } else { context.store.run(&look).await? };
    let earlier = run.as_ref().and_then(facts::shown::<JudgeFact>);
    Ok(match earlier {
        Some(JudgeFact::Finished(judgement)) if judgement.head == seen.head => {
            Some(Performed::done(&JudgeFact::Finished(judgement), vec![]))
        }
        _ => None,
    })
}

/// The end of a reconciliation of a merged pull request: no check run is written.
pub(super) fn concluded(job: &ReconciliationJob, seen: &Observed) -> Performed {
    if job.run.outcome.is_some() {
        return Performed::nothing();
    }
    let outcome = Outcome::Reconciled { pull: seen.number, state: PullState::Merged, conclusion: None };
    Performed::ends(outcome, NoFact::Nothing {}, vec![])
}

/// Judges the merge, or asks whether one over a denial is settled.
pub(super) async fn perform(
    context: &Context,
    job: &ReconciliationJob,
    seen: Observed,
) -> Result<Performed, StepError> {
    let Some(stored) = job.stored_pull(context.store.as_ref()).await? else {
        return Ok(Performed::nothing());
    };
    match stored.merge.clone() {
        Some(Merge::Assessing { .. }) => assess(context, job, &seen, stored).await,
        Some(Merge::OverDenial(over)) => settle(context, job, &seen, (stored, over)).await,
        Some(Merge::Regular | Merge::Settled { .. }) | None => Ok(Performed::nothing()),
    }
}

async fn assess(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
    mut stored: StoredPull,
) -> Result<Performed, StepError> {
    let judgement = match facts::shown::<JudgeFact>(&job.run) {
        // A merge commit makes its head a part of the branch, and nothing is left to compare.
        Some(JudgeFact::Finished(judgement)) if judgement.merge_base != seen.head => Some(judgement),
        _ => None,
    };
    let Some((fault, findings)) = fault(context, job, seen, judgement.as_deref()).await? else {
        stored.merge = Some(Merge::Regular);
        return Ok(done(Approval::NotNeeded, vec![]).storing(stored));
    };
    let over = OverDenial {
        head: seen.head.clone(),
        merge_base: judgement.map_or_else(|| seen.head.clone(), |judgement| judgement.merge_base),
        fault,
        findings,
        run: job.run.id.clone(),
        at: context.clock.now(),
    };
    tracing::error!(pull = %seen.number, head = %seen.head, "a pull request was merged {}", fault.as_words());
    tell(context, job, seen, &Merge::OverDenial(over.clone())).await?;
    let body = json!({
        "code": reason::MERGED_OVER_DENIAL, "pull": seen.number, "head": over.head,
        "merge_base": over.merge_base, "fault": over.fault,
        "findings": recorded(&over.findings),
    });
    let record = context.record(subject(job, seen), "merge.over_denial", body);
    stored.recheck = Some(validating::recheck(None, context.clock.now()));
    stored.merge = Some(Merge::OverDenial(over));
    Ok(done(Approval::Missing, vec![record]).storing(stored))
}

/// What was against the merge, with the findings; `None` where nothing was.
async fn fault(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
    judgement: Option<&Judgement>,
) -> Result<Option<(MergeFault, Vec<Finding>)>, StepError> {
    let Some(judgement) = judgement else { return Ok(Some((MergeFault::Unjudged, Vec::new()))) };
    let verdict = &judgement.verdict;
    let repository = &job.reconciliation.repository;
    let missing: Vec<MissingValidation> = validating::missing(context, repository, judgement).await?;
    if !missing.is_empty() {
        return Ok(Some((MergeFault::Denied, validating::findings_of_all(&missing))));
    }
    let approval = match Ownership::of(context.store.as_ref(), &job.repository, seen).await? {
        Ownership::Own(run) => assessment::assess(context, job, seen, &run).await?.approval,
        Ownership::Claimed(_) => Approval::Missing,
        Ownership::Foreign | Ownership::SameCommit | Ownership::Unknown(_) if !verdict.needs_review() => {
            Approval::NotNeeded
        }
        _ => assessment::assess_review(context, job, seen, verdict).await?.approval,
    };
    Ok(MergeFault::of(verdict, &approval).map(|fault| (fault, overridden(verdict))))
}

/// Asks whether a merge over a denial is acknowledged or mended.
async fn settle(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
    (mut stored, over): (StoredPull, OverDenial),
) -> Result<Performed, StepError> {
    let nothing = Verdict::of(Vec::new());
    let approval = assessment::assess_review(context, job, seen, &nothing).await?.approval;
    let settlement = match approval {
        Approval::Given { by } => Some(Settlement::Acknowledged { by }),
        _ => mended(context, job, &over).await?,
    };
    let Some(by) = settlement else {
        stored.recheck = Some(validating::recheck(stored.recheck, context.clock.now()));
        return Ok(done(Approval::Missing, vec![]).storing(stored));
    };
    let kind = match &by {
        Settlement::Acknowledged { .. } => "merge.acknowledged",
        Settlement::Mended { .. } => "merge.mended",
    };
    let record =
        context.record(subject(job, seen), kind, json!({"pull": seen.number, "head": over.head, "by": by}));
    let merge = Merge::Settled { was: over, by };
    tell(context, job, seen, &merge).await?;
    stored.merge = Some(merge);
    stored.recheck = None;
    Ok(done(Approval::NotNeeded, vec![record]).storing(stored))
}

/// Whether nothing of what was found is in the branch any more.
async fn mended(
    context: &Context,
    job: &ReconciliationJob,
    over: &OverDenial,
) -> Result<Option<Settlement>, StepError> {
    let credential = context.credential(&job.repository).await?;
    let repository = std::sync::Arc::clone(&job.repository);
    let tip = blocking(move || repository.git.fetch(&repository.base, credential.as_ref())).await??;
    let request = HeadRequest {
        repository: job.repository.name.clone(),
        head: tip.clone(),
        asked: None,
        claims: Vec::new(),
        since: Some(over.merge_base.clone()),
        circumstances: job.repository.running_in.circumstances(over.at),
    };
    Ok(match context.heads.judge(&request).await {
        HeadAnswer::Judged(now) if over.is_mended_by(&now.verdict) => Some(Settlement::Mended { at: tip }),
        HeadAnswer::Unavailable(message) => return Err(StepError::Lagging(message)),
        // What cannot be judged is not mended.
        _ => None,
    })
}

/// Says it on the pull request, and on the repository's issue for such news.
async fn tell(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
    merge: &Merge,
) -> Result<(), StepError> {
    let repository = &job.reconciliation.repository;
    let marker = format!("<!-- writ:merge:{} -->", seen.number);
    let (over, by) = match merge {
        Merge::OverDenial(over) => (over, None),
        Merge::Settled { was, by } => (was, Some(by)),
        Merge::Assessing { .. } | Merge::Regular => return Ok(()),
    };
    let values = json!({
        "pull": seen.number, "url": seen.url, "title": seen.title, "author": seen.author.login, "head": over.head,
        "over": over, "words": over.fault.as_words(), "by": by, "page": context.run_url(&over.run),
        "acknowledged": matches!(by, Some(Settlement::Acknowledged { .. })),
    });
    let text = context.renderer.render("merged.md", values)?;
    let body = format!("{marker}\n{}", text.trim());
    let places = [Some(seen.number), job.repository.running_in.notify_issue];
    for place in places.into_iter().flatten() {
        put(context, job, place, (&marker, &body)).await?;
    }
    tracing::info!(repository = %repository, pull = %seen.number, "the merge was told about");
    Ok(())
}

/// Writes the comment. Where the forge does not take it, pages and `/status` still show the merge.
async fn put(
    context: &Context,
    job: &ReconciliationJob,
    place: IssueNumber,
    (marker, body): (&str, &str),
) -> Result<(), StepError> {
    match context.forge.put_status(&job.reconciliation.repository, place, marker, body).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_final() => {
            tracing::error!(error = &error as &dyn std::error::Error, issue = %place, "the merge cannot be told about");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// The run that the records are of: the one that proposed it, else the reconciliation.
fn subject<'a>(job: &'a ReconciliationJob, seen: &'a Observed) -> &'a RunId {
    seen.run.as_ref().unwrap_or(&job.run.id)
}

fn recorded(findings: &[Finding]) -> Vec<serde_json::Value> {
    let finding = |finding: &Finding| {
        json!({"policy": finding.policy, "code": finding.code, "level": finding.level, "path": finding.path,
            "pointer": finding.pointer})
    };
    findings.iter().map(finding).collect()
}

fn done(approval: Approval, records: Vec<crate::domain::ledger::Record>) -> Performed {
    let fact = ApproveFact {
        own: false,
        approval: Some(approval),
        not_counted: None,
        check: None,
        marked_ready: None,
    };
    Performed::done(&fact, records)
}
