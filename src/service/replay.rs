//! Replay: plans and judges a past run again, from what the ledger recorded and with the library of that day.
//!
//! Reads only. The record names the materials; the library is stored under its digest. The same policies must come to the
//! same record and commit; with other policies it is said which decisions would be different.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::ledger::{LeafHash, Record};
use crate::domain::names::{BranchName, CommitId, IssueNumber, RunId};
use crate::domain::policy::Circumstances;
use crate::domain::reason::{self, Code};
use crate::domain::request::{Actor, Origin, Request};
use crate::domain::watch::Watch;
use crate::ports::git::{Git, GitError};
use crate::ports::library::Library;
use crate::ports::store::{Leaf, Run, Store, StoreError};

use super::context::{RunningIn, ServedRepository};
use super::facts::{self, PlanFact};
use super::materials::Materials;
use super::planning::{PlanError, Planned, Planner, RecordedPlan};
use super::recipe::Recipe;
use super::rejudging::RecordedVerdict;

/// Replays runs of one database.
pub struct Replayer<'a> {
    /// Runs, records and libraries.
    pub store: &'a dyn Store,
    /// Policies to lay over those of that day, by name below `policies/`; `None` replays exactly.
    pub policies: Option<BTreeMap<String, String>>,
    planners: HashMap<PlannerKey, Arc<Planner>>,
}

/// What a planner of that day follows from.
#[derive(PartialEq, Eq, Hash)]
struct PlannerKey {
    library: String,
    gitops_path: String,
    watch: Vec<String>,
    public_url: Option<String>,
}

/// A run that was replayed.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// What was decided on.
    pub subject: ReplaySubject,
    /// The decision that was recorded, with its findings: [`Verdict::recorded`](crate::domain::policy::Verdict::recorded).
    pub recorded: Value,
    /// The program that decided; `None` in records of earlier versions.
    pub program: Option<String>,
    /// What the replay came to.
    pub result: ReplayResult,
}

/// What a run decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplaySubject {
    /// The plan of a request; the procedure.
    Plan(String),
    /// The head of a pull request.
    Pull(IssueNumber),
}

/// What a replay came to.
#[derive(Debug, Clone)]
pub enum ReplayResult {
    /// The same; the commit, where there is something to commit.
    Same(Option<CommitId>),
    /// Something else: sentences. By other policies: what would be decided, and the findings that come and go.
    Differs(Vec<String>),
    /// It cannot be replayed, and why.
    NotReplayable(String),
}

impl ReplayResult {
    /// The reason code; `None` where the result is the same. `policies`: whether they were other ones.
    #[must_use]
    pub fn code(&self, with_policies: Option<&BTreeMap<String, String>>) -> Option<Code> {
        match self {
            Self::Same(_) => None,
            Self::Differs(_) if with_policies.is_some() => Some(reason::DECISION_ALTERED),
            Self::Differs(_) => Some(reason::REPLAY_DIFFERS),
            Self::NotReplayable(_) => Some(reason::NOT_REPLAYABLE),
        }
    }
}

/// Why a run was not replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The database could not be read.
    #[error("reading the database")]
    Store(#[from] StoreError),
    /// The policies that were given do not compile with the library of the run.
    #[error("the given policies, laid over the library of run `{0}`: {1}")]
    Policies(RunId, super::judging::CompileError),
}

/// The facts of `change.planned` that a replay begins with.
#[derive(Deserialize)]
struct Inputs {
    procedure: String,
    arguments: BTreeMap<String, String>,
    reason: String,
    actor: Actor,
    origin: Origin,
    base: CommitId,
    verdict: Value,
    #[serde(default)]
    materials: Option<Materials>,
    #[serde(default)]
    public_url: Option<String>,
    #[serde(default)]
    circumstances: Circumstances,
}

/// What was recorded of a run.
struct Recorded {
    /// `change.planned`: of the ledger, or of the plan that was denied or only shown.
    record: Record,
    /// The digest that `verdict.given` names.
    judged: Option<String>,
    /// The commit: the pushed one, else the planned one.
    commit: Option<CommitId>,
}

impl<'a> Replayer<'a> {
    /// A replayer; with `policies`, one that says what they would change.
    #[must_use]
    pub fn new(store: &'a dyn Store, policies: Option<BTreeMap<String, String>>) -> Self {
        Self { store, policies, planners: HashMap::new() }
    }

    /// Replays a run on a repository: its plan, or else its verdict on a pull request. `None` for a run that has decided
    /// neither, such as `/help`.
    ///
    /// # Errors
    /// - the database cannot be read
    /// - the given policies are wrong
    pub async fn replay(
        &mut self,
        run: &Run,
        git: Option<Arc<dyn Git>>,
    ) -> Result<Option<Replayed>, ReplayError> {
        let recorded = match self.recorded(run).await? {
            Ok(Some(recorded)) => recorded,
            Ok(None) => return self.rejudge(run, git).await,
            Err(why) => return Ok(Some(Replayed::unreadable(why))),
        };
        let inputs = match Inputs::deserialize(&recorded.record.body) {
            Ok(inputs) => inputs,
            Err(error) => {
                return Ok(Some(Replayed::unreadable(format!("its record cannot be read: {error}"))));
            }
        };
        let result = match self.planned(run, &recorded, &inputs, git).await? {
            Ok((planned, git)) => self.compare(&recorded, &inputs, planned, git.as_ref()),
            Err(result) => result,
        };
        let Inputs { procedure, verdict, materials, .. } = inputs;
        let program = materials.map(|materials| materials.program);
        Ok(Some(Replayed { subject: ReplaySubject::Plan(procedure), recorded: verdict, program, result }))
    }

    /// The records of a run; the inner error says which one is not to be used.
    async fn records(&self, run: &Run) -> Result<Result<Vec<Record>, String>, StoreError> {
        let mut records = Vec::new();
        for Leaf { index, data, hash, .. } in self.store.leaves_of(&run.id).await? {
            match Record::from_canonical(&data) {
                Ok(record) if LeafHash::of(&data) == hash => records.push(record),
                _ => return Ok(Err(format!("leaf {index} was altered (`writ audit verify`)"))),
            }
        }
        Ok(Ok(records))
    }

    /// Gives a run's newest verdict on a pull request again.
    async fn rejudge(
        &mut self,
        run: &Run,
        git: Option<Arc<dyn Git>>,
    ) -> Result<Option<Replayed>, ReplayError> {
        let records = match self.records(run).await? {
            Ok(records) => records,
            Err(why) => return Ok(Some(Replayed::unreadable(why))),
        };
        let Some(record) = records.iter().rfind(|record| record.kind == "verdict.given") else {
            return Ok(None);
        };
        let verdict = match RecordedVerdict::deserialize(&record.body) {
            Ok(verdict) => verdict,
            Err(error) => {
                return Ok(Some(Replayed::unreadable(format!("its verdict cannot be read: {error}"))));
            }
        };
        let result = match self.given_again(run, &verdict, git).await? {
            Ok(now) => self.compare_verdicts(&verdict.verdict, &now),
            Err(why) => ReplayResult::NotReplayable(why),
        };
        let RecordedVerdict { pull, verdict, materials, .. } = verdict;
        let program = materials.map(|materials| materials.program);
        Ok(Some(Replayed { subject: ReplaySubject::Pull(pull), recorded: verdict, program, result }))
    }

    /// A verdict on a pull request, given again; the inner error says why there is none.
    async fn given_again(
        &mut self,
        run: &Run,
        verdict: &RecordedVerdict,
        git: Option<Arc<dyn Git>>,
    ) -> Result<Result<Value, String>, ReplayError> {
        let Some(materials) = &verdict.materials else {
            return Ok(Err("version 0.1.0 judged it, which recorded no materials".to_owned()));
        };
        let Some(git) = git else {
            return Ok(Err(format!("there is no clone of `{}`", run.subject.repository)));
        };
        let request = match verdict.request(&run.subject.repository) {
            Ok(request) => request,
            Err(why) => return Ok(Err(why)),
        };
        Ok(match self.planner(run, materials, None).await? {
            Ok(planner) => verdict.judge_again(git.as_ref(), planner.judge(), &request),
            Err(why) => Err(why),
        })
    }

    fn compare_verdicts(&self, was: &Value, is: &Value) -> ReplayResult {
        let mut differences = altered(was, is);
        if self.policies.is_none() && was != is && differences.is_empty() {
            differences.push(format!("the verdict was {}, and is {}", shortened(was), shortened(is)));
        }
        if differences.is_empty() { ReplayResult::Same(None) } else { ReplayResult::Differs(differences) }
    }

    /// What was recorded of a run: the inner result says why it is not to be used.
    async fn recorded(&self, run: &Run) -> Result<Result<Option<Recorded>, String>, StoreError> {
        let records = match self.records(run).await? {
            Ok(records) => records,
            Err(why) => return Ok(Err(why)),
        };
        let fact = match facts::find::<PlanFact>(run) {
            Ok(fact) => fact,
            Err(error) => return Ok(Err(crate::domain::text::error_chain(&error))),
        };
        let find = |kind: &str| records.iter().find(|record| record.kind == kind);
        let text = |kind: &str, name: &str| find(kind)?.body.get(name)?.as_str().map(str::to_owned);
        let pushed = text("branch.pushed", "commit").and_then(|commit| commit.parse().ok());
        let (record, planned) = match (find("change.planned"), fact) {
            (Some(record), fact) => (record.clone(), fact.and_then(|fact| fact.report.commit)),
            (None, Some(fact)) => (fact.record, fact.report.commit),
            (None, None) => return Ok(Ok(None)),
        };
        let commit = pushed.or(planned);
        Ok(Ok(Some(Recorded { record, judged: text("verdict.given", "digest"), commit })))
    }

    /// Plans and judges again; the inner error is the result where that is not possible.
    async fn planned(
        &mut self,
        run: &Run,
        recorded: &Recorded,
        inputs: &Inputs,
        git: Option<Arc<dyn Git>>,
    ) -> Result<Result<(Planned, Arc<dyn Git>), ReplayResult>, ReplayError> {
        let not_replayable = |why: String| Ok(Err(ReplayResult::NotReplayable(why)));
        let Some(materials) = &inputs.materials else {
            return not_replayable("version 0.1.0 planned it, which recorded no materials".to_owned());
        };
        let Some(git) = git else {
            return not_replayable(format!("there is no clone of `{}`", run.subject.repository));
        };
        let planner = match self.planner(run, materials, inputs.public_url.clone()).await? {
            Ok(planner) => planner,
            Err(why) => return not_replayable(why),
        };
        let request = inputs.request(&recorded.record);
        // OK because nothing here asks for the branch: it is only where a server fetches from.
        let base = BranchName::try_from("main".to_owned()).unwrap_or_else(|_| unreachable!("a branch"));
        let repository = ServedRepository {
            name: run.subject.repository.clone(),
            base,
            git: Arc::clone(&git),
            planner,
            running_in: RunningIn::default(),
        };
        let recipe = Recipe::of(self.store, &Arc::new(repository), &request).await?;
        Ok(match recipe.plan(&inputs.base, &inputs.circumstances) {
            Ok(planned) => Ok((planned, git)),
            Err(PlanError::Refused(refusal)) => {
                Err(ReplayResult::Differs(vec![format!("it is refused now: {refusal} (`{}`)", refusal.code)]))
            }
            Err(PlanError::Git(GitError::UnknownRevision(_))) => {
                let why = format!("its base `{}` is not in the repository", inputs.base);
                Err(ReplayResult::NotReplayable(why))
            }
            Err(PlanError::Git(error)) => {
                Err(ReplayResult::NotReplayable(crate::domain::text::error_chain(&error)))
            }
        })
    }

    /// The planner of that day, compiled once; the inner error says why there is none.
    async fn planner(
        &mut self,
        run: &Run,
        materials: &Materials,
        public_url: Option<String>,
    ) -> Result<Result<Arc<Planner>, String>, ReplayError> {
        let key = PlannerKey {
            library: materials.library.clone(),
            gitops_path: materials.gitops_path.clone(),
            watch: materials.watch.clone(),
            public_url: public_url.clone(),
        };
        if let Some(planner) = self.planners.get(&key) {
            return Ok(Ok(Arc::clone(planner)));
        }
        let Some(texts) = self.store.library(&materials.library).await? else {
            return Ok(Err(format!("its library `{}` is not stored", materials.library)));
        };
        let mut library = Library::of_texts(texts);
        if library.digest() != materials.library {
            return Ok(Err(format!("its library `{}` was altered in the database", materials.library)));
        }
        library.policies.extend(self.policies.clone().unwrap_or_default());
        let watch = match Watch::parse(&materials.watch) {
            Ok(watch) => watch,
            Err(error) => {
                return Ok(Err(format!("this program does not understand what it watched: {error}")));
            }
        };
        let planner = match Planner::compile(&library, materials.gitops_path.as_str()) {
            Ok(planner) => Arc::new(planner.watching(watch).with_pages_at(public_url)),
            Err(error) if self.policies.is_some() => {
                return Err(ReplayError::Policies(run.id.clone(), error));
            }
            Err(error) => return Ok(Err(format!("this program does not understand its library: {error}"))),
        };
        self.planners.insert(key, Arc::clone(&planner));
        Ok(Ok(planner))
    }

    fn compare(&self, recorded: &Recorded, inputs: &Inputs, planned: Planned, git: &dyn Git) -> ReplayResult {
        if self.policies.is_some() {
            let now = planned.report.verdict.recorded();
            let differences = altered(&inputs.verdict, &now);
            return match differences.is_empty() {
                true => ReplayResult::Same(recorded.commit.clone()),
                false => ReplayResult::Differs(differences),
            };
        }
        let mut differences = record_differences(&recorded.record, &planned.record);
        if recorded.judged.as_ref().is_some_and(|judged| *judged != planned.report.digest) {
            differences
                .push(format!("the verdict was given on another plan than `{}`", planned.report.digest));
        }
        let request = inputs.request(&recorded.record);
        let plan =
            RecordedPlan { record: recorded.record.clone(), text: None, commit: recorded.commit.clone() };
        let commit = match planned.recorded_as(plan, &request).draft {
            None => None,
            Some(draft) => match git.preview(&draft) {
                Ok(commit) => Some(commit),
                Err(error) => return ReplayResult::NotReplayable(crate::domain::text::error_chain(&error)),
            },
        };
        if commit != recorded.commit {
            let name = |commit: &Option<CommitId>| {
                commit.as_ref().map_or_else(|| "none".to_owned(), |commit| format!("`{commit}`"))
            };
            differences.push(format!("the commit was {}, and is {}", name(&recorded.commit), name(&commit)));
        }
        if differences.is_empty() { ReplayResult::Same(commit) } else { ReplayResult::Differs(differences) }
    }
}

impl Inputs {
    fn request(&self, record: &Record) -> Request {
        Request {
            procedure: self.procedure.clone(),
            arguments: self.arguments.clone(),
            reason: self.reason.clone(),
            // What was typed to confirm has no part in a plan.
            confirmation: None,
            actor: self.actor.clone(),
            origin: self.origin.clone(),
            requested_at: record.at,
        }
    }
}

impl Replayed {
    fn unreadable(why: String) -> Self {
        let result = ReplayResult::NotReplayable(why);
        Self { subject: ReplaySubject::Plan(String::new()), recorded: Value::Null, program: None, result }
    }
}

/// Where a record that was made again differs from the recorded one. What this version records and that one did not is no
/// difference, and neither is the program.
fn record_differences(recorded: &Record, again: &Record) -> Vec<String> {
    let mut differences = Vec::new();
    if recorded.run != again.run {
        differences.push("the run's id does not follow from the request".to_owned());
    }
    let mut again = again.body.clone();
    if let Some(program) = recorded.body.pointer("/materials/program") {
        again["materials"]["program"] = program.clone();
    }
    for (name, was) in recorded.body.as_object().into_iter().flatten() {
        let is = again.get(name).unwrap_or(&Value::Null);
        if is != was {
            differences.push(format!("`{name}` was {}, and is {}", shortened(was), shortened(is)));
        }
    }
    differences
}

/// What is decided differently: the decision, and the findings that come (`+`) and go (`-`).
fn altered(was: &Value, is: &Value) -> Vec<String> {
    let decision = |verdict: &Value| verdict["decision"].as_str().unwrap_or("?").to_owned();
    let findings = |verdict: &Value| verdict["findings"].as_array().cloned().unwrap_or_default();
    let mut differences = Vec::new();
    if decision(was) != decision(is) {
        differences.push(format!("{} -> {}", decision(was), decision(is)));
    }
    // A record that leaves its findings to a list says only how it was decided.
    if was.get("findings").is_none() {
        return differences;
    }
    let (before, after) = (findings(was), findings(is));
    for (sign, findings, others) in [('+', &after, &before), ('-', &before, &after)] {
        for finding in findings.iter().filter(|finding| !others.contains(finding)) {
            let field = |name: &str| finding[name].as_str().unwrap_or("?");
            differences.push(format!(
                "{sign}{} `{}` at {} {}",
                field("level"),
                field("code"),
                field("path"),
                field("pointer")
            ));
        }
    }
    differences
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
