//! Jobs: what one try of a step has in hand, and what it comes to.

use std::sync::Arc;

use crate::domain::admission::Wait;
use crate::domain::command::Command;
use crate::domain::ledger::Record;
use crate::domain::names::RunId;
use crate::domain::plan::PlanReport;
use crate::domain::procedure::{HandLayout, planned_by_hand};
use crate::domain::reason::Code;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::request::Request;
use crate::domain::run::{Outcome, StepResult};
use crate::ports::store::{Lease, Pulls, Run, Store, StoredPull};

use super::context::{Context, ServedRepository};
use super::error::{StepError, blocking};
use super::facts::{self, Fact, NoFact, PlanFact, StoredFact};
use super::planning::{PlanError, Planned, RecordedPlan};
use super::recipe::Recipe;
use super::reconciliation::Reconciliation;
use super::stored_command::StoredCommand;

/// One try of a step of a command.
pub(super) struct Job {
    /// The run as leased.
    pub run: Run,
    /// The stored command: what was written, and where.
    pub stored: StoredCommand,
    /// The repository that it is about.
    pub repository: Arc<ServedRepository>,
    /// Whether an earlier try may have had its effect.
    pub repeated: bool,
    /// What the request is planned by; `None` where the run has none.
    recipe: Option<Recipe>,
}

/// One try of a step of a reconciliation.
pub(super) struct ReconciliationJob {
    /// The run as leased.
    pub run: Run,
    /// What is reconciled.
    pub reconciliation: Reconciliation,
    /// The repository that it is in.
    pub repository: Arc<ServedRepository>,
    /// Whether an earlier try may have had its effect.
    pub repeated: bool,
}

/// The result of performing a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Performed {
    /// Stored under the step's name in the run's facts.
    pub fact: StoredFact,
    /// Where it leads.
    pub result: StepResult,
    /// To be appended to the ledger with it.
    pub records: Vec<Record>,
    /// What is now known of a pull request, to be stored with it.
    pub pull: Option<StoredPull>,
    /// Runs whose pull requests are closed or merged.
    pub closed_runs: Vec<RunId>,
}

impl Job {
    /// The job of a leased step of a command.
    pub(super) async fn of(context: &Context, lease: Lease) -> Result<Self, StepError> {
        let stored = StoredCommand::of(&lease.run)?;
        let repository = context.repository(&stored.place.repository)?;
        let recipe = match &lease.run.request {
            Some(request) => Some(Recipe::of(context.store.as_ref(), &repository, request).await?),
            None => None,
        };
        Ok(Self { run: lease.run, stored, repository, repeated: lease.earlier_intent.is_some(), recipe })
    }

    /// The command; `None` where the comment was no valid one.
    pub(super) fn command(&self) -> Option<&Command> {
        self.stored.command()
    }

    /// The request; `/actuate` and `/plan` have one.
    pub(super) fn request(&self) -> Result<&Request, StepError> {
        self.run.request.as_ref().ok_or_else(no_request)
    }

    /// What the request is planned by; where there is a request, there is one.
    pub(super) fn recipe(&self) -> Result<Recipe, StepError> {
        self.recipe.clone().ok_or_else(no_request)
    }

    /// Whether it carries out a containment.
    pub(super) fn is_containment(&self) -> bool {
        self.command() == Some(&Command::Actuate) && self.recipe.as_ref().is_some_and(Recipe::is_containment)
    }

    /// What a person edits who does the same by hand: as planned, or as the procedure says for each layout of the tree.
    pub(super) fn by_hand(&self) -> Vec<HandLayout> {
        match facts::shown::<PlanFact>(&self.run) {
            Some(planned) => planned_by_hand(&planned.report.changes),
            None => self.recipe.as_ref().map(Recipe::by_hand).unwrap_or_default(),
        }
    }

    /// What an earlier step left.
    pub(super) fn fact<F: Fact>(&self) -> Result<F, StepError> {
        facts::require(&self.run)
    }

    /// The plan that was judged and recorded.
    pub(super) fn report(&self) -> Result<PlanReport, StepError> {
        Ok(self.fact::<PlanFact>()?.report)
    }

    /// The plan, made again from the recorded base: it must come out as it was recorded.
    ///
    /// `None` when it comes out otherwise, which takes another library or program than the one that planned.
    pub(super) async fn plan_again(&self) -> Result<Option<Planned>, StepError> {
        let PlanFact { report, record, text, .. } = self.fact()?;
        let (recipe, base) = (self.recipe()?, report.base.clone());
        let circumstances = facts::circumstances(&record);
        let again = blocking(move || recipe.plan(&base, &circumstances)).await?;
        match again {
            Ok(planned) if planned.report.digest == report.digest => {
                let recorded = RecordedPlan { record, text, commit: report.commit };
                Ok(Some(planned.recorded_as(recorded, self.request()?)))
            }
            Ok(_) | Err(PlanError::Refused(_)) => Ok(None),
            Err(PlanError::Git(error)) => Err(error.into()),
        }
    }
}

fn no_request() -> StepError {
    StepError::Fault("the run has no request".to_owned())
}

impl ReconciliationJob {
    /// The job of a leased step of a reconciliation.
    pub(super) fn of(context: &Context, lease: Lease) -> Result<Self, StepError> {
        let reconciliation = Reconciliation::of(&lease.run);
        let reconciliation = reconciliation
            .ok_or_else(|| StepError::Fault("the stored reconciliation cannot be read".to_owned()))?;
        let repository = context.repository(&reconciliation.repository)?;
        Ok(Self { repeated: lease.earlier_intent.is_some(), run: lease.run, reconciliation, repository })
    }

    /// What an earlier step left.
    pub(super) fn fact<F: Fact>(&self) -> Result<F, StepError> {
        facts::require(&self.run)
    }

    /// The pull request as the last reconciliation stored it.
    pub(super) async fn stored_pull(&self, store: &dyn Store) -> Result<Option<StoredPull>, StepError> {
        let which = Pulls::Numbered(&self.reconciliation.repository, self.reconciliation.pull);
        Ok(store.pulls(which).await?.into_iter().next())
    }
}

impl Performed {
    /// Done; go on.
    pub fn done(fact: impl Into<StoredFact>, records: Vec<Record>) -> Self {
        Self { fact: fact.into(), result: StepResult::Done, records, pull: None, closed_runs: Vec::new() }
    }

    /// Done without doing anything; go on.
    pub fn nothing() -> Self {
        Self::done(NoFact::Nothing {}, vec![])
    }

    /// Done, and the run ends so.
    pub fn ends(outcome: Outcome, fact: impl Into<StoredFact>, records: Vec<Record>) -> Self {
        Self { result: StepResult::Ends(outcome), ..Self::done(fact, records) }
    }

    /// Not its turn yet.
    pub fn waits(wait: Wait) -> Self {
        Self { result: StepResult::Waits(wait), ..Self::nothing() }
    }

    /// The run ends with a refusal.
    pub fn refused(code: Code, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let fact = NoFact::Refused { refused: code.to_string() };
        let outcome = Outcome::Refused { code, message: message.into(), remedy: remedy.into() };
        Self::ends(outcome, fact, vec![])
    }

    /// The run ends with a refusal of the planner's.
    pub fn not_planned(refusal: Refusal) -> Self {
        let message = match refusal.place {
            Place::Whole => refusal.message,
            place => format!("{} (at `{place}`)", refusal.message),
        };
        Self::refused(refusal.code, message, refusal.remedy)
    }

    /// The same, with what is now known of a pull request.
    pub fn storing(self, pull: StoredPull) -> Self {
        Self { pull: Some(pull), ..self }
    }

    /// The same, and the pull requests of these runs are closed or merged.
    pub fn closing(self, closed_runs: Vec<RunId>) -> Self {
        Self { closed_runs, ..self }
    }
}
