//! `writ audit prove`: a record with its proof, under the newest checkpoint that was signed.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Database, Failure, print_json};
use crate::domain::ledger::{Checkpoint, LeafHash, Proof, embed, tree};
use crate::domain::names::RunId;
use crate::ports::store::{Leaf, Store, StoreError};

/// Prints a proof.
#[derive(Debug, Args)]
pub struct Prove {
    /// A run id (proves its `change.planned` record, else its first record) or a leaf index.
    #[arg(value_name = "RUN|INDEX")]
    what: String,
    #[command(flatten)]
    database: Database,
    /// Output format: the proof alone, proof and record as JSON, or the block of a pull request's body.
    #[arg(long, value_enum, default_value_t = ProofFormat::Text)]
    format: ProofFormat,
}

/// How to print a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProofFormat {
    /// `c2sp.org/tlog-proof@v1`.
    Text,
    /// JSON with record and proof, `writ.audit.proof/v1`.
    Json,
    /// The block that `writ audit verify-pr` reads.
    Markdown,
}

impl Prove {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let store = self.database.open().await?;
        let leaf = self.leaf(&store).await?;
        let proof = self.prove(&store, &leaf).await?;
        match self.format {
            ProofFormat::Text => anstream::print!("{proof}"),
            ProofFormat::Markdown => anstream::print!("{}", embed(&leaf.data, &proof)),
            ProofFormat::Json => {
                let record: Value = serde_json::from_slice(&leaf.data).unwrap_or(Value::Null);
                print_json(&json!({
                    "schema": "writ.audit.proof/v1",
                    "index": leaf.index,
                    "hash": leaf.hash.to_hex(),
                    "record": record,
                    "proof": proof.to_string(),
                }));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn leaf(&self, store: &dyn Store) -> Result<Leaf, Failure> {
        let fault = |error: StoreError| self.database.failure(&error);
        let found = if let Ok(run) = self.what.parse::<RunId>() {
            let leaves = store.leaves_of(&run).await.map_err(fault)?;
            let planned = leaves.iter().position(|leaf| kind(leaf) == Some("change.planned".to_owned()));
            leaves.into_iter().nth(planned.unwrap_or(0))
        } else {
            let index = self.what.parse::<u64>().map_err(|_| {
                let problem = format!("`{}` is neither a run's id nor a leaf's index", self.what);
                Failure::usage(
                    "leaf_unknown",
                    problem,
                    "a run's id has 16 characters a-z 2-7; an index is a number",
                )
            })?;
            // An index that is none of the database's has no leaf.
            let leaves =
                if i64::try_from(index).is_ok() { store.leaves(index, 1).await } else { Ok(Vec::new()) };
            leaves.map_err(fault)?.into_iter().find(|leaf| leaf.index == index)
        };
        found.ok_or_else(|| {
            let problem = format!("the ledger has no record of `{}`", self.what);
            Failure::refused("leaf_unknown", problem, "`writ audit verify` says how many leaves there are")
        })
    }

    async fn prove(&self, store: &dyn Store, leaf: &Leaf) -> Result<Proof, Failure> {
        let fault = |error: StoreError| self.database.failure(&error);
        let note = store.checkpoint().await.map_err(fault)?.unwrap_or_default();
        let covering = Checkpoint::parse_unverified(&note).ok().filter(|newest| newest.size > leaf.index);
        let checkpoint = covering.ok_or_else(|| {
            let problem = format!("leaf {} is not covered by a signed checkpoint yet", leaf.index);
            Failure::refused(
                "leaf_not_sealed",
                problem,
                "the server signs a checkpoint with each pull request that it opens",
            )
        })?;
        let hashes = store.inclusion(leaf.index, checkpoint.size).await.map_err(fault)?;
        let head = (checkpoint.size, checkpoint.root);
        tree::check_inclusion(leaf.index, LeafHash::of(&leaf.data), &hashes, head).map_err(|error| {
            let problem = format!("leaf {}: {error}", leaf.index);
            Failure::refused(
                "record_not_included",
                problem,
                "the ledger was altered: run `writ audit verify`",
            )
        })?;
        Ok(Proof { index: leaf.index, hashes, checkpoint: note })
    }
}

fn kind(leaf: &Leaf) -> Option<String> {
    let record: Value = serde_json::from_slice(&leaf.data).ok()?;
    Some(record.get("kind")?.as_str()?.to_owned())
}
