//! The recipe of a run: what its request is planned by, a procedure of the library or the inverse of an earlier run.
//!
//! What an earlier run changed is read from the ledger, never from what a comment says of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::ledger::Record;
use crate::domain::names::{CommitId, RepositoryName, RunId};
use crate::domain::plan::Risk;
use crate::domain::procedure::{PlanRefusal, ROLLBACK, RUN_ARGUMENT, Undone};
use crate::domain::request::Request;
use crate::domain::run::Outcome;
use crate::ports::store::{Run, Store, StoreError};

use super::pipeline::Target;
use super::planning::{PlanError, Planned};

/// What one request is planned by. Cheap enough to be handed to another thread.
#[derive(Clone)]
pub(super) struct Recipe {
    target: Arc<Target>,
    request: Request,
    basis: Basis,
}

#[derive(Clone)]
enum Basis {
    /// The procedure that the request names.
    Procedure,
    /// The inverse of what this run changed.
    Rollback(Box<Undone>),
    /// A rollback of something that cannot be rolled back, and why.
    Impossible(PlanRefusal),
}

impl Recipe {
    /// The recipe of a request, as the ledger stands now: it only grows, so it stays the same.
    pub async fn of(store: &dyn Store, target: &Arc<Target>, request: &Request) -> Result<Self, StoreError> {
        let basis = if request.procedure == ROLLBACK {
            let run = request.arguments.get(RUN_ARGUMENT).map_or("", String::as_str);
            match undone(store, &target.name, run).await? {
                Ok(undone) => Basis::Rollback(Box::new(undone)),
                Err(refusal) => Basis::Impossible(refusal),
            }
        } else {
            Basis::Procedure
        };
        Ok(Self { target: Arc::clone(target), request: request.clone(), basis })
    }

    /// Checks what can be checked without a tree.
    pub fn admit(&self) -> Result<(), PlanRefusal> {
        match &self.basis {
            Basis::Procedure => self.target.planner.admit(&self.request),
            Basis::Rollback(undone) => self.target.planner.admit_rollback(&self.request, undone),
            Basis::Impossible(refusal) => Err(refusal.clone()),
        }
    }

    /// Checks that the request was confirmed with a reason.
    pub fn confirm(&self) -> Result<(), PlanRefusal> {
        match &self.basis {
            Basis::Procedure => self.target.planner.confirm(&self.request),
            Basis::Rollback(undone) => self.target.planner.confirm_rollback(&self.request, undone),
            Basis::Impossible(refusal) => Err(refusal.clone()),
        }
    }

    /// The files that the request may write, by full path.
    pub fn targets(&self) -> BTreeSet<String> {
        match &self.basis {
            Basis::Procedure => self.target.planner.targets(&self.request.procedure),
            Basis::Rollback(undone) => undone.targets(),
            Basis::Impossible(_) => BTreeSet::new(),
        }
    }

    /// Whether it makes things safer. A rollback does where that is what the undone procedure's inverse is for; whether it
    /// comes to the same on this base, planning says.
    pub fn is_containment(&self) -> bool {
        let risk = match &self.basis {
            Basis::Procedure => self.target.planner.risk(&self.request.procedure),
            Basis::Rollback(undone) => undone.named_inverse_risk(self.target.planner.catalogue()),
            Basis::Impossible(_) => None,
        };
        risk == Some(Risk::Containment)
    }

    /// Plans on a base. Blocking.
    pub fn plan(&self, base: &CommitId) -> Result<Planned, PlanError> {
        let (planner, git) = (&self.target.planner, self.target.git.as_ref());
        match &self.basis {
            Basis::Procedure => planner.plan(git, base, &self.request),
            Basis::Rollback(undone) => planner.roll_back(git, base, &self.request, undone),
            Basis::Impossible(refusal) => Err(refusal.clone().into()),
        }
    }
}

/// What a run changed, as long as it is one of this repository; the inner error says why there is nothing to undo.
async fn undone(
    store: &dyn Store,
    repository: &RepositoryName,
    typed: &str,
) -> Result<Result<Undone, PlanRefusal>, StoreError> {
    let run = match run_of(store, repository, typed).await? {
        Ok(run) => run,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut records = Vec::new();
    for leaf in store.leaves_of(&run.id).await? {
        let record = Record::from_canonical(&leaf.data);
        records.push(record.map_err(|error| StoreError::Corrupt(format!("leaf {}: {error}", leaf.index)))?);
    }
    Ok(Undone::of(&run.id, &records))
}

/// A run of this repository by its id as it was typed; the inner error says that there is none.
pub(super) async fn run_of(
    store: &dyn Store,
    repository: &RepositoryName,
    typed: &str,
) -> Result<Result<Run, PlanRefusal>, StoreError> {
    let known = match typed.parse::<RunId>() {
        Ok(run) => store.run(&run).await?.filter(|run| is_of(run, repository)),
        Err(_) => None,
    };
    match known {
        Some(run) => Ok(Ok(run)),
        None => Ok(Err(unknown_run(store, repository, typed).await?)),
    }
}

/// Runs of other repositories are none of this place's business.
fn is_of(run: &Run, repository: &RepositoryName) -> bool {
    run.subject.rsplit_once('#').is_some_and(|(of, _)| of == repository.as_str())
}

/// How far back a run is looked for whose id was mistyped.
const LOOKED_AT: u32 = 200;

async fn unknown_run(
    store: &dyn Store,
    repository: &RepositoryName,
    typed: &str,
) -> Result<PlanRefusal, StoreError> {
    let proposed =
        |run: &Run| matches!(run.outcome, Some(Outcome::Proposed { .. })) && is_of(run, repository);
    let runs = store.runs(LOOKED_AT).await?;
    let distance = |run: &Run| strsim::osa_distance(run.id.as_str(), typed);
    let nearest = runs.iter().filter(|run| proposed(run)).min_by_key(|run| distance(run));
    let remedy = match nearest.filter(|run| distance(run) <= 4) {
        Some(run) => format!("did you mean `{}`?", run.id),
        None => "`/status` lists the runs requested on this page".to_owned(),
    };
    let message = format!("there is no run {} in this repository", crate::domain::text::quoted(typed, 60));
    Ok(PlanRefusal::new("unknown_run", message, remedy).at(RUN_ARGUMENT))
}
