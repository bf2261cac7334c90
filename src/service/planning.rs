//! Planning: from a request and a base commit to everything that publishing needs, without writing anything.
//!
//! Called by the worker's `Plan` step and by `writ plan`/`writ apply`. Blocking: it reads git objects.
//! **Invariant**: the same request on the same base with the same library gives the same bytes on any machine:
//! report, record (hence leaf), commit message and commit id.

use crate::domain::ledger::Record;
use crate::domain::names::CommitId;
use crate::domain::plan::{Plan, PlanReport};
pub use crate::domain::procedure::PlanRefusal;
use crate::domain::request::Request;
use crate::ports::git::{CommitDraft, Git, GitError};
use crate::ports::library::Library;

/// Where the manifests stand in the target repository, unless settings say otherwise.
pub const GITOPS_PATH: &str = "argocd/applications/torghut";

/// Plans requests. Holds the compiled procedures and policies, and the manifests parsed so far (by blob id).
#[derive(Debug)]
pub struct Planner {
    gitops_path: String,
}

/// All that a request came to on one base.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The pure plan.
    pub plan: Plan,
    /// The plan with verdict, commit id and digest: `writ.plan/v1`.
    pub report: PlanReport,
    /// `change.planned`, to be appended to the ledger before anything is published. Its time is the request's.
    pub record: Record,
    /// The commit to make, its message with the trailers `Writ-Run` and `Writ-Leaf`; `report.commit` is its id.
    /// `None` exactly when nothing would change.
    pub draft: Option<CommitDraft>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The request cannot be carried out on this base; the requester can act on it.
    #[error(transparent)]
    Refused(#[from] PlanRefusal),
    /// The repository could not be read.
    #[error("reading the base")]
    Git(#[from] GitError),
}

/// Why a library cannot be planned with: a procedure or policy file is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct PlannerError {
    /// File below the library, such as `patches/pause-trading.yaml`.
    pub file: String,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Planner {
    /// Compiles the procedures and policies of a library, for manifests below `gitops_path` (no slash at either
    /// end, see [`GITOPS_PATH`]).
    ///
    /// # Errors
    /// - a procedure or a policy is not valid: file, line, what is wrong
    pub fn compile(_library: &Library, gitops_path: &str) -> Result<Self, PlannerError> {
        Ok(Self { gitops_path: gitops_path.to_owned() })
    }

    /// Checks what can be checked without a tree: the procedure exists, arguments and reason are well formed.
    ///
    /// # Errors
    /// `unknown_procedure`, `argument_*`, `reason_*`.
    pub fn admit(&self, request: &Request) -> Result<(), PlanRefusal> {
        Err(PlanRefusal::new(
            "unknown_procedure",
            format!("there is no procedure `{}`", request.procedure),
            "`writ procedures` lists them",
        ))
    }

    /// Checks that the confirmation phrase of the request's procedure was typed. For `/actuate`, not for `/plan`.
    ///
    /// # Errors
    /// `confirmation_missing`, `confirmation_wrong`, `unknown_procedure`.
    pub fn confirm(&self, request: &Request) -> Result<(), PlanRefusal> {
        self.admit(request)
    }

    /// Plans a request on a base commit and judges the plan. A verdict of `deny` or `no_change` is a plan too.
    ///
    /// # Errors
    /// - `Refused`: the request is not valid, no variant fits the base, a precondition or an effect does not hold
    /// - `Git`: the base is not there, or objects cannot be read
    pub fn plan(&self, git: &dyn Git, base: &CommitId, request: &Request) -> Result<Planned, PlanError> {
        self.admit(request)?;
        let snapshot = git.snapshot(base, &self.gitops_path)?;
        Err(PlanRefusal::new("no_variant", format!("nothing fits {}", snapshot.commit), "").into())
    }
}
