//! Planning: from a request and a base commit to everything that publishing needs, without writing anything.
//!
//! Called by the worker's `Plan` step and by `writ plan`/`writ apply`. Blocking: it reads git objects.
//! **Invariant**: the same request on the same base with the same library and address of pages gives the same bytes on
//! any machine: report, body, record (hence leaf), commit message and commit id.

use std::collections::BTreeSet;
use std::thread::ScopedJoinHandle;

use serde_json::{Value, json};

use crate::domain::digest::sha256_hex;
use crate::domain::explanation::Explainer;
use crate::domain::ledger::Record;
use crate::domain::names::CommitId;
use crate::domain::plan::{Plan, PlanReport};
use crate::domain::policy::{Circumstances, Provenance, Verdict};
use crate::domain::procedure::{
    Catalogue, HandLayout, PlanInput, ROLLBACK, RevertTarget, admit, by_hand, confirm, draft, roll_back,
};
use crate::domain::reason;
use crate::domain::refusal::{Place, Refusal};
use crate::domain::request::{Origin, Request};
use crate::domain::risk::Risk;
use crate::domain::tree::Snapshot;
use crate::domain::watch::Watch;
use crate::ports::git::{CommitDraft, Git, GitError, blob_id};
use crate::ports::library::Library;
use crate::ports::render::Renderer;

use super::body::BodyContent;
pub use super::judging::CompileError;
use super::judging::Judge;
use super::planned_record::PlannedRecord;

/// Plans requests. Holds the compiled procedures and templates, and a judge with the compiled policies.
#[derive(Debug)]
pub struct Planner {
    catalogue: Catalogue,
    judge: Judge,
    renderer: Renderer,
    /// Base of links to run pages, without a final slash.
    public_url: Option<String>,
}

/// The result of planning a request on one base.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The pure plan.
    pub plan: Plan,
    /// The plan with verdict, commit id and digest: `writ.plan/v1`.
    pub report: PlanReport,
    /// `change.planned`, to be appended to the ledger before anything is published. Its time is the request's.
    pub record: Record,
    /// `change.listed`, to be appended before it where one record is too short for the plan.
    pub list: Option<Record>,
    /// The text of the pull request's body, of which the record has the digest; a place in it waits for the proof.
    /// Empty where nothing would change.
    pub text: String,
    /// The commit to make, its message with the trailers `Writ-Run` and `Writ-Leaf`; `report.commit` is its id.
    /// `None` exactly when nothing would change.
    pub draft: Option<CommitDraft>,
}

/// What an earlier planning of a plan recorded.
#[derive(Debug, Clone)]
pub struct RecordedPlan {
    /// `change.planned`.
    pub record: Record,
    /// The text of the pull request's body; `None` where an earlier version planned, which did not store it.
    pub text: Option<String>,
    /// The id of the commit.
    pub commit: Option<CommitId>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The request cannot be carried out on this base; the requester can act on it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The repository could not be read.
    #[error("reading the base")]
    Git(#[from] GitError),
}

impl Planner {
    /// Compiles the procedures, policies and templates of a library, for manifests below `gitops_path` (no slash at either end);
    /// `None` takes that of the library's target.
    ///
    /// # Errors
    /// - `Invalid`: a procedure or a policy is not valid: file, line, what is wrong
    /// - `Template`: a template is not valid
    /// - as [`Judge::compile`]
    pub fn compile<'p>(
        library: &Library,
        gitops_path: impl Into<Option<&'p str>>,
    ) -> Result<Self, CompileError> {
        let read = || (Catalogue::load(&library.patches), Renderer::compile(library));
        let (judge, (catalogue, renderer)) = std::thread::scope(|scope| {
            // The policies take longest, so that everything else is read beside them.
            let reading = std::thread::Builder::new().spawn_scoped(scope, read);
            let judge = Judge::compile(library, gitops_path.into());
            let read = match reading.map(ScopedJoinHandle::join) {
                Ok(Ok(read)) => read,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                // The system has no thread to spare.
                Err(_) => read(),
            };
            (judge, read)
        });
        let catalogue = catalogue.map_err(|error| CompileError::Invalid {
            file: format!("patches/{}", error.file),
            line: error.line,
            message: error.message,
        })?;
        Ok(Self { catalogue, judge: judge?, renderer: renderer?, public_url: None })
    }

    /// The same, for a bot whose pages are at this address, without a final slash.
    #[must_use]
    pub fn with_pages_at(self, public_url: Option<String>) -> Self {
        Self { public_url, ..self }
    }

    /// The same planner, whose judge watches these paths and not those of the library's target.
    #[must_use]
    pub fn watching(self, watch: Watch) -> Self {
        Self { judge: self.judge.watching(watch), ..self }
    }

    /// The same planner, whose judge's caches hold at most so many bytes.
    #[must_use]
    pub fn with_cache(self, bytes: usize) -> Self {
        Self { judge: self.judge.with_cache(bytes), ..self }
    }

    /// Who judges the plans, and everybody's pull requests.
    #[must_use]
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// Where the manifests are, no slash at either end.
    #[must_use]
    pub fn gitops_path(&self) -> &str {
        &self.judge.target().gitops_path
    }

    /// The procedures.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Explains reason codes: those of this library, and those of the program.
    #[must_use]
    pub fn explainer(&self) -> Explainer<'_> {
        Explainer { policies: self.judge.policies(), catalogue: &self.catalogue, lanes: self.judge.lanes() }
    }

    /// A procedure's risk class; `None` for one that is not known.
    #[must_use]
    pub fn risk(&self, procedure: &str) -> Option<Risk> {
        self.catalogue.find(procedure).ok().map(|procedure| procedure.risk)
    }

    /// The files that any variant of a procedure edits, by full path; none for a procedure that is not known.
    #[must_use]
    pub fn targets(&self, procedure: &str) -> BTreeSet<String> {
        let Ok(procedure) = self.catalogue.find(procedure) else { return BTreeSet::new() };
        let edits = procedure.variants.iter().flat_map(|variant| &variant.edits);
        edits.map(|edit| format!("{}/{}", self.gitops_path(), procedure.object(&edit.object).file)).collect()
    }

    /// What a person edits who does the same as a request by hand, by layout of the tree; none for a procedure that is not
    /// known.
    #[must_use]
    pub fn by_hand(&self, request: &Request) -> Vec<HandLayout> {
        let procedure = self.catalogue.find(&request.procedure);
        procedure.map(|procedure| by_hand(procedure, request, self.gitops_path())).unwrap_or_default()
    }

    /// Checks what can be checked without a tree: the procedure exists, arguments and reason are well formed.
    ///
    /// # Errors
    /// `unknown_procedure`, `missing_reason`, or what is wrong with the arguments or the reason.
    pub fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let procedure = self.catalogue.find(&request.procedure)?;
        admit(procedure, request)?;
        if request.origin == Origin::Terminal && request.reason.trim().is_empty() {
            return Err(Refusal::new(
                reason::MISSING_REASON,
                "a plan needs a reason",
                "add `--reason TEXT`: why the change is needed, in one line",
            )
            .at(Place::Field("reason")));
        }
        Ok(())
    }

    /// Checks that there is a reason and that the procedure's confirmation phrase was typed. For `/actuate`, not for
    /// `/plan`.
    ///
    /// # Errors
    /// `missing_reason`, `confirmation_missing`, `confirmation_wrong`, `unknown_procedure`.
    pub fn confirm(&self, request: &Request) -> Result<(), Refusal> {
        let procedure = self.catalogue.find(&request.procedure)?;
        confirm(&procedure.name, &procedure.confirmation, request)
    }

    /// The same as [`Planner::admit`] for a rollback.
    ///
    /// # Errors
    /// `not_invertible`, or what is wrong with the arguments or the reason.
    pub fn admit_rollback(&self, request: &Request, undone: &RevertTarget) -> Result<(), Refusal> {
        admit(&undone.inverse(&self.catalogue, self.judge.target())?, request).map(drop)
    }

    /// The same as [`Planner::confirm`] for a rollback: it wants the phrase of the procedure that is undone.
    ///
    /// # Errors
    /// `missing_reason`, `confirmation_missing`, `confirmation_wrong`.
    pub fn confirm_rollback(&self, request: &Request, undone: &RevertTarget) -> Result<(), Refusal> {
        confirm(ROLLBACK, undone.phrase(&self.catalogue, self.judge.target()), request)
    }

    /// Plans a request on a base commit and judges the plan. A verdict of `deny` or `no_change` is a plan too.
    ///
    /// # Errors
    /// - `Refused`: the request is not valid, no variant fits the base, a precondition or an effect does not hold
    /// - `Git`: the base is not there, or objects cannot be read
    pub fn plan(&self, git: &dyn Git, base: &CommitId, request: &Request) -> Result<Planned, PlanError> {
        self.plan_in(git, base, request, &Circumstances::default())
    }

    /// The same under circumstances.
    ///
    /// # Errors
    /// - as [`Planner::plan`]
    pub fn plan_in(
        &self,
        git: &dyn Git,
        base: &CommitId,
        request: &Request,
        circumstances: &Circumstances,
    ) -> Result<Planned, PlanError> {
        self.admit(request)?;
        let procedure = self.catalogue.find(&request.procedure)?;
        let snapshot = self.judge.tree(git, base)?;
        let plan = draft(procedure, request, self.input(&snapshot))?;
        self.complete(git, &snapshot, request, plan, (None, circumstances))
    }

    /// Plans the exact inverse of what a run changed, and judges it.
    ///
    /// # Errors
    /// - `Refused`: as [`Planner::plan`]; a field is not as the run left it
    /// - `Git`: as [`Planner::plan`]
    pub fn roll_back(
        &self,
        git: &dyn Git,
        base: &CommitId,
        request: &Request,
        undone: &RevertTarget,
        circumstances: &Circumstances,
    ) -> Result<Planned, PlanError> {
        let snapshot = self.judge.tree(git, base)?;
        let plan = roll_back(&self.catalogue, undone, request, self.input(&snapshot))?;
        self.complete(git, &snapshot, request, plan, (Some(undone), circumstances))
    }

    fn input<'a>(&'a self, base: &'a Snapshot) -> PlanInput<'a> {
        PlanInput { target: self.judge.target(), base, manifests: self.judge.manifests(), blob_id }
    }

    /// Judges a plan, and works out its body, its record and its commit.
    fn complete(
        &self,
        git: &dyn Git,
        base: &Snapshot,
        request: &Request,
        plan: Plan,
        (undone, circumstances): (Option<&RevertTarget>, &Circumstances),
    ) -> Result<Planned, PlanError> {
        let circumstances = circumstances.of_plan();
        let window = circumstances.window.as_ref();
        let verdict = self.judge.judge_plan(git, &plan, base, &provenance(&plan, request), window)?;
        let verdict = verdict.under(&circumstances).verdict;
        let mut report = report(&plan, verdict);
        let procedure = undone.map_or(&plan.procedure, |undone| &undone.procedure);
        let materials = self.judge.materials().with_procedure(self.catalogue.sha256(procedure));
        let mut facts = self.facts(&plan, &report, request);
        facts["materials"] = json!(materials);
        facts["public_url"] = json!(self.public_url);
        if !circumstances.is_plain() {
            facts["circumstances"] = json!(circumstances);
        }
        if let Some(undone) = undone {
            facts["undoes"] = json!({"run": undone.run, "leaf": undone.leaf, "procedure": undone.procedure});
        }
        let content = BodyContent {
            plan: &plan,
            report: &report,
            request,
            materials: &materials,
            public_url: self.public_url.as_deref(),
        };
        let PlannedRecord { record, list, text } = PlannedRecord::of(&self.renderer, content, facts)?;
        let draft = plan.no_change.is_none().then(|| commit_draft(&plan, &record, request));
        if let Some(draft) = &draft {
            report.commit = Some(git.preview(draft)?);
        }
        Ok(Planned { plan, report, record, list, text, draft })
    }

    /// The facts of `change.planned`: enough to say later who asked for what and why, on what base, and what was decided.
    fn facts(&self, plan: &Plan, report: &PlanReport, request: &Request) -> Value {
        let files: Vec<Value> = plan
            .files
            .iter()
            .map(|file| json!({"path": file.path, "before": file.before, "after": file.after}))
            .collect();
        json!({
            "procedure": plan.procedure,
            "procedure_sha256": self.catalogue.sha256(&plan.procedure),
            "version": plan.version,
            "variant": plan.variant,
            "risk": plan.risk,
            "arguments": request.arguments,
            "reason": request.reason,
            "actor": request.actor,
            "origin": request.origin,
            "base": plan.base,
            "branch": plan.branch,
            "files": files,
            "changes": plan.changes,
            "verdict": report.verdict.recorded(),
            "library": self.judge.library(),
            "digest": report.digest,
        })
    }
}

impl Planned {
    /// Who asked for what, as the policies see it.
    #[must_use]
    pub fn provenance(&self, request: &Request) -> Provenance {
        provenance(&self.plan, request)
    }

    /// This plan under the record, text and commit that an earlier planning of it recorded. A record names the library,
    /// so an upgrade between two steps of a run changes the record, but not what was planned.
    #[must_use]
    pub fn recorded_as(mut self, recorded: RecordedPlan, request: &Request) -> Self {
        self.draft = self.draft.map(|_| commit_draft(&self.plan, &recorded.record, request));
        self.record = recorded.record;
        self.text = recorded.text.unwrap_or(self.text);
        self.report.commit = recorded.commit;
        self
    }
}

fn provenance(plan: &Plan, request: &Request) -> Provenance {
    Provenance {
        procedure: plan.procedure.clone(),
        risk: plan.risk,
        actor: request.actor.login.clone(),
        declared: plan.declared.clone(),
    }
}

/// The report of a plan, its digest over all but itself and the commit, which is not known yet.
fn report(plan: &Plan, verdict: Verdict) -> PlanReport {
    let mut report = PlanReport {
        schema: "writ.plan/v1".to_owned(),
        procedure: plan.procedure.clone(),
        version: plan.version,
        variant: plan.variant.clone(),
        risk: plan.risk,
        base: plan.base.clone(),
        run: plan.run.clone(),
        branch: plan.branch.clone(),
        title: plan.title.clone(),
        files: plan.files.clone(),
        changes: plan.changes.clone(),
        verdict,
        effects: plan.effects.clone(),
        rollback: plan.rollback.clone(),
        warnings: plan.warnings.clone(),
        no_change: plan.no_change.clone(),
        commit: None,
        digest: String::new(),
    };
    report.digest = digest(&report);
    report
}

/// `sha256:<hex>` over the canonical JSON of a report without `commit` and `digest`.
#[must_use]
pub fn digest(report: &PlanReport) -> String {
    // OK because a report is strings, numbers and JSON values, all of which serialise.
    let mut value = serde_json::to_value(report).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("commit");
        fields.remove("digest");
    }
    let canonical = serde_json_canonicalizer::to_vec(&value).unwrap_or_default();
    format!("sha256:{}", sha256_hex(&canonical))
}

fn commit_draft(plan: &Plan, record: &Record, request: &Request) -> CommitDraft {
    let message =
        format!("{}\nWrit-Run: {}\nWrit-Leaf: {}\n", plan.message, plan.run, record.leaf().to_hex());
    CommitDraft { base: plan.base.clone(), writes: plan.writes.clone(), message, at: request.requested_at }
}
