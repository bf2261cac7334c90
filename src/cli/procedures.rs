//! `writ procedures`: which procedures there are, and what one of them looks for and writes.
//!
//! Exit codes: 0 shown · 1 no such procedure, or a broken procedure file · 2 usage.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::domain::procedure::Procedure;
use crate::domain::procedure::file::{Action, Condition, EditLine, NewValue, Variant};

use super::failure::Failure;
use super::output;
use super::terminal::{ListFormat, Shown, library, planner};

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct Selected {
    /// Show only this procedure, in full.
    name: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

/// Runs it.
pub(crate) fn run(selected: &Selected) -> ExitCode {
    match text(selected) {
        Ok(text) => output::finish("procedures", &text, ExitCode::SUCCESS),
        Err(failure) => failure.say("procedures", selected.shown.format.into()),
    }
}

fn text(Selected { name, shown }: &Selected) -> Result<String, Failure> {
    let planner = planner(&library(shown.library.as_ref())?, None)?;
    let catalogue = planner.catalogue();
    let selected: Vec<&Procedure> = match name {
        Some(name) => vec![catalogue.find(name).map_err(Failure::refused)?],
        None => catalogue.procedures().collect(),
    };
    Ok(match (shown.format, name) {
        (ListFormat::Json, _) => {
            let procedures: Vec<Value> = selected.into_iter().map(described).collect();
            format!("{:#}\n", json!({"schema": "writ.procedures/v1", "procedures": procedures}))
        }
        (ListFormat::Text, None) => selected.into_iter().map(listed).collect(),
        (ListFormat::Text, Some(_)) => selected.into_iter().map(in_full).collect(),
    })
}

fn listed(procedure: &Procedure) -> String {
    let bold = anstyle::Style::new().bold();
    let mut usage = procedure.name.clone();
    for argument in &procedure.arguments {
        usage.push_str(&format!(" [{}=…]", argument.name));
    }
    format!("{bold}{usage}{bold:#}  ({})\n    {}\n", procedure.risk, procedure.summary)
}

fn in_full(procedure: &Procedure) -> String {
    let bold = anstyle::Style::new().bold();
    let mut text = format!(
        "{bold}{}{bold:#} v{}  ({})\n{}\n\n",
        procedure.name, procedure.version, procedure.risk, procedure.summary
    );
    let approval =
        if procedure.risk.needs_approval() { "someone other than the requester" } else { "nobody" };
    text.push_str(&format!("Confirmation  confirm={}\nApproval by   {approval}\n", procedure.confirmation));
    let undo = match (&procedure.inverse, &procedure.needs_no_undo) {
        (Some(inverse), _) => inverse.procedure.clone(),
        (None, Some(because)) => format!("nothing: {}", because.trim()),
        (None, None) => "git revert".to_owned(),
    };
    text.push_str(&format!("Undone by     {undo}\n"));
    for argument in &procedure.arguments {
        let default = argument.default.as_ref().map_or(String::new(), |value| format!(", default `{value}`"));
        text.push_str(&format!(
            "Argument      {}={}{default}: {}\n",
            argument.name,
            argument.expected(),
            argument.help
        ));
    }
    for variant in &procedure.variants {
        text.push_str(&format!("\n{bold}Variant {}{bold:#}\n", variant.name));
        text.push_str(&variant_in_full(procedure, variant));
    }
    text
}

fn variant_in_full(procedure: &Procedure, variant: &Variant) -> String {
    let mut text = String::new();
    for (name, value) in &variant.arguments {
        text.push_str(&format!(
            "  for      {name}={}\n",
            value.as_str().map_or(value.to_string(), str::to_owned)
        ));
    }
    for check in &variant.when {
        text.push_str(&format!("  when     {}\n", condition(procedure, check)));
    }
    for line in &variant.preconditions {
        text.push_str(&format!("  needs    {}, else `{}`\n", condition(procedure, &line.check), line.code));
    }
    for edit in &variant.edits {
        text.push_str(&format!("  writes   {}\n", operation(procedure, edit)));
    }
    for line in &variant.effects {
        text.push_str(&format!("  effect   {}: {}\n", line.name, condition(procedure, &line.check)));
    }
    if let Some(refuse) = &variant.refuse {
        text.push_str(&format!("  refused  `{}`: {}; {}\n", refuse.code, refuse.message, refuse.remedy));
    }
    text
}

fn condition(procedure: &Procedure, check: &Condition) -> String {
    let object = procedure.object(&check.object);
    match &check.at {
        Some(at) => format!("`{at}` of {} `{}` is {}", object.kind, object.name, check.test),
        None => format!("{} `{}` in `{}` is {}", object.kind, object.name, object.file, check.test),
    }
}

fn operation(procedure: &Procedure, edit: &EditLine) -> String {
    let object = procedure.object(&edit.object);
    let value = |value: &NewValue| match value {
        NewValue::Literal(value) => format!("`{value}`"),
        NewValue::RequestedAt => "the request time".to_owned(),
        NewValue::Argument(name) => format!("the argument `{name}`"),
    };
    let what = match &edit.action {
        Action::Replace(new) | Action::Add(new) => format!("becomes {}", value(new)),
        Action::Remove => "is removed".to_owned(),
        Action::Increment(by) => format!("increases by {by}"),
    };
    format!("`{}` of {} `{}` in `{}` {what}", edit.at, object.kind, object.name, object.file)
}

fn described(procedure: &Procedure) -> Value {
    let arguments: Vec<Value> = procedure
        .arguments
        .iter()
        .map(|argument| {
            json!({"name": argument.name, "help": argument.help, "expected": argument.expected(),
                "values": argument.values, "default": argument.default})
        })
        .collect();
    let variants: Vec<Value> = procedure
        .variants
        .iter()
        .map(|variant| {
            let conditions = |checks: &mut dyn Iterator<Item = &Condition>| -> Vec<String> {
                checks.map(|check| condition(procedure, check)).collect()
            };
            let edits: Vec<String> = variant.edits.iter().map(|edit| operation(procedure, edit)).collect();
            json!({
                "name": variant.name,
                "arguments": variant.arguments,
                "when": conditions(&mut variant.when.iter()),
                "preconditions": conditions(&mut variant.preconditions.iter().map(|line| &line.check)),
                "edits": edits,
                "effects": conditions(&mut variant.effects.iter().map(|line| &line.check)),
                "refused": variant.refuse.as_ref().map(|refuse| &refuse.code),
            })
        })
        .collect();
    json!({
        "name": procedure.name, "version": procedure.version, "summary": procedure.summary, "risk": procedure.risk,
        "needs_approval": procedure.risk.needs_approval(), "confirmation": procedure.confirmation,
        "arguments": arguments, "inverse": procedure.inverse.as_ref().map(|inverse| &inverse.procedure),
        "variants": variants,
    })
}
