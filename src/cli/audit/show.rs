//! `writ audit show`: the records of one run.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::answer::{AuditAnswer, AuditFormat};
use super::database::Database;
use crate::cli::failure::Failure;
use crate::domain::ledger::LeafHash;
use crate::domain::names::RunId;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::run::Position;
use crate::ports::store::{Leaf, LedgerStore as _, Run, RunView as _, StoreError};

/// Shows a run's records.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The run's id.
    run: String,
    #[command(flatten)]
    database: Database,
    /// Output format.
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    format: AuditFormat,
}

impl Show {
    pub(super) async fn run(&self) -> Result<AuditAnswer, Failure> {
        let run: RunId = self.run.parse().map_err(|error| {
            let remedy = "`/status` and the run's page show its id";
            Failure::usage(Refusal::because(reason::UNKNOWN_RUN, error, remedy))
        })?;
        let store = self.database.open().await?;
        let fault = |error: StoreError| self.database.failure(&error);
        let leaves = store.leaves_of(&run).await.map_err(fault)?;
        let stored = store.run(&run).await.map_err(fault)?;
        if leaves.is_empty() && stored.is_none() {
            let problem = format!("`{}` has no run `{run}`", self.database.database.display());
            let refusal = Refusal::new(reason::UNKNOWN_RUN, problem, "check the id and the database");
            return Err(Failure::refused(refusal));
        }
        Ok(match self.format {
            AuditFormat::Text => text(&run, stored.as_ref(), &leaves).into(),
            AuditFormat::Json => json!({
                "schema": "writ.audit.run/v1",
                "run": run,
                "subject": stored.as_ref().map(|run| &run.subject),
                "position": stored.as_ref().map(position),
                "outcome": stored.as_ref().and_then(|run| run.outcome.as_ref()),
                "leaves": leaves.iter().map(leaf_json).collect::<Vec<_>>(),
            })
            .into(),
        })
    }
}

fn text(run: &RunId, stored: Option<&Run>, leaves: &[Leaf]) -> String {
    let about = stored.map_or(String::new(), |run| format!("  {}  {}", run.subject, position(run)));
    let mut shown = format!("run {run}{about}\n");
    for leaf in leaves {
        let record = record(leaf);
        let field = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
        let altered =
            if LeafHash::of(&leaf.data) == leaf.hash { "" } else { "  ALTERED: run `writ audit verify`" };
        // OK because writing to a String cannot fail.
        let _ = writeln!(shown, "\n{}  {}  leaf {}{altered}", field("at"), field("kind"), leaf.index);
        let _ = writeln!(shown, "  hash  {}", leaf.hash.to_hex());
        if let Some(Value::Object(facts)) = record.get("body") {
            for (name, fact) in facts {
                let _ = writeln!(shown, "  {name}  {}", on_one_line(fact));
            }
        }
    }
    shown
}

/// A fact on one line. Control characters stay escaped as JSON escapes them.
fn on_one_line(fact: &Value) -> String {
    match fact {
        Value::String(text) if !text.chars().any(char::is_control) => text.clone(),
        other => other.to_string(),
    }
}

fn position(run: &Run) -> &'static str {
    match run.position {
        Position::At(step) => step.as_str(),
        Position::Settled => "settled",
    }
}

fn record(leaf: &Leaf) -> Value {
    serde_json::from_slice(&leaf.data).unwrap_or(Value::Null)
}

fn leaf_json(leaf: &Leaf) -> Value {
    json!({
        "index": leaf.index,
        "hash": leaf.hash.to_hex(),
        "intact": LeafHash::of(&leaf.data) == leaf.hash,
        "record": record(leaf),
    })
}
