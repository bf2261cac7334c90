//! Authorize: is the comment still what it was, may its author do this, was it confirmed?
//!
//! [`standing`] is asked here and once more before anything is published.

use serde_json::{Value, json};
use tracing::warn;

use crate::domain::approval::is_agent;
use crate::domain::command::table::{Needs, Verb};
use crate::domain::ledger::Record;
use crate::domain::names::RunId;
use crate::domain::run::Outcome;
use crate::ports::forge::{ForgeError, Permission, Reaction};
use crate::service::accept::sha256_hex;
use crate::service::asked::{Asked, What};
use crate::service::pipeline::{Job, Performed, Pipeline, StepError};
use crate::service::{recipe, reply};

/// Reacts, asks the forge, and refuses what the procedure's confirmation does not cover.
pub async fn perform(pipeline: &Pipeline, job: &Job) -> Result<Performed, StepError> {
    react(pipeline, job, Reaction::Eyes).await;
    let permission = match standing(pipeline, job).await? {
        Ok(permission) => permission,
        Err(outcome) => return Ok(Performed::ends(outcome, json!({}), vec![])),
    };
    if job.asked.what == What::Actuate && is_agent(&job.asked.actor, &pipeline.agents) {
        return Ok(Performed::refused(
            "agent_may_not_confirm",
            format!("`{}` is an agent account; agents may not confirm", job.asked.actor.login),
            "ask a person to comment the command",
        ));
    }
    let admitted = match job.asked.what {
        What::Actuate => job.recipe().map(|recipe| recipe.admit().and_then(|()| recipe.confirm()))?,
        What::Plan => job.recipe()?.admit(),
        _ => Ok(()),
    };
    if let Err(refusal) = admitted {
        return Ok(reply::refused(refusal));
    }
    let fact = json!({
        "account": job.asked.actor.id,
        "permission": shown(permission),
        "comment_sha256": job.asked.comment_sha256,
    });
    let record = pipeline.record(job, "request.authorized", fact.clone());
    match &job.asked.what {
        What::Actuate | What::Plan => {
            reply::put_working(pipeline, job).await;
            Ok(Performed::done(fact, vec![record]))
        }
        What::Cancel { run } => cancel(pipeline, job, run, (fact, record)).await,
        _ => Ok(Performed::ends(Outcome::Answered, fact, vec![record])),
    }
}

/// Which pull request is to be closed; it is closed by the step that closes.
async fn cancel(
    pipeline: &Pipeline,
    job: &Job,
    run: &RunId,
    (mut fact, record): (Value, Record),
) -> Result<Performed, StepError> {
    let known = match recipe::run_of(pipeline.store.as_ref(), &job.target.name, run.as_str()).await? {
        Ok(known) => known,
        Err(refusal) => return Ok(reply::refused(refusal)),
    };
    let Some(Outcome::Proposed { pull, url }) = known.outcome else {
        return Ok(Performed::refused(
            "nothing_to_cancel",
            format!("run `{run}` has no pull request"),
            format!("`/status {run}` shows its status; a run whose comment was deleted ends without one"),
        ));
    };
    fact["pull"] = json!(pull);
    Ok(Performed::ends(Outcome::Cancelled { pull, url, run: known.id }, fact, vec![record]))
}

/// Whether the request stands: the comment is there and reads as it did, and its author may do what it asks.
/// The inner `Err` is how the run ends where it does not.
pub async fn standing(pipeline: &Pipeline, job: &Job) -> Result<Result<Permission, Outcome>, StepError> {
    standing_of(pipeline, &job.asked).await
}

/// The same of what was asked by another run.
pub async fn standing_of(
    pipeline: &Pipeline,
    asked: &Asked,
) -> Result<Result<Permission, Outcome>, StepError> {
    let (place, actor) = (&asked.place, &asked.actor);
    let void = |message: &str| Ok(Err(Outcome::Void { message: message.to_owned() }));
    match pipeline.forge.comment(&place.repository, place.comment).await? {
        None => return void("the comment was deleted"),
        Some(comment) if comment.author != actor.id => return void("the comment now has a different author"),
        Some(comment) if sha256_hex(comment.body.as_bytes()) != asked.comment_sha256 => {
            return void("the comment was edited");
        }
        Some(_) => {}
    }
    let needs = needs(&asked.what);
    match pipeline.forge.permission(&place.repository, &actor.login).await {
        Ok((id, _)) if id != actor.id => Ok(Err(refusal(
            "account_mismatch",
            format!("the login `{}` now belongs to a different account", actor.login),
        ))),
        Ok((_, permission)) if permission >= least(needs) => Ok(Ok(permission)),
        Ok((_, permission)) => Ok(Err(lacking(&actor.login, needs, permission))),
        Err(ForgeError::NotFound(_)) => Ok(Err(lacking(&actor.login, needs, Permission::None))),
        Err(error) => Err(error.into()),
    }
}

/// Puts a reaction on the comment; a sign that fails is no reason to fail.
pub async fn react(pipeline: &Pipeline, job: &Job, reaction: Reaction) {
    let place = &job.asked.place;
    if let Err(error) = pipeline.forge.react(&place.repository, place.comment, reaction).await {
        warn!(error = &error as &dyn std::error::Error, "the reaction could not be added to the comment");
    }
}

fn needs(what: &What) -> Needs {
    let verb = match what {
        What::Actuate => Verb::Actuate,
        What::Plan => Verb::Plan,
        What::Cancel { .. } => Verb::Cancel,
        What::Status { .. } => Verb::Status,
        What::Explain { .. } => Verb::Explain,
        What::Help | What::Mistake { .. } => Verb::Help,
    };
    verb.row().needs
}

fn least(needs: Needs) -> Permission {
    match needs {
        Needs::Read => Permission::Read,
        Needs::Write => Permission::Write,
    }
}

fn lacking(login: &str, needs: Needs, has: Permission) -> Outcome {
    refusal(
        "permission_missing",
        format!("`{login}` has {} permission, but this command needs {}", shown(has), needs.as_str()),
    )
}

fn refusal(code: &str, message: String) -> Outcome {
    let remedy = "ask someone with that permission to comment the command".to_owned();
    Outcome::Refused { code: code.to_owned(), message, remedy }
}

fn shown(permission: Permission) -> &'static str {
    match permission {
        Permission::None => "no",
        Permission::Read => "read",
        Permission::Write => "write",
        Permission::Admin => "admin",
    }
}
