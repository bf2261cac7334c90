//! Rollback: the procedure that undoes what a run changed, made from what the ledger has recorded of that run.
//!
//! It puts back the recorded values, field by field, and only where they still are as the run left them. It passes the
//! gates of the procedure that the undone one names as its inverse, so that it is no way around them, and it has that
//! procedure's risk class where it makes the very same changes (undoing a resume is a pause). Everything else that is
//! undone puts things back, and is restoring.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::file::{
    Action, Argument, ArgumentType, Check, EditLine, EffectLine, Inverse, NewValue, Object, Precondition,
    Test, Variant, Words,
};
use super::{Catalogue, Ground, PlanRefusal, Procedure, Title, draft};
use crate::domain::change::Change;
use crate::domain::ledger::Record;
use crate::domain::names::RunId;
use crate::domain::plan::{Plan, Risk};
use crate::domain::request::{Origin, Request};
use crate::domain::yaml::{Pointer, Step};

/// The name under which a rollback is asked for; no file in `patches/` may have it.
pub const ROLLBACK: &str = "rollback";

/// The argument that names the run to undo.
pub const RUN_ARGUMENT: &str = "run";

/// The phrase that confirms a rollback of a procedure that the library does not have any more.
pub const USUAL_PHRASE: &str = "ACTUATE_TORGHUT";

/// What a run changed, as its `change.planned` has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    /// The run.
    pub run: RunId,
    /// The procedure that it carried out; of a rollback, the one that was rolled back first.
    pub procedure: String,
    /// Where it was asked for.
    pub origin: Origin,
    /// The leaf that says so, lower-case hex.
    pub leaf: String,
    is_rollback: bool,
    arguments: BTreeMap<String, String>,
    risk: Risk,
    changes: Vec<Change>,
}

/// The facts of a `change.planned` record that a rollback needs.
#[derive(Deserialize)]
struct Facts {
    procedure: String,
    risk: Risk,
    arguments: BTreeMap<String, String>,
    origin: Origin,
    changes: Vec<Change>,
    #[serde(default)]
    undoes: Option<Earlier>,
}

#[derive(Deserialize)]
struct Earlier {
    procedure: String,
}

impl Undone {
    /// Reads the records of a run, whichever they are.
    ///
    /// # Errors
    /// - `nothing_to_undo`: none of them is a planned change
    /// - `record_unreadable`: it was written by a program that this one does not understand
    pub fn of(run: &RunId, records: &[Record]) -> Result<Self, PlanRefusal> {
        let planned = records.iter().find(|record| record.kind == "change.planned").ok_or_else(|| {
            PlanRefusal::new(
                "nothing_to_undo",
                format!("run `{run}` changed nothing"),
                format!("`/status {run}` shows how it ended"),
            )
            .at("run")
        })?;
        let facts = Facts::deserialize(&planned.body).map_err(|error| {
            PlanRefusal::new(
                "record_unreadable",
                format!("the record of run `{run}` cannot be read: {error}"),
                "undo it with `git revert`",
            )
            .at("run")
        })?;
        Ok(Self {
            run: run.clone(),
            is_rollback: facts.undoes.is_some(),
            procedure: facts.undoes.map_or(facts.procedure, |earlier| earlier.procedure),
            origin: facts.origin,
            leaf: planned.leaf().to_hex(),
            arguments: facts.arguments,
            risk: facts.risk,
            changes: facts.changes,
        })
    }

    /// The procedure that puts back what the run changed.
    ///
    /// # Errors
    /// - `not_invertible`: it changed something that has no name, such as a whole file
    pub fn inverse(&self, catalogue: &Catalogue, gitops_path: &str) -> Result<Procedure, PlanRefusal> {
        let mut objects = BTreeMap::new();
        let mut variant = Variant { name: "exact-inverse".to_owned(), ..Variant::default() };
        for (number, change) in self.changes.iter().enumerate() {
            let object = format!("object-{number}");
            let (at, edit) = self.line(change)?;
            objects.insert(object.clone(), self.object(change, gitops_path)?);
            variant.edits.push(EditLine { object: object.clone(), ..edit });
            let check = |value: &Option<serde_json::Value>| Check {
                object: object.clone(),
                at: Some(at.clone()),
                test: value.clone().map_or(Test::Absent, Test::Equals),
            };
            variant.preconditions.push(Precondition {
                check: check(&change.after),
                code: "moved_since".to_owned(),
                message: format!("the field no longer has the value that run `{}` gave it", self.run),
                remedy:
                    "find out who changed it and why, then use the procedure that sets the value you want"
                        .to_owned(),
            });
            variant.effects.push(EffectLine { name: "as-before".to_owned(), check: check(&change.before) });
        }
        variant.words = Some(self.words()?);
        Ok(Procedure {
            schema: "writ.procedure/v1".to_owned(),
            name: ROLLBACK.to_owned(),
            version: 1,
            summary: format!(
                "Undoes run `{}` (`{}`): restores exactly what it changed.",
                self.run, self.procedure
            ),
            risk: self.risk.max(Risk::Restoring),
            confirmation: self.phrase(catalogue).to_owned(),
            arguments: vec![Argument {
                name: RUN_ARGUMENT.to_owned(),
                help: "the run to undo".to_owned(),
                kind: ArgumentType::Text,
                values: Vec::new(),
                default: None,
            }],
            objects,
            inverse: None,
            variants: vec![variant],
        })
    }

    /// The files that the run changed, by full path.
    #[must_use]
    pub fn targets(&self) -> BTreeSet<String> {
        self.changes.iter().map(|change| change.path.clone()).collect()
    }

    /// The risk class of the procedure that is named as the inverse; `None` where none is named.
    #[must_use]
    pub fn named_inverse_risk(&self, catalogue: &Catalogue) -> Option<Risk> {
        let inverse = self.named(catalogue)?;
        catalogue.find(&inverse.procedure).ok().map(|procedure| procedure.risk)
    }

    /// The phrase that confirms the rollback: that of the procedure which is undone.
    #[must_use]
    pub fn phrase<'c>(&self, catalogue: &'c Catalogue) -> &'c str {
        catalogue.find(&self.procedure).map_or(USUAL_PHRASE, |procedure| &procedure.confirmation)
    }

    fn line(&self, change: &Change) -> Result<(Pointer, EditLine), PlanRefusal> {
        let at: Pointer = change.pointer.parse().map_err(|_| self.not_invertible(change))?;
        let action = match (&change.before, &change.after) {
            (Some(before), Some(_)) => Action::Replace(NewValue::Literal(before.clone())),
            (Some(before), None) => Action::Add(NewValue::Literal(before.clone())),
            (None, _) => Action::Remove,
        };
        // A removed item of a list has no place any more that its name could select.
        let place = match (at.split_last(), &action) {
            (None, _) => return Err(self.not_invertible(change)),
            (Some((list, Step::Item { .. })), Action::Add(_)) => list.child("-"),
            _ => at.clone(),
        };
        Ok((at, EditLine { object: String::new(), at: place, action }))
    }

    fn object(&self, change: &Change, gitops_path: &str) -> Result<Object, PlanRefusal> {
        let below = change.path.strip_prefix(gitops_path).and_then(|path| path.strip_prefix('/'));
        let file = below.ok_or_else(|| self.not_invertible(change))?.to_owned();
        let name = &change.document;
        Ok(Object { file, kind: name.kind.clone(), name: name.name.clone() })
    }

    fn not_invertible(&self, change: &Change) -> PlanRefusal {
        PlanRefusal::new(
            "not_invertible",
            format!("run `{}` changed something that cannot be restored field by field", self.run),
            "undo it with `git revert`",
        )
        .at(format!("{} {}", change.path, change.pointer))
    }

    fn words(&self) -> Result<Words, PlanRefusal> {
        let titles = [
            format!("revert(torghut): undo {}", self.procedure),
            format!("revert(torghut): undo run {}", self.run),
        ];
        let title = titles.into_iter().find_map(|title| Title::try_from(title).ok());
        Ok(Words {
            // OK because a run's id is short and made of lower-case letters and digits.
            title: title.unwrap_or_else(|| unreachable!("the second one is a title")),
            commit: format!("Restore what run {} ({}) changed, value by value.", self.run, self.procedure),
            already: format!("run `{}` is already undone", self.run),
        })
    }
}

/// Plans a rollback.
///
/// # Errors
/// - as [`draft`]; `moved_since`: a field is not as the run left it any more
/// - `not_exact`: more or less would change than the run changed
/// - the refusal of the procedure that is named as the inverse of the undone one
pub fn roll_back(
    catalogue: &Catalogue,
    undone: &Undone,
    request: &Request,
    ground: Ground<'_>,
) -> Result<Plan, PlanRefusal> {
    let procedure = undone.inverse(catalogue, ground.gitops_path)?;
    let mut plan = draft(&procedure, request, ground)?;
    if plan.no_change.is_some() {
        return Ok(plan);
    }
    if in_order(plan.changes.clone()) != in_order(undone.changes.iter().map(inverted).collect()) {
        return Err(PlanRefusal::new(
            "not_exact",
            format!("restoring the values would not undo run `{}` exactly", undone.run),
            "undo it with `git revert`",
        ));
    }
    if let Some(named) = undone.named_inverse(catalogue, request, ground)?
        && in_order(named.changes) == in_order(plan.changes.clone())
    {
        plan.risk = named.risk;
        plan.warnings = named.warnings;
    }
    Ok(plan)
}

impl Undone {
    /// What the procedure that is named as the inverse would do here; `None` where none is named.
    fn named_inverse(
        &self,
        catalogue: &Catalogue,
        request: &Request,
        ground: Ground<'_>,
    ) -> Result<Option<Plan>, PlanRefusal> {
        let Some(inverse) = self.named(catalogue) else { return Ok(None) };
        let handed_on = |name: &String| self.arguments.get(name).map(|value| (name.clone(), value.clone()));
        let asked = Request {
            procedure: inverse.procedure.clone(),
            arguments: inverse.arguments.iter().filter_map(handed_on).collect(),
            ..request.clone()
        };
        let planned = draft(catalogue.find(&inverse.procedure)?, &asked, ground);
        planned.map(Some).map_err(|refusal| PlanRefusal {
            message: format!(
                "`{}` is undone by `{}`, but {}",
                self.procedure, inverse.procedure, refusal.message
            ),
            ..refusal
        })
    }
}

impl Undone {
    /// The inverse that the undone procedure names. What undoes a rollback is what was undone: that has been planned
    /// once, but nothing says that it still could be.
    fn named<'c>(&self, catalogue: &'c Catalogue) -> Option<&'c Inverse> {
        let known = catalogue.find(&self.procedure).ok().filter(|_| !self.is_rollback);
        known.and_then(|procedure| procedure.inverse.as_ref())
    }
}

fn inverted(change: &Change) -> Change {
    Change { before: change.after.clone(), after: change.before.clone(), ..change.clone() }
}

/// Changes in an order of their own, to be compared.
fn in_order(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by(|one, other| {
        let key = |change: &Change| (change.path.clone(), change.document.clone(), change.pointer.clone());
        key(one).cmp(&key(other))
    });
    changes
}
