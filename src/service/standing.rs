//! The standing of a command: whether its comment is unchanged and its author may do what it asks, asked now.
//!
//! Asked by `authorize`, once more before anything is published, and whenever the pull request is approved.

use crate::domain::command::table::Needs;
use crate::domain::digest::sha256_hex;
use crate::domain::reason::{self, Code};
use crate::domain::run::Outcome;
use crate::ports::forge::{ForgeError, Permission};

use super::context::Context;
use super::error::StepError;
use super::stored_command::StoredCommand;

/// Whether a command is still to be carried out.
pub(super) enum Standing {
    /// It is; its author has this permission.
    Valid(Permission),
    /// It is not; its run ends so.
    Ended(Outcome),
}

impl Standing {
    /// Asks the forge for the comment and for its author's permission.
    pub(super) async fn of(context: &Context, stored: &StoredCommand) -> Result<Self, StepError> {
        let (place, actor) = (&stored.place, &stored.actor);
        match context.forge.comment(&place.repository, place.comment).await? {
            None => return Ok(Self::void("the comment was deleted")),
            Some(comment) if comment.author != actor.id => {
                return Ok(Self::void("the comment now has a different author"));
            }
            Some(comment) if sha256_hex(comment.body.as_bytes()) != stored.comment_sha256 => {
                return Ok(Self::void("the comment was edited"));
            }
            Some(_) => {}
        }
        let needs = stored.needs();
        match context.forge.permission(&place.repository, &actor.login).await {
            Ok((id, _)) if id != actor.id => Ok(Self::refused(
                reason::ACCOUNT_MISMATCH,
                format!("the login `{}` now belongs to a different account", actor.login),
            )),
            Ok((_, permission)) if permission >= least(needs) => Ok(Self::Valid(permission)),
            Ok((_, permission)) => Ok(Self::lacking(&actor.login, needs, permission)),
            Err(ForgeError::NotFound(_)) => Ok(Self::lacking(&actor.login, needs, Permission::None)),
            Err(error) => Err(error.into()),
        }
    }

    fn void(message: &str) -> Self {
        Self::Ended(Outcome::Void { message: message.to_owned() })
    }

    fn lacking(login: &str, needs: Needs, has: Permission) -> Self {
        let (has, needs) = (permission_name(has), needs.as_str());
        Self::refused(
            reason::PERMISSION_MISSING,
            format!("`{login}` has {has} permission here, and this needs {needs}"),
        )
    }

    fn refused(code: Code, message: String) -> Self {
        let remedy = "ask someone with that permission to comment the command".to_owned();
        Self::Ended(Outcome::Refused { code, message, remedy })
    }
}

/// A permission in facts and sentences.
pub(super) fn permission_name(permission: Permission) -> &'static str {
    match permission {
        Permission::None => "no",
        Permission::Read => "read",
        Permission::Write => "write",
        Permission::Admin => "admin",
    }
}

fn least(needs: Needs) -> Permission {
    match needs {
        Needs::Read => Permission::Read,
        Needs::Write => Permission::Write,
    }
}
