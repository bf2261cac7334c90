//! Judging heads in child processes: the parent's side, and the words that both sides use.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::head::{HeadAnswer, HeadRequest};
use super::metrics::Metrics;
use crate::domain::names::{BranchName, RepositoryName};
use crate::ports::child::{ChildError, Children};

/// What a child process is told first.
#[derive(Debug, Serialize, Deserialize)]
pub struct Greeting {
    /// `policies/**` of the library, by file name.
    pub policies: BTreeMap<String, String>,
    /// The repositories whose heads it may be asked about.
    pub repositories: Vec<JudgedRepository>,
    /// What its caches of parsed manifests may take together, bytes.
    pub cache_bytes: usize,
}

/// A repository whose heads a child process judges.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JudgedRepository {
    /// `owner/name`.
    pub name: RepositoryName,
    /// Its mirror, an absolute path.
    pub mirror: PathBuf,
    /// The branch that people merge to.
    pub base: BranchName,
    /// The folder that is judged.
    pub gitops_path: String,
    /// The patterns of the paths that are watched.
    pub watch: Vec<String>,
}

/// Judges heads in child processes, so that what nobody thought of costs one check run.
#[derive(Debug)]
pub struct Heads {
    children: Children,
    metrics: Arc<Metrics>,
}

impl Heads {
    /// Judges in these children.
    #[must_use]
    pub fn new(children: Children) -> Self {
        Self { children, metrics: Arc::default() }
    }

    /// The same, whose children that end over a head are counted here.
    #[must_use]
    pub fn counted_by(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// Judges a head; a child that is stopped or dies over it is an answer, too.
    pub async fn judge(&self, request: &HeadRequest) -> HeadAnswer {
        let failed =
            |error: serde_json::Error| HeadAnswer::Failed(format!("a message about a head: {error}"));
        let asked = match serde_json::to_vec(request) {
            Ok(asked) => asked,
            Err(error) => return failed(error),
        };
        let error = match self.children.ask(&asked).await {
            Ok(answer) => return serde_json::from_slice(&answer).unwrap_or_else(failed),
            Err(error) => error,
        };
        let shown = &error as &dyn std::error::Error;
        warn!(error = shown, head = %request.head, "a head could not be judged");
        match error {
            ChildError::NotStarted(_) => HeadAnswer::Unavailable(crate::domain::text::error_chain(&error)),
            ChildError::TookTooLong => {
                self.metrics.stopped_judging("took_too_long");
                HeadAnswer::Stopped("judging this head took more time than judging may take".to_owned())
            }
            ChildError::Died(_) => {
                self.metrics.stopped_judging("died");
                let message = "judging this head took more memory than judging may take, or ended the process that judged it";
                HeadAnswer::Stopped(message.to_owned())
            }
        }
    }
}
