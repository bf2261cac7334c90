//! Making a plan: choose the variant that fits the tree, edit, check the result, find the words.
//!
//! Pure and deterministic. The order of the checks is the order in which people should hear of problems: does
//! anything fit, may it be edited, is it so already, would it help.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::admission::admit;
use super::comments::stale_comments;
use super::file::{Action, EditLine, NewValue, Procedure, Undo, Variant, Words};
use super::resolve::resolve;
use super::view::{Located, View, editable, several, show};
use crate::domain::change;
use crate::domain::manifest::{Found, Manifest, Manifests, select};
use crate::domain::names::{BlobId, BranchName};
use crate::domain::plan::{Effect, FilePlan, Plan, Rollback};
use crate::domain::policy::Declared;
use crate::domain::reason;
use crate::domain::refusal::{FilePlace, Place, Refusal};
use crate::domain::request::{Origin, Request};
use crate::domain::target::TargetProfile;
use crate::domain::text::inert;
use crate::domain::tree::{FileWrite, Snapshot};
use crate::domain::yaml::{self, Edit, KeyPosition, Operation, Pointer, Reason};

/// The tree that a plan is made on, and what reading it takes.
#[derive(Clone, Copy)]
pub struct PlanInput<'a> {
    /// What is known of the target.
    pub target: &'a TargetProfile,
    /// The base's files below its GitOps path.
    pub base: &'a Snapshot,
    /// The cache of parsed files.
    pub manifests: &'a Manifests,
    /// The id that git gives a blob with this content.
    pub blob_id: fn(&[u8]) -> BlobId,
}

/// Plans a request with its procedure.
///
/// # Errors
/// A refusal with code, place and remedy; see the module's doc for the order.
pub fn draft(procedure: &Procedure, request: &Request, input: PlanInput<'_>) -> Result<Plan, Refusal> {
    let arguments = admit(procedure, request)?;
    let mut view = View {
        root: &input.target.gitops_path,
        snapshot: input.base,
        manifests: input.manifests,
        written: BTreeMap::new(),
    };
    let (variant, words) = resolve(procedure, &arguments, &view)?;
    let builder = PlanBuilder { procedure, request, arguments, variant, words, input };

    let (edits, declared) = builder.edits(&view)?;
    if !edits.is_empty() {
        builder.check_preconditions(&view)?;
    }
    let mut parts = PlanParts { declared, ..PlanParts::default() };
    for (path, edits) in &edits {
        builder.write(path, edits, &mut view, &mut parts)?;
    }
    let effects = builder.effects(&view)?;
    builder.check_companions(&view)?;
    parts.warnings.extend(builder.consequences(&view, !edits.is_empty())?);
    let no_change = if edits.is_empty() { Some(builder.state(&view)?) } else { None };
    Ok(builder.assemble(parts, effects, no_change))
}

/// Builds one plan.
struct PlanBuilder<'a> {
    procedure: &'a Procedure,
    request: &'a Request,
    arguments: BTreeMap<String, Value>,
    variant: &'a Variant,
    words: &'a Words,
    input: PlanInput<'a>,
}

/// The parts of a plan that are known so far.
#[derive(Default)]
struct PlanParts {
    writes: Vec<FileWrite>,
    files: Vec<FilePlan>,
    changes: Vec<change::Change>,
    warnings: Vec<String>,
    declared: Vec<Declared>,
}

/// The edits of each file by full path, and the nodes that they name.
type Edits = (BTreeMap<String, Vec<Edit>>, Vec<Declared>);

impl PlanBuilder<'_> {
    /// The operations that would change something, resolved against the base.
    fn edits(&self, view: &View<'_>) -> Result<Edits, Refusal> {
        let mut edits: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
        let mut declared = Vec::new();
        for line in &self.variant.edits {
            let object = self.procedure.object(&line.object);
            let Some(located) = view.object(object)? else {
                return Err(Refusal::new(
                    reason::TARGET_NOT_FOUND,
                    format!("there is no {} `{}` to edit", object.kind, object.name),
                    "check that the base is the branch that Argo CD follows",
                )
                .at(Place::file(view.path(object))));
            };
            declared.push(Declared {
                path: located.path.clone(),
                kind: object.kind.clone(),
                name: object.name.clone(),
                pointer: change::canonical(located.value(), &line.at),
            });
            if let Some(operation) = self.operation(line, &located)? {
                let edit = Edit { document: located.index, operation };
                edits.entry(located.path).or_default().push(edit);
            }
        }
        Ok((edits, declared))
    }

    /// The operation of one line; `None` when it would change nothing.
    fn operation(&self, line: &EditLine, located: &Located) -> Result<Option<Operation>, Refusal> {
        let place = || Place::field_of(&located.path, &line.at);
        let found = match select(located.value(), &line.at) {
            Found::Several => return Err(several(&located.path, &line.at)),
            Found::One(value) => Some(value),
            Found::Nothing => None,
        };
        let pointer = line.at.clone();
        let missing = || {
            Refusal::new(
                Reason::NotFound,
                "the field to edit does not exist",
                "add it by hand first, or check that the base is the branch that Argo CD follows",
            )
            .at(place())
        };
        Ok(match (&line.action, found) {
            (Action::Replace(_) | Action::Increment(_), None) => return Err(missing()),
            (Action::Remove, None) => None,
            (Action::Remove, Some(_)) => Some(Operation::Remove { pointer }),
            (Action::Replace(value) | Action::Add(value), found) => {
                let value = self.value(value);
                match (&line.action, found) {
                    (_, Some(found)) if *found == value => None,
                    (_, Some(_)) => Some(Operation::Replace { pointer, value }),
                    (_, None) => Some(Operation::Add { pointer, value, position: KeyPosition::Last }),
                }
            }
            (Action::Increment(by), Some(found)) => {
                match found.as_i64().and_then(|found| found.checked_add(*by)) {
                    Some(_) => Some(Operation::Increment { pointer, by: *by }),
                    None => {
                        return Err(Refusal::new(
                            Reason::WrongType,
                            format!("the field is {}, not an integer that can be incremented", show(found)),
                            "make it a plain integer",
                        )
                        .at(place()));
                    }
                }
            }
        })
    }

    fn value(&self, value: &NewValue) -> Value {
        match value {
            NewValue::Literal(value) => value.clone(),
            NewValue::RequestedAt => {
                self.request.requested_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
            }
            // OK because the catalogue lets no unknown argument in, and every argument has a value by now.
            NewValue::Argument(name) => self.arguments.get(name).cloned().unwrap_or_default(),
        }
    }

    fn check_preconditions(&self, view: &View<'_>) -> Result<(), Refusal> {
        for line in &self.variant.preconditions {
            let observed = view.observe(self.procedure, &line.check)?;
            if !observed.holds {
                let message = format!("{} ({})", line.message, observed.detail);
                let object = self.procedure.object(&line.check.object);
                let place = place_of(view.path(object), line.check.at.as_ref());
                return Err(Refusal::new(line.code.clone(), message, &line.remedy).at(place));
            }
        }
        Ok(())
    }

    /// Edits one file, and notes what that changes.
    fn write(
        &self,
        path: &str,
        edits: &[Edit],
        view: &mut View<'_>,
        parts: &mut PlanParts,
    ) -> Result<(), Refusal> {
        // OK because `edits` were resolved against this very entry.
        let Some(entry) = view.snapshot.files.get(path) else { return Ok(()) };
        editable(path, entry)?;
        let refused = |refusal: yaml::YamlRefusal| Refusal::from(refusal).in_file(path);
        let before_text = entry.text().unwrap_or_default();
        let edited = yaml::edit(before_text, edits).map_err(refused)?;
        let before = view.manifests.read(entry).map_err(refused)?;
        let after = Arc::new(Manifest::parse(&edited.text).map_err(refused)?);
        let pointers: Vec<_> = edits.iter().map(|edit| (edit.document, edit.operation.pointer())).collect();
        parts.warnings.extend(stale_comments(path, before_text, &pointers).map_err(refused)?);
        parts.changes.extend(change::between(path, &before, &after));
        parts.files.push(FilePlan {
            path: path.to_owned(),
            before: entry.blob.clone(),
            after: (self.input.blob_id)(edited.text.as_bytes()),
            diff: unified_diff(path, before_text, &edited.text),
        });
        parts.writes.push(FileWrite { path: path.to_owned(), bytes: edited.text.into_bytes() });
        view.written.insert(path.to_owned(), after);
        Ok(())
    }

    fn effects(&self, view: &View<'_>) -> Result<Vec<Effect>, Refusal> {
        let mut effects = Vec::new();
        for line in &self.variant.effects {
            let observed = view.observe(self.procedure, &line.check)?;
            let object = self.procedure.object(&line.check.object);
            if !observed.holds {
                return Err(Refusal::new(
                    reason::EFFECT_MISSING,
                    format!(
                        "the effect `{1}` of `{0}` would not hold: {2}",
                        self.procedure.name, line.name, observed.detail
                    ),
                    "fix this field in a separate change first",
                )
                .at(place_of(view.path(object), line.check.at.as_ref())));
            }
            effects.push(Effect { name: line.name.clone(), holds: true, detail: observed.detail });
        }
        Ok(effects)
    }

    /// Refuses when some of a group of companions changed and they are not equal afterwards.
    fn check_companions(&self, view: &View<'_>) -> Result<(), Refusal> {
        let base = View { written: BTreeMap::new(), ..*view };
        for group in &self.variant.companions {
            let mut before = Vec::new();
            let mut after = Vec::new();
            for place in &group.values {
                let object = self.procedure.object(&place.object);
                before.push(base.field(object, &place.at)?);
                after.push(view.field(object, &place.at)?);
            }
            if before != after && after.windows(2).any(|pair| pair[0] != pair[1]) {
                let places = group.values.iter().map(|place| {
                    FilePlace::field(view.path(self.procedure.object(&place.object)), &place.at)
                });
                let places = Place::Files(places.collect());
                return Err(Refusal::new(
                    reason::COMPANION_LEFT_BEHIND,
                    format!("values that belong together would differ: {}", group.because),
                    "give them the same value first, or change them together",
                )
                .at(places));
            }
        }
        Ok(())
    }

    fn consequences(&self, view: &View<'_>, changes_something: bool) -> Result<Vec<String>, Refusal> {
        let mut said = Vec::new();
        for line in &self.variant.consequences {
            let mut applies = changes_something || !line.when.is_empty();
            for check in &line.when {
                applies = applies && view.observe(self.procedure, check)?.holds;
            }
            if applies {
                said.push(line.say.trim().to_owned());
            }
        }
        Ok(said)
    }

    /// The state that makes edits needless, a sentence.
    fn state(&self, view: &View<'_>) -> Result<String, Refusal> {
        let mut found = Vec::new();
        for line in &self.variant.edits {
            let object = self.procedure.object(&line.object);
            let value = view.field(object, &line.at)?;
            let shown = value.as_ref().map_or("absent".to_owned(), show);
            found.push(format!("`{}` of {} `{}` is {shown}", line.at, object.kind, object.name));
        }
        Ok(format!("{}: {}", self.words.already, found.join("; ")))
    }

    fn assemble(&self, parts: PlanParts, effects: Vec<Effect>, no_change: Option<String>) -> Plan {
        let run = self.request.run();
        let branch = self.branch();
        Plan {
            rollback: self.rollback(&branch, &parts.changes),
            run,
            procedure: self.procedure.name.clone(),
            summary: self.procedure.summary.clone(),
            version: self.procedure.version,
            variant: self.variant.name.clone(),
            risk: self.procedure.risk,
            base: self.input.base.commit.clone(),
            branch,
            title: self.words.title.to_string(),
            message: self.message(),
            writes: parts.writes,
            files: parts.files,
            changes: parts.changes,
            declared: parts.declared,
            effects,
            warnings: parts.warnings,
            no_change,
        }
    }

    /// The branch that publishing creates: the target's pattern, the request's time and its run.
    fn branch(&self) -> BranchName {
        let time = self.request.requested_at.strftime("%Y%m%d-%H%M").to_string();
        self.input.target.branch(&time, self.request.run().as_str())
    }

    fn message(&self) -> String {
        let mut message = format!("{}\n\n{}\n", self.words.title, self.words.commit.trim_end());
        if !self.request.reason.is_empty() {
            message.push_str(&format!("\nReason: {}\n", inert(&self.request.reason)));
        }
        message
    }

    fn rollback(&self, branch: &BranchName, changes: &[change::Change]) -> Rollback {
        let inverse = match self.procedure.undo(changes) {
            Undo::Inverse(inverse) => inverse,
            Undo::Needless(because) => {
                let because = Some(because.trim().to_owned());
                return Rollback { procedure: None, command: None, needs_no_undo: because };
            }
            Undo::Rollback => {
                let command = Some(self.undone_by_record(branch));
                return Rollback { procedure: None, command, needs_no_undo: None };
            }
        };
        let mut command = format!("/actuate {}", inverse.procedure);
        for name in &inverse.arguments {
            let value = self.arguments.get(name).cloned().unwrap_or_default();
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            command.push_str(&format!(" {name}={text}"));
        }
        let confirmation = &inverse.confirmation;
        command.push_str(&format!(" reason=\"undo run {}\" confirm={confirmation}", self.request.run()));
        Rollback { procedure: Some(inverse.procedure.clone()), command: Some(command), needs_no_undo: None }
    }

    /// How to undo what has no inverse procedure. Runs of the terminal are in no store that a rollback could read.
    fn undone_by_record(&self, branch: &BranchName) -> String {
        let (run, phrase) = (self.request.run(), &self.procedure.confirmation);
        match self.request.origin {
            Origin::Comment { .. } => format!("/rollback {run} reason=\"undo run {run}\" confirm={phrase}"),
            Origin::Terminal => format!("git revert --no-edit {branch}"),
        }
    }
}

/// An object's file, or a field of it.
fn place_of(path: String, at: Option<&Pointer>) -> Place {
    match at {
        Some(at) => Place::field_of(path, at),
        None => Place::file(path),
    }
}

fn unified_diff(path: &str, before: &str, after: &str) -> String {
    similar::TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}
