//! Which variant of a procedure fits the tree: exactly one, or the request is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use super::file::{Procedure, Variant, Words};
use super::view::View;
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};

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
) -> Result<(&'p Variant, &'p Words), Refusal> {
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
        ([], _) => Err(Refusal::new(
            reason::NO_VARIANT,
            format!("no variant of `{}` matches the base: {}", procedure.name, misses.join("; ")),
            "check that the base is the branch that Argo CD follows; if the manifests moved, the procedure needs \
             a new variant",
        )
        .at(Place::file(view.root))),
        (several, _) => {
            let names: Vec<String> = several.iter().map(|variant| format!("`{}`", variant.name)).collect();
            Err(Refusal::new(
                reason::AMBIGUOUS_VARIANT,
                format!("more than one variant of `{}` matches the base: {}", procedure.name, names.join(", ")),
                "make the variants' conditions mutually exclusive",
            )
            .at(Place::file(view.root)))
        }
    }
}

/// The first condition that does not hold, in words; `None` when all hold.
fn first_miss(procedure: &Procedure, variant: &Variant, view: &View<'_>) -> Result<Option<String>, Refusal> {
    for check in &variant.when {
        let observed = view.observe(procedure, check)?;
        if !observed.holds {
            return Ok(Some(observed.detail));
        }
    }
    Ok(None)
}

fn refusal_of(procedure: &Procedure, variant: &Variant, view: &View<'_>) -> Refusal {
    match &variant.refuse {
        Some(refuse) => {
            let path = view.path(procedure.object(&refuse.object));
            Refusal::new(refuse.code.clone(), &refuse.message, &refuse.remedy)
                .at(Place::field_of(path, &refuse.at))
        }
        // OK because the catalogue lets no variant in that has neither words nor a refusal.
        None => unreachable!("variant `{}` has neither edits nor a refusal", variant.name),
    }
}
