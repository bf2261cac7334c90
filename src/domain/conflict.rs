//! Conflicts: how an open pull request of an earlier run relates to a new plan.
//!
//! Two plans overlap where they write the same field. The same value needs no second pull request; with different values
//! only one of the two may stay open, or whichever is merged last wins.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::plan::{PlanReport, Risk};
use super::policy::Declared;

/// How the plan of an open pull request relates to a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// They write nothing in common.
    Apart,
    /// They do the same: the new one needs no pull request of its own.
    Same,
    /// They give a field different values, and the new one goes first.
    Superseded,
    /// They give a field different values, and the open one is a containment, which goes first.
    Contains,
}

/// How an open plan relates to a new one, whose procedure declares that it writes the nodes `declared`.
#[must_use]
pub fn relation(new: &PlanReport, declared: &[Declared], open: &PlanReport) -> Relation {
    if !new.changes.is_empty() && results(&new.changes) == results(&open.changes) {
        return Relation::Same;
    }
    if !open.changes.iter().any(|change| conflicts(change, &new.changes, declared)) {
        return Relation::Apart;
    }
    match (new.risk, open.risk) {
        (Risk::Containment, Risk::Containment) if new.changes.is_empty() => Relation::Apart,
        (Risk::Containment, _) => Relation::Superseded,
        (_, Risk::Containment) => Relation::Contains,
        // A plan without changes supersedes nothing, unless it is a containment.
        _ if new.changes.is_empty() => Relation::Apart,
        _ => Relation::Superseded,
    }
}

/// The values that changes result in, sorted.
fn results(changes: &[Change]) -> Vec<(&str, &str, &str, &str, Option<String>)> {
    let mut results: Vec<_> = changes
        .iter()
        .map(|change| {
            let (document, after) = (&change.document, change.after.as_ref().map(ToString::to_string));
            (
                change.path.as_str(),
                document.kind.as_str(),
                document.name.as_str(),
                change.pointer.as_str(),
                after,
            )
        })
        .collect();
    results.sort();
    results
}

/// Whether a change is to a node that the new plan writes, or to one above or below it.
fn conflicts(change: &Change, new: &[Change], declared: &[Declared]) -> bool {
    let same_object = |path: &str, kind: &str, name: &str| {
        change.path == path && change.document.kind == kind && change.document.name == name
    };
    new.iter().any(|other| {
        same_object(&other.path, &other.document.kind, &other.document.name)
            && overlaps(&change.pointer, &other.pointer)
    }) || declared.iter().any(|node| {
        same_object(&node.path, &node.kind, &node.name) && overlaps(&change.pointer, &node.pointer)
    })
}

fn overlaps(one: &str, other: &str) -> bool {
    let above = |above: &str, below: &str| {
        below.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
    };
    above(one, other) || above(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A report with these changes: pointer and value after.
    fn report(risk: Risk, changes: &[(&str, Value)]) -> PlanReport {
        let changes: Vec<Value> = changes
            .iter()
            .map(|(pointer, after)| {
                json!({"path": "f.yaml", "document": {"kind": "Deployment", "name": "a"}, "pointer": pointer,
                       "before": "old", "after": after})
            })
            .collect();
        serde_json::from_value(json!({
            "schema": "writ.plan/v1", "procedure": "p", "version": 1, "variant": "v", "risk": risk,
            "base": "a".repeat(40), "run": "abcdefghabcdefgh", "branch": "b", "title": "t", "files": [],
            "changes": changes, "verdict": {"decision": "allow", "results": []}, "effects": [],
            "rollback": {"procedure": null, "command": "c"}, "warnings": [], "commit": null, "digest": "d"
        }))
        .unwrap()
    }

    fn node(pointer: &str) -> Declared {
        Declared {
            path: "f.yaml".to_owned(),
            kind: "Deployment".to_owned(),
            name: "a".to_owned(),
            pointer: pointer.to_owned(),
        }
    }

    #[test]
    fn the_same_fields_with_the_same_values_are_the_same() {
        let both = [("/a", json!(1)), ("/b", json!("x"))];
        let turned = [both[1].clone(), both[0].clone()];
        let (new, open) = (report(Risk::Restoring, &both), report(Risk::Restoring, &turned));
        assert_eq!(relation(&new, &[], &open), Relation::Same);
        let part = report(Risk::Restoring, &both[..1]);
        assert_eq!(
            relation(&part, &[], &open),
            Relation::Superseded,
            "more than was asked for is not the same"
        );
        let typed = report(Risk::Restoring, &[("/a", json!("1")), ("/b", json!("x"))]);
        assert_eq!(relation(&typed, &[], &open), Relation::Superseded);
    }

    #[test]
    fn what_makes_things_safer_goes_first() {
        let (up, down) = ([("/spec/replicas", json!(1))], [("/spec/replicas", json!(0))]);
        let (resume, pause) = (report(Risk::Restoring, &up), report(Risk::Containment, &down));
        assert_eq!(relation(&pause, &[], &resume), Relation::Superseded);
        assert_eq!(relation(&resume, &[], &pause), Relation::Contains);
    }

    #[test]
    fn a_containment_that_is_so_already_supersedes_what_would_undo_it() {
        let (declared, resume) =
            ([node("/spec/replicas")], report(Risk::Restoring, &[("/spec/replicas", json!(1))]));
        let none = |risk| report(risk, &[]);
        assert_eq!(relation(&none(Risk::Containment), &declared, &resume), Relation::Superseded);
        assert_eq!(relation(&none(Risk::Restoring), &declared, &resume), Relation::Apart);
        let pause = report(Risk::Containment, &[("/spec/replicas", json!(0))]);
        assert_eq!(relation(&none(Risk::Containment), &declared, &pause), Relation::Apart);
    }

    #[test]
    fn fields_meet_at_above_and_below_each_other() {
        let new = report(Risk::Restoring, &[("/spec/env[name=A]/value", json!("1"))]);
        let of = |pointer: &str| relation(&new, &[], &report(Risk::Restoring, &[(pointer, json!("2"))]));
        assert_eq!(of("/spec/env[name=A]/value"), Relation::Superseded);
        assert_eq!(of("/spec/env[name=A]"), Relation::Superseded);
        assert_eq!(of("/spec"), Relation::Superseded);
        assert_eq!(of("/spec/env[name=AB]/value"), Relation::Apart);
        assert_eq!(of("/spec/env[name=A]/value2"), Relation::Apart);
    }
}
