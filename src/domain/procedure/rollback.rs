//! Rollback: the procedure that undoes what a run changed, made from what the ledger has recorded of that run.
//!
//! It puts back the recorded values, field by field, and only where they still are as the run left them. It passes the
//! gates of the procedure that the undone one names as its inverse, so that it is no way around them, and it has that
//! procedure's risk class where it makes the very same changes (undoing a resume is a pause). Everything else that is
//! undone puts things back, and is restoring.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::catalogue::Catalogue;
use super::draft::{PlanInput, draft};
use super::file::{
    Action, Argument, ArgumentType, Condition, EditLine, EffectLine, Inverse, NewValue, ObjectReference,
    Precondition, Procedure, ROLLBACK, RUN_ARGUMENT, Test, Undo, Variant, Words,
};
use super::title::Title;
use crate::domain::change::Change;
use crate::domain::ledger::Record;
use crate::domain::names::RunId;
use crate::domain::plan::{Plan, Risk};
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::request::{Origin, Request};
use crate::domain::target::TargetProfile;
use crate::domain::yaml::{Pointer, PointerStep};

/// A run to undo, with what its `change.planned` record says that it changed.
#[derive(Debug, Clone, PartialEq)]
pub struct RevertTarget {
    /// The id of the run.
    pub run: RunId,
    /// The procedure that it carried out; of a rollback, the one that was rolled back first.
    pub procedure: String,
    /// Where it was asked for.
    pub origin: Origin,
    /// The hash of the leaf that says so, lower-case hex.
    pub leaf: String,
    is_rollback: bool,
    arguments: BTreeMap<String, String>,
    risk: Risk,
    changes: Vec<Change>,
}

/// The facts of a `change.planned` record that a rollback needs.
#[derive(Deserialize)]
struct PlannedFacts {
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

impl RevertTarget {
    /// Reads the records of a run, whichever they are.
    ///
    /// # Errors
    /// - `nothing_to_undo`: none of them is a planned change
    /// - `record_unreadable`: it was written by a program that this one does not understand
    pub fn of(run: &RunId, records: &[Record]) -> Result<Self, Refusal> {
        let planned = records.iter().find(|record| record.kind == "change.planned").ok_or_else(|| {
            Refusal::new(
                reason::NOTHING_TO_UNDO,
                format!("run `{run}` changed nothing"),
                format!("`/status {run}` shows how it ended"),
            )
            .at(Place::Field(RUN_ARGUMENT))
        })?;
        let facts = PlannedFacts::deserialize(&planned.with_list(records).body).map_err(|error| {
            Refusal::new(
                reason::RECORD_UNREADABLE,
                format!("the record of run `{run}` cannot be read: {error}"),
                "undo it with `git revert`",
            )
            .at(Place::Field(RUN_ARGUMENT))
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
    /// - `needs_no_undo`: its procedure says that nothing is to be undone
    /// - `not_invertible`: it changed something that has no name, such as a whole file
    pub fn inverse(&self, catalogue: &Catalogue, target: &TargetProfile) -> Result<Procedure, Refusal> {
        if let Ok(procedure) = catalogue.find(&self.procedure)
            && let Undo::Needless(because) = procedure.undo(&self.changes)
        {
            let message =
                format!("run `{}` (`{}`) needs no undoing: {}", self.run, self.procedure, because.trim());
            let remedy = "nothing; what it changed may stay as it is";
            return Err(Refusal::new(reason::NEEDS_NO_UNDO, message, remedy).at(Place::Field(RUN_ARGUMENT)));
        }
        let mut objects = BTreeMap::new();
        let mut variant = Variant { name: "exact-inverse".to_owned(), ..Variant::default() };
        for (number, change) in self.undone_changes(catalogue).enumerate() {
            let object = format!("object-{number}");
            let (at, edit) = self.line(change)?;
            objects.insert(object.clone(), self.object(change, &target.gitops_path)?);
            variant.edits.push(EditLine { object: object.clone(), ..edit });
            let check = |value: &Option<serde_json::Value>| Condition {
                object: object.clone(),
                at: Some(at.clone()),
                test: value.clone().map_or(Test::Absent, Test::Equals),
            };
            variant.preconditions.push(Precondition {
                check: check(&change.after),
                code: reason::MOVED_SINCE,
                message: format!("the field no longer has the value that run `{}` gave it", self.run),
                remedy:
                    "find out who changed it and why, then use the procedure that sets the value you want"
                        .to_owned(),
            });
            variant.effects.push(EffectLine { name: "as-before".to_owned(), check: check(&change.before) });
        }
        variant.words = Some(self.words(target)?);
        Ok(Procedure {
            schema: "writ.procedure/v1".to_owned(),
            name: ROLLBACK.to_owned(),
            version: 1,
            summary: format!(
                "Undoes run `{}` (`{}`): restores exactly what it changed.",
                self.run, self.procedure
            ),
            risk: self.risk.max(Risk::Restoring),
            confirmation: self.phrase(catalogue, target).to_owned(),
            arguments: vec![Argument {
                name: RUN_ARGUMENT.to_owned(),
                help: "the run to undo".to_owned(),
                kind: ArgumentType::Text,
                values: Vec::new(),
                default: None,
            }],
            objects,
            inverse: None,
            needs_no_undo: None,
            variants: vec![variant],
        })
    }

    /// What is put back: all that the run changed, but what its procedure says needs no undoing.
    fn undone_changes(&self, catalogue: &Catalogue) -> impl Iterator<Item = &Change> {
        let procedure = catalogue.find(&self.procedure).ok();
        self.changes
            .iter()
            .filter(move |change| procedure.is_none_or(|procedure| procedure.is_undone(change)))
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

    /// The phrase that confirms the rollback: that of the procedure which is undone, or the target's where the library
    /// does not have it any more.
    #[must_use]
    pub fn phrase<'c>(&self, catalogue: &'c Catalogue, target: &'c TargetProfile) -> &'c str {
        catalogue.find(&self.procedure).map_or(&target.confirmation, |procedure| &procedure.confirmation)
    }

    fn line(&self, change: &Change) -> Result<(Pointer, EditLine), Refusal> {
        let at: Pointer = change.pointer.parse().map_err(|_| self.not_invertible(change))?;
        let action = match (&change.before, &change.after) {
            (Some(before), Some(_)) => Action::Replace(NewValue::Literal(before.clone())),
            (Some(before), None) => Action::Add(NewValue::Literal(before.clone())),
            (None, _) => Action::Remove,
        };
        // A removed item of a list has no place any more that its name could select.
        let place = match (at.split_last(), &action) {
            (None, _) => return Err(self.not_invertible(change)),
            (Some((list, PointerStep::Item { .. })), Action::Add(_)) => list.child("-"),
            _ => at.clone(),
        };
        Ok((at, EditLine { object: String::new(), at: place, action }))
    }

    fn object(&self, change: &Change, gitops_path: &str) -> Result<ObjectReference, Refusal> {
        let below = change.path.strip_prefix(gitops_path).and_then(|path| path.strip_prefix('/'));
        let file = below.ok_or_else(|| self.not_invertible(change))?.to_owned();
        let name = &change.document;
        Ok(ObjectReference { file, kind: name.kind.clone(), name: name.name.clone() })
    }

    fn not_invertible(&self, change: &Change) -> Refusal {
        Refusal::new(
            reason::NOT_INVERTIBLE,
            format!("run `{}` changed something that cannot be restored field by field", self.run),
            "undo it with `git revert`",
        )
        .at(Place::field_of(&change.path, &change.pointer))
    }

    fn words(&self, target: &TargetProfile) -> Result<Words, Refusal> {
        let scope = &target.title_scope;
        let titles = [
            format!("revert({scope}): undo {}", self.procedure),
            format!("revert({scope}): undo run {}", self.run),
        ];
        let title = titles.into_iter().find_map(|title| Title::try_from(title).ok());
        Ok(Words {
            // OK because scopes and ids of runs are short and made of what titles may hold.
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
    target: &RevertTarget,
    request: &Request,
    input: PlanInput<'_>,
) -> Result<Plan, Refusal> {
    let procedure = target.inverse(catalogue, input.target)?;
    let mut plan = draft(&procedure, request, input)?;
    if plan.no_change.is_some() {
        return Ok(plan);
    }
    if in_order(plan.changes.clone()) != in_order(target.undone_changes(catalogue).map(inverted).collect()) {
        return Err(Refusal::new(
            reason::NOT_EXACT,
            format!("restoring the values would not undo run `{}` exactly", target.run),
            "undo it with `git revert`",
        ));
    }
    if let Some(named) = target.named_inverse(catalogue, request, input)?
        && in_order(named.changes) == in_order(plan.changes.clone())
    {
        plan.risk = named.risk;
        plan.warnings = named.warnings;
    }
    Ok(plan)
}

impl RevertTarget {
    /// What the procedure that is named as the inverse would do here; `None` where none is named.
    fn named_inverse(
        &self,
        catalogue: &Catalogue,
        request: &Request,
        input: PlanInput<'_>,
    ) -> Result<Option<Plan>, Refusal> {
        let Some(asked) = self.named_request(catalogue, request) else { return Ok(None) };
        let planned = draft(catalogue.find(&asked.procedure)?, &asked, input);
        planned.map(Some).map_err(|refusal| {
            let message =
                format!("`{}` is undone by `{}`, but {}", self.procedure, asked.procedure, refusal.message);
            refusal.saying(message)
        })
    }
}

impl RevertTarget {
    /// A rollback's request, as one for the procedure that is named as the inverse; `None` where none is named.
    #[must_use]
    pub fn named_request(&self, catalogue: &Catalogue, request: &Request) -> Option<Request> {
        let inverse = self.named(catalogue)?;
        let handed_on = |name: &String| self.arguments.get(name).map(|value| (name.clone(), value.clone()));
        Some(Request {
            procedure: inverse.procedure.clone(),
            arguments: inverse.arguments.iter().filter_map(handed_on).collect(),
            ..request.clone()
        })
    }

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
