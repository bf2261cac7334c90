//! Ownership: whose a pull request is, as far as approvals are concerned.
//!
//! **Invariant**: what is a run's by its branch, its commit or its body, by record or by pattern, is never nobody's. A
//! check run belongs to a commit, not to a pull request: another one with the same commit must not say anything else.

use crate::domain::names::{RepositoryName, RunId};
use crate::domain::pull::Observed;
use crate::domain::run::Outcome;
use crate::ports::store::{Pulls, Run, RunView, StoreError};

use super::conflicts::proposal;
use super::context::ServedRepository;
use super::facts::{self, PlanFact};

/// How far back a run is looked for that planned a commit and has noted no pull request.
const LOOKED_AT: u32 = 100;

/// Whose a pull request is.
pub(super) enum Ownership {
    /// That of the run which opened it.
    Own(Box<Run>),
    /// Not known before this run has come further.
    Unknown(RunId),
    /// The commit is that of the run's own, other pull request, whose check run counts.
    SameCommit,
    /// It has the marks of this run, which has not opened it.
    Claimed(RunId),
    /// A person's, or another program's.
    Foreign,
}

/// What makes a pull request look like a run's.
enum Mark {
    /// The branch, which the run planned.
    Branch(Box<Run>),
    /// The commit, which the run planned.
    Commit(Box<Run>),
    /// A name: the pattern of its branch, or what its body says.
    Name(RunId),
}

impl Ownership {
    /// Asks the store.
    pub(super) async fn of(
        store: &dyn RunView,
        repository: &ServedRepository,
        seen: &Observed,
    ) -> Result<Self, StoreError> {
        let (run, by_branch) = match Mark::of(store, repository, seen).await? {
            None => return Ok(Self::Foreign),
            Some(Mark::Name(run)) => return Ok(Self::Claimed(run)),
            Some(Mark::Branch(run)) => (run, true),
            Some(Mark::Commit(run)) => (run, false),
        };
        let is_planned = plans(&run, seen);
        Ok(match &run.outcome {
            _ if proposal(&run) == Some(seen.number) => Self::Own(run),
            Some(Outcome::Proposed { .. }) if is_planned => Self::SameCommit,
            // It may have opened it without being able to note it.
            Some(Outcome::Stuck { .. }) if by_branch => Self::Own(run),
            None => Self::Unknown(run.id),
            Some(_) => Self::Claimed(run.id),
        })
    }
}

impl Mark {
    async fn of(
        store: &dyn RunView,
        repository: &ServedRepository,
        seen: &Observed,
    ) -> Result<Option<Self>, StoreError> {
        if let Some(id) = &seen.run
            && let Some(run) = store.run(id).await?
        {
            return Ok(Some(Self::Branch(Box::new(run))));
        }
        if let Some(run) = planner_of(store, &repository.name, seen).await? {
            return Ok(Some(Self::Commit(Box::new(run))));
        }
        if let Some(run) = repository.planner.judge().target().run_of(&seen.branch) {
            return Ok(Some(Self::Name(run)));
        }
        let Some(named) = &seen.named else { return Ok(None) };
        let run = store.run(named).await?.filter(|run| run.subject.repository == repository.name);
        Ok(run.map(|run| Self::Name(run.id)))
    }
}

/// The run that planned the head: of a pull request that was seen, of one that was noted, or one that has noted none.
async fn planner_of(
    store: &dyn RunView,
    repository: &RepositoryName,
    seen: &Observed,
) -> Result<Option<Run>, StoreError> {
    for pull in store.pulls(Pulls::WithHead(repository, &seen.head)).await? {
        let Some(id) = &pull.seen.run else { continue };
        if let Some(run) = store.run(id).await?.filter(|run| plans(run, seen)) {
            return Ok(Some(run));
        }
    }
    let mut runs = store.proposed(repository).await?;
    let is_open = |run: &Run| {
        run.subject.repository == *repository && matches!(run.outcome, None | Some(Outcome::Stuck { .. }))
    };
    runs.extend(store.commands(LOOKED_AT).await?.into_iter().filter(is_open));
    Ok(runs.into_iter().find(|run| plans(run, seen)))
}

/// Whether the head is what the run planned.
fn plans(run: &Run, seen: &Observed) -> bool {
    facts::shown::<PlanFact>(run).is_some_and(|fact| fact.report.commit.as_ref() == Some(&seen.head))
}
