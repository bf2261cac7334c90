//! The shape of a procedure file (`patches/<name>.yaml`), as data. Unknown keys and wrong types are errors.
//!
//! What a key means is said at its field. What can be checked on one value is checked while it is read, so
//! that the error has its line; what needs the whole file or the other files is checked in `catalogue.rs`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::title::Title;
use crate::domain::change::Change;
use crate::domain::plan::Risk;
use crate::domain::reason::Code;
use crate::domain::text::quoted;
use crate::domain::yaml::Pointer;

/// The name under which a rollback is asked for; no file in `patches/` may have it.
pub const ROLLBACK: &str = "rollback";

/// The argument that names the run to undo.
pub const RUN_ARGUMENT: &str = "run";

/// A procedure: a named, versioned recipe.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// `writ.procedure/v1`.
    pub schema: String,
    /// The name that people type; the file's name without `.yaml`.
    pub name: String,
    /// Rises with every change of meaning; from 1.
    pub version: u32,
    /// What it does, one sentence.
    pub summary: String,
    /// Risk class, which decides the gates.
    pub risk: Risk,
    /// The phrase that `/actuate` wants typed as `confirm=…`.
    pub confirmation: String,
    /// Arguments, in the order of help.
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// The objects that conditions and edits speak about, by a short name.
    pub objects: BTreeMap<String, ObjectReference>,
    /// The way back; without it the way back is a rollback of the run.
    #[serde(default)]
    pub inverse: Option<Inverse>,
    /// Why nothing is to be undone, one sentence: for a procedure without inverse, or where the inverse does not apply.
    #[serde(default)]
    pub needs_no_undo: Option<String>,
    /// What fits which tree; exactly one must fit.
    pub variants: Vec<Variant>,
}

/// A typed argument. Without a default it must be given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// The name that people type, as in `name=value`.
    pub name: String,
    /// What it decides, one sentence.
    pub help: String,
    /// Which values it takes.
    #[serde(rename = "type")]
    pub kind: ArgumentType,
    /// The allowed values of a `choice`.
    #[serde(default)]
    pub values: Vec<String>,
    /// What counts when it is not given, written as people would type it.
    #[serde(default)]
    pub default: Option<String>,
}

/// The type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentType {
    /// One of `values`.
    Choice,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// One line of text.
    Text,
}

/// An object of the tree: a file, and where the file has more than one document, which.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectReference {
    /// Path below the GitOps path.
    pub file: String,
    /// Its `kind`.
    pub kind: String,
    /// Its `metadata.name`.
    pub name: String,
}

/// The procedure that undoes this one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inverse {
    /// The name of the procedure that undoes this one.
    pub procedure: String,
    /// Names of arguments that are handed on with their values.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// The field that it puts back. Where a plan does not change it, the way back is a rollback of the run.
    #[serde(default)]
    pub undoes: Option<FieldReference>,
    /// The phrase that confirms it, which is that procedure's.
    #[serde(skip)]
    pub confirmation: String,
}

impl Procedure {
    /// How what it changed is undone.
    #[must_use]
    pub fn undo(&self, changes: &[Change]) -> Undo<'_> {
        let applies = |inverse: &&Inverse| {
            inverse.undoes.as_ref().is_none_or(|place| changes.iter().any(|change| self.is_at(place, change)))
        };
        match (self.inverse.as_ref().filter(applies), &self.needs_no_undo) {
            (Some(inverse), _) => Undo::Inverse(inverse),
            (None, Some(because)) => Undo::Needless(because),
            (None, None) => Undo::Rollback,
        }
    }

    /// Whether a change is one that is to be undone. Where the procedure names a restart beside the field that its
    /// inverse undoes, only that field is: putting back a restart counter would restart once more.
    #[must_use]
    pub fn is_undone(&self, change: &Change) -> bool {
        let place = self.inverse.as_ref().and_then(|inverse| inverse.undoes.as_ref());
        self.needs_no_undo.is_none() || place.is_none_or(|place| self.is_at(place, change))
    }

    fn is_at(&self, place: &FieldReference, change: &Change) -> bool {
        // OK because the catalogue lets no file in that names an object that it does not define.
        let object = &self.objects[&place.object];
        change.document.kind == object.kind
            && change.document.name == object.name
            && change.pointer == place.at.to_string()
    }
}

/// How what a procedure changed is undone.
#[derive(Debug, Clone, Copy)]
pub enum Undo<'a> {
    /// By another procedure.
    Inverse(&'a Inverse),
    /// Not at all, and why.
    Needless(&'a str),
    /// By a rollback of the run.
    Rollback,
}

/// What fits one layout of the tree, and what is done there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The name of the layout that it fits, shown in plans.
    pub name: String,
    /// Argument values that it is for; arguments that are not named may have any value.
    #[serde(default)]
    pub arguments: BTreeMap<String, Value>,
    /// What must hold on the base for the variant to fit.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Instead of edits: why nothing can be done here.
    #[serde(default)]
    pub refuse: Option<Refuse>,
    /// What must hold on the base, else the request is refused with the reason given.
    #[serde(default)]
    pub preconditions: Vec<Precondition>,
    /// What is written.
    #[serde(default)]
    pub edits: Vec<EditLine>,
    /// What must hold on the tree after the edit; if it does not, the plan is refused.
    #[serde(default)]
    pub effects: Vec<EffectLine>,
    /// Values that must stay equal to each other: when one changes, all must.
    #[serde(default)]
    pub companions: Vec<Companions>,
    /// What people should know will follow.
    #[serde(default)]
    pub consequences: Vec<Consequence>,
    /// Title, commit, and what is said when it is so already.
    #[serde(default)]
    pub words: Option<Words>,
}

/// A condition on one object, or on one field of it. A field of an absent object is absent.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "CheckKeys")]
pub struct Condition {
    /// Short name of the object.
    pub object: String,
    /// The field; `None` means the object itself, which can only be there or not.
    pub at: Option<Pointer>,
    /// What must hold.
    pub test: Test,
}

/// What a condition asks of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It has this value.
    Equals(Value),
    /// It is there and has another value.
    Differs(Value),
    /// It has one of these values.
    OneOf(Vec<Value>),
    /// It is not there, or has this value.
    AbsentOr(Value),
    /// It is there.
    Exists,
    /// It is not there.
    Absent,
}

impl fmt::Display for Test {
    /// What is wanted, as in "… is `0`", "… is absent".
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Value| quoted(&value.to_string(), 80);
        match self {
            Self::Equals(value) => out.write_str(&show(value)),
            Self::Differs(value) => write!(out, "present, but not {}", show(value)),
            Self::OneOf(values) => {
                let list: Vec<String> = values.iter().map(show).collect();
                out.write_str(&list.join(" or "))
            }
            Self::AbsentOr(value) => write!(out, "{} or absent", show(value)),
            Self::Exists => out.write_str("present"),
            Self::Absent => out.write_str("absent"),
        }
    }
}

impl Test {
    /// Whether a field with this value, or an absent one, is as wanted.
    #[must_use]
    pub fn holds(&self, found: Option<&Value>) -> bool {
        match self {
            Self::Equals(value) => found == Some(value),
            Self::Differs(value) => found.is_some_and(|found| found != value),
            Self::OneOf(values) => found.is_some_and(|found| values.contains(found)),
            Self::AbsentOr(value) => found.is_none_or(|found| found == value),
            Self::Exists => found.is_some(),
            Self::Absent => found.is_none(),
        }
    }
}

/// The keys of a condition in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckKeys {
    object: String,
    #[serde(default)]
    at: Option<PointerText>,
    #[serde(default)]
    equals: Option<Value>,
    #[serde(default)]
    differs: Option<Value>,
    #[serde(default)]
    one_of: Option<Vec<Value>>,
    #[serde(default)]
    absent_or: Option<Value>,
    #[serde(default)]
    exists: Option<bool>,
}

impl TryFrom<CheckKeys> for Condition {
    type Error = &'static str;

    fn try_from(keys: CheckKeys) -> Result<Self, Self::Error> {
        let tests = [
            keys.equals.map(Test::Equals),
            keys.differs.map(Test::Differs),
            keys.one_of.map(Test::OneOf),
            keys.absent_or.map(Test::AbsentOr),
            keys.exists.map(|exists| if exists { Test::Exists } else { Test::Absent }),
        ];
        let mut given = tests.into_iter().flatten();
        let (Some(test), None) = (given.next(), given.next()) else {
            return Err(
                "a condition needs exactly one of `equals`, `differs`, `one_of`, `absent_or`, `exists`",
            );
        };
        let at = keys.at.map(|at| at.0);
        if at.is_none() && !matches!(test, Test::Exists | Test::Absent) {
            return Err("a condition without `at` is about the object and may only use `exists`");
        }
        Ok(Self { object: keys.object, at, test })
    }
}

/// What must hold on the base, and what is said when it does not.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precondition {
    /// What must hold.
    pub check: Condition,
    /// Reason code when it does not hold.
    pub code: Code,
    /// What is wrong then, one sentence.
    pub message: String,
    /// What to do about it, one sentence.
    pub remedy: String,
}

/// Why a variant does nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// Reason code of the refusal.
    pub code: Code,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do instead, one sentence.
    pub remedy: String,
    /// Short name of the object that it is about.
    pub object: String,
    /// The field that it is about.
    #[serde(deserialize_with = "pointer")]
    pub at: Pointer,
}

/// One operation on one field.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "EditKeys")]
pub struct EditLine {
    /// Short name of the object.
    pub object: String,
    /// The field, items by name.
    pub at: Pointer,
    /// What is done.
    pub action: Action,
}

/// What is done to a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Gives an existing field another value.
    Replace(NewValue),
    /// Gives a field a value, whether it is there or not.
    Add(NewValue),
    /// Removes a field that is there.
    Remove,
    /// Adds to an integer.
    Increment(i64),
}

/// Where a new value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum NewValue {
    /// It is in the procedure.
    Literal(Value),
    /// The time of the request, RFC 3339 in seconds, UTC.
    RequestedAt,
    /// The value of an argument.
    Argument(String),
}

/// The keys of an operation in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditKeys {
    object: String,
    op: Op,
    at: PointerText,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    value_of: Option<String>,
    #[serde(default)]
    by: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Op {
    Replace,
    Add,
    Remove,
    Increment,
}

impl TryFrom<EditKeys> for EditLine {
    type Error = String;

    fn try_from(keys: EditKeys) -> Result<Self, String> {
        if keys.by.is_some() && keys.op != Op::Increment {
            return Err("only `increment` has `by`".to_owned());
        }
        let value = match (keys.value, keys.value_of.as_deref()) {
            (Some(value), None) => Some(NewValue::Literal(value)),
            (None, Some("requested_at")) => Some(NewValue::RequestedAt),
            (None, Some(other)) => match other.strip_prefix("argument.") {
                Some(name) => Some(NewValue::Argument(name.to_owned())),
                None => {
                    return Err(format!("`value_of: {other}` is neither `requested_at` nor `argument.NAME`"));
                }
            },
            (None, None) => None,
            (Some(_), Some(_)) => {
                return Err("an operation may have `value` or `value_of`, not both".to_owned());
            }
        };
        let action = match (keys.op, value) {
            (Op::Replace, Some(value)) => Action::Replace(value),
            (Op::Add, Some(value)) => Action::Add(value),
            (Op::Replace | Op::Add, None) => {
                return Err("`replace` and `add` need `value` or `value_of`".to_owned());
            }
            (Op::Remove, None) => Action::Remove,
            (Op::Increment, None) => Action::Increment(keys.by.unwrap_or(1)),
            (Op::Remove | Op::Increment, Some(_)) => {
                return Err("`remove` and `increment` take no value".to_owned());
            }
        };
        Ok(Self { object: keys.object, at: keys.at.0, action })
    }
}

/// What must hold after the edit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectLine {
    /// Short name, such as `scheduler-stopped`.
    pub name: String,
    /// What must hold.
    pub check: Condition,
}

/// Values that must stay equal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companions {
    /// Why they belong together, one sentence.
    pub because: String,
    /// The values, at least two.
    pub values: Vec<FieldReference>,
}

/// A field of an object.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldReference {
    /// Short name of the object.
    pub object: String,
    /// Pointer below it.
    #[serde(deserialize_with = "pointer")]
    pub at: Pointer,
}

/// What will follow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consequence {
    /// One or two sentences.
    pub say: String,
    /// Said only when all of these hold on the tree after the edit.
    #[serde(default)]
    pub when: Vec<Condition>,
}

/// The words of a variant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Title of the pull request and subject of the commit: `chore(torghut): pause trading`.
    pub title: Title,
    /// Body of the commit.
    pub commit: String,
    /// Said when nothing would change: `trading is paused already`.
    pub already: String,
}

/// A pointer in a file.
#[derive(Deserialize)]
#[serde(transparent)]
struct PointerText(#[serde(deserialize_with = "pointer")] Pointer);

fn pointer<'de, D: Deserializer<'de>>(from: D) -> Result<Pointer, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}
