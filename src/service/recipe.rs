//! The recipe of a run: what its request is planned by, a procedure of the library or the inverse of an earlier run.
//!
//! What an earlier run changed is read from the ledger, never from what a comment says of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::ledger::Record;
use crate::domain::names::{CommitId, RepositoryName, RunId};
use crate::domain::plan::Risk;
use crate::domain::policy::Circumstances;
use crate::domain::procedure::{HandLayout, ROLLBACK, RUN_ARGUMENT, RevertTarget};
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::request::Request;
use crate::domain::run::Outcome;
use crate::domain::text::{nearest, quoted};
use crate::ports::store::{Run, Store, StoreError};

use super::context::ServedRepository;
use super::planning::{PlanError, Planned};

/// What one request is planned by. Cheap enough to be handed to another thread.
#[derive(Clone)]
pub(super) struct Recipe {
    repository: Arc<ServedRepository>,
    request: Request,
    basis: Basis,
}

#[derive(Clone)]
enum Basis {
    /// The procedure that the request names.
    Procedure,
    /// The inverse of what this run changed.
    Rollback(Box<RevertTarget>),
    /// A rollback of something that cannot be rolled back, and why.
    Impossible(Refusal),
}

impl Recipe {
    /// The recipe of a request, from the ledger as it is now: it only grows, so the recipe stays the same.
    pub(super) async fn of(
        store: &dyn Store,
        repository: &Arc<ServedRepository>,
        request: &Request,
    ) -> Result<Self, StoreError> {
        let basis = if request.procedure == ROLLBACK {
            let run = request.arguments.get(RUN_ARGUMENT).map_or("", String::as_str);
            Basis::of_rollback(store, &repository.name, run).await?
        } else {
            Basis::Procedure
        };
        Ok(Self { repository: Arc::clone(repository), request: request.clone(), basis })
    }

    /// Checks what can be checked without a tree.
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        match &self.basis {
            Basis::Procedure => self.repository.planner.admit(&self.request),
            Basis::Rollback(undone) => self.repository.planner.admit_rollback(&self.request, undone),
            Basis::Impossible(refusal) => Err(refusal.clone()),
        }
    }

    /// Checks that the request was confirmed with a reason.
    pub(super) fn confirm(&self) -> Result<(), Refusal> {
        match &self.basis {
            Basis::Procedure => self.repository.planner.confirm(&self.request),
            Basis::Rollback(undone) => self.repository.planner.confirm_rollback(&self.request, undone),
            Basis::Impossible(refusal) => Err(refusal.clone()),
        }
    }

    /// The files that the request may write, by full path.
    pub(super) fn targets(&self) -> BTreeSet<String> {
        match &self.basis {
            Basis::Procedure => self.repository.planner.targets(&self.request.procedure),
            Basis::Rollback(undone) => undone.targets(),
            Basis::Impossible(_) => BTreeSet::new(),
        }
    }

    /// Whether it makes things safer. A rollback does where that is what the undone procedure's inverse is for; whether it
    /// comes to the same on this base, planning says.
    pub(super) fn is_containment(&self) -> bool {
        let risk = match &self.basis {
            Basis::Procedure => self.repository.planner.risk(&self.request.procedure),
            Basis::Rollback(undone) => undone.named_inverse_risk(self.repository.planner.catalogue()),
            Basis::Impossible(_) => None,
        };
        risk == Some(Risk::Containment)
    }

    /// What a person edits who does the same by hand, by layout of the tree; none where that is not known before planning.
    pub(super) fn by_hand(&self) -> Vec<HandLayout> {
        let planner = &self.repository.planner;
        match &self.basis {
            Basis::Procedure => planner.by_hand(&self.request),
            Basis::Rollback(undone) => undone
                .named_request(planner.catalogue(), &self.request)
                .map(|request| planner.by_hand(&request))
                .unwrap_or_default(),
            Basis::Impossible(_) => Vec::new(),
        }
    }

    /// Plans on a base, under circumstances. Blocking.
    pub(super) fn plan(&self, base: &CommitId, circumstances: &Circumstances) -> Result<Planned, PlanError> {
        let (planner, git) = (&self.repository.planner, self.repository.git.as_ref());
        match &self.basis {
            Basis::Procedure => planner.plan_in(git, base, &self.request, circumstances),
            Basis::Rollback(undone) => planner.roll_back(git, base, &self.request, undone, circumstances),
            Basis::Impossible(refusal) => Err(refusal.clone().into()),
        }
    }
}

impl Basis {
    /// The rollback of what a run of this repository changed.
    async fn of_rollback(
        store: &dyn Store,
        repository: &RepositoryName,
        typed: &str,
    ) -> Result<Self, StoreError> {
        Ok(match find_target(store, repository, typed).await? {
            Ok(undone) => Self::Rollback(Box::new(undone)),
            Err(refusal) => Self::Impossible(refusal),
        })
    }
}

/// What a run of this repository changed, or why that cannot be undone.
async fn find_target(
    store: &dyn Store,
    repository: &RepositoryName,
    typed: &str,
) -> Result<Result<RevertTarget, Refusal>, StoreError> {
    let run = match find_run(store, repository, typed).await? {
        FoundRun::Known(run) => run,
        FoundRun::Unknown(refusal) => return Ok(Err(refusal)),
    };
    let mut records = Vec::new();
    for leaf in store.leaves_of(&run.id).await? {
        let record = Record::from_canonical(&leaf.data);
        records.push(record.map_err(|error| StoreError::Corrupt(format!("leaf {}: {error}", leaf.index)))?);
    }
    Ok(RevertTarget::of(&run.id, &records))
}

/// How a merged run is undone: a remedy, with the whole command where there is one.
pub(super) async fn how_to_undo(
    store: &dyn Store,
    repository: &ServedRepository,
    run: &RunId,
) -> Result<String, StoreError> {
    let target = find_target(store, &repository.name, run.as_str()).await?;
    let planner = &repository.planner;
    let inverse = target.and_then(|target| target.inverse(planner.catalogue(), planner.judge().target()));
    Ok(match inverse {
        Ok(inverse) => {
            let phrase = inverse.confirmation;
            format!("undo it with `/rollback {run} reason=\"undo run {run}\" confirm={phrase}`")
        }
        Err(refusal) if refusal.code == reason::NEEDS_NO_UNDO => format!("nothing; {}", refusal.message),
        Err(refusal) => refusal.remedy,
    })
}

/// A run that a person named.
pub(super) enum FoundRun {
    /// It is one of this repository.
    Known(Box<Run>),
    /// There is none; this says so, and which one was probably meant.
    Unknown(Refusal),
}

/// A run of this repository by its id as it was typed.
pub(super) async fn find_run(
    store: &dyn Store,
    repository: &RepositoryName,
    typed: &str,
) -> Result<FoundRun, StoreError> {
    let known = match typed.parse::<RunId>() {
        Ok(run) => store.run(&run).await?.filter(|run| is_of(run, repository)),
        Err(_) => None,
    };
    match known {
        Some(run) => Ok(FoundRun::Known(Box::new(run))),
        None => Ok(FoundRun::Unknown(unknown_run(store, repository, typed).await?)),
    }
}

/// Whether a run is of this repository: commands here do not reach the runs of others.
fn is_of(run: &Run, repository: &RepositoryName) -> bool {
    run.subject.repository == *repository
}

/// How far back a run is looked for whose id was mistyped.
const LOOKED_AT: u32 = 200;

async fn unknown_run(
    store: &dyn Store,
    repository: &RepositoryName,
    typed: &str,
) -> Result<Refusal, StoreError> {
    let proposed =
        |run: &Run| matches!(run.outcome, Some(Outcome::Proposed { .. })) && is_of(run, repository);
    let runs = store.runs(LOOKED_AT).await?;
    let ids = runs.iter().filter(|run| proposed(run)).map(|run| run.id.as_str());
    let remedy = match nearest(typed, ids) {
        Some(run) => format!("did you mean `{run}`?"),
        None => "`/status` lists the runs requested on this page".to_owned(),
    };
    let message = format!("there is no run {} in this repository", quoted(typed, 60));
    Ok(Refusal::new(reason::UNKNOWN_RUN, message, remedy).at(Place::Field(RUN_ARGUMENT)))
}
