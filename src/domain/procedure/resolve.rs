//! Which variant of a procedure fits the tree: exactly one, or the request is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use super::PlanRefusal;
use super::file::{Procedure, Variant, Words};
use super::view::View;

/// The one variant that is for these arguments and whose conditions hold.
///
/// # Errors
/// - `no_variant`, with what was looked for and what was found
/// - `ambiguous_variant`
/// - the reason that a variant without edits gives
pub(super) fn resolve<'p>(
    procedure: &'p Procedure,
    arguments: &BTreeMap<String, Value>,
    view: &View<'_>,
) -> Result<(&'p Variant, &'p Words), PlanRefusal> {
    let mut fitting = Vec::new();
    let mut misses = Vec::new();
    for variant in &procedure.variants {
        if variant.arguments.iter().any(|(name, value)| arguments.get(name) != Some(value)) {
            continue;
        }
        match first_miss(procedure, variant, view)? {
            None => fitting.push(variant),
            Some(miss) => misses.push(format!("`{}`: {miss}", variant.name)),
        }
    }
    match (fitting.as_slice(), fitting.first().and_then(|variant| variant.words.as_ref())) {
        ([variant], Some(words)) => Ok((variant, words)),
        ([variant], None) => Err(refusal_of(procedure, variant, view)),
        ([], _) => Err(PlanRefusal::new(
            "no_variant",
            format!("no variant of `{}` matches the base: {}", procedure.name, misses.join("; ")),
            "check that the base is the branch that Argo CD follows; if the manifests moved, the procedure needs \
             a new variant",
        )
        .at(view.root)),
        (several, _) => {
            let names: Vec<String> = several.iter().map(|variant| format!("`{}`", variant.name)).collect();
            Err(PlanRefusal::new(
                "ambiguous_variant",
                format!("more than one variant of `{}` matches the base: {}", procedure.name, names.join(", ")),
                "make the variants' conditions mutually exclusive",
            )
            .at(view.root))
        }
    }
}

/// The first condition that does not hold, in words; `None` when all hold.
fn first_miss(
    procedure: &Procedure,
    variant: &Variant,
    view: &View<'_>,
) -> Result<Option<String>, PlanRefusal> {
    for check in &variant.when {
        let observed = view.observe(procedure, check)?;
        if !observed.holds {
            return Ok(Some(observed.detail));
        }
    }
    Ok(None)
}

fn refusal_of(procedure: &Procedure, variant: &Variant, view: &View<'_>) -> PlanRefusal {
    match &variant.refuse {
        Some(refuse) => {
            let path = view.path(procedure.object(&refuse.object));
            PlanRefusal::new(&refuse.code, refuse.message.clone(), refuse.remedy.clone())
                .at(format!("{path} {}", refuse.at))
        }
        // OK because the catalogue lets no variant in that has neither words nor a refusal.
        None => unreachable!("variant `{}` has neither edits nor a refusal", variant.name),
    }
}
