//! Authorize: is the comment unchanged, may its author do this, was it confirmed?

use serde_json::json;

use crate::domain::admission::counted_from;
use crate::domain::approval::is_agent;
use crate::domain::command::Command;
use crate::domain::ledger::Record;
use crate::domain::names::RunId;
use crate::domain::procedure::{ROLLBACK, RUN_ARGUMENT};
use crate::domain::reason;
use crate::domain::run::Outcome;
use crate::ports::forge::{ForgeError, Permission, Reaction};
use crate::service::conflicts::proposal;
use crate::service::context::Context;
use crate::service::error::StepError;
use crate::service::facts::{AuthorizeFact, NoFact};
use crate::service::job::{Job, Performed};
use crate::service::recipe::{FoundRun, find_run};
use crate::service::reply;
use crate::service::standing::{self, Standing, permission_name};

/// Reacts, asks the forge, and refuses what the procedure's confirmation does not cover.
pub(super) async fn perform(context: &Context, job: &Job) -> Result<Performed, StepError> {
    reply::react(context, job, Reaction::Eyes).await;
    let permission = match Standing::of(context, &job.stored).await? {
        Standing::Valid(permission) => permission,
        Standing::Ended(outcome) => return Ok(Performed::ends(outcome, NoFact::Nothing {}, vec![])),
    };
    if job.command() == Some(&Command::Actuate) && is_agent(&job.stored.actor, &context.agents) {
        return Ok(Performed::refused(
            reason::AGENT_MAY_NOT_CONFIRM,
            format!("`{}` is an agent account; agents may not confirm", job.stored.actor.login),
            "ask a person to comment the command",
        ));
    }
    if let Some(refused) = over_quota(context, job, permission).await? {
        return Ok(refused);
    }
    let admitted = match job.command() {
        Some(Command::Actuate) => {
            job.recipe().map(|recipe| recipe.admit().and_then(|()| recipe.confirm()))?
        }
        Some(Command::Plan) => job.recipe()?.admit(),
        _ => Ok(()),
    };
    if let Err(refusal) = admitted {
        return Ok(Performed::not_planned(refusal));
    }
    if let Some(refused) = still_open(context, job).await? {
        return Ok(refused);
    }
    let fact = fact(job, permission);
    let record = context.record(&job.run.id, "request.authorized", json!(fact));
    match job.command() {
        Some(Command::Actuate | Command::Plan) => {
            reply::put_working(context, job).await;
            Ok(Performed::done(&fact, vec![record]))
        }
        Some(Command::Cancel { run }) => cancel(context, job, run, (fact, record)).await,
        _ => Ok(Performed::ends(Outcome::Answered, &fact, vec![record])),
    }
}

/// The refusal of a command beyond what its account may give in an hour. A containment is none.
async fn over_quota(
    context: &Context,
    job: &Job,
    permission: Permission,
) -> Result<Option<Performed>, StepError> {
    if job.is_containment() {
        return Ok(None);
    }
    let quota = context.quotas.commands_with(standing::rights_of(permission));
    let since = counted_from(job.run.created_at);
    let earlier = context.store.earlier_commands(&job.run.id, since, quota).await?;
    if earlier < quota {
        return Ok(None);
    }
    Ok(Some(Performed::refused(
        reason::QUOTA_REACHED,
        format!(
            "`{}` has reached the limit of {quota} commands per hour in this repository",
            job.stored.actor.login
        ),
        "wait until some of them are an hour old, then comment the command again; containments are always taken",
    )))
}

fn fact(job: &Job, permission: Permission) -> AuthorizeFact {
    AuthorizeFact {
        account: job.stored.actor.id,
        permission: permission_name(permission).to_owned(),
        comment_sha256: job.stored.comment_sha256.clone(),
        pull: None,
    }
}

/// The refusal of a rollback of what is not merged yet.
async fn still_open(context: &Context, job: &Job) -> Result<Option<Performed>, StepError> {
    let Some(request) = job.run.request.as_ref().filter(|request| request.procedure == ROLLBACK) else {
        return Ok(None);
    };
    let typed = request.arguments.get(RUN_ARGUMENT).map_or("", String::as_str);
    let FoundRun::Known(run) = find_run(context.store.as_ref(), &job.repository.name, typed).await? else {
        return Ok(None);
    };
    let Some(number) = proposal(&run) else { return Ok(None) };
    match context.forge.pull(&job.repository.name, number).await {
        Ok(pull) if pull.is_open() => Ok(Some(Performed::refused(
            reason::NOT_MERGED,
            format!(
                "pull request #{number} of run `{}` is still open, so there is nothing to roll back",
                run.id
            ),
            format!("comment `/cancel {}` to close it, or roll the run back once it is merged", run.id),
        ))),
        Ok(_) | Err(ForgeError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Which pull request is to be closed; it is closed by the step that closes.
async fn cancel(
    context: &Context,
    job: &Job,
    run: &RunId,
    (fact, record): (AuthorizeFact, Record),
) -> Result<Performed, StepError> {
    let known = match find_run(context.store.as_ref(), &job.repository.name, run.as_str()).await? {
        FoundRun::Known(known) => known,
        FoundRun::Unknown(refusal) => return Ok(Performed::not_planned(refusal)),
    };
    let Some(Outcome::Proposed { pull, url }) = known.outcome else {
        return Ok(Performed::refused(
            reason::NOTHING_TO_CANCEL,
            format!("run `{run}` has no pull request"),
            format!("`/status {run}` shows its status; a run whose comment was deleted ends without one"),
        ));
    };
    let fact = AuthorizeFact { pull: Some(pull), ..fact };
    Ok(Performed::ends(Outcome::Cancelled { pull, url, run: known.id }, &fact, vec![record]))
}
