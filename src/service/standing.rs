//! The standing of a command: whether its comment is unchanged and its author may do what it asks, asked now.
//!
//! Asked by `authorize`, once more before anything is published, and whenever the pull request is approved.

use crate::domain::command::table::Needs;
use crate::domain::digest::sha256_hex;
use crate::domain::priority::Rights;
use crate::domain::reason::{self, Code};
use crate::domain::run::Outcome;
use crate::ports::forge::{ForgeError, Permission};
use crate::ports::store::Account;

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
        Ok(match Author::ask(context, stored).await? {
            Author::Replaced => Self::refused(
                reason::ACCOUNT_MISMATCH,
                format!("the login `{}` now belongs to a different account", actor.login),
            ),
            Author::Has(permission) if permission >= least(needs) => Self::Valid(permission),
            Author::Has(permission) => Self::lacking(&actor.login, needs, permission),
        })
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

/// What the forge says of a command's author.
enum Author {
    /// The login belongs to another account by now.
    Replaced,
    /// This permission.
    Has(Permission),
}

impl Author {
    /// Asks the forge, and stores what it says: the priority of all that the author has waiting follows from it.
    async fn ask(context: &Context, stored: &StoredCommand) -> Result<Self, StepError> {
        let (place, actor) = (&stored.place, &stored.actor);
        let author = match context.forge.permission(&place.repository, &actor.login).await {
            Ok((id, _)) if id != actor.id => Self::Replaced,
            Ok((_, permission)) => Self::Has(permission),
            Err(ForgeError::NotFound(_)) => Self::Has(Permission::None),
            Err(error) => return Err(error.into()),
        };
        let now = context.clock.now();
        context.store.learn_rights(account(stored), author.rights(), now).await?;
        Ok(author)
    }

    fn rights(&self) -> Rights {
        match self {
            Self::Has(permission) => rights_of(*permission),
            Self::Replaced => Rights::NoWrite,
        }
    }
}

/// What a permission means for priority, quotas and replies.
pub(super) fn rights_of(permission: Permission) -> Rights {
    if permission >= Permission::Write { Rights::Write } else { Rights::NoWrite }
}

/// The account of a command's author.
pub(super) fn account(stored: &StoredCommand) -> Account<'_> {
    Account { repository: &stored.place.repository, id: stored.actor.id }
}

/// Whether a command's author may write: what is remembered of that, else what the forge says. Unknown where the forge
/// does not let us ask.
pub(super) async fn rights(context: &Context, stored: &StoredCommand) -> Result<Rights, StepError> {
    match context.store.rights(account(stored), context.clock.now()).await? {
        Rights::Unknown => match Author::ask(context, stored).await {
            Ok(author) => Ok(author.rights()),
            Err(StepError::Forge(error)) if error.is_final() => Ok(Rights::Unknown),
            Err(error) => Err(error),
        },
        known => Ok(known),
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
