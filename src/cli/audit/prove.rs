//! `writ audit prove`: a record with its proof, under the newest checkpoint that was signed.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::answer::AuditAnswer;
use super::database::Database;
use crate::cli::failure::Failure;
use crate::domain::ledger::{Checkpoint, LeafHash, Proof, embed, tree};
use crate::domain::names::RunId;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::ports::store::{Leaf, LedgerStore, StoreError};

/// Prints a proof.
#[derive(Debug, Args)]
pub(crate) struct Prove {
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
    pub(super) async fn run(&self) -> Result<AuditAnswer, Failure> {
        let store = self.database.open().await?;
        let leaf = self.leaf(&store).await?;
        let proof = self.prove(&store, &leaf).await?;
        Ok(match self.format {
            ProofFormat::Text => proof.to_string().into(),
            ProofFormat::Markdown => embed(&leaf.data, &proof).into(),
            ProofFormat::Json => {
                let record: Value = serde_json::from_slice(&leaf.data).unwrap_or(Value::Null);
                json!({
                    "schema": "writ.audit.proof/v1",
                    "index": leaf.index,
                    "hash": leaf.hash.to_hex(),
                    "record": record,
                    "proof": proof.to_string(),
                })
                .into()
            }
        })
    }

    async fn leaf(&self, store: &dyn LedgerStore) -> Result<Leaf, Failure> {
        let fault = |error: StoreError| self.database.failure(&error);
        let found = if let Ok(run) = self.what.parse::<RunId>() {
            let leaves = store.leaves_of(&run).await.map_err(fault)?;
            let planned = leaves.iter().position(|leaf| kind(leaf) == Some("change.planned".to_owned()));
            leaves.into_iter().nth(planned.unwrap_or(0))
        } else {
            let index = self.what.parse::<u64>().map_err(|_| {
                let problem = format!("`{}` is neither a run's id nor a leaf's index", self.what);
                let remedy = "a run's id has 16 characters a-z 2-7; an index is a number";
                Failure::usage(Refusal::new(reason::LEAF_UNKNOWN, problem, remedy))
            })?;
            // An index that is none of the database's has no leaf.
            let leaves =
                if i64::try_from(index).is_ok() { store.leaves(index, 1).await } else { Ok(Vec::new()) };
            leaves.map_err(fault)?.into_iter().find(|leaf| leaf.index == index)
        };
        found.ok_or_else(|| {
            let problem = format!("the ledger has no record of `{}`", self.what);
            let remedy = "`writ audit verify` says how many leaves there are";
            Failure::refused(Refusal::new(reason::LEAF_UNKNOWN, problem, remedy))
        })
    }

    async fn prove(&self, store: &dyn LedgerStore, leaf: &Leaf) -> Result<Proof, Failure> {
        let fault = |error: StoreError| self.database.failure(&error);
        let note = store.checkpoint().await.map_err(fault)?.unwrap_or_default();
        let covering = Checkpoint::parse_unverified(&note).ok().filter(|newest| newest.size > leaf.index);
        let checkpoint = covering.ok_or_else(|| {
            let problem = format!("leaf {} is not covered by a signed checkpoint yet", leaf.index);
            let remedy = "a server signs every record within a second, also those that it was stopped before it could sign";
            Failure::refused(Refusal::new(reason::LEAF_NOT_SEALED, problem, remedy))
        })?;
        let hashes = store.inclusion(leaf.index, checkpoint.size).await.map_err(fault)?;
        let head = (checkpoint.size, checkpoint.root);
        tree::check_inclusion(leaf.index, LeafHash::of(&leaf.data), &hashes, head).map_err(|error| {
            let problem = format!("leaf {}: {error}", leaf.index);
            let remedy = "the ledger was altered: run `writ audit verify`";
            Failure::refused(Refusal::new(reason::RECORD_NOT_INCLUDED, problem, remedy))
        })?;
        Ok(Proof { index: leaf.index, hashes, checkpoint: note })
    }
}

fn kind(leaf: &Leaf) -> Option<String> {
    let record: Value = serde_json::from_slice(&leaf.data).ok()?;
    Some(record.get("kind")?.as_str()?.to_owned())
}
