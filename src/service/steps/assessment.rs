//! Whether a head is approved: whose reviews of it count, of a pull request of writ's own and of any other.

use crate::domain::approval::{self, Approval, NotCounted, Question, Review};
use crate::domain::names::AccountId;
use crate::domain::plan::Risk;
use crate::domain::policy::{Finding, Level, Verdict};
use crate::domain::pull::{Observed, PullState};
use crate::domain::request::Actor;
use crate::domain::run::Outcome;
use crate::ports::forge::{ForgeError, Permission};
use crate::ports::store::{Pulls, Run};
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::{self, JudgeFact, PlanFact, PushFact};
use crate::service::job::ReconciliationJob;
use crate::service::standing::Standing;
use crate::service::stored_command::StoredCommand;

/// The most other pull requests with the same head whose reviews are read.
const MOST_WITH_HEAD: usize = 10;

/// The check run is that of the commit, so everybody who opened a pull request with it is no other human, and a review in
/// any of them is one of this commit.
pub(super) async fn assess_review(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
    verdict: &Verdict,
) -> Result<Assessment, StepError> {
    let repository = &job.reconciliation.repository;
    let mut requesters = vec![seen.author.clone()];
    let mut reviews = context.forge.reviews(repository, seen.number).await?;
    let with_head = context.store.pulls(Pulls::WithHead(repository, &seen.head)).await?;
    let others: Vec<Observed> = with_head
        .into_iter()
        .map(|pull| pull.seen)
        .filter(|other| other.number != seen.number && other.base == seen.base)
        .collect();
    for other in others.iter().filter(|other| other.state == PullState::Open).take(MOST_WITH_HEAD) {
        match context.forge.reviews(repository, other.number).await {
            Ok(more) => reviews.extend(more),
            Err(ForgeError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    reviews.sort_by_key(|review| review.id);
    requesters.extend(others.into_iter().map(|other| other.author));
    let writers = writers(context, job, &reviews).await?;
    let accounts: Vec<AccountId> = requesters.iter().map(|requester| requester.id).collect();
    let (approval, not_counted) = approval::judge(&Question {
        risk: None,
        needs_review: true,
        requesters: &accounts,
        planned: &seen.head,
        head: &seen.head,
        void: None,
        reviews: &reviews,
        writers: &writers,
        agents: &context.agents,
    });
    let requester = seen.author.clone();
    Ok(Assessment { approval, not_counted, requester, risk: None, about: to_review(verdict) })
}

/// The findings that need review.
pub(super) fn to_review(verdict: &Verdict) -> Vec<Finding> {
    verdict.results.iter().filter(|finding| finding.level == Level::Review).cloned().collect()
}

/// Whether something is approved, and what that was judged from.
pub(super) struct Assessment {
    pub(super) approval: Approval,
    pub(super) not_counted: Vec<NotCounted>,
    pub(super) requester: Actor,
    /// The risk class of a run's plan.
    pub(super) risk: Option<Risk>,
    /// The findings that need review.
    pub(super) about: Vec<Finding>,
}

pub(super) async fn assess(
    context: &Context,
    job: &ReconciliationJob,
    seen: &Observed,
    run: &Run,
) -> Result<Assessment, StepError> {
    let report = facts::require::<PlanFact>(run)?.report;
    let planned = match facts::shown::<PushFact>(run) {
        Some(pushed) => pushed.commit,
        // It was pushed without being able to note it.
        None => report.commit.clone().ok_or_else(|| StepError::Fault("the plan has no commit".to_owned()))?,
    };
    let stored = StoredCommand::of(run)?;
    let void = match Standing::of(context, &stored).await? {
        Standing::Valid(_) => None,
        Standing::Ended(Outcome::Void { message } | Outcome::Refused { message, .. }) => Some(message),
        Standing::Ended(other) => {
            return Err(StepError::Fault(format!("the request ended in no known way: {other:?}")));
        }
    };
    let reviews = context.forge.reviews(&job.reconciliation.repository, seen.number).await?;
    let writers = writers(context, job, &reviews).await?;
    let about = match facts::shown::<JudgeFact>(&job.run) {
        Some(JudgeFact::Finished(judgement)) => to_review(&judgement.verdict),
        Some(JudgeFact::Moved(_)) | None => to_review(&report.verdict),
    };
    let (approval, not_counted) = approval::judge(&Question {
        risk: Some(report.risk),
        needs_review: !about.is_empty(),
        requesters: &[stored.actor.id],
        planned: &planned,
        head: &seen.head,
        void: void.as_deref(),
        reviews: &reviews,
        writers: &writers,
        agents: &context.agents,
    });
    Ok(Assessment { approval, not_counted, requester: stored.actor, risk: Some(report.risk), about })
}

/// The reviewers that may write, asked now. A login that belongs to another account by now, and an account of which the
/// forge knows nothing, may not.
async fn writers(
    context: &Context,
    job: &ReconciliationJob,
    reviews: &[Review],
) -> Result<Vec<AccountId>, StepError> {
    let mut reviewers: Vec<&Actor> = reviews.iter().map(|review| &review.reviewer).collect();
    reviewers.sort_by_key(|reviewer| reviewer.id);
    reviewers.dedup_by_key(|reviewer| reviewer.id);
    let mut writers = Vec::new();
    for reviewer in reviewers {
        match context.forge.permission(&job.reconciliation.repository, &reviewer.login).await {
            Ok((id, permission)) if id == reviewer.id && permission >= Permission::Write => writers.push(id),
            Ok(_) | Err(ForgeError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(writers)
}
