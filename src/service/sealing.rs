//! Sealing: every record is covered by a signed checkpoint within a second, and at stop.
//!
//! One task per process. It wakes when records are appended, lets a batch come together, and signs once for it. Now and
//! then it looks without being woken: another process on the same database may have ended before it could sign.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::notary::Notary;
use crate::domain::text::error_chain;
use crate::ports::store::{LedgerStore, StoreError};

/// How long records gather for one checkpoint.
const GATHERING: Duration = Duration::from_millis(200);
/// How often it looks unasked.
const UNASKED: Duration = Duration::from_secs(1);

/// Signs what is appended.
#[derive(Clone)]
pub struct Sealing {
    /// Who signs.
    pub notary: Arc<Notary>,
    /// The ledger.
    pub ledger: Arc<dyn LedgerStore>,
}

impl Sealing {
    /// Signs until told to stop. What is appended after that is signed by [`Sealing::seal`].
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut told = None;
        while !*stop.borrow() {
            tokio::select! {
                () = self.ledger.appended() => {
                    tokio::select! {
                        () = tokio::time::sleep(GATHERING) => {}
                        _ = stop.changed() => {}
                    }
                }
                () = tokio::time::sleep(UNASKED) => {}
                _ = stop.changed() => {}
            }
            let problem = self.seal().await.err().map(|error| error_chain(&error));
            // Once for each problem, not once a second.
            if let Some(problem) = problem.as_ref().filter(|problem| told.as_ref() != Some(*problem)) {
                tracing::error!(problem, "the ledger is not signed");
            }
            told = problem;
        }
    }

    /// Signs what no checkpoint covers; does nothing where there is no such record.
    ///
    /// # Errors
    /// - as [`Notary::seal`]
    pub async fn seal(&self) -> Result<(), StoreError> {
        let ledger = self.ledger.as_ref();
        if self.notary.is_sealed(ledger).await? {
            return Ok(());
        }
        self.notary.seal(ledger).await.map(drop)
    }
}
