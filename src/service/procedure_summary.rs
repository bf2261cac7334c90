//! A procedure as it is shown to people by `/help` and `/explain`.

use serde::Serialize;

use crate::domain::command::KnownProcedure;
use crate::domain::plan::Risk;
use crate::domain::procedure::{Procedure, ROLLBACK, RUN_ARGUMENT};
use crate::domain::target::TargetProfile;

use super::planning::Planner;

/// What people are shown of one procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcedureSummary {
    /// Its name.
    pub name: String,
    summary: String,
    version: u32,
    risk: Risk,
    confirmation: String,
    arguments: Vec<ArgumentSummary>,
    inverse: Option<String>,
    needs_no_undo: Option<String>,
    variants: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ArgumentSummary {
    name: String,
    help: String,
    values: Vec<String>,
    default: Option<String>,
}

/// What people are shown of the procedures, and of the rollback, which has no file.
#[must_use]
pub fn summaries(planner: &Planner) -> Vec<ProcedureSummary> {
    let mut summaries: Vec<ProcedureSummary> =
        planner.catalogue().procedures().map(ProcedureSummary::of).collect();
    summaries.push(ProcedureSummary::rollback(planner.judge().target()));
    summaries
}

impl ProcedureSummary {
    fn rollback(target: &TargetProfile) -> Self {
        let run = ArgumentSummary {
            name: RUN_ARGUMENT.to_owned(),
            help: "the id of the run to undo, from its page or its pull request".to_owned(),
            values: Vec::new(),
            default: None,
        };
        Self {
            name: ROLLBACK.to_owned(),
            summary: "Undoes a run: restores exactly what it changed, if nobody has changed it since."
                .to_owned(),
            version: 1,
            risk: Risk::Restoring,
            confirmation: target.confirmation.clone(),
            arguments: vec![run],
            inverse: Some(ROLLBACK.to_owned()),
            needs_no_undo: None,
            variants: vec!["exact-inverse".to_owned()],
        }
    }

    /// What people are shown of a procedure.
    #[must_use]
    pub fn of(procedure: &Procedure) -> Self {
        let arguments = procedure.arguments.iter().map(|argument| ArgumentSummary {
            name: argument.name.clone(),
            help: argument.help.clone(),
            values: argument.values.clone(),
            default: argument.default.clone(),
        });
        Self {
            name: procedure.name.clone(),
            summary: procedure.summary.clone(),
            version: procedure.version,
            risk: procedure.risk,
            confirmation: procedure.confirmation.clone(),
            arguments: arguments.collect(),
            inverse: procedure.inverse.as_ref().map(|inverse| inverse.procedure.clone()),
            needs_no_undo: procedure.needs_no_undo.clone(),
            variants: procedure.variants.iter().map(|variant| variant.name.clone()).collect(),
        }
    }

    /// Whether it makes things safer.
    pub(super) fn is_containment(&self) -> bool {
        self.risk == Risk::Containment
    }

    /// The name of the procedure that undoes it.
    pub(super) fn inverse(&self) -> Option<String> {
        self.inverse.clone()
    }

    /// The same, as the command's reader wants it.
    #[must_use]
    pub fn known(&self) -> KnownProcedure {
        let arguments = self.arguments.iter().map(|argument| argument.name.clone()).collect();
        KnownProcedure { name: self.name.clone(), arguments }
    }
}
