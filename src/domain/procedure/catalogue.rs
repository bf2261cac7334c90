//! The catalogue: all procedures of a library, read, checked against themselves and against each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use serde_path_to_error::Segment;

use super::file::{
    Action, ArgumentType, Condition, FieldReference, NewValue, ObjectReference, Procedure, ROLLBACK, Variant,
    Words,
};
use crate::domain::digest::sha256_hex;
use crate::domain::reason::{self, Code};
use crate::domain::refusal::{self, Refusal};
use crate::domain::text::{nearest, quoted};
use crate::domain::yaml::{self, Pointer, PointerStep};

/// All procedures, by name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    entries: BTreeMap<String, CatalogueEntry>,
}

#[derive(Debug, Clone)]
struct CatalogueEntry {
    procedure: Procedure,
    sha256: String,
}

/// What is wrong with a procedure file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("patches/{file}:{line}: {message}")]
pub struct ProcedureError {
    /// The file's path below `patches/`.
    pub file: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// What is wrong, one sentence, lower case, no full stop.
    pub message: String,
}

/// A reason code that a procedure's file declares, with the sentences that go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredCode<'a> {
    /// The code.
    pub code: &'a Code,
    /// The name of the procedure.
    pub procedure: &'a str,
    /// What is wrong, one sentence.
    pub message: &'a str,
    /// What to do about it, one sentence.
    pub remedy: &'a str,
}

/// The schema that this program reads.
const SCHEMA: &str = "writ.procedure/v1";

impl Catalogue {
    /// Reads the `.yaml` files of a library's `patches`.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of the files' names.
    pub fn load(files: &BTreeMap<String, String>) -> Result<Self, ProcedureError> {
        let mut entries = BTreeMap::new();
        for (file, text) in files {
            let Some(stem) = file.strip_suffix(".yaml") else { continue };
            let procedure = read(file, text)?;
            Checker { file, text, procedure: &procedure }.check(stem)?;
            let sha256 = sha256_hex(text.as_bytes());
            entries.insert(procedure.name.clone(), CatalogueEntry { procedure, sha256 });
        }
        let catalogue = Self { entries };
        for (file, text) in files {
            if let Some(entry) = file.strip_suffix(".yaml").and_then(|stem| catalogue.entries.get(stem)) {
                Checker { file, text, procedure: &entry.procedure }.check_inverse(&catalogue)?;
            }
        }
        Ok(catalogue.with_phrases())
    }

    /// The same, where inverses know the phrases that confirm them.
    fn with_phrases(mut self) -> Self {
        let phrases: BTreeMap<String, String> =
            self.procedures().map(|known| (known.name.clone(), known.confirmation.clone())).collect();
        for inverse in self.entries.values_mut().filter_map(|entry| entry.procedure.inverse.as_mut()) {
            inverse.confirmation = phrases.get(&inverse.procedure).cloned().unwrap_or_default();
        }
        self
    }

    /// A procedure by name.
    ///
    /// # Errors
    /// `unknown_procedure`, with the name that was probably meant.
    pub fn find(&self, name: &str) -> Result<&Procedure, Refusal> {
        self.entries.get(name).map(|entry| &entry.procedure).ok_or_else(|| {
            let remedy = match nearest(name, self.entries.keys().map(String::as_str)) {
                Some(known) => format!("did you mean `{known}`?"),
                None => {
                    let names: Vec<String> = self.entries.keys().map(|name| format!("`{name}`")).collect();
                    format!("the procedures are {}", names.join(", "))
                }
            };
            let message = format!("there is no procedure {}", quoted(name, 60));
            Refusal::new(reason::UNKNOWN_PROCEDURE, message, remedy).at(refusal::Place::Field("procedure"))
        })
    }

    /// All procedures, by name.
    pub fn procedures(&self) -> impl Iterator<Item = &Procedure> {
        self.entries.values().map(|entry| &entry.procedure)
    }

    /// The reason codes that procedures declare, by procedure; one that is declared twice comes twice.
    pub fn declared_codes(&self) -> impl Iterator<Item = DeclaredCode<'_>> {
        self.procedures().flat_map(|procedure| {
            let procedure_name = procedure.name.as_str();
            let declared = move |code, message, remedy| DeclaredCode {
                code,
                procedure: procedure_name,
                message,
                remedy,
            };
            procedure.variants.iter().flat_map(move |variant| {
                let preconditions = variant.preconditions.iter();
                let refuse = variant.refuse.as_ref();
                preconditions
                    .map(move |line| declared(&line.code, line.message.as_str(), line.remedy.as_str()))
                    .chain(refuse.map(|line| declared(&line.code, &line.message, &line.remedy)))
            })
        })
    }

    /// SHA-256 of a procedure's file, lower-case hex: what a record says the plan was made by.
    #[must_use]
    pub fn sha256(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(|entry| entry.sha256.as_str())
    }
}

impl Procedure {
    /// An object by its short name.
    #[must_use]
    pub fn object(&self, name: &str) -> &ObjectReference {
        // OK because the catalogue lets no file in that names an object that it does not define.
        &self.objects[name]
    }
}

fn read(file: &str, text: &str) -> Result<Procedure, ProcedureError> {
    let wrong = |line: usize, message: String| ProcedureError { file: file.to_owned(), line, message };
    yaml::parse(text).map_err(|refusal| wrong(refusal.line, refusal.message))?;
    let line_of = |error: &serde_yaml::Error| error.location().map_or(1, |location| location.line());
    // Duplicate keys, which a typed reading would take silently.
    serde_yaml::from_str::<serde_yaml::Value>(text).map_err(|error| {
        let message = without_place(&error.to_string());
        let key =
            message.split_once("duplicate entry with key \"").and_then(|(_, key)| key.strip_suffix('"'));
        let line = key.and_then(|key| repeated(text, line_of(&error), key)).unwrap_or(line_of(&error));
        wrong(line, message)
    })?;
    let deserializer = serde_yaml::Deserializer::from_str(text);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let place = pointer_of(error.path());
        let line = line_at(text, &place).unwrap_or_else(|| line_of(error.inner()));
        wrong(line, without_place(&error.inner().to_string()))
    })
}

/// A message without its place, which is said once: `variants[0]: ` before it and ` at line 3 column 5` behind it.
fn without_place(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    match message.split_once(": ") {
        Some((path, rest)) if !path.contains(' ') => rest.to_owned(),
        _ => message.to_owned(),
    }
}

/// The line on which a key occurs for the second time in the mapping that starts at `from`.
fn repeated(text: &str, from: usize, key: &str) -> Option<usize> {
    let column = |line: &str| {
        let start = line.trim_start_matches([' ', '-']);
        (start.strip_prefix(key)?.starts_with(':')).then(|| line.len() - start.len())
    };
    let mut lines = text.lines().enumerate().skip(from.saturating_sub(1));
    let first = lines.find_map(|(_, line)| column(line))?;
    lines.find(|(_, line)| column(line) == Some(first)).map(|(index, _)| index + 1)
}

fn pointer_of(path: &serde_path_to_error::Path) -> Pointer {
    let keys = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(PointerStep::Key(index.to_string())),
        Segment::Map { key } => Some(PointerStep::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    Pointer { steps: keys.collect() }
}

/// The line of a node of a file, or of the nearest one above it that is there; `None` for the whole file.
fn line_at(text: &str, pointer: &Pointer) -> Option<usize> {
    let stream = yaml::parse(text).ok()?;
    let document = stream.documents().first()?;
    let mut pointer = pointer.clone();
    while !pointer.steps.is_empty() {
        if let Some(place) = document.locate(&pointer) {
            return Some(place.line);
        }
        pointer.steps.pop();
    }
    None
}

/// One file while it is checked.
struct Checker<'a> {
    file: &'a str,
    text: &'a str,
    procedure: &'a Procedure,
}

impl Checker<'_> {
    fn wrong(&self, place: &str, message: impl Into<String>) -> ProcedureError {
        let line = Pointer::plain(place).ok().and_then(|pointer| line_at(self.text, &pointer)).unwrap_or(1);
        ProcedureError { file: self.file.to_owned(), line, message: message.into() }
    }

    fn check(&self, stem: &str) -> Result<(), ProcedureError> {
        let procedure = self.procedure;
        if procedure.schema != SCHEMA {
            return Err(self.wrong("/schema", format!("the schema is not `{SCHEMA}`")));
        }
        if procedure.name != stem || !is_word(&procedure.name) {
            return Err(self.wrong(
                "/name",
                format!("the name must be `{stem}`: lowercase words joined by `-`, like the file"),
            ));
        }
        if procedure.name == ROLLBACK {
            return Err(self
                .wrong("/name", format!("`{ROLLBACK}` is built from what a run recorded, not from a file")));
        }
        if procedure.version == 0 {
            return Err(self.wrong("/version", "versions start at 1"));
        }
        if procedure.summary.trim().is_empty() || procedure.summary.contains('\n') {
            return Err(self.wrong("/summary", "the summary must be one line"));
        }
        let is_phrase = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        if procedure.confirmation.is_empty() || !procedure.confirmation.bytes().all(is_phrase) {
            return Err(self.wrong("/confirmation", "the phrase may contain only A-Z and `_`"));
        }
        self.check_arguments()?;
        self.check_objects()?;
        if let Some(undone) = self.undone() {
            self.check_object("/inverse/undoes/object", &undone.object)?;
        }
        if let Some(because) = &procedure.needs_no_undo {
            if because.trim().is_empty() || because.trim().contains('\n') {
                return Err(self.wrong("/needs_no_undo", "the reason must be one line"));
            }
            if procedure.inverse.as_ref().is_some_and(|inverse| inverse.undoes.is_none()) {
                return Err(self.wrong(
                    "/needs_no_undo",
                    "the inverse always applies; give it `undoes`, or leave out one of them",
                ));
            }
        }
        if procedure.variants.is_empty() {
            return Err(self.wrong("/variants", "there is no variant"));
        }
        let mut names = BTreeSet::new();
        for (index, variant) in procedure.variants.iter().enumerate() {
            let place = format!("/variants/{index}");
            if !is_word(&variant.name) || !names.insert(&variant.name) {
                return Err(self.wrong(
                    &format!("{place}/name"),
                    "variant names must be unique lowercase words joined by `-`",
                ));
            }
            self.check_variant(&place, variant)?;
        }
        Ok(())
    }

    fn check_arguments(&self) -> Result<(), ProcedureError> {
        let mut names = BTreeSet::new();
        for (index, argument) in self.procedure.arguments.iter().enumerate() {
            let place = format!("/arguments/{index}");
            let reserved = ["reason", "confirm"].contains(&argument.name.as_str());
            if !is_word(&argument.name) || reserved || !names.insert(&argument.name) {
                return Err(self.wrong(
                    &format!("{place}/name"),
                    "argument names must be unique lowercase words joined by `-`, and not `reason` or `confirm`",
                ));
            }
            if (argument.kind == ArgumentType::Choice) == argument.values.is_empty() {
                return Err(self.wrong(&place, "only a `choice` has `values`, and it needs them"));
            }
            if let Some(Err(problem)) = argument.default.as_ref().map(|default| argument.read(default)) {
                return Err(self.wrong(&format!("{place}/default"), format!("the default {problem}")));
            }
        }
        Ok(())
    }

    fn check_objects(&self) -> Result<(), ProcedureError> {
        for (name, object) in &self.procedure.objects {
            let place = format!("/objects/{name}");
            let good_part = |part: &str| {
                !part.is_empty()
                    && part != ".."
                    && part != "."
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            };
            let is_manifest = [".yaml", ".yml", ".json"].iter().any(|end| object.file.ends_with(end));
            if !is_manifest || !object.file.split('/').all(good_part) {
                return Err(self.wrong(
                    &format!("{place}/file"),
                    "the file must be a YAML or JSON file, with its path relative to the GitOps path",
                ));
            }
            if !self.objects_used().contains(name.as_str()) {
                return Err(self.wrong(&place, format!("the object `{name}` is not used")));
            }
        }
        Ok(())
    }

    fn objects_used(&self) -> BTreeSet<&str> {
        let mut used = BTreeSet::new();
        used.extend(self.undone().map(|place| place.object.as_str()));
        for variant in &self.procedure.variants {
            used.extend(checks(variant).into_iter().map(|(_, check)| check.object.as_str()));
            used.extend(variant.edits.iter().map(|edit| edit.object.as_str()));
            used.extend(
                variant.companions.iter().flat_map(|group| &group.values).map(|at| at.object.as_str()),
            );
            used.extend(variant.refuse.iter().map(|refuse| refuse.object.as_str()));
        }
        used
    }

    fn undone(&self) -> Option<&FieldReference> {
        self.procedure.inverse.as_ref().and_then(|inverse| inverse.undoes.as_ref())
    }

    fn check_variant(&self, place: &str, variant: &Variant) -> Result<(), ProcedureError> {
        for (name, value) in &variant.arguments {
            self.check_argument_value(&format!("{place}/arguments/{name}"), name, value)?;
        }
        for (at, check) in checks(variant) {
            self.check_object(&format!("{place}/{at}/object"), &check.object)?;
        }
        for (index, edit) in variant.edits.iter().enumerate() {
            let place = format!("{place}/edits/{index}");
            self.check_object(&format!("{place}/object"), &edit.object)?;
            if edit.at.steps.is_empty() {
                return Err(
                    self.wrong(&format!("{place}/at"), "an edit must name a field, not a whole object")
                );
            }
            if let Action::Replace(NewValue::Argument(name)) | Action::Add(NewValue::Argument(name)) =
                &edit.action
                && !self.procedure.arguments.iter().any(|argument| argument.name == *name)
            {
                return Err(
                    self.wrong(&format!("{place}/value_of"), format!("there is no argument `{name}`"))
                );
            }
        }
        for (index, group) in variant.companions.iter().enumerate() {
            let place = format!("{place}/companions/{index}/values");
            if group.values.len() < 2 {
                return Err(self.wrong(&place, "companions need at least two values"));
            }
            for (index, value) in group.values.iter().enumerate() {
                self.check_object(&format!("{place}/{index}/object"), &value.object)?;
            }
        }
        match (&variant.refuse, &variant.words) {
            (Some(refuse), None) if variant.edits.is_empty() => {
                self.check_object(&format!("{place}/refuse/object"), &refuse.object)
            }
            (None, Some(words)) if !variant.edits.is_empty() => self.check_words(place, words),
            _ => Err(self.wrong(place, "a variant needs either `edits` and `words`, or only `refuse`")),
        }
    }

    fn check_argument_value(&self, place: &str, name: &str, value: &Value) -> Result<(), ProcedureError> {
        let Some(argument) = self.procedure.arguments.iter().find(|argument| argument.name == name) else {
            return Err(self.wrong(place, format!("there is no argument `{name}`")));
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match argument.read(&text) {
            Ok(typed) if typed == *value => Ok(()),
            _ => Err(self.wrong(place, format!("`{name}` is {}", argument.expected()))),
        }
    }

    fn check_object(&self, place: &str, name: &str) -> Result<(), ProcedureError> {
        if self.procedure.objects.contains_key(name) {
            return Ok(());
        }
        Err(self.wrong(place, format!("there is no object `{name}` under `objects`")))
    }

    fn check_words(&self, place: &str, words: &Words) -> Result<(), ProcedureError> {
        if words.commit.lines().any(|line| line.chars().count() > 76) {
            return Err(self.wrong(
                &format!("{place}/words/commit"),
                "commit message lines may have at most 76 characters",
            ));
        }
        if words.already.contains('\n') || words.already.trim().is_empty() {
            return Err(self.wrong(&format!("{place}/words/already"), "it must be one line"));
        }
        Ok(())
    }

    fn check_inverse(&self, catalogue: &Catalogue) -> Result<(), ProcedureError> {
        let Some(inverse) = &self.procedure.inverse else { return Ok(()) };
        let Some(other) = catalogue.entries.get(&inverse.procedure) else {
            let message = format!("there is no procedure `{}`", inverse.procedure);
            return Err(self.wrong("/inverse/procedure", message));
        };
        for (index, name) in inverse.arguments.iter().enumerate() {
            let has = |procedure: &Procedure| procedure.arguments.iter().any(|known| known.name == *name);
            if !has(self.procedure) || !has(&other.procedure) {
                let message = format!("`{name}` is not an argument of both procedures");
                return Err(self.wrong(&format!("/inverse/arguments/{index}"), message));
            }
        }
        Ok(())
    }
}

/// All conditions of a variant, with their places below it.
fn checks(variant: &Variant) -> Vec<(String, &Condition)> {
    let mut all = Vec::new();
    for (index, check) in variant.when.iter().enumerate() {
        all.push((format!("when/{index}"), check));
    }
    for (index, line) in variant.preconditions.iter().enumerate() {
        all.push((format!("preconditions/{index}/check"), &line.check));
    }
    for (index, line) in variant.effects.iter().enumerate() {
        all.push((format!("effects/{index}/check"), &line.check));
    }
    for (index, line) in variant.consequences.iter().enumerate() {
        for (inner, check) in line.when.iter().enumerate() {
            all.push((format!("consequences/{index}/when/{inner}"), check));
        }
    }
    all
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
